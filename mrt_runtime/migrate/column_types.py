"""Which types a project's Python gives its columns: what migrations and models say when they are imported and run."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.types import TypeEngine


class ColumnTypes(dict[tuple[str, str], TypeEngine[object]]):
    """The types that Python converts values by, for each table and column: own types, and enums that are kept as texts.

    A column that is given a plain type as well keeps the other: that is how the application reads it.
    """

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note the columns of every table that the body describes: `sa.Table`, classes of an ORM, and Alembic's operations."""
        install_hook()
        NOTING.append(self)
        try:
            yield
        finally:
            NOTING.pop()

    def note(self, column: sa.Column[object], table: sa.Table) -> None:
        """Note a column's type."""
        if isinstance(column.type, sa.TypeDecorator | sa.Enum):
            self[table.fullname, column.name] = column.type


NOTING: list[ColumnTypes] = []
"""Those whose bodies are being executed."""


@functools.cache
def install_hook() -> None:
    """Watch every column from now on: taking the hook off and on again takes longer than it saves."""
    event.listen(sa.Column, "after_parent_attach", _note)


def _note(column: sa.Column[object], table: sa.Table) -> None:
    for types in NOTING:
        types.note(column, table)
