"""What reversing functions are given: one operation of upgrade(), its past, and the way to write a step in the same manner."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from mrt_lint.fix.arguments import operand
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.expression_copy import ExpressionCopier
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.former_schema import FormerSchema
from mrt_lint.fix.imported_names import imports
from mrt_lint.fix.layout import CallCode, Code, ListCode, call, flat
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.schema_variable import SchemaVariable
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Execute, Op
from mrt_lint.model.values import UNKNOWN, MaybeName, Name, Unknown


class StepBuilder:
    """Makes the steps that undo one operation; `number` is its place in upgrade()."""

    def __init__(self, former: FormerSchema, number: int) -> None:
        self.former = former
        self.number = number
        self.context: FixContext = former.context
        self.op: Op = former.upgrade[number]

    def call(self) -> ast.Call:
        """Return the operation's call. Raises NoFix if it is none."""
        return self.context.text.call(self.op.origin)

    @property
    def copier(self) -> ExpressionCopier:
        """What takes expressions out of this file."""
        return self.former.copier(self.context.migration)

    @property
    def dialect(self) -> str:
        """The database on which the operation is judged."""
        return self.context.case.dialect(self.op)

    def quote(self, name: object) -> str:
        """Write a name. Raises NoFix if it is not known."""
        if not isinstance(name, str):
            raise NoFix("a name is not known")
        return self.context.names.quote(name)

    def quoted(self, names: tuple[Name, ...] | Unknown) -> ListCode:
        """Write a list of names."""
        if isinstance(names, Unknown):
            raise NoFix("its columns are not known")
        return ListCode(tuple(map(self.quote, names)))

    def name(self, value: MaybeName, parameter: str) -> Code:
        """Write the name of an index or constraint, as final as it is in upgrade(): inside of `op.f` no convention changes it."""
        written = self.quote(value)
        node = None if self.op.sql else operand(self.call(), parameter, batch=self.op.batch)
        final = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "f"
        return call(self.context.names.op("f"), written) if final else written

    def on_table(
        self,
        name: str,
        op: Op,
        *positional: Code,
        table: str = "table_name",
        schema: str = "schema",
        options: Mapping[str, Code | None] | None = None,
    ) -> DowngradeStep:
        """Make a step on the operation's table: in a batch like its own, or with the table and schema as arguments.

        The table is the keyword `table`, or the argument at that index where it is a number; `schema` is the keyword of its schema.
        """
        if self.op.batch:
            header, alias = self._batch()
            return self.step(call(f"{alias}.{name}", *positional, **(options or {})), op, batch=header, batch_name=alias)
        where = self.quote(getattr(op, "table", None))
        found, above = getattr(op, "schema", None), ""
        named = {**(options or {}), schema: None if found in {None, UNKNOWN} else self.quote(found)}
        if found is not None and (variable := SchemaVariable(self.context)).holds(self.op):
            named[schema], above = variable.schema()
        function = self.context.names.op(name)
        if table.isdigit():
            at = int(table)
            return self.step(call(function, *positional[:at], where, *positional[at:], **named), op, above=above)
        return self.step(call(function, *positional, **{table: where, **named}), op, above=above)

    def step(
        self,
        code: CallCode,
        op: Op,
        *,
        batch: str = "",
        batch_name: str = "",
        same: Callable[[Op], bool] | None = None,
        unsafe: str = "",
        above: str = "",
    ) -> DowngradeStep:
        """Make a step under the guard of the operation."""
        return DowngradeStep(
            code=code,
            op=op,
            dialects=self.op.dialects,
            autocommit=self.op.autocommit,
            batch=batch,
            batch_name=batch_name,
            same=same,
            unsafe=unsafe,
            above=above,
        )

    def execute(self, statement: str, op: Op) -> DowngradeStep:
        """Make a step of SQL."""
        return self.step(call(self.context.names.op("execute"), self.quote(statement)), op)

    def _batch(self) -> tuple[str, str]:
        """Return the source of the batch that contains the operation, and its name. Raises NoFix if it is not written out."""
        node = self.call()
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        for outer in self.context.text.enclosing(node):
            for item in outer.items if isinstance(outer, ast.With) else ():
                variable = item.optional_vars
                if isinstance(owner, ast.Name) and isinstance(variable, ast.Name) and variable.id == owner.id:
                    opened = self.copier.code(item.context_expr)
                    if isinstance(opened, CallCode) and self._is_batch(opened):
                        return flat(opened), owner.id
        raise NoFix("its batch is not written out")

    def _is_batch(self, opened: CallCode) -> bool:
        root, _, rest = opened.function.partition(".")
        path = dict(imports(self.context.text.tree)).get(root, "")
        return f"{path}.{rest}" == "alembic.op.batch_alter_table"


def known(flag: object) -> bool:
    """Return a flag. Raises NoFix if it is not known."""
    if flag is UNKNOWN:
        raise NoFix("some of its arguments are not known")
    return bool(flag)


def again_in_sql(builder: StepBuilder, migration: Migration, made: Op) -> DowngradeStep:
    """Run the SQL again that made something. Raises NoFix if it did more than that."""
    here = [op for op in migration.upgrade_ops if op.origin == made.origin]
    statement = here[0].statement if isinstance(here[0], Execute) else None
    if here[1:] != [made] or not isinstance(statement, str):
        raise NoFix(f"revision {migration.revision} makes it in SQL that does more")
    builder.former.check_renames(builder.number, made, statement)
    return builder.execute(statement, Execute(statement=statement))
