"""A field to sow: a scratch database with tables, its catalogue, and a seeder that remembers what it did."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.compare.snapshot import read_schema
from mrt_runtime.seed import Seeder


class Field:
    """Tables in a scratch database, seeded again whenever `seed` is called."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.schema = None
        self.seeded = None
        self.seeder = Seeder(scratch.database)

    def run(self, *statements):
        with self.scratch.engine.begin() as connection:
            cursor = connection.connection.cursor()
            for statement in statements:
                cursor.execute(statement)

    def look(self):
        with self.scratch.engine.connect() as connection:
            self.schema = read_schema(connection, self.scratch.database, previous=self.schema)
        return self.schema

    def seed(self, *statements, touched=()):
        self.run(*statements)
        schema = self.look()
        with self.scratch.engine.begin() as connection:
            self.seeded = self.seeder.seed(connection, schema, self.seeded, touched=touched)
        return self.seeded

    def write_new_rows(self, *statements):
        before = self.look()
        self.run(*statements)
        after = self.look()
        with self.scratch.engine.begin() as connection:
            return self.seeder.write_new_rows(connection, before, after)

    def rows(self, table, columns="*"):
        with self.scratch.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {table} ORDER BY 1")]

    def never_filled(self):
        """Each column that is NULL in all rows of its table."""
        found = []
        with self.scratch.engine.connect() as connection:
            for table in self.schema.tables:
                for column in table.columns:
                    whole = sa.table(table.name, sa.column(column.name), schema=table.schema)
                    if not connection.execute(sa.select(sa.func.count(whole.c[column.name]))).scalar():
                        found.append(f"{table.label}.{column.name}")
        return found


def clear(scratch):
    """Drop what a test made, which is quicker than a fresh database."""
    with scratch.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            schemas = sa.inspect(connection).get_schema_names()
            for schema in set(schemas) - {"information_schema"}:
                connection.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')
            connection.exec_driver_sql("CREATE SCHEMA public")
        else:
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            for table in sa.inspect(connection).get_table_names():
                connection.execute(sa.schema.DropTable(sa.Table(table, sa.MetaData())))


@pytest.fixture(scope="session")
def sqlite_ground(sqlite_url):
    database = databases.connect(sqlite_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_ground(postgres_url):
    yield from ground(postgres_url)


@pytest.fixture(scope="session")
def mysql_ground(mysql_url):
    yield from ground(mysql_url)


def ground(url):
    """One scratch database for all tests."""
    database = databases.connect(url)
    with database.make_scratch("seed") as scratch:
        yield scratch
    database.close()


@pytest.fixture
def sqlite(sqlite_ground):
    """A field on SQLite."""
    with sqlite_ground.make_scratch() as scratch:
        yield Field(scratch)


@pytest.fixture
def postgres(postgres_ground):
    """A field on PostgreSQL."""
    yield Field(postgres_ground)
    clear(postgres_ground)


@pytest.fixture
def mysql(mysql_ground):
    """A field on MariaDB or MySQL."""
    yield Field(mysql_ground)
    clear(mysql_ground)


@pytest.fixture(params=["sqlite", "postgres"])
def field(request):
    """A field on each of the dialects that are quick at making tables."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def any_field(request):
    """A field on each dialect in turn."""
    return request.getfixturevalue(request.param)
