"""What PostgreSQL's catalogues hold beside an object's definition, where it is not the default: owners, privileges, states."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from mrt_runtime.compare.schema import CatalogueDetail
from mrt_runtime.databases.postgresql.detail_queries import other_selects, relation_selects
from mrt_runtime.databases.postgresql.prepared import PreparedQueries

STAND_IN = re.compile(
    r"_mrt_[0-9a-f]{20}\w*?_as\b"
)  # the end of the names of roles that this run made in place of a migration's own
RELATED_TO_NONE = 0
"""The OID of the details that are not a relation's or its columns'."""


def read_details(cursor: Any, version: int) -> dict[int, tuple[CatalogueDetail, ...]]:
    """Return all details, each relation's by its OID."""
    texts = [with_oid(oid, select) for oid, select in relation_selects(among="")]
    cursor.execute(" UNION ALL ".join([*texts, *(with_oid(str(RELATED_TO_NONE), select) for select in other_selects(version))]))
    return _grouped(cursor.fetchall())


def read_relation_details(prepared: PreparedQueries, relations: Collection[int]) -> dict[int, tuple[CatalogueDetail, ...]]:
    """Return the details of some relations and their columns, by OID."""
    return _grouped(prepared.run_among("details", _write_relation_query(), relations))


@cache
def _write_relation_query() -> str:
    return " UNION ALL ".join(with_oid(oid, select) for oid, select in relation_selects(among="AND {oid} = ANY ($1)"))


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[int, tuple[CatalogueDetail, ...]]:
    found: dict[int, set[CatalogueDetail]] = {}
    for oid, kind, label, part, name, value in rows:
        if value:
            detail = CatalogueDetail(
                subject=f"{kind} '{label}{part}'" if part or kind != "Default privileges" else f"{kind} ({label})",
                object=label,
                column=part[1:] or None,
                property=STAND_IN.sub("", name),
                value=STAND_IN.sub("", value),
            )
            found.setdefault(oid, set()).add(detail)
    return {oid: tuple(details) for oid, details in found.items()}


def with_oid(oid: str, select: str) -> str:
    """Write a query that returns an OID before its other columns."""
    return select.replace("SELECT ", f"SELECT {oid}::bigint, ", 1)
