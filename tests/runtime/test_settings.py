"""What a role, a database or a URL has set neither cuts our own connections off nor changes what they see."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.postgresql.source import SourceDatabase, read_source
from mrt_runtime.databases.server_connection import make_engine
from mrt_runtime.verify.session import Verification
from tests.runtime.own_names import own

USERS = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))'


def with_query(url, **query):
    return sa.make_url(url).update_query_dict(query).render_as_string(hide_password=False)


@pytest.fixture
def history(project):
    """A revision that is reversible, and one that loses a column."""
    project.add("a", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "b", "a", upgrade='op.drop_column("users", "name")', downgrade='op.add_column("users", sa.Column("name", sa.String(50)))'
    )
    return project


def outcomes(project, url):
    with Verification(project.config(db_url=url)) as verification:
        return [verdict.outcome.value for verdict in verification.check_all()]


@pytest.mark.parametrize("setting", ["idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout"])
def test_a_postgresql_timeout_binds_env_py_but_not_our_own_connections(postgres_url, setting):
    database = databases.connect(with_query(postgres_url, options=f"-c {setting}=4321"))
    with database.make_scratch() as scratch, scratch.engine.connect() as own:
        own.rollback()
        assert own.exec_driver_sql(f"SHOW {setting}").scalar() == "0"
        assert scratch.env_url.query["options"] == f"-c {setting}=4321"
    database.close()


def test_a_role_that_only_reads_by_default_leaves_no_scratch_database(postgres_url):
    database = databases.connect(with_query(postgres_url, options="-c default_transaction_read_only=on"))
    with database.make_scratch() as scratch:
        name = scratch.url.database
    with sa.create_engine(postgres_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar() is None
    database.close()


def test_a_database_that_is_read_only_has_scratch_databases_that_are_not():
    given = SourceDatabase("given", settings=("default_transaction_read_only=on", "work_mem=8MB"))
    assert given.settings_for("x") == ["ALTER DATABASE \"x\" SET work_mem TO '8MB'"]


def test_the_only_schema_to_create_tables_in_is_there_from_the_beginning(postgres_url):
    with make_engine(sa.make_url(postgres_url)).connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql("SET search_path = app, public")
        assert read_source(connection, "given").home == ()
        connection.exec_driver_sql('SET search_path = "$user", app')
        given = read_source(connection, "given")
        connection.exec_driver_sql("DROP SCHEMA app")
    assert given.home == ("app",)
    assert 'CREATE SCHEMA IF NOT EXISTS "app"' in SourceDatabase("given", holds_tables=True, home=given.home).preparation()


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_JP"])
def test_a_database_that_does_not_hold_every_character_is_seeded_with_those_that_it_holds(history, postgres_server, encoding):
    name = own(encoding.lower())
    engine = sa.create_engine(postgres_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        url = postgres_server.set(database=name).render_as_string(hide_password=False)
        assert outcomes(history, url) == ["reversible", "data-loss"]
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


def test_mysql_settings_of_a_url_do_not_limit_what_we_read_or_how_long_we_wait(history, mysql_url):
    url = with_query(mysql_url, init_command="SET sql_select_limit = 1, wait_timeout = 1", charset="latin1")
    assert outcomes(history, url) == ["reversible", "data-loss"]
    database = databases.connect(url)
    with database.make_scratch() as scratch, scratch.engine.connect() as own:
        found = own.exec_driver_sql("SELECT @@sql_select_limit > 1000000, @@wait_timeout > 100000, @@character_set_client").one()
        assert tuple(found) == (1, 1, "utf8mb4")
        assert scratch.env_url.query["charset"] == "latin1"
    database.close()


def test_mysql_sessions_that_only_read_by_default_leave_no_scratch_database(mysql_url):
    database = databases.connect(with_query(mysql_url, init_command="SET SESSION TRANSACTION READ ONLY"))
    with database.make_scratch() as scratch:
        name = scratch.url.database
    with sa.create_engine(mysql_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.execute(sa.text("SHOW DATABASES LIKE :name"), {"name": name}).first() is None
    database.close()


def test_a_connection_that_the_driver_takes_for_alive_is_replaced_too(postgres_url, monkeypatch):
    """A server says that it ends a session, and hangs up a moment later."""
    database = databases.connect(postgres_url)
    server = database._server
    [(former,)] = server.run("SELECT pg_backend_pid()")

    def end(*_given):
        raise sa.exc.OperationalError("DROP DATABASE", None, Exception("terminating connection"), connection_invalidated=False)

    monkeypatch.setattr(server._connection, "exec_driver_sql", end)
    assert server.run("SELECT pg_backend_pid()") != [(former,)]
    assert server.is_held(server.token)
    database.close()
