"""What was read of a database, taken as read of its copy: CREATE DATABASE copies every row with its OID and its transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.databases.postgresql.catalogue import PostgreSQLBasis
from mrt_runtime.databases.postgresql.content import EarlierRows

OWN_OID = "SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"


def move_reading(connection: Connection, schema: Schema, rows: Rows) -> tuple[Schema, Rows] | None:
    """See `DatabaseBackend`. A row that was written after the reading is younger than it in the copy as well."""
    catalogue, content = schema.basis, rows.basis
    if not (isinstance(catalogue, PostgreSQLBasis) and isinstance(content, EarlierRows)):
        return None
    cursor = connection.connection.cursor()
    cursor.execute(OWN_OID)
    [(database,)] = cursor.fetchall()
    catalogue = replace(catalogue, start=replace(catalogue.start, database=database))
    content = replace(content, start=replace(content.start, database=database))
    return replace(schema, basis=catalogue), replace(rows, basis=content)
