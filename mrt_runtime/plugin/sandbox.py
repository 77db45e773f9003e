"""A scratch database that a test moves by hand, and the rows that it put there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from mrt_lint.settings import nearest
from mrt_runtime.compare.row_difference import compare
from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.compare.snapshot import take_snapshot
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import Database
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.migrate import Migrator
from mrt_runtime.termination import held
from mrt_runtime.verdict import Failure


class Sandbox:
    """Starts empty, at the base of the history. To be closed."""

    def __init__(self, database: Database, config: MRTConfig, worker: str) -> None:
        self._database = database
        try:
            with held():
                self.scratch = database.make_scratch(f"{worker}_steps")
            self.migrator = Migrator(config, self.scratch)
        except BaseException:
            if hasattr(self, "scratch"):
                self.scratch.drop()
            raise
        self._sown: dict[str, TableRows] = {}

    def seed(self, table: str, rows: Sequence[Mapping[str, Any]], pk_col: str) -> None:
        """Insert rows and remember them as the database holds them; `pk_col` is what they are found by later.

        Raises ConfigurationError where there is no such table here, or it has no such column, or the database refuses a row.
        """
        before = self._read(table)
        schema, _, name = table.rpartition(".")
        try:
            with self.scratch.engine.begin() as connection:
                target = Table(name, MetaData(), schema=schema or None, autoload_with=connection)
                self._require_columns(table, target, rows)
                for row in rows:
                    connection.execute(target.insert(), dict(row))
        except NoSuchTableError:
            raise ConfigurationError(f"There is no table {table!r} at {self._place()}: upgrade to where it exists first.") from None
        except SQLAlchemyError as error:
            cause = join(getattr(error, "orig", None) or error)
            raise ConfigurationError(f"Table {table!r} does not take these rows: {end(cause)}") from None
        after = self._read(table)
        if after is not None:
            self._remember(before, after, pk_col)

    def find_losses(self) -> tuple[Failure, ...]:
        """Compare the rows that were put in with what is there now; other rows do not matter."""
        with self.scratch.engine.connect() as connection:
            now = take_snapshot(connection, self._database, ignored=("alembic_version",)).rows
        return tuple(failure for failure in compare(Rows(self._sown), now) if "left behind" not in failure.message)

    def forget(self) -> None:
        """Stop looking for the rows that were put in."""
        self._sown.clear()

    def close(self) -> None:
        """Drop the database."""
        with held():
            self.scratch.drop()

    def _require_columns(self, label: str, target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a misspelt column: SQLAlchemy would leave it out, and its loss would go unnoticed."""
        names = [column.name for column in target.columns]
        for name in (str(name) for row in rows for name in row):
            if name not in names:
                remedy = nearest(name, names) or f": it has {', '.join(names)}."
                raise ConfigurationError(f"Table {label!r} has no column {name!r} at {self._place()}{remedy}")

    def _place(self) -> str:
        return ", ".join(self.migrator.current()) or "base"

    def _read(self, table: str) -> TableRows | None:
        with self.scratch.engine.connect() as connection:
            return take_snapshot(connection, self._database).rows.tables.get(table)

    def _remember(self, before: TableRows | None, after: TableRows, pk_col: str) -> None:
        known = Counter(repr(row) for row in before.rows) if before else Counter()
        sown = self._sown.get(after.table)
        added = list(sown.rows) if sown and sown.columns == after.columns else []
        for row in after.rows:
            if known[repr(row)]:
                known[repr(row)] -= 1
            else:
                added.append(row)
        key = (pk_col,) if pk_col in after.columns else after.key
        self._sown[after.table] = replace(after, rows=tuple(added), key=key)
