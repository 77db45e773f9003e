"""What of `op` and of Alembic's context only returns something."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.objects import CallArguments, ConnectionValue, ContextValue, Value

# SQLAlchemy keeps eight characters less, for "_", four of the digest, and numbers that it might add
_LONGEST: Final = 63
_KEPT: Final = 55


def _shortened(name: Value) -> Value:
    """Return what SQLAlchemy makes of a name that `op.f` marks and that is longer than PostgreSQL's: its start and a digest."""
    if not isinstance(name, str) or len(name) <= _LONGEST or HOLE in name:
        return name
    return f"{name[:_KEPT]}_{md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]}"


READING: Final[dict[str, Callable[[CallArguments], Value]]] = {
    "f": lambda arguments: _shortened(arguments.get(0, "name", UNKNOWN)),
    "get_bind": lambda _: ConnectionValue(own=True),
    "get_context": lambda _: ContextValue(),
    "inline_literal": lambda arguments: arguments.get(0, "value", UNKNOWN),
}
"""The methods that do nothing to the database."""
