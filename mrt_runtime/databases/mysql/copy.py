"""Copying a database on a server that cannot: the definitions are kept here, the rows in a second database beside it.

The copy goes back under the same name, so definitions that spell the database's name (views do) need no rewriting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.row_sum import NO_ROWS, Ask, Columns, RowSum, asking, in_utc, sum_rows
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.mysql.stored_program import StoredProgram, read_programs, run_in_workable_order, run_under

KINDS = {"BASE TABLE": "TABLE", "SYSTEM VERSIONED": "TABLE", "VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}
FAITHFULLY = ("SET foreign_key_checks = 0", "SET unique_checks = 0", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'")
"""Settings under which every stored row can be stored again."""
COLUMNS = """SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = {name} AND coalesce(generation_expression, '') = '' ORDER BY table_name, ordinal_position"""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table or sequence. type: what the server calls it. columns: those that are written to; none where there are no rows."""

    type: str
    name: str
    definition: str
    columns: Columns = ()
    following: int | None = None
    """The next number of a sequence."""


@dataclass(slots=True)
class SchemaCopy:
    """All definitions of a database, and the name of the database that holds its rows. database: how it was created."""

    server: MySQLServer
    rows: str
    database: str
    tables: dict[str, CopiedTable] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    routines: list[StoredProgram] = field(default_factory=list)
    triggers: list[StoredProgram] = field(default_factory=list)
    sums: dict[str, RowSum] = field(default_factory=dict)
    """What the rows of tables add up to, once that was asked."""
    is_dropped: bool = False

    def drop(self) -> None:
        """Leave the rows to the next copy, which takes over those that are the same."""
        self.is_dropped = True

    def remove(self) -> None:
        """Drop the rows."""
        self.server.drop(self.rows)

    def place(self, table: str) -> str:
        """Name the table that holds the rows of one."""
        return f"{quote(self.rows)}.{quote(table)}"

    def copy_rows(self, connection: Connection, sums: Mapping[str, RowSum]) -> None:
        """Copy the rows of all tables but those in `sums`, which are there."""
        self.sums.update(sums)
        for name, table in self.tables.items():
            if table.columns and name not in sums:
                columns, place = list_names(table.columns), self.place(name)
                connection.exec_driver_sql(f"CREATE TABLE {place} LIKE {quote(name)}")
                connection.exec_driver_sql(f"INSERT INTO {place} ({columns}) SELECT {columns} FROM {quote(name)}")

    def give_away(self, connection: Connection, tables: Mapping[str, CopiedTable]) -> dict[str, RowSum]:
        """Return what the rows add up to of tables that are as they were, and drop the rows of the others."""
        filled = [name for name, table in self.tables.items() if table.columns]
        with in_utc(connection):
            self.sum_rows(connection)
            same = self.find_same_rows(connection, [name for name in filled if tables.get(name) == self.tables[name]])
        for name in filled:
            if name not in same:
                connection.exec_driver_sql(f"DROP TABLE {self.place(name)}")
        return {name: self.sums[name] for name in same}

    def sum_rows(self, connection: Connection) -> None:
        """Add up the rows of all tables, once, on a connection that shows times in UTC."""
        unknown = [name for name, table in self.tables.items() if table.columns and name not in self.sums]
        found = sum_rows(asking(connection), [(self.place(name), self.tables[name].columns) for name in unknown])
        self.sums.update(zip(unknown, found, strict=True))

    def find_same_rows(self, connection: Connection, names: Collection[str]) -> set[str]:
        """Find those of these tables, whose columns are as they were, that have the rows that they had."""
        found = sum_rows(asking(connection), [(quote(name), self.tables[name].columns) for name in names])
        return {name for name, now in zip(names, found, strict=True) if now == self.sums.get(name, NO_ROWS)}

    def fill(self, name: str) -> None:
        """Build everything up again in an empty database of the original's name."""
        # views and programs as the scratch account: a program belongs to who makes it, and no other may show its body
        with self.server.engine_for(name).connect() as connection, self.server.engine_within(name).connect() as own:
            for setting in FAITHFULLY:
                connection.exec_driver_sql(setting)
            self.make_tables(connection, self.tables)
            for program in self.routines:
                run_under(own, program, connection)
            run_in_workable_order(own, self.views.values())
            for program in self.triggers:
                run_under(own, program, connection)

    def make_tables(self, connection: Connection, names: Collection[str]) -> None:
        """Make these tables and sequences, with their rows."""
        chosen = [self.tables[name] for name in names]
        run_in_workable_order(connection, [table.definition for table in chosen])
        for table in chosen:
            if table.columns:
                columns, place = list_names(table.columns), self.place(table.name)
                connection.exec_driver_sql(f"INSERT INTO {quote(table.name)} ({columns}) SELECT {columns} FROM {place}")
            elif table.following is not None:
                # 0: the value has not been given out yet
                connection.exec_driver_sql(f"DO SETVAL({quote(table.name)}, {table.following}, 0)")


def copy_schema(server: MySQLServer, name: str, aside: str, former: SchemaCopy | None = None) -> SchemaCopy:
    """Read all definitions of the database `name`, and copy its rows into the database `aside`.

    former: an earlier copy, whose rows are in `aside`; without one that is empty.
    """
    with server.engine_for(name).connect() as connection, server.engine_within(name).connect() as own:
        for setting in FAITHFULLY:
            connection.exec_driver_sql(setting)
        copy = SchemaCopy(server, aside, show(connection, "DATABASE", name))
        columns = read_columns(asking(connection), name)
        for table, kind in list_tables(connection, name).items():
            definition = show(connection, KINDS[kind], table)
            if kind == "VIEW":
                copy.views[table] = definition
            elif kind == "SEQUENCE":
                copy.tables[table] = CopiedTable(kind, table, definition, following=read_following(connection, table))
            else:
                stored = () if is_empty(connection, table) else columns.get(table, ())
                copy.tables[table] = CopiedTable(kind, table, definition, stored)
        copy.copy_rows(connection, former.give_away(connection, copy.tables) if former is not None else {})
        copy.routines, copy.triggers = read_routines(own, name), read_triggers(own, name)
    return copy


def list_tables(connection: Connection, name: str) -> dict[str, str]:
    """Return what the tables, views and sequences of a database are, by name."""
    query = f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = {literal(name)} ORDER BY table_name"
    return {str(table): str(kind) for table, kind in connection.exec_driver_sql(query).all() if kind in KINDS}


def read_columns(ask: Ask, name: str) -> dict[str, Columns]:
    """Return the columns of each table that are stored because they were written."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, column, kind in ask(COLUMNS.format(name=literal(name))):
        found[str(table)].append((str(column), str(kind).lower()))
    return {table: tuple(columns) for table, columns in found.items()}


def list_names(columns: Columns) -> str:
    """Write the names of columns as a list."""
    return ", ".join(quote(name) for name, _ in columns)


def show(connection: Connection, kind: str, name: str) -> str:
    """Return how something is created."""
    return str(connection.exec_driver_sql(f"SHOW CREATE {kind} {quote(name)}").one()[1])


def read_following(connection: Connection, sequence: str) -> int:
    """Return the next number of a sequence."""
    return int(connection.exec_driver_sql(f"SELECT next_not_cached_value FROM {quote(sequence)}").scalar_one())


def is_empty(connection: Connection, table: str) -> bool:
    """Whether a table holds no rows."""
    return connection.exec_driver_sql(f"SELECT 1 FROM {quote(table)} LIMIT 1").first() is None


def read_routines(connection: Connection, name: str) -> list[StoredProgram]:
    """Read what is to be there before the views."""
    return read_programs(connection, name, "routine")


def read_triggers(connection: Connection, name: str) -> list[StoredProgram]:
    """Read what is to be there once the rows are: triggers and events."""
    return [*read_programs(connection, name, "trigger"), *read_programs(connection, name, "event")]
