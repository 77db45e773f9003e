"""Names as a naming convention renders them: `valid_user` on `users` becomes `ck_users_valid_user` in the database.

The convention is part of the models, which are not read. So two names count as one if the longer has the shape that every
convention produces: something with the table's name in it, or a prefix of two letters, before the shorter. Source: SQLAlchemy,
"Configuring Constraint Naming Conventions", https://docs.sqlalchemy.org/en/20/core/constraints.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHORTENED = re.compile(r"(.{55,56})_[0-9a-f]{4}")
"""A name that SQLAlchemy cut, for it was longer than the 63 characters of PostgreSQL or the 64 of MySQL, and its digest's end."""
_FEWEST = 8
"""Characters of a name that are enough to find it in a cut one."""
_PREFIX = re.compile(r"(?:ck|uq|fk|pk|ix|chk|uc|un)")


def is_conventional(name: str, given: str, table: str) -> bool:
    """Return whether a constraint of a table may bear `name` in the database because its migration calls it `given`; all folded."""
    if (cut := _SHORTENED.fullmatch(name)) is not None and len(given) > _FEWEST:
        name = cut[1]
        given = given[: len(name) - max(name.find(f"_{given[:_FEWEST]}"), 0) - 1]
    before, underscore, _ = name.rpartition(f"_{given}")
    return bool(given and underscore) and name.endswith(f"_{given}") and (table in before or _PREFIX.fullmatch(before) is not None)


def find_same_constraint(name: str, table: str, others: Iterable[object]) -> str | None:
    """Find the one name among others that is the same constraint's, spelled with or without the convention; None for no or many."""
    twins = [
        other
        for other in others
        if isinstance(other, str) and other != name and (is_conventional(name, other, table) or is_conventional(other, name, table))
    ]
    return twins[0] if len(twins) == 1 else None
