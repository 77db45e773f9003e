"""Indexes that are built by something else than `op.create_index`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import libcst as cst

from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import to_flag, to_maybe_name, to_maybe_sql
from mrt_lint.parse.python.library.binds import bound_texts
from mrt_lint.parse.python.library.columns import index_columns
from mrt_lint.parse.python.library.elements import SqlExpression, TableElement, TableIndex
from mrt_lint.parse.python.objects import Value
from mrt_lint.parse.python.run import FunctionRun

_DIALECTS: Final = ("postgresql_", "mysql_", "mariadb_", "sqlite_")
_CONDITIONS: Final = ("postgresql_where", "sqlite_where")
_KNOWN: Final = frozenset({"nulls_not_distinct", "concurrently", "where", "prefix", "using"})


def index_options(get: Callable[[str], Value], given: Mapping[str, Value], columns: Value) -> dict[str, Any]:
    """Return what an operation knows of an index beside its names, by its names there; `given` are all arguments."""
    where = get("postgresql_where")
    # a plain string among the columns is a name
    items = [item for item in (columns if isinstance(columns, (list, tuple)) else [columns]) if isinstance(item, SqlExpression)]
    prefix = get("mysql_prefix")
    return {
        "unique": to_flag(get("unique")),
        "nulls_not_distinct": to_flag(get("postgresql_nulls_not_distinct")),
        "concurrently": to_flag(get("postgresql_concurrently")),
        "where": to_maybe_sql(where if where is not None else get("sqlite_where")),
        "options": tuple((name, _as_code(value)) for name, value in given.items() if _is_other(name)),
        "texts": bound_texts(*(("columns", item) for item in items), *((name, get(name)) for name in _CONDITIONS)),
        "using": prefix.lower() if isinstance(prefix, str) else to_maybe_name(get("postgresql_using")),
    }


def _is_other(name: str) -> bool:
    return name.startswith(_DIALECTS) and name.partition("_")[2] not in _KNOWN


def _as_code(value: Value) -> str:
    """Write a value as Python has it, "…" where it could not be read in full."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_code, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_as_code(key)}: {_as_code(part)}" for key, part in value.items()) + "}"
    return "…"


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
        **index_options(options.get, options, index.columns),
    )
