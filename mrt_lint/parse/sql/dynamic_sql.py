"""The text that PL/pgSQL's EXECUTE runs, where it is put together from literals alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.tokens import SqlToken

_MARKS: Final = {"I": '"', "L": "'"}
_PLACE: Final = re.compile(r"%(?:([sIL])|(%))")


def literal_text(expression: Sequence[SqlToken]) -> str | None:
    """Return the text of an expression of strings, `||`, quote_ident(), quote_literal() and format(), None for any other."""
    texts = [_operand(operand) for operand in _parted(expression, "||")]
    found = [text for text in texts if text is not None]
    return "".join(found) if len(found) == len(texts) and HOLE not in "".join(found) else None


def _operand(operand: Sequence[SqlToken]) -> str | None:
    if len(operand) == 1:
        return operand[0].text if operand[0].kind == "string" else None
    opening = 0 if operand and operand[0].key == "(" else 1
    if len(operand) <= opening + 1 or operand[opening].key != "(" or operand[-1].key != ")":
        return None
    arguments = [literal_text(argument) for argument in _parted(operand[opening + 1 : -1], ",")]
    known = [argument for argument in arguments if argument is not None]
    if len(known) < len(arguments):
        return None
    return _called(operand[0].key if opening else "", known)


def _called(function: str, arguments: list[str]) -> str | None:
    if function == "FORMAT":
        return _formatted(arguments[0], arguments[1:])
    if len(arguments) != 1:
        return None
    form = {"": "s", "QUOTE_IDENT": "I", "QUOTE_LITERAL": "L"}.get(function)
    return None if form is None else _as_given(form, arguments[0])


def _formatted(text: str, arguments: list[str]) -> str | None:
    """Return what format() makes of its arguments; None where one is missing, or a width or position is asked for."""
    given = iter(arguments)
    places = list(_PLACE.finditer(text))
    if len([place for place in places if place[1]]) > len(arguments) or text.count("%") != sum(map(_percents, places)):
        return None
    return _PLACE.sub(lambda place: _as_given(place[1], next(given)) if place[1] else "%", text)


def _as_given(form: str, text: str) -> str:
    return in_quotes(text, _MARKS[form]) if form in _MARKS else text


def _percents(place: re.Match[str]) -> int:
    return place[0].count("%")


def _parted(expression: Sequence[SqlToken], mark: str) -> list[Sequence[SqlToken]]:
    """Split an expression at a mark outside of parentheses."""
    parts: list[Sequence[SqlToken]] = []
    depth = begun = 0
    for place, token in enumerate(expression):
        depth += (token.key == "(") - (token.key == ")")
        if token.key == mark and depth == 0:
            parts.append(expression[begun:place])
            begun = place + 1
    return [*parts, expression[begun:]]
