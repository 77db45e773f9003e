"""SQLite's statements that open another file: ATTACH and VACUUM INTO, stopped before they run where the name can be read.

The engine refuses them in any spelling (authorizer.py); this stops the usual ones with a shorter way to their line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mrt_lint.parse.sql.tokens import StatementTokens

OPENING = re.compile("attach|vacuum", re.IGNORECASE)
"""No statement that opens a file goes without one of these words, so others need not be cut into tokens."""


def find_files(text: str) -> list[str]:
    """Return the names of the files that the statements of a text open beside the database, as far as they are written in it."""
    if OPENING.search(text) is None:
        return []
    from mrt_lint.parse.sql.tokens import statements  # noqa: PLC0415  hardly any migration needs it

    return [name for statement in statements(text, "sqlite") if (name := read_name(statement)) is not None]


def read_name(statement: StatementTokens) -> str | None:
    """Return the file that a statement opens; None where it opens none, or its name is worked out when it runs."""
    keys = [token.key for token in statement.tokens]
    if keys[0] == "ATTACH":
        start = 2 if keys[1:2] == ["DATABASE"] else 1
        end = start + 1
        is_whole = keys[end : end + 1] == ["AS"]
    elif keys[0] == "VACUUM" and "INTO" in keys[1:3]:
        start = keys.index("INTO") + 1
        end = start + 1
        is_whole = len(keys) == end
    else:
        return None
    return statement.tokens[start].text if is_whole and statement.tokens[start].kind in {"string", "name", "word"} else None
