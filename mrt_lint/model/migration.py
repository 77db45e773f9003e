"""A migration file as read: its place in the graph, what its two functions do, what could not be read."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.dialects import admits
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, SourceSpan, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCall:
    """A call or statement that may touch the database and could not be read; `source` is its first line, `why` one clause.

    `dialects` is the guard it is under, None for all. `concerns` is "rows" if it changes rows and no schema, as objects of an ORM
    session do, "objects" if it is an operation of a library's, which knows views, functions, types and what its call names; empty
    if it may do anything.
    """

    place: SourceSpan
    source: str
    why: str
    function: str = "upgrade"
    dialects: tuple[str, ...] | None = None
    concerns: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFunction:
    """`upgrade()` or `downgrade()`.

    `ops` are its operations in the order in which Python reaches them. `effect` is False if the body provably does nothing
    to the database (pass, docstring, return, prints, logging), True if something is done or cannot be read. `reads` are the names
    of attributes and items that Python takes of rows and tables (never compared).
    """

    place: SourceSpan
    ops: tuple[Op, ...] = ()
    effect: bool = True
    reads: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleImport:
    """A module that the file imports, by its dotted name, inside a function or not.

    `entities` are the classes from it that the file uses as an ORM's: queried, added, or asked for their table. `used` is False
    if no line of the file mentions what it brings, `unused` are the names that none mentions. `of_project` is False of Python's
    own modules and known libraries.
    """

    module: str
    names: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    used: bool = True
    unused: tuple[str, ...] = ()
    of_project: bool = True
    place: SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration file.

    `revision` is None if the file declares none, UNKNOWN if it cannot be read. `down_revision` are the parents (empty:
    a base), UNKNOWN if they cannot be read; `place` is that of the revision's assignment. `upgrade` and `downgrade` are None
    where the module has no such function. `unreadable` covers both functions. `unseen`: the file does not parse, so that upgrade()
    may do anything. `bound` are the names that the imports bind, each with its dotted path. `consulted` are the other files
    that the reading depended on, each with a digest of its bytes, which is empty where there is none (never compared).
    """

    path: str
    revision: str | Unknown | None
    down_revision: tuple[str, ...] | Unknown = ()
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    message: str = ""
    place: SourceSpan = field(default_factory=lambda: SourceSpan(1, 1, 1, 1))
    upgrade: MigrationFunction | None = None
    downgrade: MigrationFunction | None = None
    unreadable: tuple[UnreadableCall, ...] = ()
    imports: tuple[ModuleImport, ...] = ()
    unseen: bool = False
    bound: tuple[tuple[str, str], ...] = ()
    consulted: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    @property
    def parents(self) -> tuple[str, ...]:
        """The parents that could be read."""
        return () if self.down_revision is UNKNOWN else self.down_revision

    def upgrades_like(self, other: Migration) -> bool:
        """Return whether upgrade() does the same as that of another state of the file."""
        return self.upgrade_ops == other.upgrade_ops and self.unseen == other.unseen

    @property
    def upgrade_ops(self) -> tuple[Op, ...]:
        """What `upgrade()` does; nothing if there is none."""
        return self.upgrade.ops if self.upgrade else ()

    @property
    def downgrade_ops(self) -> tuple[Op, ...]:
        """What `downgrade()` does; nothing if there is none."""
        return self.downgrade.ops if self.downgrade else ()

    def readable(self, function: str, dialect: str | None = None) -> bool:
        """Return whether every call of that function could be read, on a dialect, so that a missing operation is meaningful."""
        if self.unseen:
            return False
        found = (unreadable.dialects for unreadable in self.unreadable if unreadable.function == function)
        return not any(dialect is None or admits(dialects, dialect) for dialects in found)


class UnparsableError(Exception):
    """A file that no reading of Python accepts: `place` is where, `reason` one clause saying why."""

    def __init__(self, place: SourceSpan, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason
