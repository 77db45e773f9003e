"""Whether two conditions of SQL, of a CHECK or of a partial index, provably are not the same.

Databases and people write one condition in many ways: `b > 0`, `(B>0::integer)`, `"b" > 0`. What has no meaning is left out;
of what is left, only another constant or another operator at the same place, or a constant that the other condition has nowhere,
proves that they differ.
"""

from __future__ import annotations

import re

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold
from mrt_lint.model.values import MaybeName

CAST = (
    r"::\s*(?:character varying|double precision|(?:time|timestamp)(?: ?\(\d+\))? with(?:out)? time zone|\"?\w+\"?(?:\.\"?\w+\"?)?)"
    r"(?: ?\([\d, ]+\))?(?:\[\])*"
)
_TOKEN = re.compile(
    rf"(?P<cast>{CAST})|(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w$]*|\"[^\"]*\"|`[^`]*`|\[[^\]'\"]*\])"
    r"|(?P<operator>[<>!=~*/+|&@#%^?-]+)|(?P<mark>\S)",
    re.IGNORECASE,
)
_OPERATORS = frozenset({"and", "or"})
# PostgreSQL renders LIKE as ~~
_SAME = {"!=": "<>", "==": "=", "~~": "like"}
_EMPTY = frozenset({"0", "1", "", "t", "f"})
"""Constants that mean true, false or nothing, for which there are other words."""
_WRITTEN_OTHERWISE = re.compile(r"\b(?:cast|true|false|interval|convert)\b|[$]|[a-z]'", re.IGNORECASE)
"""What can be spelled with other constants, apart from a backslash: booleans, casts by name, strings with a prefix letter."""


def differ(one: MaybeName, other: MaybeName) -> bool | None:
    """Return whether two conditions differ; None if that is in doubt, or one of them was not read in full."""
    if one is None and other is None:
        return False
    if one is None or other is None:
        return None if not (readable(one) or readable(other)) else True
    if not (readable(one) and readable(other)):
        return None
    left, right = _tokens(one), _tokens(other)
    if left == right:
        return False
    # the same parts in another order may mean the same: a AND b, b AND a
    if _is_ambiguous(one) or _is_ambiguous(other) or sorted(left) == sorted(right):
        return None
    if len(left) == len(right):
        pairs = [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]]
        return True if all(first[0] == second[0] != "name" for first, second in pairs) else None
    constants, others = _constants(left), _constants(right)
    return True if constants and others and (constants ^ others) - _EMPTY else None


def _is_ambiguous(condition: str) -> bool:
    return "\\" in condition or bool(_WRITTEN_OTHERWISE.search(re.sub(r"'[^']*'", "''", condition)))


def _tokens(condition: str) -> list[tuple[str, str]]:
    """Return a condition as kinds and texts, without spaces, parentheses, casts and the table names before columns."""
    found: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(condition):
        kind, text = str(match.lastgroup), match[0]
        if kind == "name":
            text = fold(text.strip('"`[]'))
            kind = "operator" if text in _OPERATORS else "name"
        elif kind in {"string", "number"}:
            kind, text = "constant", _constant(text)
        elif kind == "operator":
            text = _SAME.get(text, text)
            kind = "operator" if text != "like" else "name"
        if text == "." and found and found[-1][0] == "name":
            found.pop()  # the table or schema before it
        elif kind != "cast" and text not in {"(", ")"}:
            found.append((kind, text))
    return found


def _constant(text: str) -> str:
    """Return a constant as it is compared: 1.0 is 1, and '1' is what a column of numbers makes of it."""
    # a % is doubled where a driver looks for placeholders
    plain = text.strip("'").replace("''", "'").replace("%%", "%")
    return plain.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", plain) else plain


def _constants(tokens: list[tuple[str, str]]) -> set[str]:
    return {text for kind, text in tokens if kind == "constant"}
