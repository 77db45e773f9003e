"""The complete reverse: which operations of upgrade() must be undone, by what, in which order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from mrt_lint.fix.downgrade_step import DowngradeStep, merged
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.former_schema import FormerSchema
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.alter import alter_back
from mrt_lint.fix.reverse.columns import add_column_again, remove_column
from mrt_lint.fix.reverse.constraints import remove_constraint, restore_constraint
from mrt_lint.fix.reverse.enum import drop_enum
from mrt_lint.fix.reverse.existence_checks import ExistenceChecks
from mrt_lint.fix.reverse.indexes import becomes_constraint, remove_index, restore_index
from mrt_lint.fix.reverse.null_filling import fills_nulls
from mrt_lint.fix.reverse.objects import (
    remove_object,
    rename_constraint_back,
    rename_index_back,
    rename_object_back,
    rename_value_back,
    restore_object,
)
from mrt_lint.fix.reverse.step_builder import StepBuilder
from mrt_lint.fix.reverse.tables import comment_back, create_table_again, remove_table, rename_back
from mrt_lint.history.schema import fold, place
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType

_REVERSES: Final[dict[type[Op], Callable[[StepBuilder, Any], Iterator[DowngradeStep]]]] = {
    ops.AddColumn: remove_column,
    ops.AlterColumn: alter_back,
    ops.CreateCheckConstraint: remove_constraint,
    ops.CreateExcludeConstraint: remove_constraint,
    ops.CreateForeignKey: remove_constraint,
    ops.CreateIndex: remove_index,
    ops.CreateObject: remove_object,
    ops.CreatePrimaryKey: remove_constraint,
    ops.CreateTable: remove_table,
    ops.CreateTableComment: comment_back,
    ops.CreateUniqueConstraint: remove_constraint,
    ops.DropColumn: add_column_again,
    ops.DropConstraint: restore_constraint,
    ops.DropIndex: restore_index,
    ops.DropObject: restore_object,
    ops.DropTable: create_table_again,
    ops.DropTableComment: comment_back,
    ops.RenameConstraint: rename_constraint_back,
    ops.RenameEnumValue: rename_value_back,
    ops.RenameIndex: rename_index_back,
    ops.RenameObject: rename_object_back,
    ops.RenameTable: rename_back,
}
_NOTHING: Final = (ops.Execute, ops.ValidateConstraint, ops.Reindex)
"""What leaves nothing behind: SQL is undone by what it means, which follows it."""
_ROWS: Final = (ops.Insert, ops.BulkInsert, ops.Update, ops.Delete, ops.Truncate)
_NEEDED: Final = frozenset(("enum", "type", "domain", "sequence", "function"))
"""What columns and triggers need that may be made between their table and them."""


def plan_reverse(context: FixContext) -> list[DowngradeStep]:
    """Return the steps that undo `upgrade()`, last first. Raises NoFix, for the whole, where one of them is not certain."""
    migration = context.migration
    if migration.upgrade is None:
        raise NoFix("there is no upgrade()")
    if not migration.readable("upgrade"):
        call = next(call for call in migration.unreadable if call.function == "upgrade")
        raise NoFix(f"line {call.place.line} of upgrade() cannot be read: {call.why}")
    return ReversePlan(context).steps()


class ReversePlan:
    """The operations of one upgrade(), seen as a whole."""

    def __init__(self, context: FixContext) -> None:
        self.context = context
        self.former = FormerSchema(context)
        self.ops = context.migration.upgrade_ops
        self._new_tables: dict[object, int] = {}  # and the numbers of the operations that made them
        self._new_columns: dict[object, int] = {}
        self._types: set[object] = set()
        self._undo: list[int] = []
        self._unsafe = ""
        self._presence = ExistenceChecks(context)

    def steps(self) -> list[DowngradeStep]:
        """Return the steps. Raises NoFix."""
        self._look()
        found: list[DowngradeStep] = []
        for number in self._order():
            with self._at(number):
                found += self.reversed(number)
        if not found:
            raise NoFix("nothing of what upgrade() does can be undone for certain")
        first, *others = merged(found)
        return [replace(first, unsafe=first.unsafe or self._unsafe), *others]

    def _order(self) -> list[int]:
        """Return the numbers of the operations to be undone: last first, but a type after the table that has come to need it."""
        order = self._undo[::-1]
        for number in self._undo:
            op = self.ops[number]
            if isinstance(op, ops.CreateObject) and op.kind in _NEEDED and op.table is None:
                later = (self._owner(other) for other in self.ops[number + 1 :])
                first = min((owner for owner in later if owner is not None and owner in self._undo), default=number)
                if first < number:
                    order.remove(number)
                    order.insert(order.index(first) + 1, number)
        return order

    def _owner(self, op: Op) -> int | None:
        """Return the number of the operation that made the new table or column with which this one goes."""
        table = _where(op, str(getattr(op, "table", "")))
        return self._new_tables.get(table, self._new_columns.get((table, fold(str(getattr(op, "column", ""))))))

    def reversed(self, number: int) -> list[DowngradeStep]:
        """Return the steps that undo one operation. Raises NoFix."""
        op = self.ops[number]
        if type(op) not in _REVERSES:
            raise NoFix(f"what undoes {op.op} is not known")
        steps = list(_REVERSES[type(op)](StepBuilder(self.former, number), op))
        if isinstance(op, ops.CreateTable):
            steps += self._dropped_types(op)
        if op.certain:
            return steps
        table, unsafe = self._presence.answer(op)
        return [replace(step, asks=table, unsafe=step.unsafe or unsafe) for step in steps]

    def _look(self) -> None:
        """Sort the operations: those that go with a new table or column need no undoing. Raises NoFix."""
        moved = any(isinstance(op, _ROWS) for op in self.ops) and any(
            isinstance(op, ops.DropTable | ops.DropColumn) for op in self.ops
        )
        if moved:
            raise NoFix("it changes rows and drops a table or column: where they went is not certain")
        for number, op in enumerate(self.ops):
            with self._at(number):
                if self._is_to_be_undone(op):
                    self._undo.append(number)
            index = becomes_constraint(self.ops[:number], op)
            if index in self._undo:
                self._undo.remove(index)

    @contextmanager
    def _at(self, number: int) -> Iterator[None]:
        """Add the line of the operation to every NoFix raised inside."""
        origin = self.ops[number].origin
        try:
            yield
        except NoFix as no:
            raise NoFix(f"line {origin.line}: {no}" if origin is not None else str(no)) from None

    def _is_to_be_undone(self, op: Op) -> bool:
        """Return whether an operation leaves something that is not dropped with its table. Raises NoFix."""
        if self._is_suppressed(op):
            raise NoFix("reading cannot decide whether it runs")
        if not op.certain:
            self._presence.answer(op)
        if isinstance(op, _NOTHING):
            return self._is_unread(op)
        if isinstance(op, ops.Statement):
            return self._has_effect(op)
        return self._stays(op, _where(op, str(getattr(op, "table", ""))))

    def _is_suppressed(self, op: Op) -> bool:
        """Return whether an error of it is passed over, by `contextlib.suppress` or a handler: then it may not have run."""
        outer = list(self.context.text.enclosing(self.context.text.call(op.origin))) if op.origin is not None else []
        return any(isinstance(node, ast.Try) and node.handlers for node in outer) or any(
            "suppress(" in ast.unparse(item.context_expr) for node in outer if isinstance(node, ast.With) for item in node.items
        )

    def _stays(self, op: Op, table: object) -> bool:
        """Return the same for an operation on a table. Raises NoFix."""
        number = self._index(op)
        is_new = table in self._new_tables and getattr(op, "table", None) is not None
        if isinstance(op, _ROWS):
            if is_new or self._fills_new_columns(op, table):
                return False
            if fills_nulls(self.ops, number):
                self._unsafe = "rows that had no value keep the one that they were given"
                return False
            raise NoFix("what the rows were before is not known")
        if isinstance(op, ops.CreateTable):
            self._new_tables[table] = number
            return True
        if isinstance(op, ops.RenameTable) and is_new:
            self._new_tables[_where(op, str(op.new_table))] = number
            return True
        column = fold(str(getattr(op, "column", "")))
        if isinstance(op, ops.AddColumn):
            self._new_columns[table, column] = number
            return not is_new
        if is_new or (table, column) in self._new_columns:
            if isinstance(op, ops.DropTable | ops.DropColumn) or getattr(op, "new_column", UNSET) is not UNSET:
                raise NoFix("it drops or renames what this upgrade() has just made")
            return False
        return True

    def _is_unread(self, op: Op) -> bool:
        if isinstance(op, ops.Execute):
            behind = self.ops[self._index(op) + 1 :]
            if not isinstance(op.statement, str) or not behind or not behind[0].sql:
                raise NoFix("the SQL cannot be read")
        return False

    def _index(self, op: Op) -> int:
        return next(number for number, other in enumerate(self.ops) if other is op)

    @staticmethod
    def _has_effect(op: ops.Statement) -> bool:
        if op.effect is not False:
            raise NoFix(f"what undoes {op.command or 'the SQL'} is not known")
        if op.command in {"COMMIT", "ROLLBACK", "BEGIN"}:
            raise NoFix("it handles the transaction itself")
        if op.command.startswith("PRAGMA") or (op.command.startswith("SET") and "timeout" not in op.text.lower()):
            raise NoFix(f"what {op.command} changes may matter in downgrade(), too")
        return False

    def _fills_new_columns(self, op: Op, table: object) -> bool:
        if not isinstance(op, ops.Update) or not isinstance(op.columns, tuple) or not op.columns:
            return False
        return all((table, fold(str(column))) in self._new_columns for column in op.columns)

    def _dropped_types(self, op: ops.CreateTable) -> Iterator[DowngradeStep]:
        """Drop the enum types that came with a table, on PostgreSQL. Raises NoFix if one has no known name."""
        if op.sql or not any(self.context.runs_on(op, dialect) and dialect == "postgresql" for dialect in self.former.dialects(op)):
            return
        analysis = self.context.case.analysis(op)
        if any(
            isinstance(node, ast.keyword) and node.arg == "inherit_schema" for node in ast.walk(self.context.text.call(op.origin))
        ):
            raise NoFix("the schema of an enum type is not known")
        implied = {effect.key for effect in analysis.effects.get(id(op), ()) if effect.action == "implied"}
        for column in op.columns:
            kind = column.type.on("postgresql") if isinstance(column.type, SqlType) else None
            if isinstance(kind, SqlType) and isinstance(kind.item, SqlType) and kind.item.name == "ENUM":
                raise NoFix(f"the enum type of {column.name}'s items stays behind")
            if not isinstance(kind, SqlType) or kind.name != "ENUM" or kind.creates_type is False:
                continue
            if not isinstance(kind.type_name, str) or kind.creates_type is UNKNOWN:
                raise NoFix(f"the name of {column.name}'s enum type is not known")
            where = ("type", *place(kind.schema, kind.type_name))
            if where in implied and where not in self._types:
                self._types.add(where)
                yield drop_enum(self.context, kind.type_name, kind.schema, like=op)


def _where(op: Op, table: str) -> tuple[object, ...]:
    """Return the place of a table; one in a schema whose name is not known may be another than the one of that name."""
    schema = getattr(op, "schema", None)
    return (schema, fold(table)) if schema is UNKNOWN else place(schema, table)
