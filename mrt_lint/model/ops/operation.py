"""What all operations share."""

from __future__ import annotations

import re
from dataclasses import field

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import BatchRebuild, Flag, SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation of `upgrade()` or `downgrade()`, in the order in which Python reaches it.

    `origin` is the call's place in the file (never compared). `dialects` is the guard around it: the sorted names it runs
    on, None for all. `certain` is False under a condition that cannot be decided by reading. `autocommit` is True if it runs
    outside the migration's transaction. `sql` marks one that was understood from raw SQL; it follows the `Execute` it came
    from. `batch` marks one inside `batch_alter_table`, `batch_number` is the same for those of one batch and `rebuild` its options
    where it has any; `joined` marks a further action of the statement that the operation before it came from; `algorithm` and
    `lock` are what MySQL's clauses of that name ask for, in capitals. `caught` is True if the migration goes on where it fails,
    UNKNOWN if that hangs on a condition; `caught_too_early` marks one in a `try` within its batch, which runs only when that ends.
    `along_with` names what took a thing along that no operation drops by itself; `repeated` marks one in a loop over rows, whose
    turns cannot be counted; `elsewhere` one on another connection than the migration's, `savepoint` one behind
    a `begin_nested()`; `found_none` are attributes and items that
    Python has found to be None; `if_absent` is True for one that runs only where a question to the
    database has found something not to be there (none of these compared).
    """

    origin: SourceSpan | None = field(default=None, compare=False, repr=False)
    dialects: tuple[str, ...] | None = None
    certain: bool = True
    autocommit: bool = False
    sql: bool = field(default=False, compare=False)
    batch: bool = field(default=False, compare=False)
    batch_number: int = field(default=0, compare=False, repr=False)
    rebuild: BatchRebuild | None = field(default=None, compare=False)
    joined: bool = field(default=False, compare=False)
    algorithm: str = field(default="", compare=False)
    lock: str = field(default="", compare=False)
    caught: Flag = field(default=False, compare=False)
    caught_too_early: bool = field(default=False, compare=False, repr=False)
    along_with: str = field(default="", compare=False)
    repeated: bool = field(default=False, compare=False, repr=False)
    elsewhere: bool = field(default=False, compare=False, repr=False)
    savepoint: bool = field(default=False, compare=False, repr=False)
    found_none: tuple[str, ...] = field(default=(), compare=False, repr=False)
    if_absent: bool = field(default=False, compare=False, repr=False)

    @property
    def op(self) -> str:
        """Alembic's name of the operation, "drop_column"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
