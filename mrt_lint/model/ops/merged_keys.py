"""Keys of CREATE TABLE of which PostgreSQL makes one: it builds no second index like that of another key of the statement.

Source: PostgreSQL's `transformIndexConstraints` (src/backend/parser/parse_utilcmd.c); tried with PostgreSQL 15. What ALTER TABLE
adds later is made in any case, and MySQL and SQLite make every one.
"""

from __future__ import annotations

from mrt_lint.model.lean import replace
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Constraint, MaybeName

_KINDS = frozenset({"primary", "unique"})


def merge_keys(
    columns: tuple[Column, ...], constraints: tuple[Constraint, ...], *, sql: bool
) -> tuple[tuple[Column, ...], tuple[Constraint, ...]]:
    """Return the columns and constraints of CREATE TABLE without the keys that PostgreSQL leaves out for another one.

    A nameless key takes the name of what is left out for it. Where SQLAlchemy writes the statement, a naming convention may have
    given it one: then the name is UNKNOWN.
    """
    own = tuple(key for key in constraints if key.kind in _KINDS)
    of_columns = tuple((column, key) for column in columns for key in column.constraints if key.kind in _KINDS)
    marked = [column for column in columns if column.primary_key is True]
    if len(own) + len(of_columns) + bool(marked) < 2:  # noqa: PLR2004 - one is like no other
        return columns, constraints
    keys = [*(replace(key, columns=key.columns or (column.name,)) for column, key in of_columns), *own]
    is_implied = bool(marked) and not any(key.kind == "primary" for key in keys)
    if is_implied:
        keys.insert(0, Constraint(kind="primary", columns=tuple(column.name for column in marked)))
    # the primary key is built first, the others in their order
    made: list[Constraint] = []
    for key in sorted(keys, key=lambda key: key.kind != "primary"):
        number = next((number for number, other in enumerate(made) if _is_like(key, other)), None)
        if number is None:
            made.append(key)
        elif made[number].name is None and key.name is not None:
            made[number] = replace(made[number], name=key.name if sql else UNKNOWN)
    if len(made) == len(keys) or (is_implied and len(marked) > 1 and made[0].name is not None):
        return columns, constraints
    if is_implied and len(marked) > 1:
        made.pop(0)
    bare = tuple(replace(column, constraints=_others(column.constraints)) if column.constraints else column for column in columns)
    if len(marked) == 1 and made and made[0].kind == "primary" and made[0].columns == (marked[0].name,):
        # the key belongs to the column that is marked as one
        key = made.pop(0)
        bare = tuple(replace(each, constraints=(key, *each.constraints)) if each.primary_key is True else each for each in bare)
    return bare, (*made, *_others(constraints))


def _others(constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    return tuple(key for key in constraints if key.kind not in _KINDS)


def _is_like(first: Constraint, second: Constraint) -> bool:
    """Return whether the indexes of two keys certainly are the same."""
    traits = [_traits(key) for key in (first, second)]
    return traits[0] is not None and traits[0] == traits[1]


def _traits(key: Constraint) -> tuple[object, ...] | None:
    """Return what the index of a key is like, None where a part is not known."""
    columns, when = key.columns, key.initially
    if not isinstance(columns, tuple) or not columns or not all(map(_is_read, columns)):
        return None
    if UNKNOWN in (key.deferrable, when, key.nulls_not_distinct, key.included) or key.using_index is not None:
        return None
    is_late = isinstance(when, str) and when.upper() == "DEFERRED"
    return columns, bool(key.deferrable) or is_late, is_late, key.nulls_not_distinct, key.included


def _is_read(name: MaybeName) -> bool:
    return isinstance(name, str) and HOLE not in name
