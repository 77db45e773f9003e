"""Views, types, sequences and the like, and what else is renamed in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint import ops
from mrt_lint.fix.offer import NoFix
from mrt_lint.fix.reverse.enum import create_enum, drop_enum
from mrt_lint.fix.reverse.maker import Maker, again_in_sql
from mrt_lint.fix.step import Step
from mrt_lint.history.schema import object_place
from mrt_lint.phrase import in_sql
from mrt_lint.values import MaybeName

_BY_NAME: Final = frozenset(("view", "materialized view", "sequence", "type", "enum", "domain"))
"""What goes by its name alone; a function's goes with its arguments, a trigger's with its table."""


def remove_object(maker: Maker, op: ops.CreateObject) -> Iterator[Step]:
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
        yield drop_enum(maker.scene, _named(op.name), op.schema, like=op)
        return
    kind = "type" if op.kind == "enum" else op.kind
    yield _run(maker, f"DROP {kind.upper()} {_path(maker, op, op.schema, op.name)}")


def restore_object(maker: Maker, op: ops.DropObject) -> Iterator[Step]:
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
    for migration, earlier in maker.former.before(maker.number):
        if isinstance(earlier, ops.CreateObject) and object_place(earlier.kind, earlier.schema, str(earlier.name)) == where:
            if earlier.body != found.body or not earlier.sql:
                break
            yield again_in_sql(maker, migration, earlier)
            return
    raise NoFix(f"{op.kind} {op.name} was changed since it was made")


def rename_index_back(maker: Maker, op: ops.RenameIndex) -> Iterator[Step]:
    """Undo ALTER INDEX … RENAME, in the words that PostgreSQL has for it."""
    yield _run(
        maker, f"ALTER INDEX {_path(maker, op, op.schema, op.new_index)} RENAME TO {in_sql(op, _named(op.index), maker.dialect)}"
    )


def rename_constraint_back(maker: Maker, op: ops.RenameConstraint) -> Iterator[Step]:
    """Undo ALTER TABLE … RENAME CONSTRAINT."""
    new, old = in_sql(op, _named(op.new_constraint), maker.dialect), in_sql(op, _named(op.constraint), maker.dialect)
    yield _run(maker, f"ALTER TABLE {_path(maker, op, op.schema, op.table)} RENAME CONSTRAINT {new} TO {old}")


def rename_value_back(maker: Maker, op: ops.RenameEnumValue) -> Iterator[Step]:
    """Undo ALTER TYPE … RENAME VALUE."""
    new, old = (_named(value).replace("'", "''") for value in (op.new_value, op.value))
    yield _run(maker, f"ALTER TYPE {_path(maker, op, op.schema, op.enum)} RENAME VALUE '{new}' TO '{old}'")


def rename_object_back(maker: Maker, op: ops.RenameObject) -> Iterator[Step]:
    """Undo ALTER VIEW … RENAME and its like."""
    kind = {"enum": "type"}.get(op.kind, op.kind)
    yield _run(
        maker,
        f"ALTER {kind.upper()} {_path(maker, op, op.schema, op.new_name)} RENAME TO {in_sql(op, _named(op.name), maker.dialect)}",
    )


def _run(maker: Maker, statement: str) -> Step:
    return maker.execute(statement, ops.Execute(statement=statement))


def _path(maker: Maker, op: ops.Op, schema: MaybeName, name: MaybeName) -> str:
    return ".".join(in_sql(op, _named(part), maker.dialect) for part in (schema, name) if part is not None)


def _named(name: object) -> str:
    if not isinstance(name, str):
        raise NoFix("a name is not known")
    return name
