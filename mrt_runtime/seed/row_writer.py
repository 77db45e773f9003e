"""The few statements that seeding needs, written for the connection's driver. Identifiers are quoted by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeAlias

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import CatalogueColumn, Table
from mrt_runtime.seed.refusal import Refusal, read_refusal
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.value import Row, SeedExpression, Value

P = ParamSpec("P")
MOST_ROWS = 200
MOST_QUESTIONS = 60
Choice: TypeAlias = tuple[CatalogueColumn, Sequence[Value]]


class RowWriter:
    """Writes and runs statements on one connection. Raises SQLAlchemy's DBAPIError where the database refuses them."""

    def __init__(self, connection: Connection, dialect: SeedDialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self.quote = connection.dialect.identifier_preparer.quote
        # psycopg, PyMySQL and mysqlclient call theirs "pyformat" or "format" and take %s for both.
        self._mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"

    def name(self, table: Table) -> str:
        """Quote a table's name."""
        return ".".join(self.quote(part) for part in (table.schema, table.name) if part)

    def fragment(self, sql: str) -> str:
        """Return SQL that the database gave with its % signs escaped for drivers whose placeholders begin with one."""
        return sql if self._mark == "?" else sql.replace("%", "%%")

    def _hold(self, value: Value, parameters: list[object]) -> str:
        if isinstance(value, SeedExpression):
            return self.fragment(value.sql)
        parameters.append(self.dialect.write(value))
        return self._mark

    def attempt(self, write: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> Refusal | None:
        """Write in one of the ways below, and return why the database refused it, which leaves nothing; None where it did not."""
        try:
            with self.dialect.attempt(self.connection):
                write(*arguments, **named)
        except DBAPIError as error:
            return read_refusal(error)
        return None

    def insert(self, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert the rows in one statement, which takes effect as a whole or not at all."""
        if not columns:
            for _ in rows:
                self.run(f"INSERT INTO {self.name(table)} DEFAULT VALUES", ())
            return
        parameters: list[object] = []
        tuples = ["(" + ", ".join(self._hold(row.get(name), parameters) for name in columns) + ")" for row in rows]
        names = ", ".join(map(self.quote, columns))
        self.run(f"INSERT INTO {self.name(table)} ({names}){self.dialect.preface(table)} VALUES {', '.join(tuples)}", parameters)

    def update(self, table: Table, key: Row, values: Row) -> None:
        """Change the row that has this key."""
        parameters: list[object] = []
        setting = ", ".join(f"{self.quote(name)} = {self._hold(value, parameters)}" for name, value in values.items())
        self.run(f"UPDATE {self.name(table)} SET {setting} WHERE {self._same(key, parameters)}", parameters)

    def compute_column(self, table: Table, column: str, expression: str) -> None:
        """Change a column in all rows to what an expression comes to."""
        self.run(f"UPDATE {self.name(table)} SET {self.quote(column)} = {self.fragment(expression)}", ())

    def delete(self, table: Table, *keys: Row) -> None:
        """Remove the rows that have these keys."""
        parameters: list[object] = []
        wanted = " OR ".join(f"({self._same(key, parameters)})" for key in keys)
        self.run(f"DELETE FROM {self.name(table)} WHERE {wanted}", parameters)

    def clear(self, table: Table, columns: Sequence[str]) -> None:
        """Remove all rows or, where columns are named, those that hold NULL in one of them."""
        condition = " OR ".join(f"{self.quote(name)} IS NULL" for name in columns)
        self.run(f"DELETE FROM {self.name(table)}{' WHERE ' * bool(columns)}{condition}", ())

    def _same(self, key: Row, parameters: list[object]) -> str:
        return " AND ".join(f"{self.quote(name)} = {self._hold(value, parameters)}" for name, value in key.items())

    def read(self, table: Table, columns: Sequence[str]) -> list[Row]:
        """Return the first rows of a table."""
        names = ", ".join(self.dialect.reading(self.quote(name)) for name in columns) or "1"
        # Without an order the database may return other rows each time; few tables hold more than MOST_ROWS here.
        sql = f"SELECT {names} FROM {self.dialect.source(self.name(table), table)} LIMIT {MOST_ROWS}"
        return [dict(zip(columns, map(as_value, found), strict=False)) for found in self.run(sql, ()).fetchall()]

    def read_meeting(self, table: Table, columns: Sequence[str], condition: str) -> list[Row]:
        """Return the first rows of a table that meet a condition; none where the database cannot evaluate it."""
        names = ", ".join(self.dialect.reading(self.quote(name)) for name in columns) or "1"
        sql = f"SELECT {names} FROM {self.name(table)} WHERE {self.fragment(condition)} LIMIT {MOST_ROWS}"
        try:
            with self.dialect.attempt(self.connection):
                return [dict(zip(columns, map(as_value, found), strict=False)) for found in self.run(sql, ()).fetchall()]
        except DBAPIError:
            return []

    def highest(self, table: Table, column: str) -> int | None:
        """Return the highest number in a column; None where there is none."""
        found = self.run(f"SELECT MAX({self.quote(column)}) FROM {self.name(table)}", ()).scalar()
        return int(found) if found is not None else None

    def has_dangling_rows(self, table: Table, parent: Table, pairs: Sequence[tuple[str, str]]) -> bool:
        """Return whether a row of a table points at no row of another; pairs are a column and the one that it refers to."""
        filled = " AND ".join(f"mrt_c.{self.quote(here)} IS NOT NULL" for here, _ in pairs)
        same = " AND ".join(f"mrt_p.{self.quote(there)} = mrt_c.{self.quote(here)}" for here, there in pairs)
        pointed = f"SELECT 1 FROM {self.name(parent)} AS mrt_p WHERE {same}"
        sql = f"SELECT 1 FROM {self.name(table)} AS mrt_c WHERE {filled} AND NOT EXISTS ({pointed}) LIMIT 1"
        return self.run(sql, ()).first() is not None

    def has_row(self, table: Table, condition: str) -> bool:
        """Return whether a row of a table meets a condition; False where the database cannot evaluate it."""
        sql = f"SELECT 1 FROM {self.name(table)} WHERE ({self.fragment(condition)}) IS TRUE LIMIT 1"
        return self._ask(sql) is not None

    def count_repeated(self, table: Table, parts: Sequence[str], condition: str | None, *, nulls_equal: bool) -> int | None:
        """Return how many rows repeat what these expressions are in another; None where the database cannot compute them.

        condition: which rows count, None for all of them.
        """
        asked = [f"({condition})"] * bool(condition) + [f"{part} IS NOT NULL" for part in parts if not nulls_equal]
        where = self.fragment(f" WHERE {' AND '.join(asked)}" if asked else "")
        grouped = f"SELECT COUNT(*) AS n FROM {self.name(table)}{where} GROUP BY {self.fragment(', '.join(parts))}"
        found = self._ask(f"SELECT COALESCE(SUM(n - 1), 0) FROM ({grouped}) AS mrt_g")
        return None if found is None else int(found[0])

    def find_unlinked(
        self, table: Table, parent: Table, pairs: Sequence[tuple[str, str]], conditions: tuple[str, str]
    ) -> tuple[Value, ...] | None:
        """Return what a row of `parent` that meets a condition is referred to by, where no row that meets another refers to any.

        pairs: a column of the table and the one that it refers to. conditions: on its own rows ("" for none), on those of `parent`.
        """
        own, asked = (f" WHERE ({self.fragment(condition)}) IS TRUE" if condition else "" for condition in conditions)
        there = ", ".join(self.quote(name) for _, name in pairs)
        parents = f"(SELECT {there} FROM {self.name(parent)}{asked}) AS mrt_p"
        same = " AND ".join(f"mrt_p.{self.quote(name)} = mrt_c.{self.quote(own_name)}" for own_name, name in pairs)
        children = f"(SELECT {', '.join(self.quote(name) for name, _ in pairs)} FROM {self.name(table)}{own}) AS mrt_c"
        if self._ask(f"SELECT 1 FROM {parents}, {children} WHERE {same} LIMIT 1") is not None:
            return None
        found = self._ask(f"SELECT {there} FROM {parents} LIMIT 1")
        return None if found is None else tuple(map(as_value, found))

    def _ask(self, sql: str) -> Any | None:
        """Return the first row of an answer, None where there is none, or the database cannot evaluate the question."""
        try:
            with self.dialect.attempt(self.connection):
                return self.run(sql, ()).first()
        except DBAPIError:
            return None

    def find_values(self, condition: str, choices: Sequence[Choice]) -> list[Row]:
        """Return the combinations of values that meet a condition as the database evaluates it; none where it cannot."""
        return self._evaluate(condition, choices) or []

    def find_readable(self, condition: str, choices: Sequence[Choice]) -> list[Row]:
        """Return the same without the values that the database fails on: what is no number, a list in place of an object."""
        found: list[Row] = []
        waiting = [list(choices)]
        for _ in range(MOST_QUESTIONS):
            if not waiting:
                break
            asked = waiting.pop(0)
            rows = self._evaluate(condition, asked)
            place = max(range(len(asked)), key=lambda at: len(asked[at][1]))
            column, values = asked[place]
            if rows is not None:
                found += rows
            elif (half := len(values) // 2) > 0:
                waiting[:0] = [[*asked[:place], (column, part), *asked[place + 1 :]] for part in (values[:half], values[half:])]
        return found

    def _evaluate(self, condition: str, choices: Sequence[Choice]) -> list[Row] | None:
        """Return the combinations of values that meet a condition; None where the database cannot evaluate it for some."""
        if not all(values for _, values in choices):
            return []
        parameters: list[object] = []
        wanted, pools = self._combine(choices, parameters)
        sql = f"SELECT {wanted} FROM {pools} WHERE ({self.fragment(condition)}) IS NOT FALSE"
        try:
            with self.dialect.attempt(self.connection):
                found = sorted(tuple(places) for places in self.run(sql, parameters).fetchall())
        except DBAPIError:
            return None
        return [{column.name: values[n] for (column, values), n in zip(choices, places, strict=True)} for places in found]

    def compute(self, expression: str, choices: Sequence[Choice]) -> list[tuple[Row, Value]]:
        """Return what an expression comes to for the combinations of values; nothing where the database cannot evaluate it."""
        parameters: list[object] = []
        wanted, pools = self._combine(choices, parameters)
        try:
            with self.dialect.attempt(self.connection):
                found = self.run(f"SELECT {wanted}, ({self.fragment(expression)}) FROM {pools}", parameters).fetchall()
        except DBAPIError:
            return []
        rows = ({column.name: values[n] for (column, values), n in zip(choices, places, strict=False)} for places in found)
        return [(row, as_value(places[-1])) for row, places in zip(rows, found, strict=True)]

    def _combine(self, choices: Sequence[Choice], parameters: list[object]) -> tuple[str, str]:
        """Return the places of values and the tables of them, as SQL that combines each with each."""
        pools = []
        for place, (column, values) in enumerate(choices):
            selects = [
                f"SELECT {n} AS mrt_n, {self.dialect.cast(self._hold(value, parameters), column)} AS {self.quote(column.name)}"
                for n, value in enumerate(values)
            ]
            pools.append(f"({' UNION ALL '.join(selects)}) AS mrt_{place}")
        return ", ".join(f"mrt_{place}.mrt_n" for place in range(len(choices))), ", ".join(pools)

    def run(self, sql: str, parameters: Sequence[object]) -> Any:
        """Run a statement."""
        return self.connection.exec_driver_sql(sql, tuple(parameters))


def as_value(found: object) -> Value:
    """Return what a driver gave as a value that can be written again."""
    if found is None or isinstance(found, bool | int | float | str | bytes):
        return found
    return bytes(found) if isinstance(found, memoryview | bytearray) else str(found)
