"""Constraints: created, dropped, and made again as they were."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mrt_lint.fix.arguments import argument, keywords, operand
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.layout import Code, ListCode, call
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.indexes import becomes_constraint
from mrt_lint.fix.reverse.step_builder import StepBuilder, known
from mrt_lint.history.schema import ReplayedSchema, ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import Constraint, MaybeName, Name, Unknown

_WORDS: Final = (
    "name ondelete onupdate deferrable initially use_alter schema source_schema referent_schema source_table table_name "
    "referent_table local_cols remote_cols columns refcolumns column constraint_name condition sqltext postgresql_not_valid"
)
_UNDERSTOOD: Final = frozenset(_WORDS.split())
"""The arguments of constraints that values of the linter hold, or that change nothing in the database."""
_CALLS: Final = {
    "foreignkey": ("ForeignKey", "ForeignKeyConstraint", "create_foreign_key"),
    "unique": ("UniqueConstraint", "create_unique_constraint"),
    "check": ("CheckConstraint", "create_check_constraint"),
    "primary": ("PrimaryKeyConstraint", "create_primary_key"),
}
_KINDS: Final = {
    "foreignkey": ops.CreateForeignKey,
    "unique": ops.CreateUniqueConstraint,
    "check": ops.CreateCheckConstraint,
    "primary": ops.CreatePrimaryKey,
}


def remove_constraint(builder: StepBuilder, op: ops.CreateConstraint) -> Iterator[DowngradeStep]:
    """Undo ADD CONSTRAINT."""
    if op.constraint is None:
        raise NoFix("the constraint has no name to drop it by")
    if op.definition.using_index is not None and becomes_constraint(builder.former.upgrade[: builder.number], op) is None:
        raise NoFix("the index that became the constraint has to come back as one")
    if op.definition.kind == "primary" and op.definition.using_index is None:
        for column in op.columns if isinstance(op.columns, tuple) else ():
            # a primary key makes its columns NOT NULL, and dropping it leaves them so
            if builder.former.column(builder.number, op.table, op.schema, column).nullable is not False:
                raise NoFix(f"{op.table}.{column} may have taken NULL before it was part of the primary key")
    kind = op.definition.kind if op.definition.kind in _KINDS else None
    meant = ops.DropConstraint(constraint=op.constraint, table=op.table, kind=kind, schema=op.schema)
    yield builder.on_table(
        "drop_constraint",
        meant,
        builder.name(op.constraint, "constraint_name"),
        table="1",
        options={"type_": None if kind is None else builder.quote(kind)},
    )


def restore_constraint(builder: StepBuilder, op: ops.DropConstraint) -> Iterator[DowngradeStep]:
    """Undo DROP CONSTRAINT: the constraint as the migrations before made it."""
    if op.cascade:
        raise NoFix("CASCADE drops whatever needs the constraint")

    def ask(at: ReplayedSchema) -> object:
        table = at.table(str(op.table), op.schema)
        return table.constraint(str(op.constraint)) if isinstance(table, ReplayedTable) and isinstance(op.constraint, str) else None

    found = builder.former.agreed(builder.number, ask)
    if not isinstance(found, Constraint) or (op.kind is not None and found.kind != op.kind):
        raise NoFix(f"the earlier migrations do not show what constraint {op.constraint} was")
    yield create_constraint_again(builder, found, op.table, op.schema, name=op.constraint)


def create_constraint_again(
    builder: StepBuilder, constraint: Constraint, table: Name, schema: MaybeName, *, name: MaybeName = None
) -> DowngradeStep:
    """Make a constraint as it was. Raises NoFix if a part of it is not known or cannot be said."""
    is_final = _check_source(builder, constraint, str(table))
    wanted = replace(constraint, name=name or constraint.name)
    written = builder.name(wanted.name, "constraint_name") if name is not None else builder.quote(wanted.name)
    # a naming convention would change a plain name, as it does not change one in op.f()
    if is_final and isinstance(written, str) and wanted.name == constraint.name:
        written = call(builder.context.names.op("f"), written)
    options = _options(builder, wanted)
    meant = _kind(wanted)(table=table, schema=schema, definition=wanted)
    if wanted.kind == "foreignkey":
        referred = builder.quote(wanted.referred_table)
        columns = (builder.quoted(wanted.columns), builder.quoted(wanted.referred_columns))
        options["referent_schema"] = None if wanted.referred_schema is None else builder.quote(wanted.referred_schema)
        return builder.on_table(
            "create_foreign_key", meant, written, referred, *columns, table="1", schema="source_schema", options=options
        )
    if wanted.kind == "check":
        return builder.on_table(
            "create_check_constraint", meant, written, builder.quote(wanted.condition), table="1", options=options
        )
    operation = "create_primary_key" if wanted.kind == "primary" else "create_unique_constraint"
    return builder.on_table(operation, meant, written, builder.quoted(wanted.columns), table="1", options=options)


def constraint_item(builder: StepBuilder, constraint: Constraint, table: str) -> Code:
    """Write a constraint as a part of `create_table`. Raises NoFix if a part of it is not known or cannot be said."""
    _check_source(builder, constraint, table)
    sa = builder.context.names.sa
    name = None if constraint.name is None else builder.quote(constraint.name)
    options = _options(builder, constraint)
    if "postgresql_not_valid" in options:
        raise NoFix(f"constraint {constraint.name} was NOT VALID")
    if constraint.kind == "foreignkey":
        columns, targets = builder.quoted(constraint.columns), _targets(builder, constraint)
        return call(sa("ForeignKeyConstraint"), columns, targets, name=name, **options)
    if constraint.kind == "check":
        return call(sa("CheckConstraint"), builder.quote(constraint.condition), name=name)
    kind = "PrimaryKeyConstraint" if _kind(constraint) is ops.CreatePrimaryKey else "UniqueConstraint"
    return call(sa(kind), *builder.quoted(constraint.columns).items, name=name, **options)


def foreign_key_item(builder: StepBuilder, constraint: Constraint) -> Code:
    """Write a foreign key as a part of its column."""
    _check_source(builder, constraint, str(getattr(builder.op, "table", "")))
    return call(builder.context.names.sa("ForeignKey"), _targets(builder, constraint).items[0], **_options(builder, constraint))


def _targets(builder: StepBuilder, constraint: Constraint) -> ListCode:
    columns = constraint.referred_columns
    parts = [constraint.referred_schema, constraint.referred_table]
    if isinstance(columns, Unknown) or not columns or any(isinstance(part, Unknown) for part in parts):
        raise NoFix("what the foreign key refers to is not known")
    path = ".".join(str(part) for part in parts if part is not None)
    return ListCode(tuple(builder.quote(f"{path}.{column}") for column in columns))


def _options(builder: StepBuilder, constraint: Constraint) -> dict[str, Code | None]:
    words = {name: getattr(constraint, name) for name in ("ondelete", "onupdate", "initially")}
    given: dict[str, Code | None] = {name: builder.quote(value) for name, value in words.items() if value is not None}
    if constraint.deferrable is not None:
        given["deferrable"] = repr(known(constraint.deferrable))
    if known(constraint.not_valid):
        given["postgresql_not_valid"] = "True"
    return given


def _kind(constraint: Constraint) -> type[ops.CreateConstraint]:
    if constraint.kind not in _KINDS or isinstance(constraint.columns, Unknown):
        raise NoFix(f"the definition of constraint {constraint.name} is not known")
    return _KINDS[constraint.kind]


def _check_source(builder: StepBuilder, constraint: Constraint, table: str) -> bool:
    """Return whether the source that made a constraint marks its name as final, by `op.f`.

    Raises NoFix if it is not found, or has more details of the constraint than are known.
    """
    for migration, op in builder.former.before(builder.number):
        if not _may_make(op, constraint, table):
            continue
        if op.sql:
            raise NoFix(f"revision {migration.revision} makes constraint {constraint.name} in SQL")
        text = builder.context.text_of(migration)
        nodes = [node for node in ast.walk(text.call(op.origin)) if isinstance(node, ast.Call) and _makes(node, constraint)]
        if not nodes and constraint.kind in {"unique", "primary"} and constraint.name is None:
            return False  # `unique=True` or `primary_key=True` of a column
        for node in nodes:
            if keywords(node) - _UNDERSTOOD:
                raise NoFix(f"the source says more of constraint {constraint.name} than is known")
            if constraint.kind == "check" and not _is_plain(node, batch=op.batch):
                raise NoFix(f"the condition of constraint {constraint.name} is not plain text")
            if constraint.kind == "check":
                builder.former.check_renames(builder.number, op, str(constraint.condition), table=table)
        if nodes:
            return any(_is_final(node, batch=op.batch) for node in nodes)
    raise NoFix(f"no migration says what constraint {constraint.name} was")


def _may_make(op: Op, constraint: Constraint, table: str) -> bool:
    if isinstance(op, ops.CreateConstraint):
        return op.definition.kind == constraint.kind and op.constraint == constraint.name
    return isinstance(op, ops.CreateTable | ops.AddColumn) and fold(str(op.table)) == fold(table)


def _makes(node: ast.Call, constraint: Constraint) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called not in _CALLS.get(constraint.kind, ()):
        return False
    if called.startswith("create_"):
        return True
    name = argument(node, "name")
    if isinstance(name, ast.Call) and name.args:
        name = name.args[0]
    given = name.value if isinstance(name, ast.Constant) else None
    return given == constraint.name


def _is_final(node: ast.Call, *, batch: bool) -> bool:
    """Return whether a constraint's name is written as `op.f(…)`, which no naming convention changes."""
    name = operand(node, "constraint_name", batch=batch) or argument(node, "name")
    return isinstance(name, ast.Call) and isinstance(name.func, ast.Attribute) and name.func.attr == "f"


def _is_plain(node: ast.Call, *, batch: bool) -> bool:
    """Return whether a check's condition is a string of SQL."""
    condition = operand(node, "condition", batch=batch) or argument(node, "sqltext") or (node.args[0] if node.args else None)
    if isinstance(condition, ast.Call) and len(condition.args) == 1:
        condition = condition.args[0]
    return isinstance(condition, ast.Constant) and isinstance(condition.value, str)
