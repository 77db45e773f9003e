"""Calls and statements that a finding advises, complete as far as the history knows what they need."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.row_copy import copy_of, has_own_type
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.advice import literal
from mrt_lint.model.ops import DropColumn, DropConstraint, Op
from mrt_lint.model.values import Constraint, MaybeName, Name, Unknown

_METHODS = {
    "foreignkey": "create_foreign_key",
    "unique": "create_unique_constraint",
    "check": "create_check_constraint",
    "primary": "create_primary_key",
    "exclude": "create_exclude_constraint",
}


def call_on_table(case: MigrationCase, op: Op, method: str, before: str = "", after: str = "") -> str:
    """Return a call of an operation on an operation's table: in a batch on SQLite, which alters no column and adds no constraint.

    `before` and `after` are the arguments around the table's, which a batch has by itself.
    """
    table, schema = getattr(op, "table", None), getattr(op, "schema", None)
    name = literal(table) if readable(table) else "…"
    within = f", schema={literal(schema)}" if readable(schema) else ""
    if case.dialect(op) == "sqlite" or op.batch:
        given = ", ".join(part for part in (before, after) if part)
        return f"with op.batch_alter_table({name}{within}) as batch: batch.{method}({given})"
    given = ", ".join(part for part in (before, name, after) if part)
    own = f", source_schema={literal(schema)}" if method == "create_foreign_key" and readable(schema) else within
    return f"op.{method}({given}{own})"


def kept_values(case: MigrationCase, op: DropColumn) -> dict[str, str]:
    """Return where the values of a dropped column can be kept, "copy", and what to select for that, "values", keys included."""
    dialect = case.dialect(op)
    table, schema = op.table if readable(op.table) else "…", op.schema if readable(op.schema) else None
    column = op.column if readable(op.column) else "…"
    copy = "…" if "…" in (table, column) else copy_of(case, f"{table}_{column}", schema, dialect)
    key = key_columns(case, op)
    own = sql_name(column, dialect)
    if dialect == "postgresql" and (tracked := case.tracked(op)) is not None and has_own_type(tracked.definition):
        own = f"CAST({own} AS text) AS {own}"  # DROP TYPE fails while a column has the type
    others = [sql_name(name, dialect) for name in key or () if name != column]
    values = "*" if key is None or column == "…" else ", ".join((*others, own))
    return {"copy": copy, "values": values}


def key_columns(case: MigrationCase, op: Op) -> tuple[str, ...] | None:
    """Return the columns of the primary key of an operation's table, None if the history does not show them."""
    table, schema = getattr(op, "table", None), getattr(op, "schema", None)
    if not readable(table):
        return None
    known = case.known_schema(case.dialect(op)).schema.table(table, schema if readable(schema) else None)
    key = known.primary_key if isinstance(known, ReplayedTable) else None
    return tuple(str(name) for name in key) if isinstance(key, tuple) and key and all(map(readable, key)) else None


def way_back(op: DropColumn, target: str) -> str:
    """Return how the values come back from the column where they are in the end, which may have the name of the dropped one."""
    if isinstance(op.column, str) and fold(op.column) == fold(target):
        return (
            f"add a column as {op.column} was under another name, fill it from {target}, drop that, and give the new one its name"
        )
    return f"add {op.column} as it was, fill it from {target}, and only then drop that"


def constraint_again(case: MigrationCase, op: DropConstraint) -> str:
    """Return the call that makes a dropped constraint again; "…" stands for what the history does not show."""
    tracked = case.tracked(op)
    known = tracked.definition if tracked is not None and isinstance(tracked.definition, Constraint) else None
    kind = case.kind(op) or (known.kind if known is not None else "")
    name = literal(op.constraint) if readable(op.constraint) else "…"
    return call_on_table(case, op, _METHODS.get(kind, "create_…_constraint"), name, _rest(kind, known))


def _rest(kind: str, known: Constraint | None) -> str:
    if known is None or kind not in _METHODS:
        return "…"
    if kind == "check":
        return _text(known.condition)
    if kind == "foreignkey":
        parts = [_text(known.referred_table), _list(known.columns), _list(known.referred_columns)]
        options = {"referent_schema": known.referred_schema, "ondelete": known.ondelete, "onupdate": known.onupdate}
        return ", ".join([*parts, *(f"{key}={_text(value)}" for key, value in options.items() if value is not None)])
    return _list(known.columns) if kind in {"unique", "primary"} else "…"


def _text(value: MaybeName) -> str:
    return literal(" ".join(value.split())) if readable(value) else "…"


def _list(columns: tuple[Name, ...] | Unknown) -> str:
    known = isinstance(columns, tuple) and columns and all(map(readable, columns))
    return f"[{', '.join(literal(str(name)) for name in columns)}]" if known and isinstance(columns, tuple) else "[…]"
