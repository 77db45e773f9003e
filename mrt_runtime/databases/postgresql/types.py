"""PostgreSQL's types as structured facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mrt_runtime.compare.schema import Check, ColumnType, NamedType, TypeKind
from mrt_runtime.databases.postgresql.records import TypeRow

# PostgreSQL's FirstNormalObjectId: initdb assigns only smaller ones
FIRST_USER_OID = 16384
KINDS: Mapping[str, TypeKind] = {"b": "base", "e": "enum", "d": "domain", "c": "composite", "r": "range", "m": "multirange"}
HEADER = 4  # bytes that a varlena's length is more than its limit in a type modifier


def modifiers(name: str, modifier: int) -> dict[str, int]:
    """Decode a type modifier, as the types' typmodout functions do; {} where there is none."""
    if modifier < 0:
        return {}
    if name in {"varchar", "bpchar"}:
        return {"length": modifier - HEADER}
    if name in {"bit", "varbit"}:
        return {"length": modifier}
    if name == "numeric":
        packed = modifier - HEADER
        scale = packed & 0x7FF
        return {"precision": (packed >> 16) & 0xFFFF, "scale": scale - 0x800 if scale & 0x400 else scale}
    if name in {"time", "timetz", "timestamp", "timestamptz"}:
        return {"precision": modifier}
    if name == "interval" and modifier & 0xFFFF != 0xFFFF:  # noqa: PLR2004  # INTERVAL_FULL_PRECISION
        return {"precision": modifier & 0xFFFF}
    return {}


@dataclass(slots=True)
class TypeCatalogue:
    """All types by OID; `schemas` maps a namespace's OID to its name in messages (None for the default one)."""

    rows: Mapping[int, TypeRow]
    labels: Mapping[int, tuple[str, ...]]
    ranges: Mapping[int, tuple[int, int]]
    schemas: Mapping[int, str | None]

    def column_type(self, oid: int, modifier: int, text: str) -> ColumnType:
        """Describe a type that a column has; `text` is what format_type returns for both numbers."""
        row = self.rows.get(oid)
        if row is None:
            return ColumnType(text=text, base=text.partition("(")[0])
        element, kind = None, KINDS.get(row.type, "base")
        if row.category == "A" and row.element:
            of = self.rows.get(row.element)
            element = self.column_type(row.element, modifier, text.removesuffix("[]")) if of else None
            kind = "array"
        elif row.type == "d":
            element = self.column_type(row.base, row.modifier, row.base_text or "")
        users = row.oid >= FIRST_USER_OID and kind != "array"
        facts = modifiers(row.name, modifier)
        return ColumnType(
            text=text,
            base=row.name if users else row.text,
            kind=kind,
            schema=self.schemas.get(row.namespace) if users else None,
            labels=self.labels.get(oid, ()),
            element=element,
            length=facts.get("length"),
            precision=facts.get("precision"),
            scale=facts.get("scale"),
        )

    def named(
        self,
        row: TypeRow,
        checks: tuple[Check, ...],
        fields: tuple[tuple[str, ColumnType], ...],
        collation: str | None,
        comment: str | None,
    ) -> NamedType | None:
        """Describe a type that the user made; None for a base type, an array or a multirange, which have no more to describe."""
        if row.oid < FIRST_USER_OID or row.type not in "edrc":
            return None
        subtype, multirange = (self.rows.get(oid) for oid in self.ranges.get(row.oid, (0, 0)))
        return NamedType(
            name=row.name,
            schema=self.schemas[row.namespace],
            kind=KINDS[row.type],
            labels=self.labels.get(row.oid, ()),
            base=self.column_type(row.base, row.modifier, row.base_text or "") if row.base else None,
            nullable=not row.not_null,
            default=row.default,
            collation=collation,
            checks=checks,
            fields=fields,
            subtype=self.column_type(subtype.oid, -1, subtype.text) if subtype else None,
            multirange=multirange.name if multirange else None,
            comment=comment,
        )


def labels_by_type(rows: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    """Group the rows of the query ENUM_LABELS."""
    grouped: dict[int, list[str]] = defaultdict(list)
    for oid, label in rows:
        grouped[oid].append(label)
    return {oid: tuple(labels) for oid, labels in grouped.items()}
