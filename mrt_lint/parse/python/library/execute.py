"""What handing something to the database does: raw SQL, Core statements, DDL elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.values import (
    HOLE,
    UNKNOWN,
    BoundValues,
    ColumnTest,
    Constraint,
    SqlType,
    Unknown,
    ValueFlow,
    WrittenValue,
)
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.binds import joined
from mrt_lint.parse.python.library.elements import (
    DdlElement,
    DmlElement,
    OrmRows,
    SelectElement,
    SequenceElement,
    SqlExpression,
    TableElement,
    TableIndex,
    nulls_of,
)
from mrt_lint.parse.python.library.index import create_index
from mrt_lint.parse.python.objects import PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun

_CATALOGUE: Final = re.compile(
    r"\b(information_schema|pg_\w+|sqlite_(master|schema)|to_reg\w+)\b|^\s*(pragma|show)\s", re.IGNORECASE
)
"""SQL that asks what the schema has."""


def execute(
    run: FunctionRun,
    value: Value,
    node: cst.CSTNode,
    *,
    batch: bool = False,
    autocommit: bool = False,
    values: BoundValues | None = None,
    makes_text: bool = False,
) -> Value:
    """Record what executing `value` does and return the result, whose rows are unknown.

    `values` are what the call brings for binds; `makes_text` is whether it makes a `text()` of a plain string.
    """
    marks: dict[str, Any] = {"batch": batch, "autocommit": autocommit}
    if isinstance(value, (str, SqlExpression)):
        text = value.text if isinstance(value, SqlExpression) else value
        # f"{statement};" says no more than a variable does
        known = isinstance(text, str) and (HOLE not in text or text.strip(HOLE + " \t\r\n;") != "")
        bound = value.bound if isinstance(value, SqlExpression) else BoundValues() if makes_text else None
        bound = joined(bound, values) if bound is not None and values is not None else bound
        run.inspected += isinstance(text, str) and _CATALOGUE.search(text) is not None
        run.emit(ops.Execute, node, statement=text if known else UNKNOWN, bound=bound, **marks)
        if not known:
            run.fail(node, "the statement is not a literal")
    elif isinstance(value, SelectElement):
        return OrmRows(value.tables[0], value.nulls) if value.rows and value.tables else UNKNOWN
    elif isinstance(value, DmlElement):
        change_rows(run, value, node, **marks)
    elif isinstance(value, DdlElement):
        change_object(run, value.kind, value.item, node, cascade=value.cascade)
    elif isinstance(value, SequenceElement):
        return UNKNOWN
    else:
        run.emit(ops.Execute, node, statement=UNKNOWN, **marks)
        run.fail(node, "the statement is not a literal")
    return UNKNOWN


def change_rows(run: FunctionRun, statement: DmlElement, node: cst.CSTNode, **marks: Any) -> None:
    """Record a Core or ORM statement on rows."""
    table: dict[str, Any] = {"table": statement.table.name, "schema": statement.table.schema}
    if statement.kind == "insert":
        run.emit(
            ops.Insert,
            node,
            **table,
            columns=statement.columns or UNKNOWN,
            query=statement.query,
            source_tables=statement.source_tables,
            flows=_flows(statement),
            values=statement.rows,
            **marks,
        )
    elif statement.kind == "update":
        run.emit(
            ops.Update,
            node,
            **table,
            columns=statement.columns or UNKNOWN,
            source_columns=statement.source_columns,
            source_tables=statement.source_tables,
            where=statement.where,
            flows=_flows(statement),
            fills=nulls_of(_own_tests(statement)),
            conditions=statement.conditions,
            tests=_own_tests(statement),
            writes=tuple(_writes(statement)),
            **marks,
        )
    else:
        tests = _own_tests(statement)
        asked = statement.conditions if all(test.asks not in {"", "same"} for test in tests) else (*statement.conditions, UNKNOWN)
        run.emit(ops.Delete, node, **table, where=statement.where, conditions=asked, tests=tests, **marks)
    if statement.table.name is UNKNOWN:
        run.fail(node, f"the table of the {statement.kind} is not a literal")


def _own_tests(statement: DmlElement) -> tuple[ColumnTest, ...]:
    """Return what a statement asks for; of another table's columns no more than that it does."""
    own = {None, statement.table.name}
    return tuple(test if test.table in own else ColumnTest() for test in statement.tests)


def _writes(statement: DmlElement) -> Iterator[WrittenValue]:
    """Yield the constants that an UPDATE gives to columns."""
    columns = statement.columns if statement.columns is not UNKNOWN else ()
    for column, value in zip(columns, statement.rows[0], strict=False) if statement.rows is not UNKNOWN else ():
        if value is not UNKNOWN:
            yield WrittenValue(column=column, value=value)


def _flows(statement: DmlElement) -> tuple[ValueFlow, ...] | Unknown:
    """Return what each value is computed from; what is chosen by its length is no mere copy."""
    if statement.flows is UNKNOWN or not (statement.chooses or statement.measures):
        return statement.flows
    chooses, measures = statement.chooses, statement.measures
    return tuple(replace(flow, plain=flow.plain and not chooses, copied=flow.copied and not measures) for flow in statement.flows)


def change_object(
    run: FunctionRun, action: str, item: Value, node: cst.CSTNode, *, if_exists: bool = False, cascade: bool = False
) -> None:
    """Record that an object is created or dropped by its own method or DDL element."""
    creates = action == "create"
    operation = ops.CreateObject if creates else ops.DropObject
    if isinstance(item, SqlType) and item.name in ("ENUM", "DOMAIN"):
        name = to_name(item.type_name)
        options = {"members": item.members, "if_not_exists": if_exists} if creates else {"if_exists": if_exists}
        run.emit(operation, node, kind=item.name.lower(), name=name, schema=item.schema, **options)
        if name is UNKNOWN:
            run.fail(node, "the name of the type is not a literal")
    elif isinstance(item, SequenceElement):
        looks = {"if_not_exists" if creates else "if_exists": if_exists}
        run.emit(operation, node, kind="sequence", name=item.name, schema=item.schema, **looks)
    elif isinstance(item, TableElement):
        _change_table(run, item, node, creates=creates, if_exists=if_exists)
    elif isinstance(item, TableIndex) and creates:
        create_index(run, item, node)
    elif isinstance(item, TableIndex):
        home = item.table or TableElement(UNKNOWN)
        run.emit(ops.DropIndex, node, index=item.name, table=home.name, schema=home.schema)
    elif isinstance(item, str):
        run.emit(operation, node, kind="schema", name=to_name(item), **({"cascade": True} if cascade else {}))
    else:
        run.emit(ops.Execute, node, statement=UNKNOWN)
        run.fail(node, f"what is {'created' if creates else 'dropped'} is not a literal")


def _change_table(run: FunctionRun, table: TableElement, node: cst.CSTNode, *, creates: bool, if_exists: bool) -> None:
    if not creates:
        run.emit(ops.DropTable, node, table=table.name, schema=table.schema, if_exists=if_exists)
        return
    constraints = tuple(item for item in table.items if isinstance(item, Constraint))
    run.emit(
        ops.CreateTable,
        node,
        table=table.name,
        schema=table.schema,
        columns=table.columns,
        constraints=constraints,
        complete=bool(table.columns) and not any(isinstance(item, PossibleItem) or item is UNKNOWN for item in table.items),
        if_not_exists=if_exists,
    )
