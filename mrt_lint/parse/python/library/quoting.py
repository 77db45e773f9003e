"""Names and texts as SQL spells them."""

from __future__ import annotations

from mrt_lint.model.values import HOLE
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.objects import Value


def quoted(name: str, schema: Value = None) -> str:
    """Return a name in double quotes, after its schema where one is given."""
    before = "" if schema in (None, "") else quoted(known if isinstance(known := to_name(schema), str) else HOLE) + "."
    doubled = name.replace('"', '""')
    return f'{before}"{doubled}"'


def literal(value: Value) -> str:
    """Return a text in single quotes."""
    known = to_name(value)
    doubled = (known if isinstance(known, str) else HOLE).replace("'", "''")
    return f"'{doubled}'"
