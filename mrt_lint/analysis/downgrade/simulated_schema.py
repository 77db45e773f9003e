"""The part of a database that one migration uses, as it changes operation by operation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.downgrade.known_schema import KnownSchema
from mrt_lint.analysis.downgrade.naming_convention import find_same_constraint
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectNamespace, TrackedObject, TrackedTable, readable
from mrt_lint.analysis.key_checks import unchecked
from mrt_lint.history.doubt import Doubts
from mrt_lint.history.effects import OF_TABLES, Thing
from mrt_lint.history.schema import PRIMARY, QualifiedName, ReplayedSchema, fold, given_name, object_place, place
from mrt_lint.history.schema_draft import SchemaDraft
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import CreateIndex, DropConstraint, DropIndex, Op
from mrt_lint.model.values import UNKNOWN, Column, Constraint, MaybeName, SqlType


class SimulatedSchema:
    """Tables, indexes and other objects by name. What an operation needs existed before; what it creates did not.

    `dropped_in_batch` are the indexes that each batch of the present function drops, wherever in it, by its number.
    """

    def __init__(self, known_schema: KnownSchema, dialect: str) -> None:
        self.known_schema = known_schema
        self.dialect = dialect
        self.tables = ObjectNamespace(lambda key: self._original_table(key if isinstance(key, tuple) else (None, "")))
        self.indexes = ObjectNamespace(self._original_index)
        self.objects = ObjectNamespace(self.original_object)
        self.unique_after_upgrade: list[TrackedObject] = []
        self.has_nameless_index = False
        self.dropped_in_batch: set[tuple[int, Key]] = set()
        self._statements: dict[int, list[Op]] = {}
        self._unchecked: set[int] = set()
        self.draft = SchemaDraft(known_schema.schema, dialect, is_forgetful=False)

    @property
    def schema(self) -> ReplayedSchema:
        """All that is there by now, as far as it is known: what is under a condition is not."""
        return self.draft.schema()

    def is_sure_of_part(self, where: QualifiedName, part: Column | Constraint | CreateIndex, *names: str) -> bool:
        """Return whether a table certainly has what the schema shows of it: this migration has made it, or the history was read."""
        table = self.tables.now.get(where)
        known = self.known_schema.table(table.origin if isinstance(table, TrackedTable) else where)
        former = (*known.columns.values(), *known.known_constraints(), *known.known_indexes()) if known is not None else ()
        return part not in former or self.known_schema.is_fully_read(*names)

    @property
    def kind_of_index(self) -> str:
        """What a dropped index may be besides an index: on MySQL and MariaDB unique and foreign keys are dropped as such, too."""
        return "index" if self.dialect in FAMILY else "plain index"

    def mark(self, doubts: Doubts) -> None:
        """Record what is dropped at the end of upgrade(), and what is unique; what could not be read may have restored the rest."""
        parts = (*self.indexes.now.values(), *(part for _, table in self._named_tables() for part in table.parts()))
        self.unique_after_upgrade = [part for part in parts if part is not None and part.is_unique]
        self.tables.mark(lambda key: doubts.concern("table", None, *_words(key)))
        self.indexes.mark(lambda key: doubts.concern("index", None, *_words(key)))
        self.objects.mark(lambda key: doubts.concern("object", None, *_words(key)))
        tables = {table for table in (*self.tables.before.values(), *self.tables.now.values()) if isinstance(table, TrackedTable)}
        for table in tables:
            table.columns_by_name.mark(partial(_is_open, doubts, "column", table))
            table.constraints.mark(partial(_is_open, doubts, "constraint", table))

    def _original_index(self, key: Key) -> TrackedObject:
        definition = self.known_schema.index(key)
        table = self.table_of(definition) if definition is not None else None
        return self.indexes.now.get(key) or TrackedObject(definition=definition, table=table)

    def original_object(self, key: Key) -> TrackedObject:
        """Return what is no table as it was before the migration; a trigger goes with its table."""
        definition = self.known_schema.object(key)
        is_trigger = definition is not None and definition.kind == "trigger"
        return TrackedObject(definition=definition, table=self.table_of(definition) if definition and is_trigger else None)

    def _original_table(self, key: QualifiedName) -> TrackedTable:
        """Return a table that existed before, with all that the history knows to be in it."""
        table = TrackedTable(key)
        known = self.known_schema.table(key)
        table.columns_by_name = ObjectNamespace(
            lambda name: TrackedObject(definition=self.known_schema.column(key, name), table=table)
        )
        table.constraints = ObjectNamespace(
            lambda name: TrackedObject(definition=self.known_schema.constraint(key, name), table=table)
        )
        if known is None:
            return table
        for name, column in known.columns.items():
            if isinstance(column, Column):
                table.columns_by_name.find(name)
        for name, constraint in known.constraints.items():
            if isinstance(constraint, Constraint) and not self.is_key_of_mysql(constraint):
                table.constraints.find(name)
        constraints = [entry for entry in known.unnamed if isinstance(entry, Constraint)]
        table.unnamed += [TrackedObject(definition=entry, table=table) for entry in constraints if not self.is_key_of_mysql(entry)]
        for entry in filter(self.is_key_of_mysql, known.known_constraints("primary")):
            table.constraints.seed(PRIMARY, TrackedObject(definition=entry, table=table))
        for index in known.known_indexes():
            if readable(index.index):
                where = self.index_key(table, place(index.schema, index.index))
                self.indexes.seed(where, table.cover(TrackedObject(definition=index, table=table)))
        return table

    def table(self, name: MaybeName, schema: MaybeName) -> TrackedTable | None:
        """Return the table of a name, None if the name cannot be read or no such table exists."""
        if not readable(name):
            return None
        found = self.tables.find(place(schema, name))
        return found if isinstance(found, TrackedTable) else None

    def owner_of(self, thing: Thing) -> TrackedTable | None:
        """Return the table that a thing belongs to, None if it is gone or not known."""
        owner = thing.owner
        if not isinstance(owner, tuple) or (owner in self.tables.now and self.tables.now[owner] is None):
            return None
        found = self.tables.find(owner)
        return found if isinstance(found, TrackedTable) else None

    def slot(self, thing: Thing) -> tuple[ObjectNamespace, Key] | None:
        """Return the namespace and key of a thing, None if it has no readable name, or its table is not there."""
        if not isinstance(thing.name, str):
            return None
        if thing.kind not in OF_TABLES:
            return self.objects, thing.key
        if thing.kind == "table":
            return self.tables, thing.place
        table = self.owner_of(thing)
        if thing.kind == "index":
            return self.indexes, self.index_key(table, thing.place)
        if table is None:
            return None
        return (table.columns_by_name if thing.kind == "column" else table.constraints), thing.name

    def index_key(self, table: TrackedObject | None, where: QualifiedName) -> Key:
        """Return what an index is known by: on MySQL and MariaDB each table has its own names, elsewhere the schema has them.

        Source: https://dev.mysql.com/doc/refman/8.0/en/drop-index.html
        """
        return (*table.origin, where[1]) if self.dialect in FAMILY and isinstance(table, TrackedTable) else where

    def is_known_table(self, key: QualifiedName) -> bool:
        """Return whether a table is certainly there, made before this migration and not dropped by it."""
        known = self.known_schema.table(key)
        table = self.tables.now.get(key)
        is_there = key not in self.tables.now or (table is not None and table.creator is None and table.exists)
        return known is not None and known.complete and is_there

    def table_of(self, op: Op) -> TrackedTable | None:
        """Return the table that an operation names."""
        return self.table(getattr(op, "table", None), getattr(op, "schema", None))

    def view_of(self, op: Op) -> TrackedObject | None:
        """Return the view that an operation names as its table, where one was made under that name."""
        name = getattr(op, "table", None)
        return self.objects.now.get(object_place("view", getattr(op, "schema", None), name)) if readable(name) else None

    def rows_of(self, name: MaybeName) -> set[TrackedTable]:
        """Return the tables whose rows a table of that name, in any schema, holds."""
        if not readable(name):
            return set()
        found = [table for (_, key), table in self._named_tables() if key == fold(name)]
        return set().union(*(table.rows for table in found)) if found else self._original_rows(name)

    def _named_tables(self) -> list[tuple[tuple[str | None, str], TrackedTable]]:
        return [
            (key, table) for key, table in self.tables.now.items() if isinstance(key, tuple) and isinstance(table, TrackedTable)
        ]

    def _original_rows(self, name: str) -> set[TrackedTable]:
        table = self.table(name, None)
        return set(table.rows) if table is not None else set()

    def put_column(self, table: TrackedTable, column: Column, op: Op) -> None:
        """Add a column with the constraints and the index that its definition creates."""
        if not readable(column.name):
            table.complete = False
            return
        kind = for_dialect(column.type, self.dialect)
        definition = replace(column, type=kind if kind is UNKNOWN or isinstance(kind, SqlType) else None)
        table.columns_by_name.put(fold(column.name), TrackedObject(creator=op, definition=definition, table=table))
        for constraint in column.constraints:
            self.put_constraint(table, constraint, op, column.name)
        if column.unique is True and column.index is not True:
            self.put_constraint(table, Constraint(kind="unique"), op, column.name)
        if column.index is True:
            schema, name = table.current_key
            implied = CreateIndex(index=None, table=name, columns=(column.name,), unique=column.unique)
            prefix = f"{schema}_{name}" if schema else name
            key = self.index_key(table, (schema, f"ix_{prefix}_{fold(column.name)}"))
            self.indexes.put(key, TrackedObject(creator=op, definition=implied, table=table))

    def put_constraint(
        self, table: TrackedTable, constraint: Constraint, op: Op, column: str | None = None
    ) -> tuple[Key, TrackedObject]:
        """Add a constraint under its name or to the unnamed ones; `column` is the column that defines it."""
        covered = (column,) if column is not None and not constraint.columns else ()
        tracked = TrackedObject(creator=op, definition=constraint, table=table, beside=tuple(fold(name) for name in covered))
        tracked.covering = tuple(table.columns_by_name.find(name) for name in tracked.columns)
        for made in tracked.covering if constraint.kind == "primary" else ():
            if made is not None and made.creator is not None and isinstance(made.definition, Column):
                made.definition = replace(made.definition, nullable=False)
        name = constraint.name
        if name is None or self.is_key_of_mysql(constraint):
            name = self._name_left_free(table, constraint)
        if not readable(name):
            table.unnamed.append(tracked)
            return None, tracked
        key = fold(name)
        if key not in table.constraints.now:
            gone = (other for other, former in table.constraints.now.items() if former is None)
            key = find_same_constraint(key, table.current_key[1], gone) or key
        table.constraints.put(key, tracked)
        return key, tracked

    def _name_left_free(self, table: TrackedTable, constraint: Constraint) -> str | None:
        """Return the name that the database gives to a constraint, if it is that of one which was dropped before, or PRIMARY."""
        name = given_name(table.current_key[1], constraint, self.dialect)
        is_free = self.is_key_of_mysql(constraint) or (name is not None and table.constraints.is_gone(fold(name)))
        return name if is_free else None

    def is_key_of_mysql(self, constraint: Constraint) -> bool:
        """Return whether it is a primary key to which MySQL or MariaDB gives the name PRIMARY, whatever the source calls it."""
        return constraint.kind == "primary" and self.dialect in FAMILY

    def drop_dependents(self, table: TrackedTable, column: str | None = None) -> None:
        """Take away the indexes, triggers and partitions of a table, or what covers one of its columns.

        A check that was not read may cover it. Source: https://www.postgresql.org/docs/current/sql-altertable.html, DROP COLUMN.
        """
        for namespace in (self.indexes, self.objects, table.constraints):
            for key, tracked in list(namespace.now.items()):
                if tracked is None or tracked.table is not table:
                    continue
                if self._goes(tracked, column):
                    namespace.drop(key)
                elif tracked.is_unread_check:
                    namespace.unsure.add(key)
        for tracked in list(table.unnamed):
            if self._goes(tracked, column):
                table.drop_unnamed(tracked)
        for key, partition in list(self.tables.now.items()) if column is None else ():
            if isinstance(partition, TrackedTable) and partition.table is table:
                self.tables.drop(key)
                self.drop_dependents(partition)

    def _goes(self, tracked: TrackedObject, column: str | None) -> bool:
        """Return whether something goes with its table or a column.

        MySQL takes the column out of an index of several, and drops none for which it needs a foreign key.
        """
        if column is None:
            return True
        if self.dialect not in FAMILY or not tracked.mentions(column):
            return tracked.mentions(column)
        table, others = tracked.table, [name for name in tracked.columns if name != column]
        are_gone = isinstance(table, TrackedTable) and all(map(table.columns_by_name.is_gone, others))
        return are_gone and not tracked.is_reference

    def begin(self, operations: Sequence[Op]) -> None:
        """Begin one of the two functions, and note what its batches drop: the whole batch is put together before it runs."""
        self.dropped_in_batch = {
            (op.batch_number, place(op.schema, op.index)) for op in operations if isinstance(op, DropIndex) and readable(op.index)
        }
        self._statements, statement = {}, list[Op]()
        for op in operations:
            statement = statement if op.joined else []
            statement.append(op)
            self._statements[id(op)] = statement
        self._unchecked = {id(op) for op in unchecked(operations)}

    def statement_of(self, op: Op) -> list[Op]:
        """Return the operations of the one statement that an operation comes from."""
        return self._statements.get(id(op), [])

    def leaves_keys_unchecked(self, op: Op) -> bool:
        """Return whether MySQL and MariaDB check no foreign key when an operation comes."""
        return id(op) in self._unchecked and self.dialect in FAMILY

    def goes_in_statement(self, op: Op, key: Constraint) -> bool:
        """Return whether the statement of an operation drops a foreign key as well, wherever in it."""
        dropped = {fold(str(other.constraint)) for other in self.statement_of(op) if isinstance(other, DropConstraint)}
        return fold(str(key.name)) in dropped if readable(key.name) else bool(dropped)

    def finds_index(self, op: DropIndex) -> bool:
        """Return whether a dropped index exists: all databases but MySQL and MariaDB find it by name, whatever table is given."""
        if self.dialect in FAMILY or not readable(op.index):
            return False
        key = place(op.schema, op.index)
        return (self.indexes.now[key] if key in self.indexes.now else self.known_schema.index(key)) is not None


def _words(key: Key) -> tuple[str, ...]:
    return tuple(word for word in (key if isinstance(key, tuple) else (key,)) if isinstance(word, str))


def _is_open(doubts: Doubts, kind: str, table: TrackedTable, key: Key) -> bool:
    return any(doubts.concern(kind, place, *_words(key)) for place in (table.current_key, table.origin))
