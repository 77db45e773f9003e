"""Conditions that no row meets, whatever it holds."""

from __future__ import annotations

from typing import Final

from mrt_lint.parse.sql.cursor import TokenCursor

_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_ENDS: Final = ("RETURNING", "ORDER", "LIMIT", "OPTION")


def is_never_true(cursor: TokenCursor) -> bool:
    """Return whether the WHERE that comes next outside of parentheses is false or NULL for every row.

    One of the conditions that it joins by AND compares something with NULL, or is false itself. MySQL's `<=>` and IS compare with
    NULL as one may expect.
    """
    where = cursor.rest().to("WHERE")
    if where.done:
        return False
    where.take()
    condition = where.until(*_ENDS)
    while condition.key == "(" and condition.closing() == condition.stop - 1:
        condition = condition.inside()
    if condition.has("OR") or condition.has("BETWEEN") or condition.has("XOR"):
        return False
    while not condition.done:
        if _is_false(condition.until("AND")):
            return True
        condition.take()
    return False


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
