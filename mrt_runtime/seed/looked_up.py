"""Columns of one table that a migration's Python code looks up among those of another: in a dictionary, or by one query a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from mrt_runtime.seed.joined_columns import Place
from mrt_runtime.seed.parsed_text import name_of
from mrt_runtime.seed.selected_columns import SelectedColumns
from mrt_runtime.seed.syntax_nodes import list_nodes

FROM = re.compile(r"\bFROM\s+(?:\w+\.)?[\"`]?(\w+)", re.IGNORECASE)
BOUND = re.compile(r"(?:\w+\.)?[\"`]?(\w+)[\"`]?\s*=\s*:(\w+)")
COMPARED = re.compile(r"(\w+)[\"`]?\s*=\s*'?$")
FILTERS = frozenset({"filter_by", "get"})
MAKERS = frozenset({"table", "Table", "create_table"})
MOST_STEPS = 4  # from a variable to what it was given


class LookedUp:
    """What one file looks up."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list_nodes(tree)
        self._selected = SelectedColumns(tree)
        self._tables: dict[str, str] = {}
        self._given: dict[str, ast.expr] = {}
        self._rows: dict[int, str] = {}
        self._places: dict[int, Place] = {}
        for node in self._nodes:
            self._note(node)
        for node in self._nodes:
            self._enter(node)
        self._keyed = dict(self._mappings())

    def _note(self, node: ast.AST) -> None:
        """Note what a variable was given, and which table a name or a class stands for."""
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            self._given.setdefault(target.id, node.value)
            call = node.value
            if isinstance(call, ast.Call) and name_of(call.func) in MAKERS and call.args and isinstance(call.args[0], ast.Constant):
                self._tables[target.id] = str(call.args[0].value)
        elif isinstance(node, ast.ClassDef):
            for one in node.body:
                if (
                    isinstance(one, ast.Assign)
                    and name_of(one.targets[0]) == "__tablename__"
                    and isinstance(one.value, ast.Constant)
                ):
                    self._tables[node.name] = str(one.value.value)

    def _enter(self, node: ast.AST) -> None:
        """Note which table the row of a loop is of, where it is used within: the next loop may use the same name."""
        for loop in [node] if isinstance(node, ast.For) else getattr(node, "generators", ()):
            table = self._table_of(loop.iter)
            targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
            columns = dict(zip(map(name_of, targets), self._selected.of(loop.iter), strict=False))
            for inner in ast.walk(node) if table else ():
                if not isinstance(inner, ast.Name):
                    continue
                if isinstance(loop.target, ast.Name) and inner.id == loop.target.id:
                    self._rows[id(inner)] = table
                elif isinstance(loop.target, ast.Tuple) and columns.get(inner.id):
                    self._places[id(inner)] = (table, columns[inner.id])

    def _table_of(self, query: ast.expr, steps: int = MOST_STEPS) -> str:
        """Return the table that a query reads first; "" where none is in sight."""
        nodes = list(ast.walk(query))
        texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        if found := next((found for text in texts if (found := FROM.search(text))), None):
            return str(found[1])
        names = [node.id for node in nodes if isinstance(node, ast.Name)]
        known = next((self._tables[name] for name in names if name in self._tables), "")
        inner = (self._table_of(self._given[name], steps - 1) for name in names if steps and name in self._given)
        return known or next(filter(None, inner), "")

    def _mappings(self) -> Iterator[tuple[str, Place]]:
        """Yield each dictionary, list or set that is filled from rows, with the column that its keys are of."""
        for node in self._nodes:
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
                place = self._key_of(node.value)
            elif isinstance(node, ast.Assign) and isinstance(entry := node.targets[0], ast.Subscript):
                target, place = entry.value, self._place(entry.slice)
            else:
                continue
            if isinstance(target, ast.Name) and place is not None:
                yield target.id, place

    def _key_of(self, value: ast.expr) -> Place | None:
        """Return the column that the keys of a dictionary are of, or the members of a list or set."""
        if isinstance(value, ast.Call) and name_of(value.func) == "dict":
            columns = self._selected.of(value)
            return self._in(self._table_of(value), columns[0]) if columns else None
        key = value.key if isinstance(value, ast.DictComp) else getattr(value, "elt", None)
        return self._place(key)

    def _place(self, node: ast.expr | None, steps: int = MOST_STEPS) -> Place | None:
        """Return the table and the column that an expression is a value of; None where it is none, or not known."""
        if isinstance(node, ast.Name):
            given = self._given.get(node.id) if steps else None
            return self._places.get(id(node)) or (self._place(given, steps - 1) if given is not None else None)
        if isinstance(node, ast.Attribute) and name_of(node.value) in {"c", "columns"} and isinstance(node.value, ast.Attribute):
            return self._in(self._tables.get(name_of(node.value.value)), node.attr)
        if isinstance(node, ast.Attribute):
            return self._in(self._rows.get(id(node.value)) or self._tables.get(name_of(node.value)), node.attr)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            owner = node.value.value if isinstance(node.value, ast.Attribute) else node.value
            return self._in(self._rows.get(id(owner)), node.slice.value)
        if isinstance(node, ast.Call):
            called = node.func.value if isinstance(node.func, ast.Attribute) else None
            return self._place(called, steps) or self._place(next(iter(node.args), None), steps)
        return None

    @staticmethod
    def _in(table: str | None, column: str) -> Place | None:
        return (table, column) if table else None

    def find(self) -> Iterator[tuple[Place, Place]]:
        """Yield each column with the column of another table that it is looked up in."""
        for node in self._nodes:
            pairs: Sequence[tuple[ast.expr | None, Place | None]] = ()
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                pairs = [(node.slice, self._keyed.get(name_of(node.value)))]
            elif isinstance(node, ast.Compare):
                pairs = self._compared(node)
            elif isinstance(node, ast.Call):
                pairs = list(self._called(node))
            elif isinstance(node, ast.JoinedStr):
                pairs = list(self._written(node))
            for expression, there in pairs:
                here = self._place(expression)
                if here is not None and there is not None and here[0] != there[0]:
                    yield here, there

    def find_numbers(self, constants: Mapping[str, ast.expr]) -> Iterator[tuple[Place, int]]:
        """Yield each column with each number that it is asked for: `t.c.id == 1`, `T.id.in_([1, 2])`, `filter_by(id=1)`.

        The column is "" where the key itself is meant: `session.get(T, 1)`, `query(T).get(1)`.
        """
        for node in self._nodes:
            asked: list[tuple[Place | None, ast.expr]] = []
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In):
                asked = [(self._place(node.left), node.comparators[0]), (self._place(node.comparators[0]), node.left)]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                asked = list(self._asked(node, node.func))
            for place, value in asked:
                given = constants.get(value.id, value) if isinstance(value, ast.Name) else value
                parts = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else [given]
                numbers = [part.value for part in parts if isinstance(part, ast.Constant) and type(part.value) is int]
                yield from ((place, number) for number in numbers if place is not None)

    def _asked(self, call: ast.Call, method: ast.Attribute) -> Iterator[tuple[Place | None, ast.expr]]:
        """Yield what a method asks of a column, with the constant that it is given."""
        if method.attr == "in_" and call.args:
            yield self._place(method.value), call.args[0]
        elif method.attr == "filter_by":
            yield from ((self._in(self._table_of(method.value), word.arg or ""), word.value) for word in call.keywords)
        elif method.attr in {"get", "get_one"} and call.args:
            is_of_session = len(call.args) > 1 and isinstance(call.args[0], ast.Name)
            table = self._tables.get(name_of(call.args[0])) if is_of_session else None
            if table is None and isinstance(method.value, ast.Call):
                table = self._table_of(method.value)
            yield self._in(table, ""), call.args[1 if is_of_session else 0]

    def _compared(self, node: ast.Compare) -> list[tuple[ast.expr | None, Place | None]]:
        """Return what is compared with the column of a table, a value of a row rather than another column."""
        one, other = node.left, node.comparators[0]
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            return [(one, self._keyed.get(name_of(other)))]
        if not isinstance(node.ops[0], ast.Eq):
            return []
        is_row = isinstance(one, ast.Attribute | ast.Subscript) and id(one.value) in self._rows
        return [(one, self._place(other))] if is_row else [(other, self._place(one))]

    def _called(self, call: ast.Call) -> Iterator[tuple[ast.expr | None, Place | None]]:
        """Yield what a call passes to a dictionary, to a filter or as a parameter of SQL."""
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
            yield call.args[0], self._keyed.get(name_of(call.func.value))
        if isinstance(call.func, ast.Attribute) and call.func.attr in FILTERS:
            yield from ((word.value, self._in(self._table_of(call.func.value), str(word.arg))) for word in call.keywords)
        named = {word.arg: word.value for word in call.keywords}
        for given in (one for one in call.args if isinstance(one, ast.Dict)):
            named |= {
                str(key.value): value for key, value in zip(given.keys, given.values, strict=True) if isinstance(key, ast.Constant)
            }
        texts = [one.value for one in ast.walk(call) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        for text in texts if named else ():
            if (table := FROM.search(text)) is not None:
                yield from ((named.get(parameter), (table[1], column)) for column, parameter in BOUND.findall(text))

    def _written(self, text: ast.JoinedStr) -> Iterator[tuple[ast.expr | None, Place | None]]:
        """Yield what an f-string of SQL compares a column with."""
        table, before = None, ""
        for piece in text.values:
            if isinstance(piece, ast.FormattedValue) and table is not None and (column := COMPARED.search(before)):
                yield piece.value, (table[1], column[1])
            before = str(piece.value) if isinstance(piece, ast.Constant) else ""
            table = FROM.search(before) or table
