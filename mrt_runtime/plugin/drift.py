"""What the models say and the migrations do not, and the other way round."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from mrt_runtime.config import ConfigurationError


def load_metadata(target: object) -> MetaData:
    """Take a MetaData, a declarative Base, or the place of one: "package.module:Base", "package.module:Base.metadata".

    Raises ConfigurationError where that leads to no MetaData.
    """
    found = target
    if isinstance(target, str):
        module, _, path = target.partition(":")
        try:
            found = importlib.import_module(module)
            for name in filter(None, path.split(".")):
                found = getattr(found, name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"target_metadata={target!r} cannot be imported: {error}.") from None
    found = getattr(found, "metadata", found)
    if not isinstance(found, MetaData):
        raise ConfigurationError(
            f'target_metadata is {found!r}: a MetaData, a declarative Base or "package.module:Base" is expected.'
        )
    return found


def find_drift(connection: Connection, metadata: MetaData) -> list[str]:
    """Compare a database at its heads with the models, as `alembic check` does: a sentence a difference."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
    return [sentence for difference in compare_metadata(context, metadata) for sentence in describe(difference)]


def describe(difference: Any) -> Iterator[str]:
    """Describe in a sentence what Alembic's autogenerate found. Source of the shapes: `alembic.autogenerate.compare_metadata`."""
    if isinstance(difference, list):
        for change in difference:
            yield from describe(change)
        return
    action, *rest = difference
    verb, _, kind = action.partition("_")
    if verb in {"add", "remove"}:
        missing = "in the models and not in the migrations" if verb == "add" else "in the migrations and not in the models"
        yield f"{name_of(kind, rest)} is {missing}"
    else:
        # modify_type, modify_nullable and the like: (schema, table, column, existing settings, old, new)
        _schema, table, column, *_, old, new = rest
        yield f"Column '{table}.{column}': {kind} is {old!r} in the migrations and {new!r} in the models"


def name_of(kind: str, rest: list[Any]) -> str:
    """Name the object of a difference in the project's own names."""
    item = rest[-1]
    if kind == "column":
        return f"Column '{rest[-2]}.{item.name}'"
    if kind == "table":
        return f"Table '{item.fullname}'"
    word = {"fk": "Foreign key", "index": "Index", "constraint": "Constraint", "table_comment": "Comment"}.get(kind, kind)
    name = f" '{item.name}'" if getattr(item, "name", None) else ""
    table = getattr(item, "table", None)
    return f"{word}{name} on '{table.fullname}'" if table is not None else f"{word}{name}"
