"""The rows of PostgreSQL's catalogue queries, column by column as `queries` selects them."""

from __future__ import annotations

from typing import NamedTuple


class RelationRow(NamedTuple):
    """A row of RELATIONS."""

    oid: int
    namespace: int
    name: str
    kind: str
    persistence: str
    is_partition: bool
    bounds: str | None
    partition_key: str | None
    options: list[str] | None
    row_security: bool
    force_row_security: bool
    replica_identity: str
    method: str | None
    tablespace: str | None
    view: str | None


class AttributeRow(NamedTuple):
    """A row of ATTRIBUTES."""

    relation: int
    number: int
    name: str
    type: int
    modifier: int
    text: str
    not_null: bool
    identity: str
    generated: str
    expression: str | None
    collation: int
    type_collation: int
    storage: str | None
    compression: str


class ConstraintRow(NamedTuple):
    """A row of CONSTRAINTS."""

    oid: int
    relation: int
    domain: int
    name: str
    type: str
    deferrable: bool
    deferred: bool
    validated: bool
    no_inherit: bool
    enforced: bool
    columns: list[int] | None
    referred: int
    referred_columns: list[int] | None
    on_update: str
    on_delete: str
    match: str
    delete_columns: list[int] | None
    expression: str | None
    definition: str | None
    elements: list[str] | None
    operators: list[str] | None
    nulls_not_distinct: bool
    include: list[int] | None
    options: list[str] | None
    method: str | None
    predicate: str | None


class IndexRow(NamedTuple):
    """A row of INDEXES."""

    oid: int
    relation: int
    name: str
    method: str
    unique: bool
    valid: bool
    nulls_not_distinct: bool
    keys: int
    columns: list[int]
    orders: list[int]
    operator_classes: list[int]
    collations: list[int]
    expressions: list[str] | None
    predicate: str | None
    options: list[str] | None
    clustered: bool
    replica_identity: bool


class SequenceRow(NamedTuple):
    """A row of SEQUENCES."""

    oid: int
    namespace: int
    name: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    table: int | None
    column: int | None


class TypeRow(NamedTuple):
    """A row of TYPES."""

    oid: int
    namespace: int
    name: str
    type: str
    category: str
    element: int
    base: int
    modifier: int
    text: str
    base_text: str | None
    not_null: bool
    default: str | None
    collation: int
    base_collation: int | None
    relation: int


class ObjectRow(NamedTuple):
    """A row of OBJECTS."""

    kind: str
    catalogue: str
    oid: int
    namespace: int | None
    name: str
    table: int | None
    definition: str | None
