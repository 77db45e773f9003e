"""Why PostgreSQL refuses to refresh a materialized view beside its readers: it has no rows yet, or no unique index."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.history.schema import ReplayedTable, place
from mrt_lint.model.ops import CreateIndex, CreateObject, Op, Statement
from mrt_lint.model.values import UNKNOWN

_REFRESHED: Final = re.compile(
    r"\s*refresh\s+materialized\s+view\s+concurrently\s+(?:\"?(\w+)\"?\.)?\"?(\w+)\"?\s*(?:with\s+data)?\s*;?\s*", re.IGNORECASE
)


def find_unrefreshable(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if REFRESH … CONCURRENTLY finds a view without a unique index of columns, over all of its rows.

    Source: PostgreSQL, REFRESH MATERIALIZED VIEW (https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html).
    """
    if not isinstance(op, Statement) or not op.command.startswith("REFRESH") or simulated.dialect != "postgresql":
        return None
    named = _REFRESHED.fullmatch(op.text)
    where = place(named[1], named[2]) if named is not None else None
    view = simulated.schema.objects_by_place.get(("view", *where), None) if where is not None else None
    if where is None or not isinstance(view, CreateObject) or view.kind != "materialized view":
        return None
    is_new = simulated.known_schema.object(("view", *where)) is not view
    if not is_new and not simulated.known_schema.is_fully_read(where[1]):
        return None
    if keeps_unique(simulated.schema.tables_by_place.get(where, None)) is False:
        return f"materialized view '{view.name}' has no unique index, which CONCURRENTLY needs"
    return None


def keeps_unique(table: object) -> bool | None:
    """Return whether a materialized view has a unique index of columns without a condition; None where that is not known."""
    if table is None:
        return False
    if not isinstance(table, ReplayedTable):
        return None
    if any(_serves(index) is True for index in table.known_indexes()):
        return True
    is_open = UNKNOWN in table.indexes.values() or any(_serves(index) is None for index in table.known_indexes())
    return None if is_open else False


def _serves(index: CreateIndex) -> bool | None:
    if index.unique is UNKNOWN or index.columns is UNKNOWN:
        return None
    columns = index.columns
    return index.unique is True and index.where is None and not any(str(column).startswith("(") for column in columns)


def unique_index_of(table: object) -> str | None:
    """Return the name of a unique index that a materialized view certainly has for CONCURRENTLY."""
    known = table.known_indexes() if isinstance(table, ReplayedTable) else ()
    return next((str(index.index) for index in known if _serves(index) is True), None)
