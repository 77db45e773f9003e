"""What PostgreSQL's catalogues hold beside an object's definition, where it is not the default: owners, privileges, states."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from mrt_runtime.compare.schema import CatalogueDetail
from mrt_runtime.databases.postgresql.detail_queries import other_selects, relation_selects

STAND_IN = re.compile(
    r"_mrt_[0-9a-f]{20}\w*?_as\b"
)  # the end of the names of roles that this run made in place of a migration's own
RELATED_TO_NONE = 0
"""The OID of the details that are not a relation's or its columns'."""


@cache
def write_query(version: int) -> str:
    """Write the query for all details, which `group_details` takes."""
    texts = [with_oid(oid, select) for oid, select in relation_selects(among="")]
    return " UNION ALL ".join([*texts, *(with_oid(str(RELATED_TO_NONE), select) for select in other_selects(version))])


@cache
def write_relation_query() -> str:
    """Write the query for the details of the relations in `$1` and of their columns, which `group_details` takes."""
    return " UNION ALL ".join(with_oid(oid, select) for oid, select in relation_selects(among="AND {oid} = ANY ($1)"))


def group_details(rows: Iterable[tuple[Any, ...]]) -> dict[int, tuple[CatalogueDetail, ...]]:
    """Return details by the OID that their rows begin with."""
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
