"""What MySQL's and MariaDB's MODIFY takes from a column because it is not repeated, and downgrade() does not bring back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import chosen_default, for_dialect, is_same_value
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.wording import names
from mrt_lint.history.mysql_modify import is_numbered_by_sqlalchemy, modified
from mrt_lint.history.schema import QualifiedName, ReplayedSchema, ReplayedTable, fold, place
from mrt_lint.history.schema_draft import SchemaDraft
from mrt_lint.model.advice import literal
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn
from mrt_lint.model.values import UNKNOWN, UNSET, Column, SqlType

_Origin: TypeAlias = tuple[QualifiedName, str]
"""A column as it was called before the migration."""
_SETTINGS: Final = ("type", "nullable", "server_default", "comment", "autoincrement")


def find_forgotten(case: MigrationCase) -> Iterator[tuple[AlterColumn, dict[str, str]]]:
    """Yield each change of a column that takes from it what is not there again after downgrade(), with the words of a message."""
    dialect = case.target.dialect
    if dialect not in FAMILY or case.lacks_downgrade:
        return
    known = case.known_schema(dialect)
    draft = SchemaDraft(known.schema, dialect, is_forgetful=True)
    lost: dict[tuple[_Origin, str], AlterColumn] = {}
    for op in (*case.migration.upgrade_ops, *case.migration.downgrade_ops):
        if not case.runs(op):
            continue
        if isinstance(op, AlterColumn) and (origin := _origin(case, op)) is not None:
            _note(lost, draft.schema(), op, origin)
        for _ in draft.run(op):
            pass
    found: dict[int, tuple[AlterColumn, dict[str, object]]] = {}
    for (origin, setting), op in lost.items():
        before, after = _value(known.schema, origin, setting), _value(draft.schema(), origin, setting)
        if is_same_value(for_dialect(before, dialect), for_dialect(after, dialect), setting) is False and _is_clear(case, op):
            found.setdefault(id(op), (op, {}))[1][setting] = before
    for op, settings in found.values():
        yield op, _words(case, op, settings)


def _is_clear(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether downgrade() runs, and nothing that could not be read may have brought back what a column has lost."""
    analysis = case.analysis(op)
    return not analysis.refuses and analysis.upgrade_doubts.is_clear_but_for_names and analysis.downgrade_doubts.is_clear


def _note(lost: dict[tuple[_Origin, str], AlterColumn], schema: ReplayedSchema, op: AlterColumn, origin: _Origin) -> None:
    where = place(op.schema, str(op.table))
    table = schema.tables_by_place.get(where, None)
    if not isinstance(table, ReplayedTable):
        return
    whole = modified(table, op)
    for setting in _SETTINGS:
        before, after = _value(schema, (where, fold(str(op.column))), setting), getattr(whole, setting)
        if getattr(op, setting) is not UNSET:
            lost.pop((origin, setting), None)  # which other rules judge
        elif after is not UNSET and _is_something(before, setting) and is_same_value(before, after, setting) is False:
            lost.setdefault((origin, setting), op)


def _is_something(value: object, setting: str) -> bool:
    """Return whether a column has something that MODIFY can take: NULL, for one, it gives."""
    if setting == "nullable":
        return value is False
    if setting == "autoincrement":
        return value is True
    return isinstance(value, SqlType | str) and chosen_default(value) is not None


def _origin(case: MigrationCase, op: AlterColumn) -> _Origin | None:
    """Return what a column was called before the migration, None if that has made it, or its names could not be read."""
    tracked = case.tracked(op)
    table = tracked.table if tracked is not None else None
    if tracked is None or tracked.creator is not None or not isinstance(table, TrackedTable) or table.creator is not None:
        return None
    name = next((key for key, before in table.columns_by_name.before.items() if before is tracked), None)
    return (table.origin, name) if isinstance(name, str) else None


def _value(schema: ReplayedSchema, origin: _Origin, setting: str) -> object:
    table = schema.tables_by_place.get(origin[0], None)
    column = table.columns.get(origin[1]) if isinstance(table, ReplayedTable) else None
    if not isinstance(table, ReplayedTable) or not isinstance(column, Column):
        return UNKNOWN
    is_unsaid = setting == "autoincrement" and column.autoincrement == "auto"
    return is_numbered_by_sqlalchemy(table, column) if is_unsaid else getattr(column, setting)


def _words(case: MigrationCase, op: AlterColumn, settings: Mapping[str, object]) -> dict[str, str]:
    is_upgrade = any(other is op for other in case.migration.upgrade_ops)
    parts = [_PARTS[setting].format(value) for setting, value in settings.items()]
    lost = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    repeated = _as_sql(settings) if op.sql else _as_arguments(settings)
    return names(op) | {
        "function": "upgrade" if is_upgrade else "downgrade",
        "lost": lost,
        "ending": ", and downgrade does not bring it back" if is_upgrade else "",
        "repeated": repeated,
        "also": ", and likewise in downgrade()" if is_upgrade else "",
    }


_PARTS: Final = {
    "type": "the type {}",
    "nullable": "NOT NULL",
    "server_default": "the default {}",
    "comment": "the comment",
    "autoincrement": "AUTO_INCREMENT",
}


def _as_arguments(settings: Mapping[str, object]) -> str:
    said = {
        "type": "existing_type=…",
        "nullable": "existing_nullable=False",
        "server_default": f"existing_server_default=sa.text({literal(str(settings.get('server_default')))})",
        "comment": f"existing_comment={literal(str(settings.get('comment')))}",
        "autoincrement": "existing_autoincrement=True",
    }
    return ", ".join(said[setting] for setting in settings)


def _as_sql(settings: Mapping[str, object]) -> str:
    comment = settings.get("comment")
    text = comment if readable(comment) and comment.startswith("'") else f"'{comment}'"  # type: ignore[arg-type]  # any value
    said = {
        "type": str(settings.get("type")),
        "nullable": "NOT NULL",
        "server_default": f"DEFAULT {settings.get('server_default')}",
        "comment": f"COMMENT {text}",
        "autoincrement": "AUTO_INCREMENT",
    }
    return " ".join(said[setting] for setting in settings)
