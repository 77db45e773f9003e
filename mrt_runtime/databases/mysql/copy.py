"""Copying a database on a server that cannot: the definitions are kept here, the rows in a second database beside it.

The copy goes back under the same name, so definitions that spell the database's name (views do) need no rewriting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.mysql.stored_program import StoredProgram, read_programs, run_in_workable_order, run_under

KINDS = {"BASE TABLE": "TABLE", "SYSTEM VERSIONED": "TABLE", "VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}
FAITHFULLY = ("SET foreign_key_checks = 0", "SET unique_checks = 0", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'")
"""Settings under which every stored row can be stored again."""
COLUMNS = """SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = {name} AND coalesce(generation_expression, '') = '' ORDER BY table_name, ordinal_position"""
Columns = tuple[tuple[str, str], ...]
"""Names of columns, each with its type, without any numbers."""


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
    hashes: dict[str, tuple[int, str]] = field(default_factory=dict)
    """What the rows of tables add up to, once that was asked."""
    is_dropped: bool = False

    def drop(self) -> None:
        """Drop the rows; a second time does nothing."""
        if not self.is_dropped:
            self.server.drop(self.rows)
            self.is_dropped = True

    def place(self, table: str) -> str:
        """Name the table that holds the rows of one."""
        return f"{quote(self.rows)}.{quote(table)}"

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


def copy_schema(server: MySQLServer, name: str, aside: str) -> SchemaCopy:
    """Read all definitions of the database `name`, and copy its rows into the empty database `aside`."""
    with server.engine_for(name).connect() as connection, server.engine_within(name).connect() as own:
        for setting in FAITHFULLY:
            connection.exec_driver_sql(setting)
        copy = SchemaCopy(server, aside, show(connection, "DATABASE", name))
        columns = read_columns(connection, name)
        for table, kind in list_tables(connection, name).items():
            definition = show(connection, KINDS[kind], table)
            if kind == "VIEW":
                copy.views[table] = definition
            elif kind == "SEQUENCE":
                copy.tables[table] = CopiedTable(kind, table, definition, following=read_following(connection, table))
            elif is_empty(connection, table):
                copy.tables[table] = CopiedTable(kind, table, definition)
            else:
                copy.tables[table] = CopiedTable(kind, table, definition, columns[table])
                names, target = list_names(columns[table]), copy.place(table)
                connection.exec_driver_sql(f"CREATE TABLE {target} LIKE {quote(table)}")
                connection.exec_driver_sql(f"INSERT INTO {target} ({names}) SELECT {names} FROM {quote(table)}")
        copy.routines, copy.triggers = read_routines(own, name), read_triggers(own, name)
    return copy


def list_tables(connection: Connection, name: str) -> dict[str, str]:
    """Return what the tables, views and sequences of a database are, by name."""
    query = f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = {literal(name)} ORDER BY table_name"
    return {str(table): str(kind) for table, kind in connection.exec_driver_sql(query).all() if kind in KINDS}


def read_columns(connection: Connection, name: str) -> dict[str, Columns]:
    """Return the columns of each table that are stored because they were written."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, column, kind in connection.exec_driver_sql(COLUMNS.format(name=literal(name))).all():
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
