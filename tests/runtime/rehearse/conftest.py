"""A database with rows in it, standing at the first revision of a history, and what is there afterwards."""

import contextlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_runtime.rehearse.session import RehearsalSession
from tests.runtime.own_names import OWN, TOKEN, own

BASE = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)),
        sa.Column("phone", sa.String(20)), sa.Column("born", sa.Date))"""
ROWS = "INSERT INTO users (id, name, phone) VALUES " + ", ".join(
    f"({number}, '{'Ada' if number % 3 == 0 else 'bob'}{number}', {f'{number:04}' if number % 2 else 'NULL'!r})".replace(
        "'NULL'", "NULL"
    )
    for number in range(1, 31)
)
DIGESTS = {
    "sqlite": "SELECT group_concat(id || name || coalesce(phone, '-'), ',') FROM users",
    "postgresql": "SELECT string_agg(u::text, ',' ORDER BY id) FROM users AS u",
    "mysql": "SELECT GROUP_CONCAT(CONCAT_WS(',', id, name, COALESCE(phone, '-')) ORDER BY id) FROM users",
}
NAMES = {"postgresql": "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles", "mysql": "SHOW DATABASES"}


class Source:
    """A database that is somebody's: its URL, what it holds, and what is left beside it."""

    def __init__(self, url, engine):
        self.url = url
        self.engine = engine
        self._before = set(self._made())

    def execute(self, *statements):
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def digest(self):
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql(DIGESTS[self.engine.dialect.name]).scalar()
            return rows, sorted(sa.inspect(connection).get_table_names()), self._file()

    def _file(self):
        if self.engine.dialect.name != "sqlite":
            return None
        return Path(self.engine.url.database).read_bytes()

    def leftovers(self):
        """What is there and was not when this one was made; other processes make theirs meanwhile."""
        return sorted(set(self._made()) - self._before)

    def _made(self):
        if self.engine.dialect.name == "sqlite":
            return []
        with self.engine.connect() as connection:
            names = connection.exec_driver_sql(NAMES[self.engine.dialect.name]).scalars().all()
        return [name for name in names if "_mrt_" in name and not ((found := OWN.search(name)) and found["token"] != TOKEN)]


@contextlib.contextmanager
def make_source(url, server=None):
    """A database at revision "first" with thirty users."""
    url = sa.make_url(url)
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT") if server is not None else None
    if admin is not None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.database}")
            connection.exec_driver_sql(f"CREATE DATABASE {url.database}")
    made = Source(url.render_as_string(hide_password=False), sa.create_engine(url, poolclass=sa.NullPool))
    made.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('first')",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50), phone VARCHAR(20), born DATE)",
        ROWS,
    )
    yield made
    if admin is not None:
        with admin.connect() as connection:
            connection.exec_driver_sql(
                f"DROP DATABASE {url.database}{' WITH (FORCE)' if admin.dialect.name == 'postgresql' else ''}"
            )


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def source(request, tmp_path):
    """Such a database on each dialect in turn."""
    if request.param == "sqlite":
        with make_source(f"sqlite:///{tmp_path}/staging.db") as made:
            yield made
        return
    server = request.getfixturevalue(f"{request.param}_server")
    with make_source(server.set(database=own("staging")), server) as made:
        yield made


@pytest.fixture
def postgres_source(postgres_server):
    """Such a database on PostgreSQL, for what only it can do."""
    with make_source(postgres_server.set(database=own("staging")), postgres_server) as made:
        yield made


@pytest.fixture
def history(project):
    """Write a history of steps upon "first", each with its upgrade and downgrade."""
    project.add("first", upgrade=BASE, downgrade='op.drop_table("users")')

    def write(*steps):
        parent = "first"
        for name, upgrade, downgrade in steps:
            project.add(name, parent, upgrade=upgrade, downgrade=downgrade)
            parent = name
        return project

    return write


@pytest.fixture
def rehearse(history):
    """Rehearse a history of steps on a source; proves that the source is as it was, and that nothing is left."""

    def run(source, *steps, names=(), shows_values=False, with_traffic=False, **settings):
        project = history(*steps)
        before = source.digest()
        with RehearsalSession(
            source.url, project.config(**settings), shows_values=shows_values, with_traffic=with_traffic
        ) as session:
            run.facts = session.facts
            found = list(session.rehearse(session.select(names)))
        assert source.digest() == before
        assert source.leftovers() == []
        return {revision.verdict.revision: revision for revision in found}

    return run
