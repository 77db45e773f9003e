"""What SQLAlchemy asks PostgreSQL on the first connection of each engine, asked once for a scratch database.

env.py makes an engine for every run, so the same four questions would be asked three times for each revision. What the driver's
dialect asks besides, whether there is an hstore, is asked each time: a migration may make it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Connection

from mrt_runtime.databases import Scratch

PLAIN = (str, int, bool, tuple, type(None))
"""Types of values that mean the same in every object: they refer to none."""
SETTING = re.compile(
    r"\b(?:ALTER\s+(?:ROLE|USER|DATABASE|SYSTEM)|CREATE\s+SCHEMA|DROP\s+SCHEMA|RENAME|set_config)\b", re.IGNORECASE
)
"""What is in a statement after which new connections may get other answers: settings, and which schema is the first there is."""
CONNECTS_WITH = "_mrt_connects_with"
"""Name under which a dialect object keeps what distinguishes its connections."""


class FirstConnects:
    """The attributes that dialect objects have after their first connection to a scratch database."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._known: dict[object, dict[str, Any]] = {}

    def read(self, statement: str) -> None:
        """Forget the answers where a statement may change them."""
        if self._known and SETTING.search(statement):
            self._known.clear()

    def initialize(self, dialect: Any, ask: Callable[[], None]) -> None:
        """Set the dialect's attributes as `ask` sets them, which is called where that is not known yet."""
        connects_with = vars(dialect).get(CONNECTS_WITH)
        key = (self._scratch.generation, connects_with)
        if key in self._known:
            vars(dialect).update(self._known[key])
            return
        before = dict(vars(dialect))
        ask()
        changed = {name: value for name, value in vars(dialect).items() if name not in before or before[name] is not value}
        answers = {name: value for name, value in changed.items() if isinstance(value, PLAIN)}
        # What is left has to be what the class computes by itself when it is needed.
        if connects_with is not None and all(hasattr(type(dialect), name) for name in changed.keys() - answers.keys()):
            self._known[key] = answers


def note_arguments(dialect: Any, arguments: Iterable[Any], settings: Mapping[str, Any]) -> None:
    """Note with what an engine connects: engines whose arguments differ may get other answers."""
    named = sorted(settings.items())
    passed = [
        value if isinstance(value, PLAIN) else type(value) for value in (*arguments, *(item for pair in named for item in pair))
    ]
    vars(dialect)[CONNECTS_WITH] = (type(dialect), *passed)


def install(find_answers: Callable[[], Iterable[FirstConnects]]) -> None:
    """Take the answers from there, where there are any, from now on."""
    initialize: Callable[[PGDialect, Connection], None] = PGDialect.initialize

    def initialize_once(self: PGDialect, connection: Connection) -> None:
        for answers in find_answers():
            answers.initialize(self, lambda: initialize(self, connection))
            return
        initialize(self, connection)

    PGDialect.initialize = initialize_once  # type: ignore[method-assign]  # there is no event for it
