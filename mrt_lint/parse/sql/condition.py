"""What a WHERE requires of every row: conditions that all rows meet, or none, and columns that are NULL."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import pairwise
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN, ColumnTest, Flag, MaybeName, Name
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.literal import constant_text, is_null
from mrt_lint.parse.sql.tokens import SqlToken, keywords

_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE", "REGEXP", "SIMILAR", "~"})
_ENDS: Final = ("RETURNING", "ORDER", "LIMIT", "OPTION")
_NOT_READ: Final = ("XOR", "BETWEEN", "CASE")
_OTHER_COMPARISONS: Final = ("IS", "<=>", "ANY", "ALL", "SOME")
_TESTS: Final[dict[str, tuple[str, ...]]] = {
    "IS NULL": ("null",),
    "IS NOT NULL": ("not null",),
    "ISNULL": ("null",),
    "NOTNULL": ("not null",),
    "IS TRUE": ("in", "true"),
    "IS FALSE": ("in", "false"),
    "=": ("in",),
    "IN": ("in",),
    "<>": ("not in",),
    "!=": ("not in",),
    "NOT IN": ("not in",),
}
"""What is asked for of a column by the operators behind it, and the constant that goes with it."""
_OPENERS: Final = keywords("FROM UPDATE SET INTO ONLY AS IGNORE JOIN AND OR NOT")
"""Behind these a hole is a name or a value, not a clause."""
_DEEPEST: Final = 20
"""Conditions within conditions that are still read."""


class Truth(Enum):
    """What a condition is for every row: NEVER is false or NULL, OPEN depends on the row, or was not read."""

    TRUE = "true"
    FALSE = "false"
    NULL = "null"
    NEVER = "never"
    OPEN = "open"

    @property
    def never_true(self) -> bool:
        """Whether no row meets the condition."""
        return self in {Truth.FALSE, Truth.NULL, Truth.NEVER}


_NEGATED: Final = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.NULL: Truth.NULL}


def truth_of_where(cursor: TokenCursor) -> Truth:
    """Return what the WHERE that comes next outside of parentheses is for every row.

    A comparison with NULL is NULL, also by IN and LIKE; MySQL's `<=>` and IS compare with NULL as one may expect, and are not read.
    """
    condition = _where(cursor)
    return Truth.OPEN if condition.done else _truth(condition)


def null_columns(cursor: TokenCursor, alias: str = "") -> Iterator[Name]:
    """Return the columns that are NULL in every row that meets the next WHERE; `alias` is their table."""
    where = _without_parentheses(_where(cursor))
    if any(where.has(key) for key in ("OR", *_NOT_READ)):
        return
    for condition in map(_without_parentheses, _parts(where, "AND")):
        *table, column = condition.parts()
        is_own = not table or str(table[-1]).lower() == alias.lower()
        if is_own and condition.at("IS NULL") and condition.position == condition.stop - 2:
            yield column


def tests_of_where(cursor: TokenCursor, alias: str) -> tuple[ColumnTest, ...]:
    """Return all that the next WHERE, and what else chooses rows, asks for of a table, which is called `alias`."""
    where = _without_parentheses(_where(cursor))
    more = (ColumnTest(),) if any(cursor.has(key) for key in ("FROM", "JOIN", "USING", "LIMIT")) else ()
    return (*tests_of_condition(where, alias), *more)


def tests_of_condition(condition: TokenCursor, alias: str) -> tuple[ColumnTest, ...]:
    """Return all that a condition asks for of a table, which is called `alias`."""
    condition = _without_parentheses(condition)
    if condition.done:
        return ()
    if any(condition.has(key) for key in ("OR", *_NOT_READ)):
        return (ColumnTest(),)
    parts = [(part, _truth(part.rest())) for part in _parts(condition, "AND")]
    return tuple(_test(_without_parentheses(part), alias) for part, truth in parts if truth is not Truth.TRUE)


def _test(condition: TokenCursor, alias: str) -> ColumnTest:
    is_denied = False
    while condition.accept("NOT"):
        condition, is_denied = _without_parentheses(condition.rest()), not is_denied
    return _asked(condition, alias).denied if is_denied else _asked(condition, alias)


def _asked(condition: TokenCursor, alias: str) -> ColumnTest:
    table, column = condition.path()
    if not isinstance(column, str):
        return ColumnTest()
    if table is not None and str(table).lower() != alias.lower():
        return _same(condition.rest(), (table, column), alias) if condition.accept("=") else ColumnTest()
    asks = "in"
    values: tuple[str, ...] = ("true",)  # a column by itself is a boolean
    if operator := condition.accept(*_TESTS):
        asks, *constants = _TESTS[operator]
        values = tuple(constants)
        if asks.endswith("in") and not values:
            if operator == "=" and condition.token.kind in {"word", "name"} and condition.token.key not in {"TRUE", "FALSE"}:
                return _same(condition, (alias, column), alias)
            values = _constants(condition)
            return ColumnTest(column=column, asks=asks, values=values) if values else ColumnTest()
    return ColumnTest(column=column, asks=asks, values=values) if condition.done else ColumnTest()


def _same(right: TokenCursor, left: tuple[MaybeName, Name], alias: str) -> ColumnTest:
    """Return that a column of the table equals another one, whichever of them comes first."""
    column = right.path()
    if not right.done or not isinstance(column[1], str):
        return ColumnTest()
    own, other = (left, column) if str(left[0]).lower() == alias.lower() else (column, left)
    is_own = own[0] is None or str(own[0]).lower() == alias.lower()
    return ColumnTest(column=own[1], asks="same", other=other) if is_own else ColumnTest()


def _constants(side: TokenCursor) -> tuple[str, ...]:
    """Return the constants of a side, nothing if it is something else; a cast of one is the same."""
    items = list(side.inside().items()) if side.key == "(" and side.closing() == side.stop - 1 else [side.rest()]
    found = [constant_text(item) for item in items]
    return tuple(text for text in found if text is not None) if None not in found else ()


def takes_by_value(cursor: TokenCursor) -> Flag:
    """Return whether the next WHERE takes rows by values that it names, False if only by patterns and ranges without an end.

    UNKNOWN of what may be either.
    """
    condition = _without_parentheses(_where(cursor))
    if condition.done or any(condition.has(key) for key in _NOT_READ):
        return UNKNOWN
    joint = "OR" if condition.has("OR") else "AND"
    found = {_is_by_value(_without_parentheses(part)) for part in _parts(condition, joint)}
    if joint == "AND":
        return True if True in found else UNKNOWN if UNKNOWN in found else False
    return found.pop() if len(found) == 1 else UNKNOWN


def has_where(cursor: TokenCursor) -> Flag:
    """Return whether a LIMIT, a join, or a WHERE that is not true anyway, is outside of parentheses; UNKNOWN if a hole is."""
    while not cursor.done:
        token = cursor.token
        if token.key in {"LIMIT", "JOIN"} or (token.key == "WHERE" and truth_of_where(cursor) is not Truth.TRUE):
            return True
        before = cursor.tokens[cursor.position - 1] if cursor.position else token
        if HOLE in token.text and token.kind == "word" and before.kind != "mark" and before.key not in _OPENERS:
            return UNKNOWN
        cursor.skip()
    return False


def spares_used(cursor: TokenCursor) -> bool:
    """Return whether WHERE leaves rows alone that a query finds: NOT EXISTS (SELECT …), NOT IN (SELECT …)."""
    keys = [token.key for token in cursor.tokens[cursor.position : cursor.stop]]
    return "SELECT" in keys and any(one == "NOT" and other in {"EXISTS", "IN"} for one, other in pairwise(keys))


def _is_by_value(condition: TokenCursor) -> Flag:
    if condition.has("AND") or condition.has("OR") or condition.at("EXISTS"):
        return UNKNOWN
    if condition.accept("NOT"):
        return UNKNOWN
    condition = condition.rest()
    left = condition.until("IN", "NOT", "IS", *_COMPARISONS)
    if left.done or condition.done:
        return UNKNOWN
    if condition.at("IS"):
        return False
    negated, operator = condition.accept("NOT") != "", condition.take().key
    if operator in {"LIKE", "ILIKE"}:
        pattern = _literal(condition.rest())
        return UNKNOWN if pattern is None else negated is False and not any(sign in pattern.text for sign in "%_")
    if operator in {"<>", "!=", ">", ">="} or (negated and operator == "IN"):
        return False
    return True if operator in {"=", "IN"} else UNKNOWN


def _where(cursor: TokenCursor) -> TokenCursor:
    where = cursor.rest().to("WHERE")
    where.take()
    return where.until(*_ENDS)


def _without_parentheses(condition: TokenCursor) -> TokenCursor:
    while condition.key == "(" and condition.closing() == condition.stop - 1:
        condition = condition.inside()
    return condition


def _truth(condition: TokenCursor, depth: int = 0) -> Truth:
    condition = _without_parentheses(condition)
    if depth > _DEEPEST or any(condition.has(key) for key in _NOT_READ):
        return Truth.OPEN
    for joint, decisive in (("OR", Truth.TRUE), ("AND", Truth.FALSE)):
        if condition.has(joint):
            return _joined({_truth(part, depth + 1) for part in _parts(condition, joint)}, decisive)
    if condition.accept("NOT"):
        return _NEGATED.get(_truth(condition.rest(), depth + 1), Truth.OPEN)
    return _comparison(condition)


def _joined(parts: set[Truth], decisive: Truth) -> Truth:
    """Return what OR or AND makes of its parts: one that is decisive decides."""
    if decisive in parts or len(parts) == 1:
        return decisive if decisive in parts else parts.pop()
    if decisive is Truth.FALSE and any(part.never_true for part in parts):
        return Truth.NEVER
    return Truth.OPEN if Truth.OPEN in parts or Truth.TRUE in parts else Truth.NEVER


def _parts(condition: TokenCursor, joint: str) -> Iterator[TokenCursor]:
    left = condition.rest()
    while not left.done:
        yield left.until(joint)
        left.take()


def _comparison(condition: TokenCursor) -> Truth:
    if any(condition.has(key) for key in _OTHER_COMPARISONS):
        return Truth.OPEN
    left = condition.until("IN", "NOT", *_COMPARISONS)
    if condition.done:
        return _constant(left)
    negated = condition.accept("NOT") != ""
    operator, right = condition.take().key, condition.rest()
    if operator == "IN":
        items = [is_null(item) for item in right.inside().items()]
        return Truth.NEVER if items and (any(items) if negated else all(items)) else Truth.OPEN
    if is_null(left) or is_null(right):
        return Truth.NULL
    mine, other = _literal(left), _literal(right)
    if operator not in {"=", "<>", "!="} or mine is None or other is None or mine.kind != other.kind:
        return Truth.OPEN
    alike = mine.text == other.text
    if mine.kind == "string" and not alike:  # a collation may take them for alike
        return Truth.OPEN
    return Truth.TRUE if alike == (operator == "=") else Truth.FALSE


def _constant(condition: TokenCursor) -> Truth:
    if is_null(condition):
        return Truth.NULL
    token = condition.token if condition.stop - condition.position == 1 else None
    if token is None or (token.key not in {"TRUE", "FALSE"} and not (token.kind == "number" and token.text.isdigit())):
        return Truth.OPEN
    return Truth.FALSE if token.key == "FALSE" or token.text.strip("0") == "" else Truth.TRUE


def _literal(side: TokenCursor) -> SqlToken | None:
    token = side.token
    known = token.kind in {"number", "string"} and HOLE not in token.text
    return token if known and side.stop - side.position == 1 else None
