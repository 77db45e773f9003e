"""Bringing a database back to a copy of it by making again what is not as it was; the rest stays.

What is the same is the server's own word: how it would create each object now, and what the rows of a table add up to.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from mrt_runtime.databases.mysql.copy import (
    FAITHFULLY,
    KINDS,
    SchemaCopy,
    list_tables,
    read_routines,
    read_triggers,
    show,
)
from mrt_runtime.databases.mysql.quoting import quote
from mrt_runtime.databases.mysql.row_sum import in_utc
from mrt_runtime.databases.mysql.stored_program import StoredProgram, run_in_workable_order, run_under


class ReturnToCopy:
    """Brings one database back to one copy."""

    def __init__(self, copy: SchemaCopy, name: str) -> None:
        self._copy = copy
        self._name = name

    def run(self) -> bool:
        """Do it; False where it takes a new database."""
        server, copy = self._copy.server, self._copy
        server.end_sessions(self._name)
        try:
            with server.engine_for(self._name).connect() as connection, server.engine_within(self._name).connect() as own:
                if show(connection, "DATABASE", self._name) != copy.database:
                    return False
                for setting in FAITHFULLY:
                    connection.exec_driver_sql(setting)
                self._bring_back(connection, own)
        except exc.DBAPIError:
            return False
        return True

    def _bring_back(self, connection: Connection, own: Connection) -> None:
        copy, present = self._copy, list_tables(connection, self._name)
        views = {table: show(connection, "VIEW", table) for table, kind in present.items() if kind == "VIEW"}
        tables = {table: kind for table, kind in present.items() if kind != "VIEW"}
        same = self._find_same(connection, tables)
        routines = read_routines(own, self._name)
        has_same_views = views == copy.views and routines == copy.routines
        if not has_same_views:
            for view in views:
                connection.exec_driver_sql(f"DROP VIEW {quote(view)}")
        for table, kind in tables.items():
            if table not in same:
                connection.exec_driver_sql(f"DROP {KINDS[kind]} {quote(table)}")
        copy.make_tables(connection, [table for table in copy.tables if table not in same])
        replace(routines, copy.routines, connection, own)
        if not has_same_views:
            run_in_workable_order(own, copy.views.values())
        replace(read_triggers(own, self._name), copy.triggers, connection, own)

    def _find_same(self, connection: Connection, tables: Mapping[str, str]) -> set[str]:
        """Find the tables that need not be made again, all of which are locked meanwhile: what others had begun is over then.

        Of sequences the server does not show which number comes next, and what tables with a past have held is not kept.
        """
        with in_utc(connection):
            self._copy.sum_rows(connection)
        if not tables:
            return set()
        connection.exec_driver_sql(f"LOCK TABLES {', '.join(f'{quote(table)} WRITE' for table in tables)}")
        try:
            candidates = [
                name
                for name, table in self._copy.tables.items()
                if tables.get(name) == table.type == "BASE TABLE" and show(connection, "TABLE", name) == table.definition
            ]
            with in_utc(connection):
                return self._copy.find_same_rows(connection, candidates)
        finally:
            connection.exec_driver_sql("UNLOCK TABLES")


def replace(there: list[StoredProgram], wanted: list[StoredProgram], given: Connection, own: Connection) -> None:
    """Make all programs again where they are not the same ones: of triggers the order counts."""
    if there == wanted:
        return
    for program in there:
        given.exec_driver_sql(f"DROP {program.name}")
    for program in wanted:
        run_under(own, program, given)
