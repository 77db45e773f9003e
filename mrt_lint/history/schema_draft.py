"""A schema under construction: what each operation makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import singledispatchmethod
from typing import Any, Final, TypeVar

from mrt_lint.history import constraint_changes, table_changes
from mrt_lint.history.effects import implied_types
from mrt_lint.history.mysql_modify import modified
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedSchema, ReplayedTable, fold, object_place, place, refers
from mrt_lint.history.sqlite_rebuild import Rebuilding, asked, rebuilds, rebuilt
from mrt_lint.history.taken_along import TAKING, taken_along
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Column, Constraint, MaybeName, Name, SqlType, Unknown

_Typed = TypeVar("_Typed", Column, ops.AlterColumn)
_CHANGES: Final[dict[type[Op], Callable[[ReplayedTable, Any], ReplayedTable]]] = {
    ops.BatchAlterTable: lambda table, _: table,
    ops.DropColumn: lambda table, op: table_changes.without_column(table, op.column),
    ops.CreateIndex: constraint_changes.with_index,
    ops.RenameConstraint: lambda table, op: constraint_changes.with_constraint_renamed(table, op.constraint, op.new_constraint),
    ops.DropConstraint: lambda table, op: constraint_changes.without_constraint(table, op.constraint, op.kind),
    ops.ValidateConstraint: lambda table, op: constraint_changes.validated(table, op.constraint),
}
"""What operations make of a table that need to know of no other."""
_CHANGES_ON_MYSQL: Final = {
    **_CHANGES,
    ops.DropColumn: lambda table, op: table_changes.without_column_of_mysql(table, op.column),
    ops.DropConstraint: lambda table, op: constraint_changes.without_key_of_mysql(table, op.constraint, op.kind),
}


class SchemaDraft:
    """A schema under construction; the mappings it consists of are shared with the schemas before it."""

    def __init__(self, schema: ReplayedSchema, dialect: str, *, is_forgetful: bool) -> None:
        self.dialect = dialect
        self.is_forgetful = is_forgetful
        self.tables = schema.tables_by_place
        self.objects = schema.objects_by_place
        self.indexes = schema.places_of_indexes
        self.referrers = schema.places_of_referrers
        self.rebuilt: list[tuple[Rebuilding, ReplayedSchema, ReplayedSchema]] = []

    def schema(self) -> ReplayedSchema:
        """Return what has been made."""
        return ReplayedSchema(self.tables, self.objects, self.indexes, self.referrers)

    def run(self, op: Op) -> Iterator[Op]:
        """Follow an operation, after what it takes along; yield each before it is followed."""
        for along in tuple(taken_along(self.schema(), op, self.dialect)) if isinstance(op, TAKING) else ():
            yield from self.run(along)
        yield op
        self.apply(op)
        if self.dialect == "sqlite" and rebuilds(op):
            before = self.schema()
            self.rebuild(op)
            self.rebuilt.append((op, before, self.schema()))

    def apply(self, op: Op) -> None:
        """Follow one operation."""
        _FOLLOWERS.dispatch(type(op))(self, op)  # the method itself makes a function at each call

    @singledispatchmethod
    def _follow_op(self, op: Op) -> None:
        """Follow an operation that needs to know of no other table; those on rows and statements change no schema."""
        if change := (_CHANGES_ON_MYSQL if self.dialect in FAMILY else _CHANGES).get(type(op)):
            self._change(op, lambda table: change(table, op))

    def rebuild(self, op: Rebuilding) -> None:
        """Rebuild a table as batch mode does on SQLite: its triggers are dropped with the old one."""
        if not isinstance(op.table, str):
            return
        self._change(op, lambda table: rebuilt(table, op))
        if asked(op).has_unknown_parts:
            return
        for where, _ in list(self.schema().triggers(place(op.schema, op.table))):
            self._put_object(where, None, op)

    @_follow_op.register
    def _create_table(self, op: ops.CreateTable) -> None:
        # a temporary table leaves nothing behind
        if not isinstance(op.table, str) or op.temporary:
            return
        where = place(op.schema, op.table)
        if op.if_not_exists is not False and isinstance(self.tables.get(where, None), ReplayedTable):
            return
        self._put(where, self.made_by(op), op)
        for thing, kind in implied_types(op) if self.dialect == "postgresql" else ():
            if not isinstance(self.objects.get(thing.key, UNKNOWN), ops.CreateObject):
                enum = ops.CreateObject(kind="enum", name=kind.type_name, schema=kind.schema, members=kind.members)  # type: ignore[arg-type]  # a name
                self._put_object(thing.key, enum, op)

    def made_by(self, op: ops.CreateTable | ops.AddColumn | ops.CreateConstraint) -> ReplayedTable:
        """Return the table as it is once an operation has made it, a column or a constraint, whatever is known of its condition."""
        if isinstance(op, ops.CreateTable):
            emitted = op.emitted(self.dialect)
            return table_changes.make_table(replace(emitted, columns=tuple(map(self._for_dialect, emitted.columns))))
        before = self.tables.get(place(op.schema, op.table), UNKNOWN) if isinstance(op.table, str) else UNKNOWN
        return self._with(before if isinstance(before, ReplayedTable) else ReplayedTable(name=str(op.table), schema=op.schema), op)

    def _with(self, table: ReplayedTable, op: ops.AddColumn | ops.CreateConstraint) -> ReplayedTable:
        if isinstance(op, ops.AddColumn):
            return table_changes.with_column(table, self._for_dialect(op.definition))
        return constraint_changes.with_constraint(table, op.definition)

    @_follow_op.register
    def _drop_table(self, op: ops.DropTable) -> None:
        if isinstance(op.table, str):
            self._put(place(op.schema, op.table), None, op)

    @_follow_op.register
    def _rename_table(self, op: ops.RenameTable) -> None:
        if not isinstance(op.table, str):
            return
        old = place(op.schema, op.table)
        before = self.tables.get(old, UNKNOWN)
        self._put(old, None, op)
        if not isinstance(op.new_table, str):
            return
        new = place(op.schema, op.new_table)
        self._put(new, table_changes.renamed(before, op.new_table) if isinstance(before, ReplayedTable) else UNKNOWN, op)
        self._follow(old, lambda constraint: replace(constraint, referred_table=op.new_table), op)

    def _follow(self, old: QualifiedName, changed: Callable[[Constraint], Constraint], op: Op) -> None:
        """Change the foreign keys of every table that refers to a table which changed."""
        for where in self.referrers.get(old, frozenset()):
            table = self.tables.get(where, UNKNOWN)
            if isinstance(table, ReplayedTable) and any(
                refers(constraint, old) for constraint in table.known_constraints("foreignkey")
            ):
                self._put(where, constraint_changes.with_references(table, lambda constraint: refers(constraint, old), changed), op)

    @_follow_op.register
    def _add_column(self, op: ops.AddColumn) -> None:
        if op.if_not_exists is False or not self._has(op, op.column):
            self._change(op, lambda table: self._with(table, op))

    @_follow_op.register
    def _create_constraint(self, op: ops.CreateConstraint) -> None:
        self._change(op, lambda table: self._with(table, op))

    @_follow_op.register
    def _alter_column(self, op: ops.AlterColumn) -> None:
        whole = modified if self.is_forgetful else lambda _, op: op
        self._change(op, lambda table: table_changes.altered(table, self._for_dialect(whole(table, op))))
        if isinstance(op.table, str) and isinstance(op.column, str) and isinstance(op.new_column, str):
            names = {fold(op.column): op.new_column}
            self._follow(
                place(op.schema, op.table),
                lambda constraint: constraint_changes.with_referred_renamed(constraint, names),
                op,
            )

    @_follow_op.register
    def _drop_index(self, op: ops.DropIndex) -> None:
        may_be_key = self.dialect in FAMILY
        self._change_indexed(op, op.index, lambda table: constraint_changes.without_index(table, op.index, may_be_key=may_be_key))

    @_follow_op.register
    def _rename_index(self, op: ops.RenameIndex) -> None:
        self._change_indexed(op, op.index, lambda table: constraint_changes.with_index_renamed(table, op.index, op.new_index))

    @_follow_op.register
    def _create_object(self, op: ops.CreateObject) -> None:
        if isinstance(op.name, str):
            where = object_place(op.kind, op.schema, op.name, op.table)
            if op.if_not_exists is False or self.objects.get(where, None) is None:
                self._put_object(where, op, op)

    @_follow_op.register
    def _drop_object(self, op: ops.DropObject) -> None:
        if isinstance(op.name, str):
            self._put_object(self.schema().place_of_object(op.kind, op.schema, op.name, op.table), None, op)

    @_follow_op.register
    def _rename_object(self, op: ops.RenameObject) -> None:
        if not isinstance(op.name, str):
            return
        old = object_place(op.kind, op.schema, op.name)
        before = self.objects.get(old, UNKNOWN)
        self._put_object(old, None, op)
        if isinstance(op.new_name, str):
            new = object_place(op.kind, op.schema, op.new_name)
            self._put_object(new, replace(before, name=op.new_name) if isinstance(before, ops.CreateObject) else UNKNOWN, op)
            if old[0] == "type":
                self._rename_type(old, op.new_name, op)

    def _rename_type(self, old: QualifiedObject, name: str, op: Op) -> None:
        """Follow a renamed enum or domain in the columns that have it."""
        for where, table in list(self.tables.items()):
            renamed = table_changes.with_type_renamed(table, old, name) if isinstance(table, ReplayedTable) else table
            if renamed is not table:
                self._put(where, renamed, op)

    @_follow_op.register
    def _alter_object(self, op: ops.AlterObject) -> None:
        if op.kind == "table" and isinstance(op.name, str) and str(op.action).startswith("SET SCHEMA"):
            self._set_schema(op, place(op.schema, op.name), fold(str(op.action).removeprefix("SET SCHEMA").strip(' "')))
        elif isinstance(op.name, str):
            where = object_place(op.kind, op.schema, op.name)
            before = self.objects.get(where, UNKNOWN)
            if isinstance(before, ops.CreateObject):
                self._put_object(where, replace(before, body=UNKNOWN), op)

    def _set_schema(self, op: ops.AlterObject, old: QualifiedName, schema: str) -> None:
        """Move a table to another schema; of one whose name could not be read it may be in any."""
        before = self.tables.get(old, UNKNOWN)
        if not schema.isidentifier():
            self._put(old, UNKNOWN, op)
            return
        self._put(old, None, op)
        moved = table_changes.in_schema(before, schema) if isinstance(before, ReplayedTable) else UNKNOWN
        self._put(place(schema, str(op.name)), moved, op)
        self._follow(old, lambda constraint: replace(constraint, referred_schema=schema), op)

    @_follow_op.register
    def _add_enum_value(self, op: ops.AddEnumValue) -> None:
        self._change_enum(op, lambda members: members if op.value in members else (*members, op.value))

    @_follow_op.register
    def _rename_enum_value(self, op: ops.RenameEnumValue) -> None:
        self._change_enum(op, lambda members: tuple(op.new_value if member == op.value else member for member in members))

    def _change_enum(
        self, op: ops.AddEnumValue | ops.RenameEnumValue, changed: Callable[[tuple[Name, ...]], tuple[Name, ...]]
    ) -> None:
        if not isinstance(op.enum, str):
            return
        where = object_place("enum", op.schema, op.enum)
        before = self.objects.get(where, UNKNOWN)
        if isinstance(before, ops.CreateObject) and isinstance(before.members, tuple):
            self._put_object(where, replace(before, members=changed(before.members)), op)

    def _for_dialect(self, column: _Typed) -> _Typed:
        """Return a column, or a change of one, as it is on this dialect."""
        return replace(column, type=self._type(column.type)) if isinstance(column.type, SqlType) else column

    def _type(self, kind: SqlType) -> SqlType | Unknown:
        """Return a type as it is on this dialect, with its labels where SQL only names an enum that the chain made."""
        here = kind.on(self.dialect)
        if isinstance(here, Unknown) or not isinstance(here.type_name, str) or here.name == "ENUM":
            return here
        made = self.objects.get(object_place("enum", here.schema, here.type_name), UNKNOWN)
        if isinstance(made, ops.CreateObject) and made.kind == "enum":
            return replace(here, name="ENUM", members=made.members)
        return here

    def _has(self, op: ops.AddColumn, column: Name) -> bool:
        table = self.tables.get(place(op.schema, op.table), None) if isinstance(op.table, str) else None
        return isinstance(table, ReplayedTable) and isinstance(column, str) and isinstance(table.column(column), Column)

    def _change(self, op: Any, changed: Callable[[ReplayedTable], ReplayedTable]) -> None:
        """Change a table; one that the chain did not make is known from here on by what the operations say of it."""
        if not isinstance(op.table, str):
            return
        before = self.tables.get(where := place(op.schema, op.table), UNKNOWN)
        known = before if isinstance(before, ReplayedTable) else ReplayedTable(name=op.table, schema=op.schema)
        self._put(where, changed(known), op)

    def _change_indexed(
        self, op: ops.DropIndex | ops.RenameIndex, index: MaybeName, changed: Callable[[ReplayedTable], ReplayedTable]
    ) -> None:
        """Change the table that an index is on, which PostgreSQL and SQLite do not ask for."""
        where = place(op.schema, op.table) if isinstance(op.table, str) else None
        if where is None and isinstance(index, str):
            where = self.indexes.get(place(op.schema, index), None) or self._place_of_key(index)
        before = self.tables.get(where, UNKNOWN) if where is not None else UNKNOWN
        if where is not None and isinstance(before, ReplayedTable):
            self._put(where, changed(before), op)

    def _place_of_key(self, index: str) -> QualifiedName | None:
        """Find the table with the key that has an index of this name, which PostgreSQL renames both by either."""
        found = ((where, isinstance(table, ReplayedTable) and table.constraint(index)) for where, table in self.tables.items())
        return next((where for where, key in found if isinstance(key, Constraint)), None)

    def _put(self, where: QualifiedName, table: ReplayedTable | Unknown | None, op: Op) -> None:
        before = self.tables.get(where, UNKNOWN)
        if not op.certain and before != table:
            # if it is not known to have run, what is so in either case is still known
            known = (
                before
                if isinstance(before, ReplayedTable)
                else ReplayedTable(name=where[1])
                if isinstance(table, ReplayedTable) and not table.complete
                else None
            )
            table = table_changes.blurred(known, table) if known is not None and isinstance(table, ReplayedTable) else UNKNOWN
        if isinstance(table, ReplayedTable):
            # an index that is gone stays recorded here: a caller that follows the record finds a table without it
            for index in table.indexes:
                if self.indexes.get((where[0], index), None) != where:
                    self.indexes = self.indexes.put((where[0], index), where)
            for constraint in table.known_constraints("foreignkey"):
                self._note_referrer(constraint, where)
        self.tables = self.tables.put(where, table)

    def _note_referrer(self, key: Constraint, where: QualifiedName) -> None:
        """Record that a table has a foreign key; losing one need not be recorded."""
        if isinstance(key.referred_table, str):
            target = place(key.referred_schema, key.referred_table)
            known = self.referrers.get(target, frozenset())
            if where not in known:
                self.referrers = self.referrers.put(target, known | {where})

    def _put_object(self, where: QualifiedObject, made: ops.CreateObject | Unknown | None, op: Op) -> None:
        before = self.objects.get(where, UNKNOWN)
        if not op.certain and before != made:
            both = isinstance(before, ops.CreateObject) and isinstance(made, ops.CreateObject)
            made = replace(before, members=UNKNOWN, body=UNKNOWN) if both and isinstance(before, ops.CreateObject) else UNKNOWN
        self.objects = self.objects.put(where, made)


_FOLLOWERS: Final = vars(SchemaDraft)["_follow_op"].dispatcher
"""What follows each kind of operation."""
