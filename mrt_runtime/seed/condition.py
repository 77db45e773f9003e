"""What a CHECK constraint shows about the values that it wants: its columns, constants, patterns and lengths.

The expression is only read here, by sqlglot; whether values pass is asked of the database itself, which knows every function.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from mrt_runtime.seed.json_texts import JsonPath
from mrt_runtime.seed.statement_parts import split
from mrt_runtime.seed.text import from_like, from_regex, from_similar, of_length, variants
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Composed, Raw, Texts, ValueKind

if TYPE_CHECKING:
    from sqlglot import exp

LENGTHS = re.compile(r"\b(?:char(?:acter)?_|octet_|bit_)?len(?:gth)?\s*\(", re.IGNORECASE)
NOW = re.compile(r"\bnow\s*\(|\bcurrent_|\blocaltime|'now'", re.IGNORECASE)
# before and after any "now"
FAR = ("1990-06-15", "2100-06-15")
MOST_HINTS = 60
READS_KEYS = frozenset(
    {
        *("JSONExtract", "JSONExtractScalar", "JSONBExtract", "JSONBExtractScalar"),
        *("JSONBContainsTopKey", "JSONBContainsAnyTopKeys", "JSONBContainsAllTopKeys", "JSONBDeleteAtPath"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCondition:
    """A condition on rows: `constants` that it names, `texts` made for its patterns and lengths, the `name` of its constraint.

    `nullity` are the columns of which it asks only whether they are NULL, `paths` are keys that it may read in a JSON document.
    `computed` is a column, and the expression over others that it asks it to equal.
    """

    expression: str
    columns: tuple[str, ...]
    name: str | None = None
    constants: tuple[Raw, ...] = ()
    texts: tuple[str, ...] = ()
    nullity: frozenset[str] = frozenset()
    paths: tuple[JsonPath, ...] = ()
    computed: tuple[str, str] | None = None

    def hints(self, kind: ValueKind, known: Collection[Value]) -> tuple[Value, ...]:
        """Return the values for a column of that kind which may meet the condition; `known` are those it has anyway."""
        found: dict[tuple[type, Value], Value] = {}
        if isinstance(kind, Composed):
            found.update(((str, v), v) for v in kind.compose(self.paths, (*self.constants, *self.texts)))
        for text in self.texts:
            found.update(((type(v), v), v) for v in kind.fit(text))
        for constant in self.constants:
            found.update(((type(v), v), v) for v in kind.fit(constant))
        if isinstance(kind, Texts):
            shapes = [shape for text in known if isinstance(text, str) for shape in variants(text)]
            found.update(((str, v), v) for shape in shapes for v in kind.fit(shape))
        return tuple(found.values())[:MOST_HINTS]


def read_condition(expression: str, columns: Collection[str], grammar: str, name: str | None = None) -> RowCondition:
    """Return a CHECK expression as a condition; where sqlglot cannot, the columns are found by their names."""
    # MySQL's catalogue writes strings as _utf8mb4\'x\'.
    expression = re.sub(r"(?:_\w+)?\\'", "'", expression)
    tree = parse_sql(expression, grammar)
    lower = {column.lower(): column for column in columns}
    if tree is None:
        words = {word.lower() for word in re.findall(r"\w+", expression)}
        return RowCondition(expression=expression, columns=tuple(c for low, c in lower.items() if low in words), name=name)
    found = [(lower[low], node) for node in _nodes(tree, "Column") if (low := node.name.lower()) in lower]
    mentioned = {name for name, _ in found}
    constants = list(dict.fromkeys(_constants(tree)))
    texts = list(_patterns(tree))
    if LENGTHS.search(expression):
        numbers = [int(c) for c in constants if isinstance(c, Decimal)]
        texts += [text for n in numbers for near in (n, n - 1, n + 1) for text in of_length(near)]
    if NOW.search(expression):
        constants += FAR
    return RowCondition(
        expression=expression,
        columns=tuple(column for column in columns if column in mentioned),
        name=name,
        constants=tuple(constants),
        texts=tuple(dict.fromkeys(texts)),
        nullity=frozenset(mentioned - {name for name, node in found if not _asks_for_null(node)}),
        paths=tuple(dict.fromkeys(_paths(tree))),
        computed=_find_computed(tree, lower, grammar),
    )


def _find_computed(tree: exp.Expr, columns: Mapping[str, str], grammar: str) -> tuple[str, str] | None:
    """Return the column that a condition equates with an expression over others, and the expression; None for any other."""
    while type(tree).__name__ == "Paren":
        tree = tree.this
    for one, other in ((tree.this, tree.expression), (tree.expression, tree.this)) if type(tree).__name__ == "EQ" else ():
        names = {node.name.lower() for node in _nodes(other, "Column")}
        name = one.name.lower() if type(one).__name__ == "Column" else ""
        if name in columns and name not in names and names and names <= columns.keys() and type(other).__name__ != "Column":
            return columns[name], other.sql(dialect=grammar)
    return None


def find_listed(expression: str, grammar: str) -> dict[str, list[Raw]]:
    """Return the columns that a condition asks for nothing but to be one of some constants, each with those."""
    tree = parse_sql(expression, grammar)
    found: dict[str, list[Raw]] = {}
    other: set[str] = set()
    for column in _nodes(tree, "Column") if tree is not None else ():
        asked = column.parent
        is_asked = asked is not None and type(asked).__name__ in {"EQ", "In"} and type(asked.parent).__name__ != "Not"
        constants = list(_constants(asked)) if is_asked and asked is not None and len(list(_nodes(asked, "Column"))) == 1 else []
        if constants:
            found.setdefault(column.name, []).extend(constants)
        else:
            other.add(column.name)
    return {name: list(dict.fromkeys(constants)) for name, constants in found.items() if name not in other}


@lru_cache(maxsize=256)
def parse_sql(expression: str, grammar: str) -> exp.Expr | None:
    """Return the tree of a condition or a statement, None where sqlglot cannot. It is kept, and not to be changed."""
    import sqlglot  # noqa: PLC0415 slow to import and only needed where there are checks

    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        return sqlglot.parse_one(expression, read=grammar)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    finally:
        logger.disabled = before


def parse_statements(statements: Iterable[str], words: re.Pattern[str], table: str, grammar: str) -> Iterator[exp.Expr]:
    """Yield the trees of the statements that hold certain words and name a table, each statement once."""
    parts = (part for sql in dict.fromkeys(filter(words.search, statements)) for part in split(sql, grammar) if words.search(part))
    for part in dict.fromkeys(parts):
        tree = parse_sql(part, grammar)
        if tree is not None and any(node.name.lower() == table.lower() for node in _nodes(tree, "Table")):
            yield tree


def _nodes(tree: exp.Expr, kind: str) -> Iterator[exp.Expr]:
    return (node for node in tree.walk() if type(node).__name__ == kind)


def _asks_for_null(column: exp.Expr) -> bool:
    """Whether this mention of a column asks only whether it is NULL."""
    node: exp.Expr | None = column.parent
    while type(node).__name__ == "Paren" and node is not None:
        node = node.parent
    if type(node).__name__ == "Is" and node is not None:
        return type(node.expression).__name__ == "Null"
    return type(node).__name__ == "Anonymous" and node is not None and node.name.lower() in {"num_nulls", "num_nonnulls"}


def _constants(tree: exp.Expr) -> Iterator[Raw]:
    for node in tree.walk():
        kind = type(node).__name__
        if kind == "Literal":
            negative = type(node.parent).__name__ == "Neg"
            yield node.name if node.is_string else Decimal(node.name) * (-1 if negative else 1)
        elif kind == "Boolean":
            yield bool(node.this)
        elif kind == "JSONPathKey" and isinstance(node.this, str):
            yield node.this
    # With a quoted string in double quotes (SQLite takes "a" for 'a' where no column is called so) a Column is a constant.
    for node in _nodes(tree, "Column"):
        if getattr(node.this, "quoted", False):
            yield node.name


def _paths(tree: exp.Expr) -> Iterator[JsonPath]:
    """Yield the paths of keys that an expression reads, the longest first: `a->'b'->>'c'`, '$.b.c', '{b,c}', 'b'."""
    found = [_keys(node) for node in tree.walk() if type(node).__name__ in READS_KEYS]
    found += [split_path(node.name) for node in _nodes(tree, "Literal") if node.is_string]
    yield from sorted(filter(None, found), key=len, reverse=True)


def _keys(node: exp.Expr) -> JsonPath:
    """Return the keys that lead from a document to what an expression reads of it, those of what it is read from included."""
    inner: exp.Expr | None = node.this
    while type(inner).__name__ in {"Paren", "Cast"} and inner is not None:
        inner = inner.this
    path = node.args.get("path") or node.expression
    own = [part for part in path.walk() if type(part).__name__ in {"JSONPathKey", "Literal"}] if path is not None else []
    keys = [key for part in own for key in ([str(part.this)] if type(part).__name__ == "JSONPathKey" else split_path(part.name))]
    return (*(_keys(inner) if inner is not None and type(inner).__name__ in READS_KEYS else ()), *keys)


def split_path(text: str) -> JsonPath:
    """Return the keys of a path as PostgreSQL ('{a,b}') and the others ('$.a.b') write it; any other text is a key itself."""
    if text.startswith("{") and text.endswith("}"):
        return tuple(re.findall(r"[^{},\"]+", text)) if ":" not in text else ()
    return tuple(re.findall(r"[\w-]+", text)) if text.startswith("$") else (text.strip('"'),)


def _patterns(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in {"RegexpLike", "RegexpILike", "RegexpReplace", "SimilarTo", "Like", "ILike", "Glob"}:
            continue
        pattern = next((leaf.name for leaf in node.expression.walk() if type(leaf).__name__ == "Literal"), None)
        if pattern is None:
            continue
        if kind.startswith("Regexp"):
            yield from from_regex(pattern)
        elif kind == "SimilarTo":
            yield from from_similar(pattern)
        else:
            yield from from_like(pattern, glob=kind == "Glob")
