"""Values of a key that an UPDATE computes from themselves by a function that makes several of them one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.duplicates import deletes_rows
from mrt_lint.history.doubt import is_opaque
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Update
from mrt_lint.model.values import UNKNOWN

_OF_CASE: Final = frozenset({"lower", "upper", "initcap"})
_FUNCTIONS: Final = _OF_CASE | frozenset(
    [
        *("trim", "btrim", "ltrim", "rtrim", "replace", "regexp_replace", "translate", "unaccent"),
        *("substr", "substring", "left", "right", "split_part", "substring_index"),
        *("round", "floor", "ceil", "ceiling", "trunc", "date_trunc"),
    ]
)
"""Functions that make several values one; in most collations of MySQL and MariaDB letters of either case are one already."""
_CALL: Final = re.compile(r"\s*(\w+)\s*\(")
_END: Final = re.compile(r"\s*(where|from|order|limit|returning)\b", re.IGNORECASE)
_CHOOSES: Final = re.compile(r"\b(EXISTS|NOT\s+IN|OVER|IGNORE|GROUP\s+BY)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A column, the function and the expression that it is set to, and the other columns of its key."""

    column: str
    function: str
    expression: str
    others: tuple[str, ...]


def merged_values(case: MigrationCase, op: Update, text: str) -> Iterator[Merged]:
    """Yield each column of a key that a statement of raw SQL sets to fewer values than it holds."""
    table = case.state_before(op).schema.table(op.table, op.schema) if readable(op.table) else None
    if not isinstance(table, ReplayedTable) or op.columns is UNKNOWN or op.flows is UNKNOWN or _CHOOSES.search(text):
        return
    if deletes_rows(case, op) or any(map(is_opaque, case.earlier(op))):
        return
    written = {fold(name) for name in op.columns if readable(name)}
    functions = _FUNCTIONS - (_OF_CASE if case.dialect(op) in FAMILY else set())
    for key in table.known_keys():
        columns = [str(name) for name in key if fold(str(name)) in written]
        if len(columns) != 1:
            continue
        sources = {fold(str(flow.source)) for flow in op.flows if fold(str(flow.column)) == fold(columns[0])}
        expression = _expression(text, columns[0])
        call = _CALL.match(expression)
        if sources != {fold(columns[0])} or call is None or call[1].lower() not in functions or "||" in expression:
            continue
        others = tuple(str(name) for name in key if str(name) != columns[0])
        yield Merged(column=columns[0], function=call[1], expression=expression, others=others)


def _expression(text: str, column: str) -> str:
    """Return what SET gives a column, as the statement writes it; nothing if it is not one whole call."""
    start = re.search(rf"(?:\bset\b|,)\s*(?:\w+\.)?[\"`]?{re.escape(column)}[\"`]?\s*=", text, re.IGNORECASE)
    rest = text[start.end() :] if start else ""
    depth, quoted = 0, False
    for place, letter in enumerate(rest):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if not quoted and depth == 0 and letter == ")":
            behind = rest[place + 1 :]
            is_whole = not behind.strip(" ;\n\t") or behind.lstrip().startswith(",") or _END.match(behind)
            return " ".join(rest[: place + 1].split()) if is_whole else ""
    return ""
