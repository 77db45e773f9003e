"""Which change of a column's type needs what: nothing, other definitions only, or a copy of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import UNKNOWN, SqlType
from mrt_lint.online.facts import TableChange

# up to here the length of a value, or the number of a member, takes one byte, and two beyond it
_ONE_BYTE: Final = 255
# InnoDB writes lengths up to here in one byte in any case, which MariaDB makes use of (MDEV-15563)
_HALF: Final = 127
_SHOWN: Final = 6
_SAME: Final = {"BOOLEAN": "TINYINT", "REAL": "DOUBLE"}
_WIDTHS: Final = {"latin": 1, "ascii": 1, "binary": 1, "cp125": 1, "utf8_": 3, "utf8mb3": 3, "ucs2": 2}
"""The most bytes of a character, by the prefix of the collation's name."""
_ASSUMED_WIDTH: Final = 4
"""utf8mb4, the default character set of both databases, is assumed if no collation is given."""
_SIZES: Final = ((255, "TINYTEXT"), (65_535, "TEXT"), (16_777_215, "MEDIUMTEXT"), (4_294_967_295, "LONGTEXT"))


def change_of_type(former: SqlType, new: SqlType, dialect: str) -> TableChange | None:
    """Return what a column's new type asks of a MySQL or MariaDB server; None if it is the type that it was, or may be.

    A VARCHAR keeps its length in one byte up to 255 bytes, in two above. MySQL copies the table where that changes; MariaDB, since
    10.4.3, only where the old length is between 128 and 255 bytes (“InnoDB Online DDL Operations with the INSTANT Alter
    Algorithm”, Changing the Data Type of a Column). An ENUM's members may be appended to, as long as they need no more bytes.
    """
    former, new = _plain(former), _plain(new)
    if None in {former.collation, new.collation}:  # the table's own, most likely
        both = former.collation if new.collation is None else new.collation
        former, new = replace(former, collation=both), replace(new, collation=both)
    if former == new:
        return None
    if former.collation != new.collation:
        return _recollated(former, new)
    if former.name == new.name in {"VARCHAR", "VARBINARY"}:
        return None if UNKNOWN in (*former.args, *new.args) else _longer(former, new, dialect)
    if former.name == new.name == "SET":  # whose members are counted, not read: more of them were appended, most likely
        return TableChange.APPEND_MEMBERS if len(new.args) >= len(former.args) else TableChange.CHANGE_TYPE
    if former.name == new.name == "ENUM" and _may_be_appended(former, new):
        return None
    appended = former.name == new.name == "ENUM" and appends_members(former, new)
    return TableChange.APPEND_MEMBERS if appended else TableChange.CHANGE_TYPE


def appends_members(former: SqlType, new: SqlType) -> bool:
    """Return whether an ENUM's new members come after all of the old ones, and their numbers still fit in one byte or two."""
    if not isinstance(former.members, tuple) or not isinstance(new.members, tuple):
        return False
    old = former.members
    return new.members[: len(old)] == old and (len(old) > _ONE_BYTE) == (len(new.members) > _ONE_BYTE)


def _may_be_appended(former: SqlType, new: SqlType) -> bool:
    """Return whether some members of two ENUMs cannot be read, and those that can are the same in each place."""
    if not isinstance(former.members, tuple) or not isinstance(new.members, tuple):
        return True
    pairs = zip(former.members, new.members, strict=False)
    return UNKNOWN in (*former.members, *new.members) and all(one == other or UNKNOWN in (one, other) for one, other in pairs)


def lost_members(former: SqlType, new: SqlType) -> tuple[str, ...]:
    """Return the members that an ENUM or SET had and has no more; none where the members of either cannot be read."""
    if former.name != new.name or not isinstance(former.members, tuple) or not isinstance(new.members, tuple):
        return ()
    if UNKNOWN in former.members or UNKNOWN in new.members:
        return ()
    return tuple(str(member) for member in former.members if member not in new.members)


def spelled(kind: SqlType, *, whole: bool = False) -> str:
    """Write a type as these databases do, an ENUM with its members; a whole one with all of them, as a statement needs it."""
    collation = f" COLLATE {kind.collation}" if isinstance(kind.collation, str) else ""
    if not isinstance(kind.members, tuple) or UNKNOWN in kind.members:
        return f"{kind if kind.name != 'ENUM' else 'ENUM'}{collation}"
    shown = [in_quotes(str(member), "'") for member in kind.members]
    if len(shown) > _SHOWN and not whole:
        shown[2:-2] = ["…"]
    return f"{kind.name}({', '.join(shown)}){collation if whole else ''}"


def _recollated(former: SqlType, new: SqlType) -> TableChange:
    """Return the change that another collation of the same type needs."""
    # a collation begins with the name of its character set: utf8mb4_0900_ai_ci
    sets = {str(kind.collation).partition("_")[0].lower() for kind in (former, new)}
    same = former.name != "ENUM" and len(sets) == 1 and replace(former, collation=new.collation) == new
    return TableChange.CHANGE_COLLATION if same else TableChange.CHANGE_TYPE


def _longer(former: SqlType, new: SqlType, dialect: str) -> TableChange:
    width = 1 if former.name == "VARBINARY" else _width(former)
    old, now = (kind.args[0] if kind.args else None for kind in (former, new))
    if not isinstance(old, int) or not isinstance(now, int) or now < old:
        return TableChange.CHANGE_TYPE
    stays = (old * width > _ONE_BYTE) == (now * width > _ONE_BYTE)
    half = dialect == "mariadb" and old * width <= _HALF
    return TableChange.WIDEN_VARCHAR if stays or half else TableChange.CHANGE_TYPE


def _width(text: SqlType) -> int:
    collation = text.collation.lower() if isinstance(text.collation, str) else ""
    return next((width for start, width in _WIDTHS.items() if collation.startswith(start)), _ASSUMED_WIDTH)


def _plain(kind: SqlType) -> SqlType:
    """Return a type as the server keeps it: BOOLEAN is TINYINT, REAL is DOUBLE, TEXT(n) the smallest that holds n."""
    if kind.name == "ENUM":
        return SqlType(name="ENUM", members=kind.members, collation=kind.collation)
    # "the smallest TEXT type large enough to hold values n characters long" (MySQL manual, String Type Syntax)
    if kind.name == "TEXT" and kind.args and isinstance(kind.args[0], int):
        size = kind.args[0] * _width(kind)
        return replace(kind, name=next((name for most, name in _SIZES if size <= most), "LONGTEXT"), args=())
    return replace(kind, name=_SAME.get(kind.name, kind.name), variants=())
