"""Tables of which a migration reads a single row: settings, a version. Where it meets several, it fails or loses all but one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.condition import parse_sql
from mrt_runtime.seed.parsed_text import name_of
from mrt_runtime.seed.syntax_nodes import list_nodes

if TYPE_CHECKING:
    from sqlglot import exp

EXACTLY_ONE = frozenset({"one", "one_or_none", "scalar_one", "scalar_one_or_none"})
"""Methods of results that fail where there are several rows."""
ANY_ONE = frozenset({"first", "fetchone", "scalar"})
"""Methods of results that take one row and leave the others."""
CHOOSES = frozenset(
    {"where", "filter", "filter_by", "get", "having", "group_by", "order_by", "func", "count", "exists", "max", "min"}
)
"""Words of an expression that says which row, or computes something of all of them."""
HANDLES = frozenset({"session", "sessions", "connection", "connections"})
"""Names that are those of what executes a query, more likely than those of a table."""
SELECTS = re.compile(r"\bSELECT\b", re.IGNORECASE)
MOST_STEPS = 3  # from a variable to what it was given


class SingleRows:
    """What one file says of tables that hold a single row, as names: of tables, of variables or of classes.

    `exact` are those that it cannot read otherwise, `taken` those of which it takes any one row.
    """

    def __init__(self, file: str, grammar: str) -> None:
        parsed = parse_file(file)
        self.exact: set[str] = set()
        self.taken: set[str] = set()
        self._grammar = grammar
        nodes = list_nodes(parsed[1]) if parsed is not None else []
        self._given: dict[str, ast.AST] = {}
        for node in nodes:
            if isinstance(node, ast.Assign):
                self._given |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
            elif isinstance(node, ast.ClassDef):
                self._given[node.name] = next((one for one in node.body if is_table_name(one)), ast.Constant(None))
        for node in nodes:
            self._read(node)

    def find(self, labels: Iterable[str], *, exact: bool) -> set[str]:
        """Return the tables of which a single row is read; exact: whether only where several rows would fail."""
        names = set(map(plain, self.exact if exact else self.exact | self.taken))
        return {label for label in labels if plain(label.rpartition(".")[2]) in names}

    def _read(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EXACTLY_ONE | ANY_ONE:
            (self.exact if node.func.attr in EXACTLY_ONE else self.taken).update(self._read_whole(node.func.value, *node.args))
        elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.List | ast.Tuple) and len(target.elts) == 1:
            self.exact.update(self._read_whole(node.value))
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and name_of(node.left.func) == "len":
            if any(isinstance(side, ast.Constant) and side.value in {1, 2} for side in node.comparators):
                self.exact.update(self._read_whole(*node.left.args))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SELECTS.search(node.value):
            for table, is_exact in read_statement(parse_sql(node.value, self._grammar)):
                (self.exact if is_exact else self.taken).add(table)

    def _read_whole(self, *expressions: ast.AST) -> Iterator[str]:
        """Yield the names in a query of a whole table; nothing where it says which rows."""
        nodes = list(self._expand(expressions, MOST_STEPS))
        constants = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        texts = list(filter(SELECTS.search, constants))
        names = {name_of(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute)}.union(constants)
        for text in texts:
            yield from read_tables(parse_sql(text, self._grammar))
        if not texts and not names & CHOOSES:
            yield from names - HANDLES

    def _expand(self, expressions: Sequence[ast.AST], steps: int) -> Iterator[ast.AST]:
        """Yield the nodes of expressions, and of what their variables were given."""
        for node in (inner for one in expressions for inner in ast.walk(one)):
            yield node
            if isinstance(node, ast.Name) and node.id in self._given and steps:
                yield from self._expand([self._given[node.id]], steps - 1)


def is_table_name(node: ast.stmt) -> bool:
    """Whether a statement of a class names its table."""
    return isinstance(node, ast.Assign) and name_of(node.targets[0]) == "__tablename__"


def plain(name: str) -> str:
    """Return a name as tables and classes are compared: `Setting`, `settings` and `setting` are one."""
    return name.lower().replace("_", "").rstrip("s")


def read_tables(tree: exp.Expr | None) -> Iterator[str]:
    """Yield the table of a statement that reads the whole of it, whatever it takes from it; nothing for any other statement."""
    select = tree.find(*_kinds("Select")) if tree is not None else None
    if select is not None and (table := whole_table(select)):
        yield table


def read_statement(tree: exp.Expr | None) -> Iterator[tuple[str, bool]]:
    """Yield each table of which a statement reads one row, and whether several would fail.

    So would a subquery in place of a value, and rows that are written under one constant as their key.
    """
    for select in tree.find_all(*_kinds("Select")) if tree is not None else ():
        table = whole_table(select)
        parent, limit = select.parent, select.args.get("limit")
        holder = type(parent.parent).__name__ if parent is not None else ""
        is_value = type(parent).__name__ == "Subquery" and holder not in {"From", "Join", "In", "Exists"}
        is_copy = type(parent).__name__ == "Insert" and type(select.expressions[0]).__name__ == "Literal"
        if table and limit is not None and limit.expression.name == "1":
            yield table, False
        elif table and limit is None and (is_value or is_copy):
            yield table, True


def whole_table(select: exp.Expr) -> str:
    """Return the table of which a SELECT reads all rows, as they are; "" where it chooses, joins or computes."""
    from sqlglot import exp  # noqa: PLC0415 slow to import

    says = any(select.args.get(part) for part in ("where", "group", "having", "order", "joins", "distinct"))
    computes = any(node.find(exp.AggFunc) for node in select.expressions)
    source = source_of(select)
    table = source.this if source is not None else None
    return table.name if isinstance(table, exp.Table) and not says and not computes else ""


def source_of(select: exp.Expr) -> exp.Expr | None:
    """Return the FROM of a SELECT; versions of sqlglot keep it under two names."""
    return select.args.get("from_") or select.args.get("from")


def _kinds(*names: str) -> tuple[type[exp.Expr], ...]:
    from sqlglot import exp  # noqa: PLC0415 slow to import

    return tuple(getattr(exp, name) for name in names)
