"""Operations that upgrade() runs only where the database has a table, or has not yet what they make.

Whether they ran cannot be read; what to check in downgrade() often can. A table that upgrade() neither creates
nor drops exists in downgrade() if it existed in upgrade(), so downgrade() checks for it again. What upgrade() creates if it is
missing is there afterwards in any case: that it was missing before is what a user has to know (the fix is unsafe).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.ops import Op

_THING: Final = r"(table|column|index)"
_CALLED: Final = re.compile(rf"_?(?:has_{_THING}|(?:check_(?:if_)?)?{_THING}_exists|does_{_THING}_exist)")
"""What people call functions that ask the database whether it has something."""
_LISTED: Final = {"get_table_names": "table", "get_columns": "column", "get_indexes": "index"}
"""SQLAlchemy's inspection, and what it lists."""


class ExistenceTest(NamedTuple):
    """A check whether the database has a `kind` of object by these names, the table's first; `present` is the expected result."""

    kind: str
    names: tuple[str, ...]
    present: bool


class ExistenceCondition(NamedTuple):
    """What is known where an operation ran: `table` must be checked for again, "" for none; `unsafe` is what is not known."""

    table: str
    unsafe: str


class ExistenceChecks:
    """The questions that one upgrade() asks before it does something."""

    def __init__(self, context: FixContext) -> None:
        self._text = context.text
        self._function = context.text.function("upgrade")
        every = context.migration.upgrade_ops
        named = ((op, name) for op in every for name in ("table", "new_table") if isinstance(getattr(op, name, None), str))
        moved = (ops.CreateTable, ops.DropTable, ops.RenameTable)
        self._unsteady = {fold(getattr(op, name)) for op, name in named if isinstance(op, moved)}
        self._made = {key for op in every if (key := _made_by(op)) is not None}

    def answer(self, op: Op) -> ExistenceCondition:
        """Return what is known where an operation ran. Raises NoFix if that cannot be determined."""
        if op.origin is None or getattr(op, "sql", False):
            raise _no()
        table, unsafe = "", ""
        for expression, holds in self._conditions(self._text.call(op.origin)):
            if op.dialects is not None and _is_of_dialect(expression):
                continue  # the reader knows it: it is the operation's guard
            test = self._test(expression, holds=holds)
            if test.kind == "table" and test.present and fold(test.names[0]) not in self._unsteady:
                if table not in {"", test.names[0]}:
                    raise _no()
                table = test.names[0]
                unsafe = unsafe or f"upgrade() asks the database for table {table} first, and so would downgrade()"
            elif not test.present and self._is_made_here(test, op):
                unsafe = f"the {test.kind} may have been there before"
            else:
                raise _no()
        return ExistenceCondition(table, unsafe)

    def _is_made_here(self, test: ExistenceTest, op: Op) -> bool:
        """Return whether upgrade() creates what it does not find, and an operation creates that or a part of it."""
        if test.kind == "index":
            return isinstance(op, ops.CreateIndex) and fold(str(op.index)) in map(fold, test.names)
        wanted = (test.kind, *map(fold, test.names))
        return wanted in self._made and fold(str(getattr(op, "table", ""))) == fold(test.names[0])

    def _conditions(self, call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
        """Return the conditions under which a call runs, each with what it has to come out as. Raises NoFix for other doubts."""
        node: ast.AST = call
        for outer in self._text.enclosing(call):
            if isinstance(
                outer, ast.For | ast.While | ast.Try | ast.Match | ast.IfExp | ast.BoolOp | ast.comprehension | ast.Lambda
            ):
                raise _no()
            for block in (getattr(outer, name, None) for name in ("body", "orelse")):
                if isinstance(block, list) and node in block:
                    yield from self._left_before(block[: block.index(node)])
            if isinstance(outer, ast.If) and node is not outer.test:
                yield from _parts(outer.test, holds=node in outer.body)
            if isinstance(outer, ast.FunctionDef):
                if outer is not self._function:
                    raise _no()
                return
            node = outer

    @staticmethod
    def _left_before(statements: list[ast.stmt]) -> Iterator[tuple[ast.expr, bool]]:
        """Return the conditions of the `if …: return` among the statements before."""
        for statement in statements:
            leaves = [node for node in ast.walk(statement) if isinstance(node, ast.Return | ast.Raise | ast.Yield | ast.Break)]
            if not leaves:
                continue
            # only `if …: return` says under which condition the rest runs
            if not isinstance(statement, ast.If) or statement.orelse or leaves != [statement.body[-1]]:
                raise _no()
            yield from _parts(statement.test, holds=False)

    def _test(self, node: ast.expr, *, holds: bool) -> ExistenceTest:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._test(node.operand, holds=not holds)
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found = _CALLED.fullmatch(name)
            said = _strings([*node.args, *(keyword.value for keyword in node.keywords)])
            if found and (kind := next(filter(None, found.groups()))) and len(said) == _SAID[kind]:
                return ExistenceTest(kind, said, holds)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            said, listed = _strings([node.left]), self._listed(node.comparators[0])
            if said and listed:
                kind, table = listed
                return ExistenceTest(kind, (*table, *said), holds is isinstance(node.ops[0], ast.In))
        raise _no()

    def _listed(self, node: ast.expr, depth: int = 0) -> tuple[str, tuple[str, ...]] | None:
        """Return the kind and table of the names in a list: a result of SQLAlchemy's inspection, or a variable with one."""
        if isinstance(node, ast.Name) and depth < 3:  # noqa: PLR2004  a variable of a variable
            given = [inner for inner in ast.walk(self._text.tree) if isinstance(inner, ast.Name) and _stores(inner, node.id)]
            parent = self._text.parents.get(given[0]) if len(given) == 1 else None
            return self._listed(parent.value, depth + 1) if isinstance(parent, ast.Assign) and parent.targets == given else None
        calls = (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))
        found = [(call, kind) for call in calls if (kind := _LISTED.get(getattr(call.func, "attr", "")))]
        filtered = any(isinstance(inner, ast.comprehension) and inner.ifs for inner in ast.walk(node))
        if len(found) != 1 or filtered:
            return None
        (call, kind), *_ = found
        table = () if kind == "table" else _strings(call.args)
        # get_columns("users", schema="crm") is about another table
        in_default_schema = not call.keywords and len(call.args) == len(table) == (kind != "table")
        return (kind, table) if in_default_schema else None


_SAID: Final = {"table": 1, "column": 2, "index": 2}
"""How many names a call has to pass; the rest are connections and inspectors."""


def _parts(node: ast.expr, *, holds: bool) -> Iterator[tuple[ast.expr, bool]]:
    """Take `and` apart where it holds, and `or` where it does not."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And if holds else ast.Or):
        for value in node.values:
            yield from _parts(value, holds=holds)
    else:
        yield node, holds


def _is_of_dialect(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) and re.fullmatch(r"[\w.()]*\bdialect(?:\.name|_name)?", ast.unparse(node.left)) is not None


def _strings(nodes: list[ast.expr]) -> tuple[str, ...]:
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _stores(node: ast.Name, name: str) -> bool:
    return node.id == name and isinstance(node.ctx, ast.Store)


def _made_by(op: Op) -> tuple[str, ...] | None:
    if isinstance(op, ops.CreateTable):
        return "table", fold(str(op.table))
    return ("column", fold(str(op.table)), fold(str(op.column))) if isinstance(op, ops.AddColumn) else None


def _no() -> NoFix:
    return NoFix("reading cannot decide whether it runs")
