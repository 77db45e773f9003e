"""Checks that a migration ahead adds to a table that is there: what the application has kept by itself, before the database did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mrt_runtime.compare.schema import Check, Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAhead:
    """A condition that the rows of a table are going to meet."""

    label: str
    expression: str


def bind_checks(schema: Schema, checks: Iterable[CheckAhead], later: Mapping[str, tuple[str, ...]]) -> Schema:
    """Return the catalogue with the checks that come later; the database enforces none of them yet.

    later: the names that tables get, by those that they have.
    """
    tables = {table.label: table for table in schema.tables}
    names = {new: label for label in tables for new in later.get(label, ())}
    bound = dict(tables)
    for ahead in checks:
        table = bound.get(names.get(ahead.label, ahead.label))
        check = Check(name=None, expression=ahead.expression, named=False, enforced=False)
        if table is not None and check not in table.checks:
            bound[table.label] = replace(table, checks=(*table.checks, check))
    return replace(schema, tables=tuple(bound.values())) if bound != tables else schema


def is_check_ahead(check: Check) -> bool:
    """Whether a check is one that comes later."""
    return not check.enforced and not check.named and check.name is None
