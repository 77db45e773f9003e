"""Values that a column may hold after upgrade(), and that downgrade() refuses: those an enum or a CHECK's list has no more."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.type_change import computes
from mrt_lint.analysis.type_family import TEXT, TYPE_FAMILIES
from mrt_lint.history.schema import fold
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AlterColumn, CreateCheckConstraint, DropConstraint, Op
from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import UNKNOWN, UNSET, MaybeName, SqlType
from mrt_lint.online import lost_members

_LITERAL: Final = r"'(?:[^']|'')*'|-?\b\d+(?:\.\d+)?\b"
_COLUMN: Final = r"[\s(]*(?:[\"`]?\w+[\"`]?\.)?[\"`]?(\w+)[\"`]?[\s)]*(?:::\s*[\w ()]+?)?[\s)]*"
_LIST: Final = re.compile(rf"{_COLUMN}(?:\bIN\b|=\s*ANY\b|=)(.*)", re.IGNORECASE | re.DOTALL)
_OR_NULL: Final = re.compile(r"^[\s(]*[\w\"`.]+\s+IS\s+NULL\s+OR\s+|\s+OR\s+[\w\"`.]+\s+IS\s+NULL[\s)]*$", re.IGNORECASE)
_CAST_AROUND: Final = re.compile(r"::\s*\w[\w ]*(?:\(\d+\))?(?:\[\])?|\bARRAY\b", re.IGNORECASE)
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class FewerValues:
    """What is refused: `lost` are the values as SQL, or `kept` those that stay, where any other is refused.

    `deed` is what downgrade() does to `{column}`.
    """

    column: str
    deed: str
    lost: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def held(self) -> str:
        """What a row holds that is refused."""
        if not self.lost:
            return f"a row holds none of {_listed(self.kept)}"
        return f"a row holds {_listed(self.lost)}"

    def condition(self, column: str) -> str:
        """Return the condition that finds such rows."""
        return f"{column} IN ({', '.join(self.lost)})" if self.lost else f"{column} NOT IN ({', '.join(self.kept)})"


def _listed(values: tuple[str, ...]) -> str:
    shown = values if len(values) <= _SHOWN else (*values[:_SHOWN], "…")
    return " or ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]


def fewer_values(case: MigrationCase, op: Op) -> FewerValues | None:
    """Return which values an operation of downgrade() refuses that upgrade() had made room for; None if none are known."""
    if isinstance(op, AlterColumn) and op.type is not UNSET:
        return _of_type(case, op)
    return _of_check(case, op) if isinstance(op, CreateCheckConstraint) else None


def _of_type(case: MigrationCase, op: AlterColumn) -> FewerValues | None:
    """SQLite keeps no enums, and a conversion that computes the values is believed."""
    dialect, state = case.dialect(op), case.state_before(op)
    former, new = state.type, state.new_type
    if (dialect != "postgresql" and dialect not in FAMILY) or not isinstance(former, SqlType) or not isinstance(new, SqlType):
        return None
    if new.name != "ENUM" or not readable(op.column) or computes(op):
        return None
    if not isinstance(new.members, tuple) or UNKNOWN in new.members:
        return None
    kept = tuple(in_quotes(str(member), "'") for member in new.members)
    if former.name == "ENUM":
        lost = tuple(in_quotes(member, "'") for member in lost_members(former, new))
        return FewerValues(op.column, "gives {column} fewer values again, of its type", lost) if lost else None
    # without USING, PostgreSQL does not even try
    casts = dialect != "postgresql" or op.using is not None
    if TYPE_FAMILIES.get(former.name) == TEXT and casts and _is_altered(case, op):
        return FewerValues(op.column, f"changes {{column}} from {former} back to an enum", kept=kept)
    return None


def way_back(case: MigrationCase, op: AlterColumn) -> str:
    """Return what downgrade() does to the values of a column whose type upgrade() changes, as a clause."""
    if case.lacks_downgrade or case.undone(op, "type") is UndoStatus.NO:
        return "and downgrade() leaves it so"
    refused = _refused_on_the_way_back(case, op)
    return f"and downgrade() fails where {refused} by then" if refused else "downgrade() converts what is left"


def _refused_on_the_way_back(case: MigrationCase, op: AlterColumn) -> str:
    """Return what a row holds that keeps downgrade() from giving a column its former type, as a clause; nothing if it takes all."""
    column = case.tracked(op)
    back = [
        other
        for other in case.migration.downgrade_ops
        if isinstance(other, AlterColumn) and other.type is not UNSET and case.runs(other) and case.tracked(other) is column
    ]
    if column is None or len(back) != 1 or computes(back[0]):
        return ""
    if fewer := fewer_values(case, back[0]):
        return fewer.held
    state = case.state_before(back[0])
    former, new = (TYPE_FAMILIES.get(kind.name) if isinstance(kind, SqlType) else None for kind in (state.type, state.new_type))
    refuses = former == TEXT and new not in {None, TEXT, "bytes", "enum"} and case.dialect(op) != "sqlite"
    return f"a row holds what is no {state.new_type}" if refuses else ""


def _is_altered(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether upgrade() gives another type to the column of an operation."""
    column = case.tracked(op)
    return column is not None and any(
        isinstance(other, AlterColumn) and other.type is not UNSET and case.runs(other) and case.tracked(other) is column
        for other in case.migration.upgrade_ops
    )


def _of_check(case: MigrationCase, op: CreateCheckConstraint) -> FewerValues | None:
    found = listed_values(op.definition.condition)
    if found is None or op.definition.not_valid is not False:
        return None
    column, kept = found
    table, is_dropped, allowed = case.state_before(op).table, False, None
    for other in case.migration.upgrade_ops:
        if not case.runs(other) or not other.certain or case.state_before(other).table is not table:
            continue
        if isinstance(other, CreateCheckConstraint) and (values := listed_values(other.definition.condition)):
            allowed = values[1] if values[0] == column else allowed
        if isinstance(other, DropConstraint) and readable(other.constraint) and other.constraint == op.constraint:
            is_dropped = True
    if allowed is not None:
        lost = tuple(value for value in allowed if value not in kept)
        return FewerValues(column, "allows {column} fewer values again, by a CHECK", lost) if lost else None
    deed = "allows {column} only some values again, by the CHECK that upgrade dropped"
    return FewerValues(column, deed, kept=kept) if is_dropped else None


def listed_values(condition: MaybeName) -> tuple[str, tuple[str, ...]] | None:
    """Return the column and the values, as SQL, of a condition that lists them: `kind IN ('a', 'b')`; None of any other."""
    if not readable(condition):
        return None
    found = _LIST.fullmatch(_OR_NULL.sub("", condition, count=1).strip())
    if found is None:
        return None
    listed = _CAST_AROUND.sub("", found[2])
    values, around = tuple(dict.fromkeys(re.findall(_LITERAL, listed))), re.sub(_LITERAL, "", listed)
    return (fold(found[1]), values) if values and re.fullmatch(r"[\s()\[\],]*", around) else None
