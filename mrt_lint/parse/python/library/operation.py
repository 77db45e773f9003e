"""One call of an operation with its arguments by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.ops.signatures import missing, most, parameters
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, MaybeName, Name
from mrt_lint.parse.python.convert import to_maybe_name, to_name
from mrt_lint.parse.python.library.columns import refused_default
from mrt_lint.parse.python.library.elements import TableElement
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.objects import BatchValue, CallArguments, Value
from mrt_lint.parse.python.run import FunctionRun

NOT_GIVEN: Final = False
"""What Alembic takes for "not changed" where None means "none"."""

# create_table and the others take objects in some places
_NAMING_A_TABLE: Final = frozenset({"add_column", "alter_column", "create_index", "drop_column", "drop_index"})

_KINDS: Final = ("foreignkey", "primary", "unique", "check")
"""Kinds of constraints that `drop_constraint` knows."""

_NO_CHANGE: Final = frozenset({"table_name", "column_name", "schema"})


def _is_change(argument: str) -> bool:
    """Return whether an argument of `alter_column` says what to change; without one it writes no SQL."""
    return argument not in _NO_CHANGE and not argument.startswith("existing_")


class OperationCall:
    """One call of an operation with its arguments by name."""

    __slots__ = ("batch", "complete", "named", "node", "rest", "run")

    def __init__(
        self,
        run: FunctionRun,
        node: cst.Call,
        batch: BatchValue | None,
        named: dict[str, Value],
        rest: list[Value],
        *,
        complete: bool,
    ) -> None:
        self.run = run
        self.node = node
        self.batch = batch
        self.named = named
        self.rest = rest
        self.complete = complete

    def get(self, name: str, default: Value = None) -> Value:
        """Get an argument that need not be given."""
        return self.named.get(name, default if self.complete else UNKNOWN)

    def must(self, name: str) -> Value:
        """Get an argument that has to be given."""
        return self.named.get(name, UNKNOWN)

    def given(self, name: str, without: Value, convert: Callable[[Value], Any]) -> Any:
        """Return a converted argument; UNSET if it was not given or has the value that means so."""
        value = self.get(name, without)
        return UNSET if value is without else convert(value)

    def table(self, name: str = "table_name", schema: str = "schema") -> dict[str, Name | MaybeName]:
        """Return the table and its schema, a batch's own in a batch."""
        if self.batch:
            return {"table": self.batch.table, "schema": self.batch.schema}
        value = self.must(name)
        found = as_table(value)
        return {"table": found.name if found else to_name(value), "schema": to_maybe_name(self.get(schema))}

    def emit(self, kind: type[ops.Op], /, **fields: Any) -> None:
        """Record the operation, and that it cannot be read where what it acts on has no known name."""
        if self.batch is not None:
            fields |= {"batch_number": self.batch.number, "rebuild": self.batch.rebuild}
        self.run.emit(kind, self.node, batch=self.batch is not None, **fields)
        names = ("table", "column", "index", "new_table", "constraint")
        unknown = next((name for name in names if fields.get(name) is UNKNOWN), None)
        definition = fields.get("definition")
        if unknown is None and isinstance(definition, (Column, Constraint)) and definition.name is UNKNOWN:
            unknown = "name"
        if unknown:
            self.run.fail(self.node, f"the {unknown.replace('_', ' ')} of {self.node_name()} is not a literal")

    @property
    def names_batch_table(self) -> bool:
        """Whether one of too many arguments is the table, which the batch names already."""
        given = (*self.named.values(), *self.rest)
        return (
            self.batch is not None and bool(self.rest) and any(isinstance(name, str) and name == self.batch.table for name in given)
        )

    def node_name(self) -> str:
        """Name the operation as it is called."""
        func = self.node.func
        return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else "the call"


class Misuse(NamedTuple):
    """What a call raises before it reaches the database: the exception's class, one clause why, the default that is refused."""

    exception: str
    problem: str
    default: str | None = None


def find_misuse(name: str, call: OperationCall, arguments: CallArguments) -> Misuse | None:
    """Return what a call raises whatever the database, None if it raises nothing."""
    problem = _find_unbound(name, call, arguments) or _find_misplaced(name, call)
    if problem is not None:
        return Misuse("TypeError", problem)
    if name == "execute" and "sqltext" in call.named and (given := _kind_of(call.named["sqltext"], str)):
        return Misuse("ObjectNotExecutableError", f"it is given {given}, which is no statement")
    if name == "bulk_insert" and (given := _kind_of(call.must("table"))):
        return Misuse("AttributeError", f"it takes a table and gets {given}")
    if refused := _refused_default(name, call):
        return Misuse("ArgumentError", f"its server_default is {refused}, which is neither a text nor SQL", refused)
    return None


def _find_unbound(name: str, call: OperationCall, arguments: CallArguments) -> str | None:
    """Return one clause on why arguments do not fit the parameters; None if they do."""
    batch = call.batch is not None
    by_place = parameters(name, batch=batch)[: len(arguments.positional)]
    twice = next((given for given in by_place if given in arguments.keyword), None)
    if twice is not None:
        return f"it is given its argument {twice} twice"
    lacking = missing(name, call.named, batch=batch) if call.complete else None
    if lacking is not None:
        return f"it lacks its argument {lacking}"
    at_most = most(name, batch=batch)
    if call.complete and call.rest and at_most is not None:
        return f"it takes {at_most} positional argument{'s' if at_most > 1 else ''} and gets {at_most + len(call.rest)}"
    return None


def _find_misplaced(name: str, call: OperationCall) -> str | None:
    """Return one clause on which argument is an object of another kind; None if each is of its own."""
    if name in _NAMING_A_TABLE and isinstance(call.named.get("table_name"), TableElement):
        return "it takes the name of a table as text and gets an object"
    changes = name == "drop_column" or any(_is_change(given) for given in call.named)
    if name in {"drop_column", "alter_column"} and isinstance(call.named.get("column_name"), Column) and changes:
        return "it takes the name of a column as text and gets an object"
    if name == "add_column" and isinstance(call.named.get("column"), str):
        return "it takes a sa.Column and gets a text"
    kind = call.named.get("type_")
    if name == "drop_constraint" and isinstance(kind, (str, list, tuple)) and kind not in _KINDS:
        return f"its type_ is {repr(kind) if isinstance(kind, str) else 'a list'}, which is none of {', '.join(_KINDS)}"
    if name == "bulk_insert" and not _kind_of(call.must("table")) and (given := _kind_of(call.must("rows"), list, tuple)):
        return f"it takes a list of rows and gets {given}"
    return None


def _refused_default(name: str, call: OperationCall) -> str:
    """Return the `server_default` of an operation or of a column in it that SQLAlchemy refuses; alter_column's False means none."""
    given = call.named.get("server_default")
    if name == "alter_column" and given is not False:
        return refused_default(given)
    columns = (value for value in (*call.named.values(), *call.rest) if isinstance(value, Column))
    return next((column.refused_default for column in columns if column.refused_default), "")


def _kind_of(value: Value, *right: type) -> str:
    """Name what a value certainly is if it is plain and of none of the right types, in words: "None", "a list"."""
    if value is None:
        return "None"
    plain = next((kind for kind in _PLAIN if isinstance(value, kind) and kind not in right), None)
    return _PLAIN[plain] if plain is not None else ""


_PLAIN: Final[dict[type, str]] = {
    str: "a text",
    bytes: "bytes",
    list: "a list",
    tuple: "a tuple",
    dict: "a dictionary",
    int: "a number",
    float: "a number",
}
