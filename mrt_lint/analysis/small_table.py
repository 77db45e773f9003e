"""Tables that the project declares so small that their locks go unnoticed: `small_tables` of `[tool.mrt]`."""

from __future__ import annotations

from collections.abc import Collection

from mrt_lint.history.schema import place
from mrt_lint.model.finding import Consequence
from mrt_lint.model.ops import Op


def is_unnoticed(op: Op, consequence: Consequence, small_tables: Collection[str]) -> bool:
    """Return whether what an operation comes to is only that others wait for a table that is declared small.

    `small_tables` are written "users" or "crm.users". An operation that names no table, or one that could not be read, is noticed.
    """
    table = getattr(op, "table", None)
    if not small_tables or consequence is not Consequence.DEPLOY_BLOCKS or not isinstance(table, str):
        return False
    here = place(getattr(op, "schema", None), table)
    return any(here == place(schema or None, name) for schema, _, name in (small.rpartition(".") for small in small_tables))
