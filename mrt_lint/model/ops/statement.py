"""What is executed as written."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import UNKNOWN, BoundValues, Flag, MaybeName, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute(Op):
    """Raw SQL handed to the database. `statement` may contain HOLE; UNKNOWN if nothing of it could be read.

    `broken` is one clause that says why it fails whatever the database holds, empty where that is not certain, and `mend` what
    to write instead; `bound` is what its binds get where it is a `text()`, None where it is not (none of these compared).
    What the SQL means follows as operations with `sql=True`, up to the next operation that has `sql=False`.
    """

    statement: Name
    broken: str = field(default="", compare=False, repr=False)
    mend: str = field(default="", compare=False, repr=False)
    bound: BoundValues | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Op):
    """A statement of the SQL that has no operation of its own.

    `command` is its leading keywords in capitals ("SELECT", "SET", "GRANT", "LOCK TABLE", "CALL", "DO", …); `effect` is False
    where it changes neither schema nor rows (SELECT, SET, SHOW, PRAGMA that only reads, EXPLAIN, ANALYZE, BEGIN, COMMIT),
    True if it does, and UNKNOWN if that is not known (CALL, DO, an unreadable one). `text` is the statement itself.
    `in_python` marks a method of Alembic's own connection that ends its transaction: `op.get_bind().commit()` (never compared).
    """

    command: str
    effect: Flag = UNKNOWN
    text: str = ""
    in_python: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidCall(Op):
    """A call of an operation that raises an exception whatever the database: `call` is its name, `problem` one clause.

    `exception` is the class; `names_table` is True if it names the table again that the batch has. `default` is the server_default
    that is neither a text nor SQL, as Python writes it.
    """

    call: str
    problem: str
    exception: str = "TypeError"
    names_table: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise(Op):
    """The function ends in an exception here: `exception` is its class ("NotImplementedError"), `message` its text."""

    exception: Name
    message: MaybeName = None
