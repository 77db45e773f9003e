"""Programs that a database stores (triggers, routines, events), and in which order what builds on one another is created."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.quoting import literal, quote

FOR_ADMINISTRATORS = 1419
"""The error of a server with a binary log that allows only administrators to make triggers and functions."""


@dataclass(frozen=True, slots=True)
class StoredProgram:
    """A trigger, routine or event, with the sql_mode that it was written under. name: with its kind, as it is dropped."""

    name: str
    definition: str
    mode: str


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
        programs.append(StoredProgram(f"{word} {quote(program)}", str(row[position]), str(row[1])))
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


def run_in_workable_order(connection: Connection, definitions: Iterable[str]) -> None:
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
