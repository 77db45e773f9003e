"""Names and texts as SQL spells them."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.objects import CallArguments, Value

QUOTING: Final = re.compile(
    r"^_*(quote|format_schema|(quote|sanitize|escape)(d)?_(sql_)?(ident|identifier|name|schema|table|column)s?(_name)?)$"
)
"""Methods and functions that return a name in quotes: https://docs.sqlalchemy.org/en/20/core/internals.html."""


def in_quotes_of(dialects: frozenset[str], arguments: CallArguments) -> str:
    """Return the name that a call of such a function is given, in the quotes of these databases."""
    first = to_name(arguments.get(0, "ident", next(iter(arguments.keyword.values()), None)))
    return in_quotes(first if isinstance(first, str) else HOLE, "`" if dialects <= set(FAMILY) else '"')


def quoted(name: str, schema: Value = None) -> str:
    """Return a name in double quotes, after its schema where one is given."""
    before = "" if schema in (None, "") else quoted(known if isinstance(known := to_name(schema), str) else HOLE) + "."
    return before + in_quotes(name, '"')


def compose(path: str, arguments: CallArguments) -> str | None:
    """Return the text that a class of psycopg's `sql` module is: `SQL`, `Identifier`, `Literal`; None for any other name.

    Source: https://www.psycopg.org/psycopg3/docs/api/sql.html
    """
    first, name = arguments.get(0, "obj"), path.rpartition(".")[2]
    if name == "SQL":
        return first if isinstance(first, str) else HOLE
    if name == "Identifier":
        names = [known if isinstance(known := to_name(value), str) else HOLE for value in arguments.positional]
        return ".".join(map(quoted, names)) if arguments.complete else HOLE
    if name == "Literal":
        return str(first) if isinstance(first, int) and not isinstance(first, bool) else literal(first)
    return None


def literal(value: Value) -> str:
    """Return a text in single quotes."""
    known = to_name(value)
    return in_quotes(known if isinstance(known, str) else HOLE, "'")
