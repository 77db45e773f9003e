"""What a WHERE requires of every row: conditions that none meets, columns that are NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mrt_lint.model.values import Name
from mrt_lint.parse.sql.cursor import TokenCursor

_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_ENDS: Final = ("RETURNING", "ORDER", "LIMIT", "OPTION")


def is_never_true(cursor: TokenCursor) -> bool:
    """Return whether the WHERE that comes next outside of parentheses is false or NULL for every row.

    One of the conditions that it joins by AND compares something with NULL, or is false itself. MySQL's `<=>` and IS compare with
    NULL as one may expect.
    """
    return any(map(_is_false, _requirements(cursor)))


def null_columns(cursor: TokenCursor, alias: str = "") -> Iterator[Name]:
    """Return the columns that are NULL in every row that meets the next WHERE; `alias` is their table."""
    for condition in map(_without_parentheses, _requirements(cursor)):
        *table, column = condition.parts()
        is_own = not table or str(table[-1]).lower() == alias.lower()
        if is_own and condition.at("IS NULL") and condition.position == condition.stop - 2:
            yield column


def _requirements(cursor: TokenCursor) -> Iterator[TokenCursor]:
    """Return the conditions of the next WHERE outside of parentheses that every row meets: those that it joins by AND."""
    where = cursor.rest().to("WHERE")
    where.take()
    condition = _without_parentheses(where.until(*_ENDS))
    if condition.has("OR") or condition.has("BETWEEN") or condition.has("XOR"):
        return
    while not condition.done:
        yield condition.until("AND")
        condition.take()


def _without_parentheses(condition: TokenCursor) -> TokenCursor:
    while condition.key == "(" and condition.closing() == condition.stop - 1:
        condition = condition.inside()
    return condition


def _is_false(condition: TokenCursor) -> bool:
    keys = [token.key for token in condition.tokens[condition.position : condition.stop]]
    if keys in (["FALSE"], ["0"]):
        return True
    tokens = condition.tokens[condition.position : condition.stop]
    one_of_two = len(keys) > 2  # noqa: PLR2004 - two sides and what is between
    if one_of_two and ((keys[-2] in _COMPARISONS and keys[-1] == "NULL") or (keys[0] == "NULL" and keys[1] in _COMPARISONS)):
        return True
    numbers = len(keys) == 3 and keys[1] == "=" and tokens[0].kind == tokens[2].kind == "number"  # noqa: PLR2004 - a = b
    return numbers and tokens[0].text != tokens[2].text
