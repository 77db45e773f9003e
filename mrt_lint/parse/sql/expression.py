"""Expressions and subqueries, read by sqlglot. Importing this module imports sqlglot; nothing else does."""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from mrt_lint.model.values import UNKNOWN, Name, Unknown
from mrt_lint.parse.sql.cursor import TokenCursor, source_of

DEEPEST = 40
"""Parentheses within parentheses that are still given to the parser, whose time doubles with each where it must guess."""
LONGEST = 4_000
"""Tokens that are still given to the parser."""

_PARSERS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "mssql": "tsql", "oracle": "oracle"}
# None is sqlglot's own dialect
_UNDECLARED = ("postgres", "mysql", None)

# sqlglot logs what it reads only in part; that is irrelevant to a check, and other users of the logger are left alone
_LOGGER = logging.getLogger("sqlglot")


def columns_read(cursor: TokenCursor) -> tuple[tuple[str | None, Name], ...] | Unknown:
    """Return the columns that an expression reads, subqueries included, each once, with the table it is said to be of.

    In a subquery from one table, a column without one is that table's. UNKNOWN if the parser refuses the expression.
    """
    text = _rendered(cursor)
    if text is None:
        return UNKNOWN
    for parser in (_PARSERS[cursor.dialect],) if cursor.dialect in _PARSERS else _UNDECLARED:
        tree = _parse(text, parser)
        if tree is not None:
            aliases = {table.alias_or_name.lower(): table.name for table in tree.find_all(exp.Table)}
            found = tree.find_all(exp.Column, bfs=False)
            return tuple(dict.fromkeys((_table(column, aliases), _fold(cursor, column)) for column in found))
    return UNKNOWN


def _table(column: exp.Column, aliases: dict[str, str]) -> str | None:
    if column.table:
        return aliases.get(column.table.lower(), column.table)
    query = column.find_ancestor(exp.Select)
    tables = [] if query is None else [source.name for source in query.find_all(exp.Table)]
    return tables[0] if len(tables) == 1 else None


def _rendered(cursor: TokenCursor) -> str | None:
    """Return the expression as a query, parameters replaced; None if it is too big to parse in bounded time."""
    tokens = cursor.tokens[cursor.position : cursor.stop]
    depth = deepest = 0
    parts = []
    for token in tokens:
        depth += (token.key in {"(", "CASE", "["}) - (token.key in {")", "END", "]"})
        deepest = max(deepest, depth)
        parts.append("1" if token.kind == "bind" else source_of(cursor.statement.source, token))
    return None if deepest > DEEPEST or len(tokens) > LONGEST else "SELECT " + " ".join(parts)


def _parse(text: str, parser: str | None) -> exp.Expr | None:
    disabled, _LOGGER.disabled = _LOGGER.disabled, True
    try:
        return sqlglot.parse_one(text, read=parser)
    except (SqlglotError, RecursionError):
        return None
    except Exception:  # noqa: BLE001 - a slip of the parser over strange text must not end the check
        return None
    finally:
        _LOGGER.disabled = disabled


def _fold(cursor: TokenCursor, column: exp.Column) -> Name:
    identifier = column.this
    if not isinstance(identifier, exp.Identifier):
        return UNKNOWN
    name = identifier.name
    quoted = identifier.args.get("quoted") or cursor.dialect in {"mysql", "mariadb", "sqlite", "mssql"}
    return name if quoted else name.lower()
