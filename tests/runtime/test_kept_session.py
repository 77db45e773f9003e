"""On PostgreSQL the runs of env.py take over one session from each other, and find it as a new one would be."""

import pytest
import sqlalchemy as sa

from mrt_runtime.databases.outage import LostServerError
from mrt_runtime.databases.postgresql.kept_session import MARK
from mrt_runtime.migrate import MigrationError, Migrator

PID = "op.execute('CREATE TABLE IF NOT EXISTS pids (pid int)'); op.execute('INSERT INTO pids SELECT pg_backend_pid()')"
FUNCTION = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('my.t', '1', false); END $$"
LISTENER = """
from sqlalchemy import event
@event.listens_for(engine, "do_connect")
def give_token(dialect, record, arguments, settings):
    settings["application_name"] = "theirs"
"""


@pytest.fixture(autouse=True)
def is_psycopg(postgres_scratch):
    if postgres_scratch.url.get_driver_name() != "psycopg":
        pytest.skip("only psycopg separates its connection object from the session")


def pids(scratch):
    with scratch.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT pid FROM pids")).scalars())


def run(project, scratch, *codes):
    """Run migrations with these upgrades, each in a run of env.py, and return the numbers of the sessions that they had."""
    for number, code in enumerate(codes):
        project.add(f"r{number}", f"r{number - 1}" if number else None, upgrade=f"{PID}\n    {code}", downgrade="pass")
    migrator = Migrator(project.config(), scratch)
    for number in range(len(codes)):
        migrator.upgrade(f"r{number}")
    return pids(scratch)


RAW = {
    "a cursor": "connection.cursor().execute(\"SELECT set_config('my.t', '1', false)\")",
    "a connection": "connection.dbapi_connection.execute(\"SELECT set_config('my.t', '1', false)\")",
    "a composed statement": "connection.cursor().execute(psycopg.sql.SQL('SET {} = 1').format(psycopg.sql.Identifier('my', 't')))",
    "bytes": "connection.cursor().execute(b'SET my.t = 1')",
    "many": "connection.cursor().executemany(\"SELECT set_config('my.t', %s, false)\", [('1',), ('2',)])",
    "a named cursor": "connection.dbapi_connection.cursor('c').execute(\"SELECT set_config('my.t', '1', false)\").fetchall()",
    "a stream": "list(connection.dbapi_connection.cursor().stream(\"SELECT set_config('my.t', '1', false)\"))",
    "a copy": "connection.dbapi_connection.cursor().copy(\"COPY (SELECT set_config('my.t', '1', false)) TO STDOUT\").__enter__().read()",
}


@pytest.mark.parametrize("left", RAW)
def test_what_a_migration_leaves_beside_sqlalchemy_is_gone_in_the_next_run(project, postgres_scratch, left):
    code = f"import psycopg\n    connection = op.get_bind().connection\n    {RAW[left]}"
    look = "assert op.get_bind().exec_driver_sql(\"SELECT current_setting('my.t', true)\").scalar() is None"
    assert len(set(run(project, postgres_scratch, code, look))) == 2


def test_cursors_are_of_the_class_that_the_project_asks_for(project, postgres_scratch):
    look = """import psycopg
    connection = op.get_bind().connection.dbapi_connection
    with connection.cursor() as cursor, connection.cursor("c") as named:
        assert isinstance(cursor, psycopg.Cursor) and isinstance(named, psycopg.ServerCursor)
        assert type(cursor).__name__ == "Cursor"
        assert cursor.execute("SELECT %s::int", [1]).fetchall() == [(1,)]"""
    assert len(set(run(project, postgres_scratch, look, look))) == 1


def test_a_role_and_a_database_without_settings_have_a_mark(postgres_url):
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        query = MARK.format(database="current_database()", role="'pg_monitor'").replace("%", "%%")
        assert connection.exec_driver_sql(query).scalar_one()


def test_one_session_serves_all_runs(project, postgres_scratch):
    assert len(set(run(project, postgres_scratch, "pass", "pass", "pass"))) == 1


@pytest.mark.parametrize(
    ("left", "then"),
    [
        ("op.execute('SET statement_timeout = 12345')", "SELECT current_setting('statement_timeout') <> '12345ms'"),
        ("op.execute('CREATE TEMPORARY TABLE mine (id int)')", "SELECT to_regclass('mine') IS NULL AND pg_my_temp_schema() = 0"),
        ("op.execute('PREPARE mine AS SELECT 1')", "SELECT count(*) = 0 FROM pg_prepared_statements"),
        ("op.execute('SELECT pg_advisory_lock(7)')", "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"),
        ("op.execute('LISTEN mine')", "SELECT count(*) = 0 FROM pg_listening_channels()"),
        ("op.execute('SET my.tenant = 1')", "SELECT current_setting('my.tenant', true) IS NULL"),
        ("op.execute(\"SELECT set_config('my' || '.tenant', '1', false)\")", "SELECT current_setting('my.tenant', true) IS NULL"),
        ("op.execute(\"DO $$ BEGIN EXECUTE 'SET my.tenant = 1'; END $$\")", "SELECT current_setting('my.tenant', true) IS NULL"),
        (
            f'op.execute("{FUNCTION}"); op.execute("SELECT f()")',
            "SELECT current_setting('my.t', true) IS NULL",
        ),
        ("op.get_bind().connection.dbapi_connection.mark = 1", "SELECT true"),
    ],
)
def test_what_a_migration_leaves_in_its_session_is_gone_in_the_next_run(project, postgres_scratch, left, then):
    look = (
        f'assert op.get_bind().exec_driver_sql("{then}").scalar(); '
        "assert not hasattr(op.get_bind().connection.dbapi_connection, 'mark')"
    )
    run(project, postgres_scratch, left, look)


@pytest.mark.parametrize("owner", ["CURRENT_USER", "other"])
def test_what_a_function_of_the_project_leaves_in_a_session_is_gone(project, postgres_scratch, owner):
    make = f'op.execute("CREATE ROLE other"); op.execute("{FUNCTION}"); op.execute("ALTER FUNCTION f() OWNER TO {owner}")'
    look = "assert op.get_bind().exec_driver_sql(\"SELECT current_setting('my.t', true)\").scalar() is None"
    run(project, postgres_scratch, make, 'op.execute("SELECT f()")', look)


@pytest.mark.parametrize(
    ("changed", "then"),
    [
        ("ALTER ROLE CURRENT_USER SET work_mem = '5MB'", "SELECT current_setting('work_mem') = '5MB'"),
        (
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET work_mem = ''5MB''', current_database()); END $$",
            "SELECT current_setting('work_mem') = '5MB'",
        ),
    ],
)
def test_what_new_sessions_get_otherwise_the_next_run_gets(project, postgres_scratch, changed, then):
    code = f'op.get_bind().exec_driver_sql("{changed}")'
    assert len(set(run(project, postgres_scratch, "pass", code, f'assert op.get_bind().exec_driver_sql("{then}").scalar()'))) == 2


def test_a_role_that_shuts_itself_out_is_shut_out(project, postgres_scratch):
    limit = "EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database())"
    shut = f'op.execute("DO $$ BEGIN {limit}; END $$")'
    with pytest.raises(LostServerError, match="too many connections"):
        run(project, postgres_scratch, "pass", shut, "pass")
    postgres_scratch.reset()


def test_what_the_project_does_before_it_connects_is_done_each_time(project, postgres_scratch):
    project.env.write_text(project.env.read_text().replace("with engine.connect()", f"{LISTENER}\nwith engine.connect()"))
    named = "assert op.get_bind().exec_driver_sql('SHOW application_name').scalar() == 'theirs'"
    assert len(set(run(project, postgres_scratch, named, named))) == 2


@pytest.mark.parametrize(("step", "sessions"), [("open('one', 'w').close()", 2), ("pass", 1)])
def test_a_session_that_would_be_opened_otherwise_is_another(project, postgres_scratch, step, sessions):
    project.env.write_text("import os\nos.environ['PGAPPNAME'] = str(len(os.listdir('.')))\n" + project.env.read_text())
    assert len(set(run(project, postgres_scratch, step, "pass"))) == sessions


def test_after_a_failure_the_session_is_another(project, postgres_scratch):
    run(project, postgres_scratch, "pass")
    project.add("bad", "r0", upgrade="op.execute('SELECT 1/0')")
    migrator = Migrator(project.config(), postgres_scratch)
    with pytest.raises(MigrationError):
        migrator.upgrade("bad")
    project.add("bad", "r0", upgrade=PID)
    Migrator(project.config(), postgres_scratch).upgrade("bad")
    assert len(set(pids(postgres_scratch))) == 2


def test_a_connection_that_env_py_closed_is_closed_for_it(project, postgres_scratch):
    noted = project.env.read_text().replace(
        "    context.configure(", "    raw = connection.connection.dbapi_connection\n    context.configure("
    )
    project.env.write_text(noted + "\nassert raw.closed\n")
    assert len(set(run(project, postgres_scratch, "pass", "pass"))) == 1


def test_a_kept_session_holds_up_no_copy(project, postgres_scratch):
    run(project, postgres_scratch, "pass")
    checkpoint = postgres_scratch.checkpoint()
    Migrator(project.config(), postgres_scratch).downgrade("r0")
    postgres_scratch.restore(checkpoint)
    assert Migrator(project.config(), postgres_scratch).current() == ("r0",)
