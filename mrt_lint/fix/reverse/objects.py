"""Views, types, sequences and the like, and what else is renamed in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mrt_lint.analysis.wording import in_sql
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.enum import create_enum, drop_enum
from mrt_lint.fix.reverse.step_builder import StepBuilder, again_in_sql, known
from mrt_lint.history.schema import object_place
from mrt_lint.model import ops
from mrt_lint.model.values import MaybeName, SqlType, Unknown

_BY_NAME: Final = frozenset(("view", "materialized view", "sequence", "type", "enum", "domain"))
"""What goes by its name alone; a function's goes with its arguments, a trigger's with its table."""


def remove_object(maker: StepBuilder, op: ops.CreateObject) -> Iterator[DowngradeStep]:
    """Undo CREATE of something that is no table."""
    if op.kind == "extension" and op.if_not_exists:
        return  # extensions are shared, and nobody knows whether this one came here
    if op.or_replace or (op.if_not_exists and op.kind != "enum"):
        raise NoFix(f"{op.kind} {op.name} may have been there before")
    if op.kind not in _BY_NAME:
        raise NoFix(f"dropping a {op.kind} takes more than its name")
    if not op.sql:
        if op.kind != "enum":
            raise NoFix(f"{op.kind} {op.name} is made by other means than SQL")
        _look_at_users(maker, op)
        step = drop_enum(maker.scene, _named(op.name), op.schema, like=op)
        yield replace(step, unsafe="the type may have been there before") if known(op.if_not_exists) else step
        return
    kind = "type" if op.kind == "enum" else op.kind
    yield _run(maker, f"DROP {kind.upper()} {_path(maker, op, op.schema, op.name)}")


def _look_at_users(maker: StepBuilder, op: ops.CreateObject) -> None:
    """Raise NoFix where a column made before has a type of that name: the type is older than this revision."""
    where = object_place("enum", op.schema, _named(op.name))
    for migration, earlier in maker.former.before(maker.number):
        if migration.path == maker.scene.migration.path:
            continue
        if isinstance(earlier, ops.CreateTable | ops.AddColumn):
            columns = earlier.columns if isinstance(earlier, ops.CreateTable) else (earlier.definition,)
            kinds = (column.type.on("postgresql") for column in columns if isinstance(column.type, SqlType))
            if any(_place_of(kind) == where for kind in kinds):
                raise NoFix(f"revision {migration.revision} has columns of type {op.name} already")


def _place_of(kind: SqlType | Unknown) -> object:
    named = isinstance(kind, SqlType) and kind.name == "ENUM" and isinstance(kind.type_name, str)
    return object_place("enum", kind.schema, str(kind.type_name)) if named and isinstance(kind, SqlType) else None


def restore_object(maker: StepBuilder, op: ops.DropObject) -> Iterator[DowngradeStep]:
    """Undo DROP of something that is no table: the SQL that made it is run again."""
    if op.cascade:
        raise NoFix(f"CASCADE drops whatever needs {op.kind} {op.name}")
    found = maker.former.agreed(maker.number, lambda at: at.object(op.kind, str(op.name), op.schema))
    if not isinstance(found, ops.CreateObject):
        raise NoFix(f"the migrations before do not tell what {op.kind} {op.name} was")
    if found.kind == "enum":
        yield create_enum(maker, found)
        return
    where = object_place(op.kind, op.schema, str(op.name))
    if op.kind in {"function", "procedure", "aggregate"} and _count(maker, where) > 1:
        raise NoFix(f"there was more than one {op.kind} {op.name}, each with arguments of its own")
    for migration, earlier in maker.former.before(maker.number):
        if isinstance(earlier, ops.CreateObject) and object_place(earlier.kind, earlier.schema, str(earlier.name)) == where:
            if earlier.body != found.body or not earlier.sql:
                break
            yield again_in_sql(maker, migration, earlier)
            return
    raise NoFix(f"{op.kind} {op.name} was changed since it was made")


def _count(maker: StepBuilder, where: object) -> int:
    """Count how often an object of a name was made."""
    made = (op for _, op in maker.former.before(maker.number) if isinstance(op, ops.CreateObject))
    return sum(object_place(op.kind, op.schema, str(op.name)) == where for op in made)


def rename_index_back(maker: StepBuilder, op: ops.RenameIndex) -> Iterator[DowngradeStep]:
    """Undo ALTER INDEX … RENAME, in the words that PostgreSQL has for it."""
    yield _run(maker, f"ALTER INDEX {_path(maker, op, op.schema, op.new_index)} RENAME TO {_spelled(maker, op, op.index)}")


def rename_constraint_back(maker: StepBuilder, op: ops.RenameConstraint) -> Iterator[DowngradeStep]:
    """Undo ALTER TABLE … RENAME CONSTRAINT."""
    new, old = _spelled(maker, op, op.new_constraint), _spelled(maker, op, op.constraint)
    yield _run(maker, f"ALTER TABLE {_path(maker, op, op.schema, op.table)} RENAME CONSTRAINT {new} TO {old}")


def rename_value_back(maker: StepBuilder, op: ops.RenameEnumValue) -> Iterator[DowngradeStep]:
    """Undo ALTER TYPE … RENAME VALUE."""
    new, old = (_named(value).replace("'", "''") for value in (op.new_value, op.value))
    yield _run(maker, f"ALTER TYPE {_path(maker, op, op.schema, op.enum)} RENAME VALUE '{new}' TO '{old}'")


def rename_object_back(maker: StepBuilder, op: ops.RenameObject) -> Iterator[DowngradeStep]:
    """Undo ALTER VIEW … RENAME and its like."""
    kind = {"enum": "type"}.get(op.kind, op.kind)
    yield _run(
        maker,
        f"ALTER {kind.upper()} {_path(maker, op, op.schema, op.new_name)} RENAME TO {_spelled(maker, op, op.name)}",
    )


def _run(maker: StepBuilder, statement: str) -> DowngradeStep:
    return maker.execute(statement, ops.Execute(statement=statement))


def _path(maker: StepBuilder, op: ops.Op, schema: MaybeName, name: MaybeName) -> str:
    return ".".join(_spelled(maker, op, part) for part in (schema, name) if part is not None)


def _spelled(maker: StepBuilder, op: ops.Op, name: object) -> str:
    """Give a name as SQL takes it, in quotes where the SQL of the operation has it so: without, its capitals would be lost."""
    sql = (other.statement for other in maker.former.upgrade if isinstance(other, ops.Execute) and other.origin == op.origin)
    quoted = f'"{_named(name)}"'
    return quoted if any(isinstance(text, str) and quoted in text for text in sql) else in_sql(op, _named(name), maker.dialect)


def _named(name: object) -> str:
    if not isinstance(name, str):
        raise NoFix("a name is not known")
    return name
