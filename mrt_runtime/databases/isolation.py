"""What keeps a run inside its scratch database, and what happens to statements that name something outside of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

OWN_CONTEXT = re.compile(r"\.?\s+CONTEXT: .*\bfunction (?:\S+\.)?mrt_\w+\(.*", re.DOTALL)
"""Where in the run's own procedures an error was raised, as PostgreSQL reports it."""
ROLE, STATEMENTS, AUTHORIZER = "role", "statements", "authorizer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How a scratch database is kept apart from everything else.

    level: "role" where the server refuses what is outside, because migrations run as a role that owns the scratch database and
        nothing else; "authorizer" where SQLite does; "statements" where statements are only read before they run.
    reason: why it is "statements", as the end of a sentence; empty otherwise.
    tail: what the names of roles end with that the run made in place of a migration's own; users are shown the names without it.
    exposed: what the server allows every account to change, though the level is "role".
    """

    level: str
    reason: str = ""
    tail: str = ""
    exposed: tuple[str, ...] = ()

    def reword(self, message: str) -> str:
        """Return a server's message without what the run itself brought into it."""
        # replacing an empty string would insert between all characters
        return OWN_CONTEXT.sub("", message).replace(self.tail or "\0", "")

    @property
    def warning(self) -> str:
        """Return the sentence that every report shows where the engine itself does not enforce the isolation."""
        if self.level != STATEMENTS:
            names = ", ".join(self.exposed)
            return f"Every account of the server has rights in {names}: there, only reading stops migrations." * bool(names)
        return f"Isolated by reading statements only, not by the database server: {self.reason}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What is executed in place of a statement.

    outside: what the statement would change outside of the scratch database; it is stopped where this is not empty.
    instead: what to do instead, a sentence without its end; may be empty.
    notes: what was changed in it or left out, each a sentence for the result.
    answer: does what the statement asks for over another connection, before the one in its place is executed; it is called with
        the connection of the statement.
    """

    statement: str
    outside: str = ""
    instead: str = ""
    notes: tuple[str, ...] = ()
    answer: Callable[[Connection], None] | None = None
