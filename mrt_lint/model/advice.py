"""Advice as text: what is in «…» becomes a Python string literal, and Alembic and SQLAlchemy are called as the file calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# quotation marks that occur neither in Python nor in SQL
_STRINGS: Final = re.compile("«([^«»]*)»")


def literal(text: str) -> str:
    """Write a string as Python has it: in double quotes where that needs no escape, in single ones where that needs none."""
    if not text.isprintable() or "\\" in text or ('"' in text and "'" in text):
        return repr(text)
    return f"'{text}'" if '"' in text else f'"{text}"'


def with_literals(text: str) -> str:
    """Return advice with what is in «…» as Python string literals."""
    return _STRINGS.sub(lambda found: literal(found[1]), text)


_CODE: Final = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|(?<!\w)'(?:[^'\\\n]|\\.)*'(?!\w))|(?<![\w.])(?P<name>sa|op)\.(?P<of>\w+)"""
)
_MODULES: Final = {"sa": "sqlalchemy", "op": "alembic.op"}
_IMPORTS: Final = {"sa": "import sqlalchemy as sa", "op": "from alembic import op"}


def as_file_calls(text: str, bound: Mapping[str, str]) -> str:
    """Return advice in the names that a file has for Alembic and SQLAlchemy, and with the imports that it lacks.

    `bound` are the names that the file's imports bind, each with its dotted path. What else has the name is left as it is.
    """
    by_path = {path: name for name, path in bound.items()}
    lacking: dict[str, None] = {}

    def called(found: re.Match[str]) -> str:
        name, path = found["name"], _MODULES.get(found["name"] or "")
        if path is None or bound.get(name) == path:
            return found[0]
        if f"{path}.{found['of']}" in by_path:
            return by_path[f"{path}.{found['of']}"]
        package, _, last = path.rpartition(".")
        alias = by_path.get(path) or (f"{by_path[package]}.{last}" if package in by_path else None)
        if alias is not None:
            return f"{alias}.{found['of']}"
        lacking.update({} if name in bound else {_IMPORTS[name]: None})
        return found[0]

    advice = _CODE.sub(called, text)
    return f"{advice}; it needs {' and '.join(lacking)}" if lacking else advice
