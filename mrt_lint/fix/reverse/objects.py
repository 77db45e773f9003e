"""Views, types, sequences and the like, and what else is renamed in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.enum import create_enum, drop_enum
from mrt_lint.fix.reverse.step_builder import StepBuilder, again_in_sql, known
from mrt_lint.history.schema import QualifiedObject, object_place
from mrt_lint.model import ops
from mrt_lint.model.values import MaybeName, SqlType, Unknown

_BY_NAME: Final = frozenset(("view", "materialized view", "sequence", "type", "enum", "domain"))
"""What goes by its name alone; a function's goes with its arguments, a trigger's with its table."""


def remove_object(builder: StepBuilder, op: ops.CreateObject) -> Iterator[DowngradeStep]:
    """Undo CREATE of something that is no table."""
    if op.kind == "extension" and op.if_not_exists:
        return  # extensions are shared, and whether this one was created here is not known
    if op.or_replace or (op.if_not_exists and op.kind != "enum"):
        raise NoFix(f"{op.kind} {op.name} may have been there before")
    if op.kind not in _BY_NAME:
        raise NoFix(f"dropping a {op.kind} takes more than its name")
    if not op.sql:
        if op.kind != "enum":
            raise NoFix(f"{op.kind} {op.name} is made by other means than SQL")
        _check_no_earlier_column(builder, op)
        step = drop_enum(builder.context, _named(op.name), op.schema, like=op)
        yield replace(step, unsafe="the type may have been there before") if known(op.if_not_exists) else step
        return
    kind = "type" if op.kind == "enum" else op.kind
    yield _run(builder, f"DROP {kind.upper()} {_path(builder, op, op.schema, op.name)}")


def _check_no_earlier_column(builder: StepBuilder, op: ops.CreateObject) -> None:
    """Raise NoFix if a column made before has a type of that name: the type is older than this revision."""
    where = object_place("enum", op.schema, _named(op.name))
    for migration, earlier in builder.former.before(builder.number):
        if migration.path == builder.context.migration.path:
            continue
        if isinstance(earlier, ops.CreateTable | ops.AddColumn):
            columns = earlier.columns if isinstance(earlier, ops.CreateTable) else (earlier.definition,)
            kinds = (column.type.on("postgresql") for column in columns if isinstance(column.type, SqlType))
            if any(_place_of(kind) == where for kind in kinds):
                raise NoFix(f"revision {migration.revision} has columns of type {op.name} already")


def _place_of(kind: SqlType | Unknown) -> object:
    named = isinstance(kind, SqlType) and kind.name == "ENUM" and isinstance(kind.type_name, str)
    return object_place("enum", kind.schema, str(kind.type_name)) if named and isinstance(kind, SqlType) else None


def restore_object(builder: StepBuilder, op: ops.DropObject) -> Iterator[DowngradeStep]:
    """Undo DROP of something that is no table: the SQL that made it is run again."""
    if op.cascade:
        raise NoFix(f"CASCADE drops whatever needs {op.kind} {op.name}")
    found = builder.former.agreed(builder.number, lambda at: at.object(op.kind, str(op.name), op.schema, op.table))
    if not isinstance(found, ops.CreateObject):
        raise NoFix(f"the earlier migrations do not show what {op.kind} {op.name} was")
    if found.kind == "enum":
        yield create_enum(builder, found)
        return
    where = _place(found)
    if op.kind in {"function", "procedure", "aggregate"} and _count(builder, where) > 1:
        raise NoFix(f"there was more than one {op.kind} {op.name}, each with arguments of its own")
    for migration, earlier in builder.former.before(builder.number):
        if isinstance(earlier, ops.CreateObject) and _place(earlier) == where:
            if earlier.body != found.body or not earlier.sql:
                break
            yield again_in_sql(builder, migration, earlier)
            return
    raise NoFix(f"{op.kind} {op.name} was changed since it was made")


def _count(builder: StepBuilder, where: object) -> int:
    """Count how often an object of a name was made."""
    made = (op for _, op in builder.former.before(builder.number) if isinstance(op, ops.CreateObject))
    return sum(_place(op) == where for op in made)


def _place(op: ops.CreateObject) -> QualifiedObject:
    return object_place(op.kind, op.schema, str(op.name), op.table)


def rename_index_back(builder: StepBuilder, op: ops.RenameIndex) -> Iterator[DowngradeStep]:
    """Undo ALTER INDEX … RENAME, in the words that PostgreSQL has for it."""
    yield _run(builder, f"ALTER INDEX {_path(builder, op, op.schema, op.new_index)} RENAME TO {_spelled(builder, op, op.index)}")


def rename_constraint_back(builder: StepBuilder, op: ops.RenameConstraint) -> Iterator[DowngradeStep]:
    """Undo ALTER TABLE … RENAME CONSTRAINT."""
    new, old = _spelled(builder, op, op.new_constraint), _spelled(builder, op, op.constraint)
    yield _run(builder, f"ALTER TABLE {_path(builder, op, op.schema, op.table)} RENAME CONSTRAINT {new} TO {old}")


def rename_value_back(builder: StepBuilder, op: ops.RenameEnumValue) -> Iterator[DowngradeStep]:
    """Undo ALTER TYPE … RENAME VALUE."""
    new, old = (_named(value).replace("'", "''") for value in (op.new_value, op.value))
    yield _run(builder, f"ALTER TYPE {_path(builder, op, op.schema, op.enum)} RENAME VALUE '{new}' TO '{old}'")


def rename_object_back(builder: StepBuilder, op: ops.RenameObject) -> Iterator[DowngradeStep]:
    """Undo ALTER VIEW … RENAME and its like."""
    kind = {"enum": "type"}.get(op.kind, op.kind)
    yield _run(
        builder,
        f"ALTER {kind.upper()} {_path(builder, op, op.schema, op.new_name)} RENAME TO {_spelled(builder, op, op.name)}",
    )


def _run(builder: StepBuilder, statement: str) -> DowngradeStep:
    return builder.execute(statement, ops.Execute(statement=statement))


def _path(builder: StepBuilder, op: ops.Op, schema: MaybeName, name: MaybeName) -> str:
    return ".".join(_spelled(builder, op, part) for part in (schema, name) if part is not None)


def _spelled(builder: StepBuilder, op: ops.Op, name: object) -> str:
    """Return a name as SQL takes it, in quotes where the SQL of the operation has it so: without, its capitals would be lost."""
    sql = (other.statement for other in builder.former.upgrade if isinstance(other, ops.Execute) and other.origin == op.origin)
    quoted = f'"{_named(name)}"'
    return quoted if any(isinstance(text, str) and quoted in text for text in sql) else sql_name(_named(name), builder.dialect)


def _named(name: object) -> str:
    if not isinstance(name, str):
        raise NoFix("a name is not known")
    return name
