"""What was there before: the replayed schema at one moment of upgrade(), and the source that defined a part of it.

The replayed schema holds what a column or constraint was as far as the linter's values can express it. What they cannot (UNSIGNED,
an operator class, a collation) is in the source only. So a definition is restored from the source that made it, and the schema
is what that source, read again, has to agree with.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeGuard, TypeVar

from mrt_lint.fix.arguments import argument, keywords
from mrt_lint.fix.expression_copy import ExpressionCopier
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.layout import Code
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.history.replay import replay
from mrt_lint.history.schema import ReplayedSchema, ReplayedTable, fold, place
from mrt_lint.model import ops
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, MaybeName, Name, SqlType

_T = TypeVar("_T")
_WORD: Final = re.compile(r"\w+")
_WORDS: Final = (
    "name type_ nullable server_default primary_key autoincrement unique index comment default onupdate insert_default doc info key"
)
_COLUMN: Final = frozenset(_WORDS.split())
"""The arguments of a column that the replayed schema holds, or that change nothing in the database."""


class FormerSchema:
    """The past of one migration, asked at its operations by their number."""

    def __init__(self, context: FixContext) -> None:
        self.context = context
        self.upgrade = context.migration.upgrade_ops
        self._schemas: dict[tuple[int, str], ReplayedSchema] = {}

    def schema(self, number: int, dialect: str) -> ReplayedSchema:
        """Return the schema that an operation of upgrade() finds on a dialect."""
        if (number, dialect) not in self._schemas:
            revision = str(self.context.migration.revision)
            start = self.context.history.on(dialect).before(revision)
            is_declared = self.context.target.dialect == dialect
            self._schemas[number, dialect] = replay(start, self.upgrade[:number], dialect, declared=is_declared)
        return self._schemas[number, dialect]

    def dialects(self, op: Op) -> tuple[str, ...]:
        """Return the databases on which an operation runs, of those that have to be thought of."""
        found = tuple(dialect for dialect in self.context.dialects if self.context.runs_on(op, dialect))
        # guarded for a database beyond the usual ones: then that one it is
        return found or (op.dialects or ())[:1]

    def agreed(self, number: int, ask: Callable[[ReplayedSchema], _T]) -> _T:
        """Return what the schema holds, which must be the same on every database that the operation runs on. Raises NoFix."""
        _check_schema_is_known(self.upgrade[number])
        answers = [ask(self.schema(number, dialect)) for dialect in self.dialects(self.upgrade[number])]
        if not answers or any(answer != answers[0] for answer in answers):
            raise NoFix("it was not the same on every database")
        return answers[0]

    def table(self, number: int, table: Name, schema: MaybeName) -> ReplayedTable:
        """Return a table as an operation finds it, types apart. Raises NoFix if it is not known in full."""
        found = self.agreed(number, lambda at: _without_types(at.table(str(table), schema)))
        if not isinstance(found, ReplayedTable) or not found.complete:
            raise NoFix(f"the earlier migrations do not show what table {table} was")
        return found

    def column(self, number: int, table: Name, schema: MaybeName, column: Name) -> Column:
        """Return a column as an operation finds it, its type left out. Raises NoFix if it is not known."""

        def ask(at: ReplayedSchema) -> Column | None:
            known = at.table(str(table), schema)
            found = known.column(str(column)) if isinstance(known, ReplayedTable) else None
            # types differ between databases by with_variant() alone, and are asked for one by one
            return replace(found, type=None) if isinstance(found, Column) else None

        found = self.agreed(number, ask)
        if found is None:
            raise NoFix(f"the earlier migrations do not show what {table}.{column} was")
        return found

    def types(self, number: int, table: Name, schema: MaybeName, column: Name) -> dict[str, object]:
        """Return a column's type, as far as it is known, by dialect."""
        found: dict[str, object] = {}
        for dialect in self.dialects(self.upgrade[number]):
            known = self.schema(number, dialect).table(str(table), schema) if schema is not UNKNOWN else None
            there = known.column(str(column)) if isinstance(known, ReplayedTable) else None
            found[dialect] = there.type if isinstance(there, Column) else None
        return found

    def copier(self, migration: Migration) -> ExpressionCopier:
        """Return what takes expressions out of a migration's file."""
        own = migration.path == self.context.migration.path
        return ExpressionCopier(self.context.text_of(migration), self.context.names, own=own)

    def before(self, number: int) -> Iterator[tuple[Migration, Op]]:
        """Return the operations that came before one, latest first: those of this upgrade(), then those of earlier revisions."""
        yield from ((self.context.migration, op) for op in reversed(self.upgrade[:number]))
        history = self.context.history
        above = history.ancestors(str(self.context.migration.revision))
        for revision in reversed(history.order):
            if revision in above:
                migration = history.migrations[revision]
                yield from ((migration, op) for op in reversed(migration.upgrade_ops))

    def check_renames(self, number: int, made: Op, text: str, *, table: MaybeName = None) -> None:
        """Raise NoFix if a text that made something names what was renamed since, in `table` or anywhere where that is None."""
        words = {fold(word) for word in _WORD.findall(text)}
        for _, op in self.before(number):
            if op is made:
                return
            renamed = op.table if isinstance(op, ops.RenameTable) else op.column if _renames(op) else None
            here = table is None or fold(str(table)) in {fold(str(getattr(op, name, ""))) for name in ("table", "new_table")}
            if isinstance(renamed, str) and here and fold(renamed) in words:
                raise NoFix(f"{renamed} was renamed since, and the text that has to be written again names it")

    def setting(self, number: int, op: ops.DropColumn | ops.DropTable | ops.AlterColumn, column: str, name: str) -> Code | None:
        """Return the source that last set a setting of a column ("type", "server_default"), None if nothing set it.

        Raises NoFix if that is SQL, or not written out.
        """
        _check_schema_is_known(op)
        table, here = place(op.schema, str(op.table)), fold(column)
        for migration, earlier in self.before(number):
            if not self.context.runs_on(earlier, self.dialects(op)[0]):
                continue
            if isinstance(earlier, ops.RenameTable) and place(earlier.schema, str(earlier.new_table)) == table:
                # going back in time, the table has its older name from here on
                table = place(earlier.schema, str(earlier.table))
            if place(getattr(earlier, "schema", None), str(getattr(earlier, "table", ""))) != table:
                continue
            if isinstance(earlier, ops.AlterColumn):
                is_it = fold(str(earlier.new_column if earlier.new_column is not UNSET else earlier.column)) == here
                here = fold(str(earlier.column)) if is_it else here
            else:
                is_it = isinstance(earlier, ops.CreateTable) or fold(str(getattr(earlier, "column", ""))) == here
            if is_it and (found := self._said(migration, earlier, here, name)) is not UNSET:
                return found  # type: ignore[return-value]  # what is left is code or None
        raise NoFix(f"no migration says what {op.table}.{column} was")

    def _said(self, migration: Migration, op: Op, column: str, name: str) -> object:
        """Return the source with which an operation sets a setting; UNSET if it does not change it."""
        if not isinstance(op, ops.CreateTable | ops.AddColumn | ops.AlterColumn):
            return UNSET
        if isinstance(op, ops.AlterColumn) and getattr(op, name) is UNSET:
            return UNSET
        if op.sql:
            raise NoFix(f"revision {migration.revision} defines {op.table}.{column} in SQL")
        call = self.context.text_of(migration).call(op.origin)
        if isinstance(op, ops.AlterColumn):
            node = argument(call, {"type": "type_"}.get(name, name))
        else:
            node = _in_column(self.column_call(migration, call, column), name)
        return None if node is None else self.copier(migration).code(node)

    def column_call(self, migration: Migration, call: ast.Call, column: str) -> ast.Call:
        """Return the call that defines a column within that of an operation. Raises NoFix if it is not written there."""
        found = [
            node
            for node in ast.walk(call)
            if isinstance(node, ast.Call) and node is not call and _called(node) == "Column" and _named(node) == fold(column)
        ]
        if len(found) != 1:
            raise NoFix(f"revision {migration.revision} does not write column {column} out")
        parts = {_called(node) for node in found[0].args if isinstance(node, ast.Call)}
        if keywords(found[0]) - _COLUMN or "Sequence" in parts:
            raise NoFix(f"revision {migration.revision} says more of column {column} than is known")
        return found[0]


def _check_schema_is_known(op: Op) -> None:
    """Raise NoFix if the schema of an operation is not known, and so whether it is what the earlier migrations created."""
    if getattr(op, "schema", None) is UNKNOWN:
        raise NoFix("the name of its schema is not known, and so what existed there is not")


def _renames(op: Op) -> TypeGuard[ops.AlterColumn]:
    return isinstance(op, ops.AlterColumn) and op.new_column is not UNSET


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _named(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else argument(node, "name")
    return fold(first.value) if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _in_column(node: ast.Call, name: str) -> ast.expr | None:
    if name != "type":
        return argument(node, name)
    given = argument(node, "type_")
    behind = node.args[1] if len(node.args) > 1 else None
    return given if given is not None else behind


def _without_types(table: object) -> object:
    """Return a table without its columns' types, in which databases differ: the source has them."""
    if not isinstance(table, ReplayedTable):
        return table
    columns = {name: replace(column, type=None) if isinstance(column, Column) else column for name, column in table.columns.items()}
    return replace(table, columns=columns)


def on(kind: object, dialect: str) -> object:
    """Return a type as it is on a dialect."""
    there = kind.on(dialect) if isinstance(kind, SqlType) else kind
    return replace(there, variants=()) if isinstance(there, SqlType) else there
