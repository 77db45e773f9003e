"""What the body of a function in SQL or PL/pgSQL uses, as far as its text shows: tables, and columns of them.

No database keeps a column that only the body of a function reads. Strings, comments and what EXECUTE puts together are left out.
"""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.history.schema import fold
from mrt_lint.model.values import HOLE

_NAME: Final = r"((?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+))*)"
_READ: Final = re.compile(rf"\b(?:from|join)\s+(?:only\s+)?{_NAME}", re.IGNORECASE)
_WRITTEN: Final = re.compile(
    rf"\binsert\s+into\s+{_NAME}|\bupdate\s+(?:only\s+)?{_NAME}(?=(?:\s+(?:as\s+)?\w+)?\s+set\b)", re.IGNORECASE
)
_CODE: Final = re.compile(r"\bas\s+(?:(\$\w*\$)(?P<code>.*?)\1|'(?P<quoted>(?:[^']|'')*)')", re.IGNORECASE | re.DOTALL)
_UNSEEN: Final = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_DECLARED: Final = re.compile(r"\bdeclare\b(.*?)\bbegin\b", re.IGNORECASE | re.DOTALL)
_IN_SQL: Final = re.compile(r"\blanguage\s+'?sql\b", re.IGNORECASE)


def sources(query: object) -> set[tuple[str | None, str]]:
    """Return the tables and views, as schema and name, that a query reads, as far as its text shows."""
    return _places(_READ.findall(query)) if isinstance(query, str) else set()


def _places(paths: list[str]) -> set[tuple[str | None, str]]:
    found = (path.replace('"', "").rpartition(".") for path in paths)
    return {(schema or None, name) for schema, _, name in found if HOLE not in schema + name}


def needed_tables(definition: object) -> set[tuple[str | None, str]]:
    """Return the tables that have to be there when a function is created: the database looks only into a body in SQL."""
    is_sql = isinstance(definition, str) and _IN_SQL.search(definition) is not None
    return sources(_parts(definition)[1]) if is_sql and isinstance(definition, str) else set()


def uses_column(definition: str, table: str, column: str) -> bool:
    """Return whether a function provably uses a column of a table: by its table or alias, or in a body that uses no other table."""
    header, code = _parts(definition)
    tables = {fold(name) for _, name in sources(code) | _places(["".join(pair) for pair in _WRITTEN.findall(code)])}
    table, name = fold(table), re.escape(column)
    if table not in tables:
        return False
    aliases = {*re.findall(rf"\b{re.escape(table)}\"?\s+(?:as\s+)?(\w+)", code, re.IGNORECASE), table}
    if re.search(rf"\b(?:{'|'.join(map(re.escape, aliases))})\"?\s*\.\s*\"?{name}\b", code, re.IGNORECASE):
        return True
    word = re.compile(rf"(?<!\.)\b{name}\b(?!\s*[(.])", re.IGNORECASE)
    is_variable = word.search(header) or any(map(word.search, _DECLARED.findall(code)))
    return tables == {table} and not is_variable and word.search(code) is not None


def _parts(definition: str) -> tuple[str, str]:
    """Return what comes before the body of a function, and its body without comments and strings."""
    found = _CODE.search(definition)
    if found is None:
        return definition, ""
    code = found["code"] if found["code"] is not None else found["quoted"].replace("''", "'")
    return definition[: found.start()], _UNSEEN.sub(" ", code)
