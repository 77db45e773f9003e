"""Texts, numbers, booleans and NULL in SQL."""

from __future__ import annotations

from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.cursor import TokenCursor


def constant_text(side: TokenCursor) -> str | None:
    """Return a constant without quotes, None for anything else and for NULL; a cast of one is the same."""
    sign = "-" if side.key == "-" and side.peek(1).kind == "number" else ""
    start = side.position + len(sign)
    token = side.peek(len(sign))
    is_cast = side.peek(len(sign) + 1).key == "::" and side.stop - start == 3  # noqa: PLR2004 - value, ::, type
    is_known = (token.kind in {"number", "string"} or token.key in {"TRUE", "FALSE"}) and HOLE not in token.text
    text = token.text.lower() if token.key in {"TRUE", "FALSE"} else token.text
    return sign + text if is_known and (is_cast or side.stop - start == 1) else None


def is_null(side: TokenCursor) -> bool:
    """Return whether one side is NULL, also with a type: NULL::text, CAST(NULL AS text)."""
    keys = [token.key for token in side.tokens[side.position : side.stop]]
    return keys == ["NULL"] or keys[:2] == ["NULL", "::"] or keys[:4] == ["CAST", "(", "NULL", "AS"]
