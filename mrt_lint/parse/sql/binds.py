"""Binds of `sa.text()` that fail or get lost whatever the database: SQLAlchemy takes them for none, or has no value for them.

Source: `TextClause._bind_params_regex` and `BIND_PARAMS` of SQLAlchemy's compiler, which agree in 1.4 and 2.0; neither knows
what is a string, a name or a comment in the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from mrt_lint.model.values import HOLE, UNKNOWN, BoundValues
from mrt_lint.parse.sql.tokens import SqlToken, tokens

_BIND: Final = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w$])")
_ON_ROWS: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_BEFORE_A_CAST: Final = re.compile(
    r"(?<![:\w\\$]):([^\W\d]\w*)::\s*((?:character varying|double precision|\w+(?:\.\w+)*)(?:\([\d, ]*\))?(?:\[\])*)", re.IGNORECASE
)
_BEFORE_A_VALUE: Final = frozenset({"=", "<", ">", "<=", ">=", "<>", "!=", "(", ",", "LIKE", "IN", "AND", "OR", "SET", "WHERE"})


class BindFault(NamedTuple):
    """Why a text fails, in one clause, and what to write instead."""

    why: str
    instead: str


class NullBind(NamedTuple):
    """A bind that becomes NULL: its name, the text as the database gets it, and whether it is in quotes or a comment."""

    name: str
    arrives: str
    quoted: bool


def find_null_bind(text: str, bound: BoundValues) -> NullBind | None:
    """Return the first bind of a definition that SQLAlchemy writes as NULL, as it has no value for it.

    Statements that define something take no binds, so their values are written into them
    (`render_literal_bindparam` of SQLAlchemy's compiler, the same in 1.4 and 2.1).
    """
    lacking = list(_without_value(text, bound))
    if not lacking:
        return None
    name, places = lacking[0][1], {found.start() for found in lacking}
    arrives = _BIND.sub(lambda found: "NULL" if found.start() in places else found[0], text)
    quoted = not _holding(_code(text, None), lacking[0].start(1))
    return NullBind(name, arrives.replace("\\:", ":").replace(HOLE, "…"), quoted)


def with_constants(text: str, bound: BoundValues, dialect: str | None) -> str:
    """Return a statement on rows with the constants that its binds get."""
    constants = dict(bound.constants)
    if not constants or _ON_ROWS.match(text) is None:
        return text
    code = _code(text, dialect)
    places = {found.start(): constants.get(found[1]) for found in _BIND.finditer(text) if _holding(code, found.start(1))}
    return _BIND.sub(lambda found: places.get(found.start()) or found[0], text)


def find_bind_fault(text: str, bound: BoundValues, dialect: str | None) -> BindFault | None:
    """Return why SQLAlchemy or the database refuses the binds of a text; None where that is not certain."""
    fault = _find_cast(text, dialect) or _unknown_name(text, bound)
    return fault or _find_without_value(text, bound) or _find_of_driver(text, dialect)


def _find_cast(text: str, dialect: str | None) -> BindFault | None:
    found = _BEFORE_A_CAST.search(text)
    code = _code(text, dialect) if found else []
    while found:
        if _holding(code, found.start(1)):
            bind, kind = found.groups()
            why = f"SQLAlchemy takes no “:{bind}” directly before “::” for a bind, so the database gets it as it is"
            return BindFault(why, f"write CAST(:{bind} AS {kind})")
        found = _BEFORE_A_CAST.search(text, found.end())
    return None


def _unknown_name(text: str, bound: BoundValues) -> BindFault | None:
    if not bound.named or HOLE in text:
        return None
    names = set(re.findall(r"(?<![:\w\\]):(\w+)(?!:)", text))
    lacking = next((name for name in bound.named if name not in names), None)
    if lacking is None:
        return None
    why = f"SQLAlchemy raises ArgumentError, for bindparams() names {lacking}, and the text has no :{lacking}"
    return BindFault(why, f"write :{lacking} where its value belongs, or leave it out of bindparams()")


def _without_value(text: str, bound: BoundValues) -> Iterator[re.Match[str]]:
    for found in _BIND.finditer(text) if UNKNOWN not in bound.given else ():
        if found[1] in bound.given or HOLE in text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]:
            continue
        yield found


def _find_without_value(text: str, bound: BoundValues) -> BindFault | None:
    for found in _without_value(text, bound):
        why = f"SQLAlchemy raises StatementError, for “:{found[1]}” is a bind that is given no value"
        if _holding(_code(text, None), found.start(1)):
            return BindFault(why, f"give it one: sa.text(…).bindparams({found[1]}=…)")
        why += ", in quotes and comments, too"
        return BindFault(why, f"write a backslash before the colon, which begins no bind then (\\\\:{found[1]} in Python)")
    return None


def _find_of_driver(text: str, dialect: str | None) -> BindFault | None:
    if "%(" not in text and "%s" not in text:
        return None
    before = ""
    for token in _code(text, dialect):
        if token.text.startswith("%") and token.kind == "bind" and before in _BEFORE_A_VALUE:
            name = token.text.strip("%()s") or "value"
            why = f"SQLAlchemy replaces no {token.text} in a text, so the database gets it as it is"
            return BindFault(why, f"write :{name}, and give the value by bindparams({name}=…)")
        before = token.key
    return None


def _code(text: str, dialect: str | None) -> list[SqlToken]:
    """Return the tokens of a text that are neither strings nor quoted names."""
    return [token for token in tokens(text, dialect) if token.kind not in {"string", "name"}]


def _holding(code: list[SqlToken], place: int) -> bool:
    return any(token.start <= place < token.end for token in code)
