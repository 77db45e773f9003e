"""Fill a database with made-up rows that hold to its keys and constraints, so that there is something to rehearse on.

usage: python benchmarks/fill_rows.py URL [ROWS [MIGRATION ...]]

URL: of a database of PostgreSQL, MySQL, MariaDB or SQLite with tables and, mostly, no rows yet. It is written to.
ROWS: in all tables together, default 2000000. Tables that cannot take their share leave it to the others.
MIGRATION: files of pending migrations: some rows meet the conditions that their statements state.

A few rows of each table are made as `mrt verify` makes them. All others repeat them, with other values in unique keys and with foreign
keys that point at the parents' rows in turn. Exits with 1 where a table got none, or all of them fewer than ROWS.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from mrt_runtime.compare.schema import CatalogueColumn, Schema, Table
from mrt_runtime.compare.snapshot import read_schema
from mrt_runtime.databases.address import choose_driver, parse_url
from mrt_runtime.databases.postgresql.database import DRIVERS
from mrt_runtime.seed import Seeder
from mrt_runtime.seed.seeder import VERSION_TABLE, seedable_tables
from mrt_runtime.seed.table_order import order_tables
from mrt_runtime.seed.unique_key import uniques_of

NUMBERS = {"smallint", "int", "integer", "bigint", "mediumint", "numeric", "decimal", "real", "double precision"}
TEXTS = {"character varying", "varchar", "text", "char", "character", "citext", "mediumtext", "longtext"}
DIGITS = 7  # of a number of a row, as text
STEP = 7919  # a prime: neighbours point at parents that are far apart
SERIES = {
    "postgresql": "generate_series({first}, {last}) AS mrt_n(i)",
    "sqlite": "(WITH RECURSIVE mrt_s(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM mrt_s WHERE i < {last}) SELECT i FROM mrt_s) AS mrt_n",
}
SERIES["mysql"] = SERIES["mariadb"] = SERIES["sqlite"]
LIMITS = (  # of the series: MariaDB's name and MySQL's
    "SET SESSION max_recursive_iterations = 4294967295",
    "SET SESSION cte_max_recursion_depth = 4294967295",
)


@dataclass(slots=True)
class Filled:
    """A table, how many rows it holds, and why the last attempt to add some failed."""

    table: Table
    rows: int = 0
    reason: str = ""


class RowMultiplier:
    """Adds rows to a table that has some."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._quote = connection.dialect.identifier_preparer.quote
        self._made: dict[str, int] = {}

    def count(self, label: str) -> int:
        """Return the number of rows of a table."""
        return int(self._connection.exec_driver_sql(f"SELECT count(*) FROM {self._name(label)}").scalar() or 0)

    def add(self, table: Table, wanted: int) -> None:
        """Add rows; those that would break a unique key are left out. Raises DBAPIError where the database takes none."""
        first = self._made.get(table.label, 0) + 1
        self._made[table.label] = first + wanted
        held = self.count(table.label)
        series = SERIES[self._dialect].format(first=first, last=first + wanted - 1)
        joins = [f"{series} JOIN {self._numbered(table.label)} AS mrt_t ON mrt_t.mrt_nr = 1 + mrt_n.i % {held}"]
        values = {column.name: self._vary(column, table) for column in table.columns if not fills_itself(column)}
        for place, (columns, referred, label, index) in enumerate(self._references(table)):
            joins.append(f"JOIN {self._numbered(label)} AS mrt_{place} ON mrt_{place}.mrt_nr = {index}")
            for name, there in zip(columns, referred, strict=True):
                here = f"mrt_t.{self._quote(name)}"
                values[name] = f"CASE WHEN {here} IS NOT NULL THEN mrt_{place}.{self._quote(there)} END"
        ignore, end = ("INSERT IGNORE", "") if self._dialect in {"mysql", "mariadb"} else ("INSERT", " ON CONFLICT DO NOTHING")
        names = ", ".join(map(self._quote, values))
        self._connection.exec_driver_sql(
            f"{ignore} INTO {self._name(table.label)} ({names}) SELECT {', '.join(values.values())} FROM {' '.join(joins)} WHERE 1 = 1{end}"
        )

    def _references(self, table: Table) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], str, str]]:
        """Yield columns, what they refer to in which table, and which of its rows the row `i` points at."""
        unique = {name for key in uniques_of(table) for name in key.columns}
        taken: set[str] = set()
        turn = ""
        for key in sorted(table.foreign_keys, key=lambda key: unique.isdisjoint(key.columns)):
            label = f"{key.referred_schema}.{key.referred_table}" if key.referred_schema else key.referred_table
            held = self.count(label)
            if not taken.isdisjoint(key.columns) or not held:
                continue
            taken.update(key.columns)
            yield key.columns, key.referred_columns, label, f"1 + (mrt_n.i * {STEP if turn else 1}{turn}) % {held}"
            turn = turn or f" + (mrt_n.i - mrt_n.i % {held}) / {held}"

    def _vary(self, column: CatalogueColumn, table: Table) -> str:
        """Return what a column holds in the row `i`: the repeated row's value, changed where it may not repeat."""
        value = f"mrt_t.{self._quote(column.name)}"
        if not any(column.name in key.columns for key in uniques_of(table)):
            return value
        base = column.type.base.lower()
        if base in NUMBERS or column.type.affinity == "integer":
            return f"CASE WHEN {value} IS NOT NULL THEN 1000000 + mrt_n.i END"
        if self._dialect == "postgresql":
            changed = {
                "uuid": f"md5('{table.label}' || mrt_n.i)::uuid",
                "date": f"{value} + mrt_n.i::int",
                "timestamp without time zone": f"{value} + mrt_n.i * interval '1 second'",
                "timestamp with time zone": f"{value} + mrt_n.i * interval '1 second'",
            }
            if base in changed:
                return f"CASE WHEN {value} IS NOT NULL THEN {changed[base]} END"
        if base in TEXTS or column.type.affinity == "text":
            if column.type.length is not None:
                value = f"substr({value}, 1, {max(0, column.type.length - DIGITS)})"
            return f"concat({value}, mrt_n.i)" if self._dialect in {"mysql", "mariadb"} else f"{value} || mrt_n.i"
        return value

    def _numbered(self, label: str) -> str:
        return f"(SELECT *, row_number() OVER () AS mrt_nr FROM {self._name(label)})"

    def _name(self, label: str) -> str:
        return ".".join(map(self._quote, label.split(".")))


def fills_itself(column: CatalogueColumn) -> bool:
    """Whether an INSERT leaves the column out: it is computed, or numbered."""
    return column.generated is not None or column.identity is not None or column.sequence is not None


def seed(engine: sa.Engine, migrations: list[str]) -> Schema:
    """Make a few rows in each table, and return the catalogue."""
    database = SimpleNamespace(dialect=engine.dialect.name)
    with engine.connect() as connection:
        schema = read_schema(connection, database, {VERSION_TABLE})
        seeder = Seeder(database, seed_rows=4, files=migrations, edges=False)
        seeded = seeder.seed(connection, schema)
        for file in migrations:
            seeder.write_wanted(connection, schema, seeded, file)
        connection.commit()
    return schema


def fill(engine: sa.Engine, schema: Schema, rows: int) -> list[Filled]:
    """Fill the tables, parents first, until they hold that many rows, or none takes more."""
    filled = [Filled(table) for group in order_tables(seedable_tables(schema)) for table in group]
    with engine.connect().execution_options(no_parameters=True) as connection:
        for limit in LIMITS if engine.dialect.name in {"mysql", "mariadb"} else ():
            if ("max_recursive" in limit) == connection.dialect.is_mariadb:
                connection.exec_driver_sql(limit)
        multiplier = RowMultiplier(connection)
        taking, missing = filled, rows
        while taking and missing > 0:
            share = -(-missing // len(taking))
            took = []
            for one in taking:
                before = multiplier.count(one.table.label)
                try:
                    if before:
                        multiplier.add(one.table, share)
                    connection.commit()
                except sa.exc.DBAPIError as error:
                    connection.rollback()
                    one.reason = str(error.orig).splitlines()[0]
                one.rows = multiplier.count(one.table.label)
                if one.rows - before > share // 2:
                    took.append(one)
            taking, missing = took, rows - sum(one.rows for one in filled)
    return filled


def main(given: str, rows: int, migrations: list[str]) -> int:
    """Fill the database, and return the exit code."""
    url = parse_url(given)
    if url.get_backend_name() == "postgresql":
        url = choose_driver(url, DRIVERS, "")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    filled = fill(engine, seed(engine, migrations), rows)
    for one in sorted(filled, key=lambda one: -one.rows):
        print(f"{one.rows:>10,}  {one.table.label}{'  ' + one.reason if one.reason else ''}")
    total = sum(one.rows for one in filled)
    print(f"{total:>10,}  rows")
    if url.get_backend_name() == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return 0 if total >= rows and all(one.rows for one in filled) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2_000_000, sys.argv[3:]))
