"""The schemas in which a name without one is looked for."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from mrt_lint.model.values import HOLE

SearchPath: TypeAlias = tuple[str, ...]
"""The schemas in their order, folded; empty where the path is not known, and the database's own default holds."""

# as in SET search_path TO a, b and in set_config('search_path', 'a', false); "-csearch_path=a" is an option of a connection
_SET: Final = re.compile(rf"(?:\b|-c)search_path\b['\"]?\s*(?:=|\bto\b|,)\s*(['\"]?[\w$ ,\"{HOLE}]*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[\w$]+")


def search_path_in(text: str) -> SearchPath | None:
    """Return the path that a text sets; None if it sets none.

    The path is empty where a part of it cannot be read, or it is set back.
    """
    found = _SET.search(text)
    if found is None:
        return None
    # behind "a', " come the other arguments of set_config()
    parts = (_NAME.search(part) for part in found[1].split(","))
    names = tuple(part[0].casefold() for part in parts if part is not None)
    return () if HOLE in found[1] or names[:1] == ("default",) else tuple(name for name in names if name != "$user")
