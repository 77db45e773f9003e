"""Alembic's operations: from a call of `op` or of a batch to the value that represents it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.ops.signatures import BATCH, OPERATIONS, parameters
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, Name, Unknown, Unset
from mrt_lint.parse.python.convert import (
    to_default,
    to_flag,
    to_maybe_flag,
    to_maybe_name,
    to_maybe_sql,
    to_name,
    to_names,
    to_sql,
)
from mrt_lint.parse.python.library.asking import READING
from mrt_lint.parse.python.library.batch import batch_alter_table
from mrt_lint.parse.python.library.binds import DEFAULTS, bound_texts
from mrt_lint.parse.python.library.columns import exclude_columns, index_columns, split_items
from mrt_lint.parse.python.library.database import call_back
from mrt_lint.parse.python.library.elements import IdentityElement, TableElement
from mrt_lint.parse.python.library.execute import execute
from mrt_lint.parse.python.library.index import create_index, index_options
from mrt_lint.parse.python.library.invocation import call_registered, carry_out, refuse_unknown
from mrt_lint.parse.python.library.operation import NOT_GIVEN, OperationCall, find_misuse
from mrt_lint.parse.python.library.registry import find, perform_library
from mrt_lint.parse.python.library.statement import rows_of
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.library.types import to_type
from mrt_lint.parse.python.objects import (
    BatchValue,
    CallArguments,
    ConnectionValue,
    ExternalName,
    PartialCall,
    PossibleItem,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun


def perform(run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call, batch: BatchValue | None = None) -> Value:
    """Record what `op.name(…)` does and return what the call returns."""
    if name in READING:
        return READING[name](arguments)
    if name not in OPERATIONS or (batch and name not in BATCH):
        return _perform_other(run, name, arguments, node, batch)
    names = parameters(name, batch=batch is not None)
    count = len(names)
    named = dict(zip(names, arguments.positional, strict=False)) | arguments.keyword
    operation = OperationCall(run, node, batch, named, arguments.positional[count:], complete=arguments.complete)
    misuse = find_misuse(name, operation, arguments)
    if misuse is not None:
        fields = misuse._asdict() | {"names_table": operation.names_batch_table}
        run.emit(ops.InvalidCall, node, batch=batch is not None, call=name, **fields)
        return UNKNOWN
    return PERFORMERS[name](operation)


def _perform_other(run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call, batch: BatchValue | None) -> Value:
    """Record what an operation does that is not Alembic's own: a library's, or one that the project registers."""
    if name == "run_async":
        return call_back(run, ConnectionValue(own=True), arguments, node)
    if name == "invoke":
        return _invoke(run, arguments.get(0, "operation", UNKNOWN), node, batch)
    known = find(name)
    if known is not None and known.like:
        names = parameters(known.like, batch=batch is not None)
        like = dict(
            zip((name for name in known.parameters if not batch or name != "table_name"), arguments.positional, strict=False)
        )
        rest = arguments.positional[len(like) :]
        named = {key: value for key, value in (like | arguments.keyword).items() if key not in names}
        first = [(like | arguments.keyword).get(key, UNKNOWN) for key in names]
        return perform(run, known.like, CallArguments([*first, *rest], named, complete=arguments.complete), node, batch)
    if known is not None:
        return perform_library(run, known, arguments, node, batch)
    if call_registered(run, name, arguments, node, batch):
        return UNKNOWN
    refuse_unknown(run, name, node, batch)
    return UNKNOWN


def _invoke(run: FunctionRun, operation: Value, node: cst.Call, batch: BatchValue | None) -> Value:
    if isinstance(operation, PartialCall) and isinstance(operation.function, ExternalName):
        return perform(run, operation.function.last, operation.arguments, node, batch)
    if not carry_out(run, operation, node, batch):
        run.fail(node, "the operation that is invoked is not read")
    return UNKNOWN


def _add_column(operation: OperationCall) -> None:
    column = operation.must("column")
    definition = column if isinstance(column, Column) else Column(name=UNKNOWN, type=UNKNOWN, nullable=UNKNOWN)
    operation.emit(
        ops.AddColumn,
        **operation.table(),
        column=definition.name,
        definition=definition,
        if_not_exists=to_flag(operation.get("if_not_exists")),
    )


def _drop_column(operation: OperationCall) -> None:
    operation.emit(
        ops.DropColumn,
        **operation.table(),
        column=to_name(operation.must("column_name")),
        if_exists=to_flag(operation.get("if_exists")),
    )


def _alter_column(operation: OperationCall) -> None:
    # False leaves the default, None drops it
    default = operation.get("server_default", False)
    identity: bool | Unset = UNSET
    # `server_default=sa.Identity()` makes the column an identity, which has no DEFAULT
    if isinstance(default, IdentityElement):
        identity, default = True, False
    operation.emit(
        ops.AlterColumn,
        **operation.table(),
        column=to_name(operation.must("column_name")),
        nullable=operation.given("nullable", None, to_flag),
        server_default=UNSET if default is False else to_default(default),
        new_column=operation.given("new_column_name", None, to_name),
        type=operation.given("type_", None, to_type),
        using=to_maybe_sql(operation.get("postgresql_using")),
        autoincrement=operation.given("autoincrement", None, _to_numbered),
        identity=identity,
        comment=operation.given("comment", NOT_GIVEN, to_maybe_name),
        existing_type=operation.given("existing_type", None, to_type),
        existing_nullable=operation.given("existing_nullable", None, to_flag),
        existing_server_default=operation.given("existing_server_default", NOT_GIVEN, to_default),
        existing_autoincrement=operation.given("existing_autoincrement", None, _to_numbered),
        existing_comment=operation.given("existing_comment", None, to_maybe_name),
        texts=bound_texts(*((name, operation.get(name)) for name in DEFAULTS)),
    )


def _to_numbered(value: object) -> bool | Unknown:
    return value if isinstance(value, bool) else UNKNOWN


def _create_table(operation: OperationCall) -> TableElement:
    columns, constraints, indexes, whole = split_items(operation.rest)
    table = operation.table()
    prefixes = operation.get("prefixes")
    operation.emit(
        ops.CreateTable,
        **table,
        columns=columns,
        constraints=constraints,
        complete=whole and operation.complete and all(column.name is not UNKNOWN for column in columns),
        if_not_exists=to_flag(operation.get("if_not_exists")),
        temporary=isinstance(prefixes, (list, tuple)) and any(prefix in prefixes for prefix in ("TEMPORARY", "TEMP")),
        sqlite_autoincrement=to_flag(operation.get("sqlite_autoincrement")),
        partitioned=operation.named.get("postgresql_partition_by") is not None,
    )
    if not operation.complete or not whole:
        operation.run.fail(operation.node, "a part of the table is not a literal")
    made = TableElement(table["table"] or UNKNOWN, table["schema"], columns)
    for index in indexes:
        create_index(operation.run, index, operation.node, made)
    return made


def _drop_table(operation: OperationCall) -> None:
    operation.emit(ops.DropTable, **operation.table(), if_exists=to_flag(operation.get("if_exists")))


def _rename_table(operation: OperationCall) -> None:
    operation.emit(ops.RenameTable, **operation.table("old_table_name"), new_table=to_name(operation.must("new_table_name")))


def _create_table_comment(operation: OperationCall) -> None:
    operation.emit(
        ops.CreateTableComment,
        **operation.table(),
        comment=to_maybe_name(operation.must("comment")),
        existing_comment=operation.given("existing_comment", None, to_maybe_name),
    )


def _drop_table_comment(operation: OperationCall) -> None:
    operation.emit(
        ops.DropTableComment, **operation.table(), existing_comment=operation.given("existing_comment", None, to_maybe_name)
    )


def _create_index(operation: OperationCall) -> None:
    operation.emit(
        ops.CreateIndex,
        **operation.table(),
        index=to_maybe_name(operation.must("index_name")),
        columns=index_columns(operation.must("columns")),
        **index_options(operation.get, operation.named, operation.must("columns")),
        if_not_exists=to_flag(operation.get("if_not_exists")),
    )


def _drop_index(operation: OperationCall) -> None:
    table = {"table": to_maybe_name(operation.get("table_name")), "schema": to_maybe_name(operation.get("schema"))}
    operation.emit(
        ops.DropIndex,
        **(
            operation.table() if operation.batch else table
        ),  # the table is optional here: PostgreSQL and SQLite need no more than a name
        index=to_maybe_name(operation.must("index_name")),
        concurrently=to_flag(operation.get("postgresql_concurrently")),
        if_exists=to_flag(operation.get("if_exists")),
    )


def _constraint(operation: OperationCall, kind: type[ops.Op], /, **fields: Any) -> None:
    table = operation.table("source_table", "source_schema") if kind is ops.CreateForeignKey else operation.table()
    definition = Constraint(
        name=to_maybe_name(operation.must("constraint_name")),
        deferrable=to_maybe_flag(operation.get("deferrable")),
        initially=to_maybe_name(operation.get("initially")),
        not_valid=to_flag(operation.get("postgresql_not_valid")),
        nulls_not_distinct=to_flag(operation.get("postgresql_nulls_not_distinct")),
        **fields,
    )
    operation.emit(kind, **table, definition=definition)


def _create_foreign_key(operation: OperationCall) -> None:
    referred = as_table(operation.must("referent_table"))
    _constraint(
        operation,
        ops.CreateForeignKey,
        kind="foreignkey",
        columns=to_names(operation.must("local_cols")),
        referred_table=referred.name if referred else to_name(operation.must("referent_table")),
        referred_schema=to_maybe_name(operation.get("referent_schema")),
        referred_columns=to_names(operation.must("remote_cols")),
        ondelete=to_maybe_name(operation.get("ondelete")),
        onupdate=to_maybe_name(operation.get("onupdate")),
    )


def _create_check(operation: OperationCall) -> None:
    sql = operation.must("condition")
    _constraint(operation, ops.CreateCheckConstraint, kind="check", condition=to_sql(sql), texts=bound_texts(("condition", sql)))


def _create_exclude(operation: OperationCall) -> None:
    _constraint(
        operation,
        ops.CreateExcludeConstraint,
        kind="exclude",
        columns=exclude_columns(operation.rest) if operation.complete else UNKNOWN,
        condition=to_maybe_sql(operation.get("where")),
        texts=bound_texts(("where", operation.get("where"))),
    )


def _drop_constraint(operation: OperationCall) -> None:
    operation.emit(
        ops.DropConstraint,
        **operation.table(),
        constraint=to_maybe_name(operation.must("constraint_name")),
        kind=to_maybe_name(operation.get("type_")),
        if_exists=to_flag(operation.get("if_exists")),
    )


def _execute(operation: OperationCall) -> Value:
    execute(operation.run, operation.must("sqltext"), operation.node, batch=operation.batch is not None, makes_text=True)
    return None  # unlike a connection's method


def _bulk_insert(operation: OperationCall) -> None:
    table = as_table(operation.must("table")) or TableElement(UNKNOWN)
    rows = operation.must("rows")
    given = rows if isinstance(rows, (list, tuple)) else ()
    known = given is rows and not any(isinstance(row, PossibleItem) for row in given)
    used = given[:1] if operation.get("multiinsert", True) is True else given  # one statement, by the keys of the first
    columns: tuple[Name, ...] = tuple(dict.fromkeys(to_name(key) for row in used if isinstance(row, dict) for key in row))
    is_read = known and all(isinstance(row, dict) for row in given)
    count, values = (len(given), rows_of(columns, given)) if known else (UNKNOWN, UNKNOWN)
    columns_read = columns if is_read else UNKNOWN
    operation.emit(ops.BulkInsert, table=table.name, schema=table.schema, columns=columns_read, rows=count, values=values)


PERFORMERS: Final[dict[str, Callable[[OperationCall], Value]]] = {
    "add_column": _add_column,
    "alter_column": _alter_column,
    "batch_alter_table": batch_alter_table,
    "bulk_insert": _bulk_insert,
    "create_check_constraint": _create_check,
    "create_exclude_constraint": _create_exclude,
    "create_foreign_key": _create_foreign_key,
    "create_index": _create_index,
    "create_primary_key": lambda operation: _constraint(
        operation, ops.CreatePrimaryKey, kind="primary", columns=to_names(operation.must("columns"))
    ),
    "create_table": _create_table,
    "create_table_comment": _create_table_comment,
    "create_unique_constraint": lambda operation: _constraint(
        operation, ops.CreateUniqueConstraint, kind="unique", columns=to_names(operation.must("columns"))
    ),
    "drop_column": _drop_column,
    "drop_constraint": _drop_constraint,
    "drop_index": _drop_index,
    "drop_table": _drop_table,
    "drop_table_comment": _drop_table_comment,
    "execute": _execute,
    "rename_table": _rename_table,
}
