"""Indexes that are built by something else than `op.create_index`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import to_flag, to_maybe_name, to_maybe_sql
from mrt_lint.parse.python.library.columns import index_columns
from mrt_lint.parse.python.library.elements import TableElement, TableIndex
from mrt_lint.parse.python.objects import Value
from mrt_lint.parse.python.run import FunctionRun


def index_options(get: Callable[[str], Value]) -> dict[str, Any]:
    """Return the options of an index that operations know, by their names there."""
    where = get("postgresql_where")
    prefix = get("mysql_prefix")
    return {
        "unique": to_flag(get("unique")),
        "nulls_not_distinct": to_flag(get("postgresql_nulls_not_distinct")),
        "concurrently": to_flag(get("postgresql_concurrently")),
        "where": to_maybe_sql(where if where is not None else get("sqlite_where")),
        "using": prefix.lower() if isinstance(prefix, str) else to_maybe_name(get("postgresql_using")),
    }


def create_index(run: FunctionRun, index: TableIndex, node: cst.CSTNode, table: TableElement | None = None) -> None:
    """Record the index that `sa.Index(…)` describes."""
    options = dict(index.options)
    home = index.table or table or TableElement(UNKNOWN)
    run.emit(
        ops.CreateIndex,
        node,
        index=index.name,
        table=home.name,
        schema=home.schema,
        columns=index_columns(list(index.columns)) if isinstance(index.columns, tuple) else UNKNOWN,
        **index_options(options.get),
    )
