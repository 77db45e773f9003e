"""One connection for each dialect, in a database where a test may do what it likes."""

import contextlib
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from mrt_runtime.compare.schema_difference import diff
from mrt_runtime.compare.snapshot import take_snapshot
from tests.runtime.own_names import own


class Place:
    """A connection that changes a database and looks at it."""

    def __init__(self, connection, dialect):
        self.connection = connection
        self.database = SimpleNamespace(dialect=dialect)

    def run(self, *statements):
        for statement in statements:
            self.connection.exec_driver_sql(statement)
        if self.database.dialect == "sqlite":
            self.connection.commit()

    def look(self, previous=None, ignored=()):
        return take_snapshot(self.connection, self.database, previous, ignored)

    def check(self, setup, change, messages, undo):
        """Change something and read what is told; undo it and read nothing."""
        self.run(*split(setup))
        before = self.look()
        self.run(*split(change))
        changed = self.look(before)
        assert [str(difference) for difference in diff(before.schema, changed.schema)] == messages
        assert changed.schema == self.look().schema, "building on the look before must see what a first look sees"
        self.run(*split(undo))
        assert [str(difference) for difference in diff(before.schema, self.look(changed).schema)] == []


def split(statements):
    return [statements] if isinstance(statements, str) else statements


@pytest.fixture
def place_on():
    """What makes a place of a connection."""
    return Place


@pytest.fixture
def sqlite_file(tmp_path):
    """What makes an empty SQLite file of a certain page size."""

    @contextlib.contextmanager
    def make(page_size):
        path = tmp_path / "look.db"
        path.unlink(missing_ok=True)
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA page_size = {page_size}")
            connection.exec_driver_sql("PRAGMA synchronous = off")
            yield Place(connection, "sqlite")

    return make


@pytest.fixture
def sqlite():
    """An empty SQLite database in memory."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as connection:
        yield Place(connection, "sqlite")
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_engine(postgres_server):
    name = own("look")
    admin = sa.create_engine(postgres_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = sa.create_engine(postgres_server.set(database=name))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql(postgresql_engine):
    """A PostgreSQL database in a transaction that is rolled back in the end."""
    with postgresql_engine.connect() as connection:
        yield Place(connection, "postgresql")


@pytest.fixture(scope="session")
def mysql_engine(mysql_server):
    name = own("look")
    admin = sa.create_engine(mysql_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = sa.create_engine(mysql_server.set(database=name), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")


@pytest.fixture
def mysql(mysql_engine):
    """A MariaDB or MySQL database, emptied afterwards."""
    with mysql_engine.connect() as connection:
        place = Place(connection, "mysql")
        yield place
        held = place.look().schema
        drops = [f"DROP {one.kind} {one.name}" for one in held.objects]
        drops += [f"DROP SEQUENCE {sequence.name}" for sequence in held.sequences]
        drops += [f"DROP TABLE {table.name}" for table in held.tables]
        place.run("SET foreign_key_checks = 0", *drops, "SET foreign_key_checks = 1")
