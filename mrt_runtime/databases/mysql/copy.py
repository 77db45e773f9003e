"""Copying a database on a server that cannot: the definitions are kept here, the rows in a second database beside it.

The copy goes back under the same name, so definitions that spell the database's name (views do) need no rewriting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.server import MySQLServer

KINDS = {"BASE TABLE": "TABLE", "SYSTEM VERSIONED": "TABLE", "VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}
FAITHFULLY = ("SET foreign_key_checks = 0", "SET unique_checks = 0", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'")
"""Settings under which every stored row can be stored again."""
FOR_ADMINISTRATORS = 1419
"""The error of a server with a binary log that allows only administrators to make triggers and functions."""


@dataclass(frozen=True, slots=True)
class StoredProgram:
    """A trigger, routine or event, with the sql_mode that it was written under."""

    definition: str
    mode: str


@dataclass(slots=True)
class SchemaCopy:
    """All definitions of a database, and the name of the database that holds its rows."""

    server: MySQLServer
    rows: str
    tables: list[str] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)
    """Each table that has rows, with the columns that a row can be written to."""
    views: list[str] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)
    routines: list[StoredProgram] = field(default_factory=list)
    triggers: list[StoredProgram] = field(default_factory=list)

    def drop(self) -> None:
        """Drop the rows."""
        self.server.drop(self.rows)

    def fill(self, name: str) -> None:
        """Build everything up again in an empty database of the original's name."""
        with self.server.engine_for(name).connect() as connection:
            for setting in FAITHFULLY:
                connection.exec_driver_sql(setting)
            run_in_workable_order(connection, self.tables)
            for table, columns in self.filled.items():
                connection.exec_driver_sql(
                    f"INSERT INTO {quote(table)} ({columns}) SELECT {columns} FROM {quote(self.rows)}.{quote(table)}"
                )
            for sequence, value in self.sequences.items():
                # 0: the value has not been given out yet
                connection.exec_driver_sql(f"DO SETVAL({quote(sequence)}, {value}, 0)")
            # as the scratch account: a program belongs to who makes it, and no other may show its body
            with self.server.engine_within(name).connect() as own:
                for program in self.routines:
                    run_under(own, program, connection)
                run_in_workable_order(own, self.views)
                for program in self.triggers:
                    run_under(own, program, connection)


def copy_schema(server: MySQLServer, name: str, aside: str) -> SchemaCopy:
    """Read all definitions of the database `name`, and copy its rows into the empty database `aside`."""
    copy = SchemaCopy(server, aside)
    with server.engine_for(name).connect() as connection, server.engine_within(name).connect() as own:
        for setting in FAITHFULLY:
            connection.exec_driver_sql(setting)
        for kind, table in list_tables(server, name):
            definition = str(connection.exec_driver_sql(f"SHOW CREATE {kind} {quote(table)}").one()[1])
            if kind == "VIEW":
                copy.views.append(definition)
                continue
            copy.tables.append(definition)
            if kind == "SEQUENCE":
                value = connection.exec_driver_sql(f"SELECT next_not_cached_value FROM {quote(table)}").scalar_one()
                copy.sequences[table] = int(value)
            elif connection.exec_driver_sql(f"SELECT 1 FROM {quote(table)} LIMIT 1").first() is not None:
                copy.filled[table] = columns = list_columns(server, name, table)
                target = f"{quote(aside)}.{quote(table)}"
                connection.exec_driver_sql(f"CREATE TABLE {target} LIKE {quote(table)}")
                connection.exec_driver_sql(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {quote(table)}")
        copy.routines = read_programs(own, name, "routine")
        copy.triggers = [*read_programs(own, name, "trigger"), *read_programs(own, name, "event")]
    return copy


def list_tables(server: MySQLServer, name: str) -> list[tuple[str, str]]:
    """List the tables, views and sequences of a database, each as kind and name."""
    found = server.run(f"SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = {literal(name)}")
    return [(KINDS[kind], str(table)) for kind, table in found if kind in KINDS]


def list_columns(server: MySQLServer, name: str, table: str) -> str:
    """List the columns of a table that are stored because they were written, joined for INSERT."""
    found = server.run(
        f"SELECT column_name FROM information_schema.columns WHERE table_schema = {literal(name)}"
        f" AND table_name = {literal(table)} AND coalesce(generation_expression, '') = '' ORDER BY ordinal_position"
    )
    return ", ".join(quote(str(column)) for (column,) in found)


def read_programs(connection: Connection, name: str, what: str) -> list[StoredProgram]:
    """Read the definitions of all triggers, routines or events. Source: the result columns in MySQL's manual, SHOW CREATE ….

    connection: as the account that made them; to others the server shows no bodies.
    """
    kind = "routine_type" if what == "routine" else literal(what.upper())
    listing = f"SELECT {kind}, {what}_name FROM information_schema.{what}s WHERE {what}_schema = {literal(name)}"
    position = 3 if what == "event" else 2
    programs = []
    for word, program in connection.exec_driver_sql(listing).all():
        row = connection.exec_driver_sql(f"SHOW CREATE {word} {quote(program)}").one()
        programs.append(StoredProgram(str(row[position]), str(row[1])))
    return programs


def run_under(connection: Connection, program: StoredProgram, given: Connection) -> None:
    """Create a program under its own sql_mode, which it keeps; over the given account where only administrators may.

    The server spells a program's definer out, so it is the same one whichever account creates it.
    """
    connection.exec_driver_sql(f"SET sql_mode = {literal(program.mode)}")
    try:
        connection.exec_driver_sql(program.definition)
    except exc.DBAPIError as error:
        if error.orig is None or error.orig.args[0] != FOR_ADMINISTRATORS:
            raise
        given.exec_driver_sql(f"SET sql_mode = {literal(program.mode)}")
        given.exec_driver_sql(program.definition)


def run_in_workable_order(connection: Connection, definitions: list[str]) -> None:
    """Create what may build on one another: those that fail are tried again after the others."""
    waiting = list(definitions)
    while waiting:
        failed = [definition for definition in waiting if not succeeds(connection, definition)]
        # once more, for its error
        if len(failed) == len(waiting):
            connection.exec_driver_sql(failed[0])
        waiting = failed


def succeeds(connection: Connection, statement: str) -> bool:
    """Execute a statement; return whether the server accepted it."""
    try:
        connection.exec_driver_sql(statement)
    except exc.DBAPIError:
        return False
    return True
