"""Server defaults as a database stores them, which writes one default in many ways: `'0'::integer`, `TIMEZONE('utc', now())`.

Source: pg_get_expr() of PostgreSQL, which was asked about each of these.
"""

from __future__ import annotations

import json
import re
from typing import Final

from mrt_lint.analysis.downgrade.condition import CAST

_TOKEN: Final = re.compile(
    rf"(?P<cast>{CAST})|(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w$]*|\"[^\"]*\"|`[^`]*`)"
    r"|(?P<mark>\S)",
    re.IGNORECASE,
)
_CAST_BY_NAME: Final = re.compile(r"cast\s*\(\s*('(?:[^']|'')*'|[\w.]+)\s+as\s+[\w ]+(?:\([\d, ]+\))?\s*\)", re.IGNORECASE)
_AT_ZONE: Final = re.compile(r"(.+?)\s+at\s+time\s+zone\s+('[^']*'(?:::\w+)?)", re.IGNORECASE | re.DOTALL)
_MIDNIGHT: Final = re.compile(r"(?<=\d\d-\d\d)[ T]00:00(:00)?(\+00)?'$")
_TYPES: Final = frozenset(
    [
        "boolean",
        "bool",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "json",
        "jsonb",
        "numeric",
        "integer",
        "text",
    ]
)
_NOW: Final = frozenset({"now()", "current_timestamp()", "transaction_timestamp()"})
_TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0"})


def defaults_differ(one: str, other: str) -> bool | None:
    """Return whether two defaults are not the same; None where that hangs on the column's type."""
    left, right = _stored(one), _stored(other)
    if left == right or _text(left) == _text(right):
        return False
    truths = {_truth(left), _truth(right)}
    if len(truths) == 1 and None not in truths:
        # a bare word shows that the column is boolean; two texts need not
        return None if _is_text(left) and _is_text(right) else False
    documents = _document(left), _document(right)
    return documents[0] is None or documents[0] != documents[1]


def _stored(default: str) -> str:
    text = _without_parentheses(default.strip())
    zone = _AT_ZONE.fullmatch(text)
    if zone is not None and _is_closed(zone[1]):
        text = f"timezone({zone[2]}, {zone[1]})"
    text = _CAST_BY_NAME.sub(r"\1", text)
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match[0]
        if kind == "cast":
            continue
        if kind == "name":
            word = word.strip('"`').casefold()
        elif kind == "number" or (kind == "string" and re.fullmatch(r"'[-+]?\d+(?:\.\d+)?'", word)):
            word = _number(word.strip("'"))
        elif kind == "string":
            word = _MIDNIGHT.sub("'", word)
        if kind == "string" and found and found[-1] in _TYPES:
            found.pop()
        found.append(word)
        if found[-1] == ")" and found[-3:-2] == ["("] and not _is_name("".join(found[-4:-3])):
            found[-3:] = [found[-2]]  # around one part
    plain = "".join(found).replace("pg_catalog.", "")
    for call in _NOW:
        plain = plain.replace(call, "current_timestamp")
    return {"array[]": "'{}'", "null": "''"}.get(_without_parentheses(plain), _without_parentheses(plain))


def _without_parentheses(text: str) -> str:
    while text.startswith("(") and text.endswith(")") and _is_closed(text[1:-1]):
        text = text[1:-1].strip()
    return text


def _is_closed(text: str) -> bool:
    """Return whether every parenthesis in a text has its other one in there."""
    depth = 0
    for mark in re.sub(r"'(?:[^']|'')*'", "", text):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth < 0:
            return False
    return depth == 0


def _is_name(word: str) -> bool:
    return word[:1].isalpha() or word[:1] == "_"


def _number(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _is_text(stored: str) -> bool:
    return stored.startswith("'")


def _text(stored: str) -> str:
    return stored.strip("'").casefold() if _NOW & {stored.strip("'").casefold()} else stored.strip("'")


def _truth(stored: str) -> bool | None:
    word = stored.strip("'").casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def _document(stored: str) -> object:
    """Return what a text of JSON holds, None of any other."""
    if not stored.startswith(("'{", "'[")):
        return None
    try:
        return json.loads(stored[1:-1].replace("''", "'"))
    except ValueError:
        return None
