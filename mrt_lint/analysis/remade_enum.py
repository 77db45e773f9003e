"""Enums that upgrade() makes again under the name that they had, so that a column's type changes though its name stays."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.type_change import spares_rows
from mrt_lint.history.schema import fold
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import AlterColumn, CreateObject, RenameObject
from mrt_lint.model.values import UNKNOWN, SqlType
from mrt_lint.online import lost_members


def stays_as_it_was(case: MigrationCase, op: AlterColumn, former: SqlType, new: SqlType) -> bool:
    """Return whether an operation that names a type neither loses a value nor rewrites the table."""
    return not is_made_again(case, op, new) and spares_rows(case, op, former, new)


def is_made_again(case: MigrationCase, op: AlterColumn, kind: SqlType) -> bool:
    """Return whether upgrade() has renamed the enum that a type, or the items of an array, had by the same name until then."""
    enum = _element(kind)
    renamed = (other for other in case.earlier(op) if isinstance(other, RenameObject) and other.certain)
    return case.dialect(op) == "postgresql" and any(_is_called(enum, other.name) for other in renamed)


def made_again(case: MigrationCase, op: AlterColumn, former: object, new: object) -> dict[str, str]:
    """Return the words about an array of an enum that is made again; nothing for another type."""
    if not isinstance(former, SqlType) or not isinstance(new, SqlType) or new.item is None or str(former) != str(new):
        return {}
    if not is_made_again(case, op, new):
        return {}
    enum = _element(new)
    old = case.known_schema("postgresql").schema.object("enum", str(enum.type_name), enum.schema)
    made = (other for other in case.earlier(op) if isinstance(other, CreateObject) and other.kind == "enum")
    now = next((other for other in made if _is_called(enum, other.name)), None)
    before = old.members if isinstance(old, CreateObject) else _element(former).members
    kinds = [replace(enum, name="ENUM", members=members) for members in (before, now.members if now is not None else None)]
    is_known = all(isinstance(kind.members, tuple) and UNKNOWN not in kind.members for kind in kinds)
    lost = " or ".join(map(repr, lost_members(*kinds)))
    where = f"a row holds {lost}" if lost else "" if is_known else "a row holds a label that the new type has not"
    return {
        "former": f"the former {former}",
        "new": "the new one of that name",
        "outcome": f"it fails where {where}, and" if where else "no value is lost, but",
        "first": "change such values in an UPDATE before; or " if where else "",
        "unless": "",
    }


def _element(kind: SqlType) -> SqlType:
    return kind.item if isinstance(kind.item, SqlType) else kind


def _is_called(enum: SqlType, name: object) -> bool:
    return readable(enum.type_name) and isinstance(name, str) and readable(name) and fold(enum.type_name) == fold(name)
