"""What runs on another connection than the migration's, and what it meets there: locks, and what is not committed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.transaction import Surroundings, surroundings
from mrt_lint.history.schema import QualifiedName, place
from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Op

_EXCLUSIVE = (
    *(ops.AddColumn, ops.AlterColumn, ops.DropColumn, ops.DropConstraint, ops.RenameConstraint, ops.RenameTable),
    *(ops.DropTable, ops.Truncate, ops.CreatePrimaryKey, ops.CreateUniqueConstraint, ops.CreateCheckConstraint),
)
_AGAINST_WRITERS = (ops.CreateIndex, ops.CreateForeignKey)
_ALL: Final = 3
"""The rank of what keeps out every other session."""
_WRITES = (ops.Insert, ops.BulkInsert, ops.Update, ops.Delete)


@dataclass(frozen=True, slots=True)
class Meeting:
    """An operation on another connection that cannot get on: `met` is what the migration's transaction did before."""

    op: Op
    met: Op

    @property
    def is_unseen(self) -> bool:
        """Whether its table is not there yet for it: the transaction has created it, and not committed."""
        return isinstance(self.met, ops.CreateTable)


def changes_elsewhere(function: Iterable[Op]) -> Iterator[Op]:
    """Yield what a function changes on other connections."""
    for op in function:
        is_change = not isinstance(op, ops.Execute | ops.Raise | ops.InvalidCall)
        if op.elsewhere and is_change and not (isinstance(op, ops.Statement) and op.effect is False):
            yield op


def meetings(function: Iterable[Op]) -> Iterator[Meeting]:
    """Yield what waits on another connection, on PostgreSQL, for a lock that the migration's own transaction holds, once a table.

    Source: PostgreSQL, “Explicit Locking”, the table of conflicting locks.
    """
    held: dict[QualifiedName, Op] = {}
    operations = tuple(function)
    own = {id(op): (where, number) for op, where, number in surroundings([op for op in operations if not op.elsewhere])}
    transaction = 0
    for op in operations:
        where, number = own.get(id(op), (None, transaction))
        if number != transaction:
            held, transaction = {}, number
        name = getattr(op, "table", None)
        if not op.certain or op.caught or not readable(name) or getattr(op, "concurrently", False) is not False:
            continue
        table = place(getattr(op, "schema", None), name)
        if where is None and table in held and _excludes(held[table], op):
            yield Meeting(op, held.pop(table))
        elif where not in {None, Surroundings.NONE} and (table not in held or _rank(op) > _rank(held[table])):
            held[table] = op


def _rank(op: Op) -> int:
    """Return how much the lock of an operation keeps out: 0 for nothing."""
    if isinstance(op, _EXCLUSIVE) or (isinstance(op, ops.CreateTable) and op.if_not_exists is False):
        return _ALL
    return 2 if isinstance(op, _AGAINST_WRITERS) else 1 if isinstance(op, _WRITES) else 0


def _excludes(held: Op, wanted: Op) -> bool:
    """Return whether the lock of the first operation keeps out the second; two that write rows need not meet."""
    first, second = _rank(held), _rank(wanted)
    if second == 0 or first == 0:
        return False
    return _ALL in {first, second} or first != second
