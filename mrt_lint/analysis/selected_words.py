"""The words of queries, among which are the columns and tables that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mrt_lint.history.schema import fold
from mrt_lint.model.ops import Op, Statement

_WORD = re.compile(r"\w+")


def selected_words(operations: Iterable[Op]) -> set[str]:
    """Return the words of the queries among some operations, folded."""
    texts = (op.text for op in operations if isinstance(op, Statement) and op.command in {"SELECT", "WITH", "TABLE"})
    return {fold(word) for text in texts for word in _WORD.findall(text)}
