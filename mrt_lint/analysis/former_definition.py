"""How downgrade() brings back the definition that something had, as advice, in the order in which rows let it."""

from __future__ import annotations

from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import needs_value
from mrt_lint.analysis.downgrade.definition import for_dialect, setting_of
from mrt_lint.analysis.index_sql import sql_of
from mrt_lint.analysis.type_change import is_narrowing
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import call_on_table, constraint_again
from mrt_lint.model.advice import literal
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn, DropColumn, DropConstraint, DropIndex, DropTable
from mrt_lint.model.values import Column, SqlType

_LARGEST: Final = {"SMALLINT": 2**15 - 1, "INTEGER": 2**31 - 1}


def without_duplicates(case: MigrationCase, op: DropConstraint | DropIndex) -> str:
    """Return what has to happen in downgrade() to rows before what is dropped can be unique again, with "and" behind it."""
    dropped = case.tracked(op)
    definition = dropped.definition if dropped is not None else None
    if dropped is None or not dropped.is_unique or definition is None:
        return ""
    columns = sql_of(getattr(definition, "columns", ()), None, case.dialect(op))
    return f"change in downgrade() the rows that hold the same in ({columns}) by then, or copy them elsewhere and delete them, and "


def brought_back(case: MigrationCase, op: DropColumn | DropConstraint | DropTable) -> str:
    """Return how downgrade() makes as it was what upgrade() drops and downgrade() makes otherwise; nothing if that is plain."""
    if isinstance(op, DropConstraint):
        return f": drop the one that has its place, {without_duplicates(case, op)}add to downgrade(): {constraint_again(case, op)}"
    dropped, now = case.tracked(op), case.analysis(op).successor(op)
    column = dropped.definition if dropped is not None else None
    refuses = isinstance(column, Column) and needs_value(column) and case.dialect(op) not in FAMILY
    if not refuses or now is None:
        return ""
    found = names(op, case.dialect(op))
    if isinstance(setting_of(now, "server_default"), str) and setting_of(now, "nullable") is False:
        alter = call_on_table(case, op, "alter_column", after=f"{literal(found['column'])}, server_default=None")
        return f": leave it the default in add_column, as the rows have no value for it, and drop that then: {alter}"
    if setting_of(now, "nullable") is not True:
        return ""
    filled = literal(f"UPDATE {found['sql_table']} SET {found['sql_column']} = …")
    alter = f"op.alter_column({literal(found['last'])}, {literal(found['column'])}, nullable=False{found['in_schema']})"
    if case.dialect(op) == "sqlite":
        batch = f"with op.batch_alter_table({literal(found['last'])}{found['in_schema']}) as batch"
        alter = f"{batch}: batch.alter_column({literal(found['column'])}, nullable=False)"
    first = "leave it without NOT NULL in add_column, as the rows have no value for it"
    return f": {first}, fill it by op.execute({filled}), then {alter}"


def changed_back(case: MigrationCase, op: AlterColumn, setting: str) -> str:
    """Return what has to happen to rows before downgrade() can give a column what it had; nothing if that is plain."""
    if setting == "nullable" and op.nullable is True:
        found = names(op, case.dialect(op))
        statement = f"UPDATE {found['sql_table']} SET {found['sql_column']} = … WHERE {found['sql_column']} IS NULL"
        renamed = isinstance(op.new_column, str)
        by = ", under the name that the column has there" if renamed else ""
        return f", NOT NULL, once rows that hold NULL by then have a value ({statement}{by})"
    former, new = (for_dialect(kind, case.dialect(op)) for kind in (case.originally(op, "type"), op.type))
    if setting != "type" or not isinstance(former, SqlType) or not isinstance(new, SqlType):
        return ""
    if not is_narrowing(new, former, case.dialect(op)):
        return ""
    statement = shortened(case, op, former)
    return f", {former}, once what that does not take is shortened or changed ({statement})"


def shortened(case: MigrationCase, op: AlterColumn, kind: SqlType) -> str:
    """Return the statement that makes a column's values fit into a type again; "…" stands for what only the author knows."""
    found = names(op, case.dialect(op))
    column, length = found["sql_column"], kind.args[0] if kind.args else None
    if kind.name == "VARCHAR" and isinstance(length, int):
        return f"UPDATE {found['sql_table']} SET {column} = left({column}, {length}) WHERE char_length({column}) > {length}"
    largest = _LARGEST.get(kind.name)
    return f"UPDATE {found['sql_table']} SET {column} = … WHERE {f'{column} > {largest}' if largest else '…'}"
