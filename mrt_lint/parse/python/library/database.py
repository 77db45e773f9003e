"""Connections, sessions and Alembic's context: what their methods do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, Name, Unknown, ValueFlow
from mrt_lint.parse.python.convert import flatten
from mrt_lint.parse.python.library.asking import READING
from mrt_lint.parse.python.library.binds import STATEMENT_NAMES, executed_with
from mrt_lint.parse.python.library.elements import DdlElement, DmlElement, OrmRow, OrmRows, SqlExpression
from mrt_lint.parse.python.library.execute import execute
from mrt_lint.parse.python.library.statement import flows_into, make_select, rows_of
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.objects import (
    AutocommitBlock,
    CallArguments,
    ConnectionValue,
    ContextValue,
    DialectName,
    LocalFunction,
    LocalInstance,
    PossibleItem,
    SessionValue,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun

_EXECUTING_WORDS = "execute exec_driver_sql scalar scalars executemany exec executescript stream exec_sql"
EXECUTING = frozenset(_EXECUTING_WORDS.split())
"""Methods that hand their first argument to the database."""

_CONNECTING_WORDS = "connect begin begin_nested connection cursor raw_connection get_bind __enter__ driver_connection"
_CONNECTING = frozenset(_CONNECTING_WORDS.split())
"""Methods of an engine or connection that return a connection, or what executes on one."""

WRITING = frozenset(["add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"])
"""Methods of a session that write rows."""


_STATEMENT: Final = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:insert\s+into|update\s+\S+\s+set|delete\s+from|truncate|(?:create|alter|drop)\s+\w+|grant|revoke"
    r"|merge\s+into|copy|call|do|with)\s",
    re.IGNORECASE | re.DOTALL,
)
_WRITTEN_OUT: Final = re.compile(r"mogrify|prepare|compile|explain|parse|format|quote|render|log|print|warn|info|debug|error|write")
"""Names of methods that make something of SQL and do not hand it to the database."""


def sql_among(name: str, arguments: CallArguments, *, texts: bool) -> Value | None:
    """Return the SQL that a method of no library is given, which then executes it by all that can be known; None for none.

    `texts` is whether a string counts that begins as a statement does.
    """
    if _WRITTEN_OUT.search(name):
        return None
    for value in arguments.everything():
        if isinstance(value, DmlElement | DdlElement) or (isinstance(value, SqlExpression) and value.bound is not None):
            return value
        if texts and isinstance(value, str) and _STATEMENT.match(value):
            return value
    return None


def statement_of(arguments: CallArguments) -> Value:
    """Return the statement among the arguments of an executing method."""
    if arguments.positional:
        return arguments.positional[0]
    return next((arguments.keyword[name] for name in STATEMENT_NAMES if name in arguments.keyword), UNKNOWN)


def call_connection(run: FunctionRun, connection: ConnectionValue, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a method of a connection, engine or cursor."""
    with _on(run, connection):
        return _call_connection(run, connection, name, arguments, node)


@contextmanager
def _on(run: FunctionRun, handle: ConnectionValue | SessionValue) -> Iterator[None]:
    """Note of what is executed whether it is on a connection of the migration's own."""
    before, run.apart = run.apart, handle.apart
    try:
        yield
    finally:
        run.apart = before


def _call_connection(run: FunctionRun, connection: ConnectionValue, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    if name in EXECUTING:
        values = executed_with(arguments)
        return execute(run, statement_of(arguments), node, autocommit=connection.autocommit, values=values)
    if name == "execution_options":
        level = arguments.keyword.get("isolation_level")
        is_alone = isinstance(level, str) and level.upper() == "AUTOCOMMIT"
        return ConnectionValue(autocommit=True, apart=connection.apart) if is_alone else connection
    if name in _CONNECTING:
        # entering a connection returns itself; a transaction, cursor or connection made from it ends by itself
        return connection if name == "__enter__" else ConnectionValue(autocommit=connection.autocommit, apart=connection.apart)
    if (name == "commit" and not connection.apart) or (name == "rollback" and connection.own):
        # SQLAlchemy begins the next transaction with the next statement
        command = name.upper()
        run.emit(ops.Statement, node, command=command, effect=False, text=f"{command} AND CHAIN", in_python=connection.own)
    if name in ("run_callable", "run_sync"):
        return call_back(run, connection, arguments, node)
    if name == "copy_expert":
        return execute(run, arguments.get(0, "sql", UNKNOWN), node)
    if name in ("copy_from", "callproc", "executescript", "copy_records_to_table", "load_dataset"):
        run.fail(node, f"{name}() is not read")
    elif (value := sql_among(name, arguments, texts=True)) is not None:
        return execute(run, value, node, autocommit=connection.autocommit)
    return UNKNOWN


def call_back(run: FunctionRun, handle: Value, arguments: CallArguments, node: cst.Call) -> Value:
    """Call the function that `run_sync` or `op.run_async` is given with a connection or session, and return its result."""
    function = arguments.get(0, "fn", UNKNOWN)
    rest = CallArguments([handle, *arguments.positional[1:]], arguments.keyword, complete=arguments.complete)
    if isinstance(function, LocalFunction):
        return run.inline(run, function, rest, node)
    run.fail(node, "the function that is called back is not defined in this file")
    return UNKNOWN


def call_context(run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a method of `alembic.context` or of the migration context."""
    if name in READING:
        return READING[name](arguments)
    if name == "autocommit_block":
        return AutocommitBlock()
    if "sqlalchemy.url" in arguments.positional:  # of context.config
        return DialectName(url=True)
    if name == "execute":
        return execute(run, statement_of(arguments), node, makes_text=True)
    if name in ("begin_transaction", "configure"):
        return ContextValue()
    return UNKNOWN


def call_session(
    run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call, session: SessionValue | None = None
) -> Value:
    """Return a method of an ORM session."""
    session = session or SessionValue()
    with _on(run, session):
        return _call_session(run, session, name, arguments, node)


def _call_session(run: FunctionRun, session: SessionValue, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    if name in ("scalar", "scalars"):
        rows = execute(run, statement_of(arguments), node, values=executed_with(arguments))
        return rows.row if isinstance(rows, OrmRows) and name == "scalar" else rows
    if name in EXECUTING:
        return execute(run, statement_of(arguments), node, values=executed_with(arguments))
    if name in ("get", "get_one"):
        table = as_table(arguments.get(0, "entity"))
        return OrmRow(table) if table is not None else UNKNOWN
    if name in ("run_sync", "run_callable"):
        return call_back(run, session, arguments, node)
    if name == "query":
        return make_select(arguments, query=True)
    if name in ("begin", "begin_nested", "no_autoflush", "__enter__", "__call__"):
        return session
    if name in ("connection", "get_bind", "bind"):
        return ConnectionValue(apart=session.apart)
    if name in WRITING:
        _write(run, name, arguments, node)
    elif (value := sql_among(name, arguments, texts=True)) is not None:
        return execute(run, value, node)
    return UNKNOWN


def _write(run: FunctionRun, name: str, arguments: CallArguments, node: cst.Call) -> None:
    first = arguments.get(0, "instance", UNKNOWN)
    items = flatten([item.value if isinstance(item, PossibleItem) else item for item in flatten([first])]) or [UNKNOWN]
    if name != "delete":
        loaded, items = items, [item for item in items if not isinstance(item, (OrmRow, OrmRows))]
        if loaded and not items:  # objects that were fetched are rows already: assigning to them is the UPDATE
            return
    tables = {table.name: table for item in items if (table := as_table(item)) is not None}
    if not tables:
        run.fail(node, f"the objects given to {name}() are not read", concerns="rows")
    for table in tables.values():
        if table.name is UNKNOWN:
            run.fail(node, f"the table of the objects given to {name}() is not known", concerns="rows")
        columns: tuple[Name, ...] | Unknown = UNKNOWN
        flows: tuple[ValueFlow, ...] | Unknown = UNKNOWN
        if isinstance(items[0], LocalInstance):
            flows = tuple(flow for key, value in items[0].attributes.items() for flow in flows_into(key, value))
            columns = tuple(key for key, value in items[0].attributes.items() if not isinstance(value, SqlExpression)) or UNKNOWN
        fields: dict[str, Any] = {"table": table.name, "schema": table.schema}
        if name == "delete":
            run.emit(ops.Delete, node, **fields, where=True)
        elif name == "bulk_update_mappings":
            run.emit(ops.Update, node, **fields, where=True)
        else:
            values = rows_of(columns, [getattr(item, "attributes", None) for item in items]) if columns is not UNKNOWN else UNKNOWN
            run.emit(ops.Insert, node, **fields, columns=columns, flows=flows, values=values)
