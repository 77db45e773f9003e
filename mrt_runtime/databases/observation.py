"""What a database shows of a step while it runs: which locks were taken on what was there before, and what was rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mrt_runtime.config_discovery import LOCK_MODES


@dataclass(frozen=True, slots=True)
class RelationLock:
    """A lock on a relation that was there before the step. `kind` is "table", "index", "view", …, `table` an index' table."""

    relation: str
    kind: str
    table: str
    mode: str

    @property
    def strength(self) -> int:
        """Where the mode is in the order of LOCK_MODES."""
        return LOCK_MODES.index(self.mode)


@dataclass(slots=True)
class TrafficWait:
    """How long one kind of traffic on a table waited at most for a statement, and whether it gave up."""

    table: str
    who: Literal["reader", "writer"]
    seconds: float
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class SessionReading:
    """What a session holds after a statement.

    locks: all that it holds. rewritten: the relations whose files it has replaced since it was looked at last. scanned: how many
    rows it has read of which table from end to end since then.
    """

    locks: frozenset[RelationLock] = frozenset()
    rewritten: tuple[str, ...] = ()
    scanned: tuple[tuple[str, int], ...] = ()


class LockWatch(Protocol):
    """Looks at the sessions of migrations. Used for one step at a time."""

    def begin(self) -> None:
        """Read what there is before the step."""

    def before(self, dbapi_connection: Any) -> None:
        """Prepare for a statement: what commits by itself has let go of its locks when it is done, so it is watched meanwhile."""

    def after(self, dbapi_connection: Any) -> SessionReading | None:
        """Return what the session holds, or held meanwhile; None where that is not known."""

    def forget(self, dbapi_connection: Any) -> None:
        """Stop watching a statement that failed."""
