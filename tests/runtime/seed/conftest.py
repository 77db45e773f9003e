"""A field to sow: a scratch database with tables, its catalogue, and a seeder that remembers what it did."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.look import read_schema
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

    def new_world(self, *statements):
        before = self.look()
        self.run(*statements)
        after = self.look()
        with self.scratch.engine.begin() as connection:
            return self.seeder.new_world(connection, before, after)

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


@pytest.fixture
def field(scratch):
    """A field on each dialect in turn."""
    return Field(scratch)


def on(name, request):
    database = request.getfixturevalue(f"{name}_database")
    with database.make_scratch() as scratch:
        yield Field(scratch)


@pytest.fixture(scope="session")
def sqlite_database(sqlite_url):
    opened = databases.connect(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_database(postgres_url):
    opened = databases.connect(postgres_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def mysql_database(mysql_url):
    opened = databases.connect(mysql_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(request):
    """A field on SQLite."""
    yield from on("sqlite", request)


@pytest.fixture
def postgres(request):
    """A field on PostgreSQL."""
    yield from on("postgres", request)


@pytest.fixture
def mysql(request):
    """A field on MariaDB or MySQL."""
    yield from on("mysql", request)
