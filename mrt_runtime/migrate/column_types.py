"""Which types a project's Python gives its columns: what migrations and models say when they are imported and run."""

from __future__ import annotations

import contextlib
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
        event.listen(sa.Column, "after_parent_attach", self._note)
        try:
            yield
        finally:
            event.remove(sa.Column, "after_parent_attach", self._note)

    def _note(self, column: sa.Column[object], table: sa.Table) -> None:
        if isinstance(column.type, sa.TypeDecorator | sa.Enum):
            self[table.fullname, column.name] = column.type
