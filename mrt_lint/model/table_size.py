"""How large the tables of a database are, as `mrt stats` read it there. Standard library only."""

from __future__ import annotations

from mrt_lint.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """A table with about how many rows it has, and the bytes it takes with its indexes; None where that is unknown.

    `schema` is None for the schema in which a name without one is looked for.
    """

    schema: str | None
    name: str
    rows: int
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatistics:
    """The sizes of the tables of one database: when they were read, on which server, and at which revisions it was then.

    `revisions` is empty where they are unknown.
    """

    date: str
    dialect: str
    server: str
    revisions: tuple[str, ...] = ()
    tables: tuple[TableSize, ...] = ()
