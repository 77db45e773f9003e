"""Defaults that are quoted text and no value of their column's type, which the server finds out as soon as it reads them.

Source: “Data Types” of PostgreSQL's manual (the input of each type), MySQL's error 1067; both seen on servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.type_family import TYPE_FAMILIES
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateTable, Op
from mrt_lint.model.values import MaybeName, SqlType

_TEXT: Final = re.compile(r"'((?:[^']|'')*)'")
_NUMBER: Final = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|0[xob][\da-f_]+|[-+]?(nan|inf|infinity)")
_CALL: Final = re.compile(r"[a-z_][\w.]*\s*\(.*\)(::\w+)?", re.DOTALL)
_MOMENTS: Final = frozenset({"current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "utc_timestamp"})
_BOOLEANS: Final = ("true", "false", "yes", "no", "on", "off", "1", "0")


def find_unfit_default(op: Op, dialect: str) -> tuple[str, str] | None:
    """Return why the server refuses a default that an operation gives to a column, and what to write; None if it may take it."""
    if dialect != "postgresql" and dialect not in FAMILY:
        return None
    for column, kind, default in _defaults(op):
        found = _TEXT.fullmatch(default) if readable(default) else None
        here = kind.on(dialect) if isinstance(kind, SqlType) else None
        if found is None or not isinstance(here, SqlType) or here.item is not None:
            continue
        value = found[1].replace("''", "'")
        if not _is_of(here.name, value.strip().lower(), dialect):
            name = f"column '{column}'" if readable(column) else "a column"
            return f"the default of {name} is the text {default}, which is no {here}", _advice(value, here.name)
    return None


def _defaults(op: Op) -> Iterator[tuple[MaybeName, object, str]]:
    """Return the columns to which an operation gives a default, each with its type and the default as SQL."""
    if isinstance(op, AlterColumn) and isinstance(op.server_default, str):
        yield op.column, op.type, op.server_default
    columns = (op.definition,) if isinstance(op, AddColumn) else op.columns if isinstance(op, CreateTable) else ()
    for column in columns:
        if isinstance(column.server_default, str):
            yield column.name, column.type, column.server_default


def _is_of(name: str, value: str, dialect: str) -> bool:
    family = TYPE_FAMILIES.get(name)
    if family == "boolean" and dialect == "postgresql":
        return bool(value) and any(word.startswith(value) for word in _BOOLEANS) and value != "o"
    if family in ("number", "boolean"):
        return _NUMBER.fullmatch(value) is not None
    if family == "uuid" and dialect == "postgresql":
        return re.fullmatch(r"[{}\da-f-]+", value) is not None
    if family == "moment":
        # PostgreSQL takes 'now()' for the word now, with marks around it
        is_call = value in _MOMENTS or (_CALL.fullmatch(value) is not None and not (value == "now()" and dialect == "postgresql"))
        return not is_call
    return True


def _advice(value: str, name: str) -> str:
    lowered = value.strip().lower()
    if _CALL.fullmatch(lowered) or lowered in _MOMENTS:
        return f"a plain string is quoted; write it as an expression: server_default=sa.text({value!r})"
    if TYPE_FAMILIES.get(name) == "boolean":
        return "write server_default=sa.true() or sa.false(), which every database takes"
    return f"give a default that is a value of the column's type ({name})"
