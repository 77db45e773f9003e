"""A lent database is used by others, too: whatever a person does there outlives the run, however the run ends."""

import contextlib
import re
import subprocess
import sys
import time
import uuid

import psycopg
import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.migrate import MigrationError, Migrator
from tests.axes import keep_every, keep_pairs
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow

ROLE = own("lent")


def execute(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})
    with engine.connect() as connection:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return [result.all() if result.returns_rows else [] for result in results]


@pytest.fixture(scope="module")
def role(postgres_server):
    """A role that may not create databases."""
    execute(postgres_server, f"DROP ROLE IF EXISTS {ROLE}", f"CREATE ROLE {ROLE} LOGIN PASSWORD 'x'")
    yield ROLE
    execute(postgres_server, f"DROP ROLE {ROLE}")


@pytest.fixture
def lent(postgres_server, role):
    """An empty database of that role."""
    name = f"{ROLE}_{uuid.uuid4().hex[:8]}"
    execute(postgres_server, f"CREATE DATABASE {name} OWNER {role}")
    yield postgres_server.set(username=role, password="x", database=name)
    execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


OWN = (
    "CREATE TABLE t (id serial PRIMARY KEY, name text, kind integer)",
    "CREATE TABLE child (id integer PRIMARY KEY, t_id integer REFERENCES t (id))",
    "INSERT INTO t (name) VALUES ('one'), ('two')",
    "CREATE INDEX ix_t_name ON t (name)",
    "CREATE SCHEMA extra",
    "CREATE TYPE extra.mood AS ENUM ('ok')",
    "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW v AS SELECT * FROM t",
)
"""What the run makes."""


def work(scratch, *statements):
    with scratch.engine.begin() as connection:
        for statement in statements or OWN:
            connection.exec_driver_sql(statement)


def abandon(database):
    """Let go of everything as a killed process does, dropping nothing."""
    database._server.close()


def kill_a_run(url, *statements):
    database = databases.connect(url)
    scratch = database.make_scratch()
    work(scratch, *statements)
    abandon(database)
    return scratch.journal.mark


def next_run(url):
    database = databases.connect(url)
    try:
        database.make_scratch().drop()
    finally:
        database.close()


def digest(url):
    """Everything that the database holds, with the rows."""
    parts = [
        "SELECT 'object', i.type || ' ' || i.identity, c.xmin::text FROM pg_class c, pg_identify_object(1259, c.oid, 0) i WHERE c.oid >= 16384",
        "SELECT 'function', oid::regprocedure::text, xmin::text FROM pg_proc WHERE oid >= 16384",
        "SELECT 'type', oid::regtype::text, xmin::text FROM pg_type WHERE oid >= 16384",
        "SELECT 'schema', nspname::text, xmin::text FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'",
        "SELECT 'column', attrelid || ' ' || attname, xmin::text FROM pg_attribute WHERE attrelid >= 16384",
        "SELECT 'trigger', oid || ' ' || tgname, xmin::text FROM pg_trigger",
        "SELECT 'comment', objoid || ' ' || description, xmin::text FROM pg_description WHERE objoid >= 16384",
        "SELECT 'large object', oid::text, '' FROM pg_largeobject_metadata",
        "SELECT 'extension', extname, '' FROM pg_extension",
    ]
    [things] = execute(url, " UNION ALL ".join(parts) + " ORDER BY 1, 2, 3")
    tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384 ORDER BY oid"
    rows = [
        (name, execute(url, f"SELECT xmin::text, x::text FROM {name} AS x ORDER BY ctid")[0]) for (name,) in execute(url, tables)[0]
    ]
    return things, rows


def remaining(url):
    """The objects that are not the server's own."""
    return sorted(
        name
        for (name,) in execute(
            url,
            "SELECT relname::text FROM pg_class WHERE oid >= 16384 AND relkind <> 't' AND relname !~ '^pg_toast' UNION ALL "
            "SELECT proname::text FROM pg_proc WHERE oid >= 16384 UNION ALL SELECT nspname::text FROM pg_namespace WHERE oid >= 16384 "
            "AND nspname !~ '^pg_' UNION ALL SELECT typname::text FROM pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd')",
        )[0]
    )


WORST = ("CREATE TABLE customers (id serial PRIMARY KEY, name text)", "INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 500) n", "CREATE SCHEMA crm")  # fmt: skip
PERSON = {
    "the worst one": (WORST, ["table customers", "schema crm"]),
    "a table in another schema": (["CREATE SCHEMA crm", "CREATE TABLE crm.leads (id integer)"], ["schema crm", "table crm.leads"]),
    "a table in the run's schema": (["CREATE TABLE extra.leads (id integer)"], ["table extra.leads"]),
    "a function": (["CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 2'"], ["function g()"]),
    "a type": (["CREATE TYPE colour AS ENUM ('red')"], ["type colour"]),
    "a domain": (["CREATE DOMAIN short AS text CHECK (length(value) < 4)"], ["type short"]),
    "a sequence": (["CREATE SEQUENCE numbers"], ["sequence numbers"]),
    "rows in a table that the run left": (["INSERT INTO t (name) VALUES ('mine')"], ["1 row in table t"]),
    "a changed row": (["UPDATE t SET name = 'mine' WHERE id = 1"], ["1 row in table t"]),
    "rows that row security hides": (
        ["INSERT INTO t (name) VALUES ('mine')", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t FORCE ROW LEVEL SECURITY"],
        ["table t"],
    ),
    "a column": (["ALTER TABLE t ADD COLUMN mine text"], ["a change to table t"]),
    "an index": (["CREATE INDEX mine ON t (kind)"], ["table t"]),
    "a trigger": (
        [
            "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()",
        ],
        ["function g()"],
    ),
    "a table of the same name": (["DROP TABLE t CASCADE", "CREATE TABLE t (id integer)"], ["table t"]),
    "a function replaced": (["CREATE OR REPLACE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2'"], ["function f(integer)"]),
    "a new name": (["ALTER TABLE t RENAME TO mine"], ["a change to table mine"]),
    "another schema": (["CREATE SCHEMA mine", "ALTER TABLE t SET SCHEMA mine"], ["schema mine"]),
    "a view over it": (["CREATE VIEW mine AS SELECT id FROM t"], ["view mine"]),
    "a materialized view": (["CREATE MATERIALIZED VIEW mine AS SELECT id FROM t"], ["materialized view mine"]),
    "a foreign key to it": (["CREATE TABLE mine (id integer REFERENCES t (id))"], ["table mine"]),
    "a child of it": (["CREATE TABLE mine (more text) INHERITS (t)"], ["table t"]),
    "a sequence given to it": (["CREATE SEQUENCE mine OWNED BY t.kind"], ["table t"]),
    "a comment": (["COMMENT ON TABLE t IS 'mine'"], ["a change to table t"]),
    "a comment on a column": (["COMMENT ON COLUMN t.name IS 'mine'"], ["a change to table t"]),
    "a grant": (["GRANT SELECT ON t TO PUBLIC"], ["a change to table t"]),
    "a value of an enum": (["ALTER TYPE extra.mood ADD VALUE 'mine'"], ["a change to type extra.mood"]),
    "a default that uses the run's function": (["CREATE TABLE mine (id integer DEFAULT f(1))"], ["table mine"]),
    "a column of the run's type": (["CREATE TABLE mine (mood extra.mood)"], ["table mine"]),
    "default privileges": (["ALTER DEFAULT PRIVILEGES IN SCHEMA extra GRANT SELECT ON TABLES TO PUBLIC"], ["extra"]),
    "a large object": (["SELECT lo_from_bytea(0, 'abc')"], ["large object"]),
    "statistics": (["CREATE STATISTICS mine ON name, kind FROM t"], ["table t"]),
    "a cleared table": (["TRUNCATE child", "INSERT INTO child VALUES (1, 1)"], ["table child"]),
}  # fmt: skip


@pytest.mark.parametrize("deed", keep_every(2, [*PERSON][::4]))  # how each is seen is tried below
def test_what_a_person_did_after_a_kill_is_named_and_nothing_is_touched(lent, deed):
    statements, named = PERSON[deed]
    mark = kill_a_run(lent)
    execute(lent, *statements)
    before = digest(lent)
    with pytest.raises(ConfigurationError) as error:
        next_run(lent)
    message = str(error.value)
    assert digest(lent) == before
    assert "Nothing was touched" in message
    told = message.partition("there is what it cannot be proved to have made: ")[2].partition(". Nothing")[0]
    for name in named:
        assert name in told
    assert mark in message


@pytest.mark.parametrize("deed", keep_every(3, PERSON))
def test_what_a_person_did_while_the_run_lives_is_left_at_its_end_and_the_rest_goes(lent, deed, capfd):
    statements, named = PERSON[deed]
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch)
        execute(lent, *statements)
        kept = set(remaining(lent))
        if deed != "rows that row security hides":
            with pytest.raises(ConfigurationError, match="cannot be proved"), scratch.engine.connect() as connection:
                scratch.journal.require_alone(connection)
        with pytest.raises(ConfigurationError, match="cannot be proved"):
            scratch.reset()
    database.close()
    left = remaining(lent)
    assert not [name for name in left if name.startswith("lent_mrt")]
    theirs = {"customers", "crm", "leads", "g", "colour", "short", "numbers", "mine"} & kept
    assert theirs <= set(left)
    rows = {"the worst one": ("customers", 500), "rows in a table that the run left": ("t", 3), "a changed row": ("t", 2)}
    if deed in rows:
        table, count = rows[deed]
        assert execute(lent, f"SELECT count(*) FROM {table}") == [[(count,)]]
    if "child" not in str(statements) + str(named) and " t" not in str(statements):
        assert "child" not in left


def test_an_extension_of_a_person_is_kept(lent, postgres_server):
    kill_a_run(lent)
    execute(postgres_server.set(database=lent.database), "CREATE EXTENSION citext")
    before = digest(lent)
    with pytest.raises(ConfigurationError, match="extension citext"):
        next_run(lent)
    assert digest(lent) == before


def test_the_statements_that_remove_the_mark_do_and_keep_everything_else(lent):
    mark = kill_a_run(lent)
    execute(lent, *WORST)
    with pytest.raises(ConfigurationError) as error:
        next_run(lent)
    statements = str(error.value).partition("remove the mark alone: ")[2]
    for statement in re.findall(r"(DROP [^;]+);", statements):
        execute(lent, statement)
    left = remaining(lent)
    assert mark not in left
    assert {"customers", "crm", "t", "child", "v", "f", "extra"} <= set(left)
    with pytest.raises(ConfigurationError, match="holds tables"):
        next_run(lent)


def test_what_a_killed_run_made_is_dropped_where_nothing_else_is_there(lent):
    before = remaining(lent)
    kill_a_run(lent)
    next_run(lent)
    assert remaining(lent) == before


def test_a_second_killed_run_changes_nothing_about_it(lent):
    before = remaining(lent)
    kill_a_run(lent)
    kill_a_run(lent)
    execute(lent, "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT 2'")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"function g\(\)"):
            next_run(lent)
    execute(lent, "DROP FUNCTION g()")
    next_run(lent)
    assert remaining(lent) == before


def test_what_is_written_under_savepoints_and_in_exception_blocks_is_proved(lent):
    before = remaining(lent)
    database = databases.connect(lent)
    scratch = database.make_scratch()
    with scratch.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id integer)")
        with connection.begin_nested():
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            connection.exec_driver_sql("CREATE TABLE u (id integer)")
        with contextlib.suppress(sa.exc.DBAPIError), connection.begin_nested():
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
            connection.exec_driver_sql("SELECT 1/0")
        block = "INSERT INTO t VALUES (3); EXCEPTION WHEN unique_violation THEN NULL; END"
        connection.exec_driver_sql(f"DO 'BEGIN {block}'")
        connection.exec_driver_sql("ALTER TABLE t ALTER id TYPE bigint")
    abandon(database)
    next_run(lent)
    assert remaining(lent) == before


@pytest.mark.parametrize(("driver", "ending"), keep_pairs(["psycopg", "psycopg2", "asyncpg"], ["kill", "end"]))
def test_what_migrations_commit_by_themselves_is_proved(lent, project, driver, ending, capfd):
    """Autocommit blocks, CONCURRENTLY, COMMIT as a statement, and engines that commit each statement."""
    pytest.importorskip(driver)
    before = remaining(lent)
    url = lent.set(drivername=f"postgresql+{driver}")
    if driver == "asyncpg":
        project.write_async_env()
    project.add(
        "a",
        upgrade="""op.execute("CREATE TYPE mood AS ENUM ('ok')")
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE mood ADD VALUE 'sad'")
        op.execute("INSERT INTO t (name) VALUES ('x')")
        op.create_index("ix_t_name", "t", ["name"], postgresql_concurrently=True)
        op.execute("REINDEX TABLE CONCURRENTLY t")
        op.execute("VACUUM FULL t")
        op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO t (name) VALUES ('y')")""",
    )
    database = databases.connect(url)
    scratch = database.make_scratch()
    migrator = Migrator(project.config(), scratch)
    migrator.upgrade("a")
    with scratch.engine.connect() as connection:
        scratch.journal.require_alone(connection)
    if ending == "end":
        scratch.drop()
    abandon(database)
    if ending == "kill":
        next_run(lent)
    assert remaining(lent) == before
    assert "mrt:" not in capfd.readouterr().err


def test_an_index_that_was_interrupted_half_way_is_proved(lent, project, capfd):
    """CONCURRENTLY leaves an invalid index behind when it fails or is cancelled."""
    before = remaining(lent)
    project.add(
        "a",
        upgrade="""op.execute("CREATE TABLE t (n integer)")
    op.execute("INSERT INTO t VALUES (1), (1)")
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY ix ON t (n)")""",
    )
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        with pytest.raises(MigrationError):
            Migrator(project.config(), scratch).upgrade("a")
        assert "ix" in remaining(lent)
        with scratch.engine.connect() as connection:
            scratch.journal.require_alone(connection)
    database.close()
    assert remaining(lent) == before
    assert "mrt:" not in capfd.readouterr().err


def test_rows_that_row_security_of_the_run_hides_are_seen_before_anything_is_dropped(lent, postgres_server):
    secured = ("CREATE TABLE t (id integer)", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t FORCE ROW LEVEL SECURITY")
    kill_a_run(lent, *secured)
    execute(postgres_server.set(database=lent.database), "INSERT INTO t VALUES (7)")
    with pytest.raises(ConfigurationError, match="1 row in table t"):
        next_run(lent)
    assert execute(postgres_server.set(database=lent.database), "SELECT id FROM t") == [[(7,)]]


def test_commit_as_a_statement_is_noted(lent, project):
    before = remaining(lent)
    project.add(
        "a",
        upgrade='op.execute("CREATE TABLE t (id integer)")\n    op.execute("-- now\\nCOMMIT")\n    op.execute("CREATE TABLE u (id integer)")',
    )
    database = databases.connect(lent)
    scratch = database.make_scratch()
    Migrator(project.config(), scratch).upgrade("a")
    abandon(database)
    next_run(lent)
    assert remaining(lent) == before


def test_what_another_role_makes_for_the_migration_is_proved(lent, postgres_server):
    """SET ROLE is how many projects give their tables to another owner."""
    owner = f"{ROLE}_owner"
    execute(postgres_server, f"CREATE ROLE {owner}", f"GRANT {owner} TO {ROLE}")
    try:
        execute(postgres_server.set(database=lent.database), f"GRANT CREATE ON SCHEMA public TO {owner}")
        before = remaining(lent)
        database = databases.connect(lent)
        scratch = database.make_scratch()
        with scratch.engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL ROLE {owner}")
            connection.exec_driver_sql("CREATE TABLE t (id integer)")
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        abandon(database)
        next_run(lent)
        assert remaining(lent) == before
    finally:
        execute(postgres_server.set(database=lent.database), f"DROP OWNED BY {owner}")
        execute(postgres_server, f"DROP ROLE {owner}")


def test_a_persons_session_and_its_statement_outlive_resets_interruptions_and_the_end(lent, project):
    project.add("a", upgrade='op.execute("SELECT pg_sleep(30)")')
    database = databases.connect(lent)
    with (
        database.make_scratch() as scratch,
        psycopg.connect(lent.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as person,
    ):
        migrator = Migrator(project.config(migration_timeout=0.5), scratch)
        cursor = person.cursor()
        import threading

        outcome = []

        def sleep():
            outcome.append(cursor.execute("SELECT 'slept' FROM pg_sleep(2)").fetchone())

        thread = threading.Thread(target=sleep)
        thread.start()
        with pytest.raises(Exception, match="migration_timeout"):
            migrator.upgrade("a")
        scratch.reset()
        thread.join()
        assert outcome == [("slept",)]
        scratch.reset()
        assert person.execute("SELECT 1").fetchone() == (1,)
    database.close()


def test_a_run_alone_is_not_stopped_and_gives_the_database_back(lent, project, capfd):
    before = remaining(lent)
    project.add(
        "a",
        upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text))',
        downgrade='op.drop_table("t")',
    )
    project.add("b", "a", upgrade='op.add_column("t", sa.Column("m", sa.Integer))', downgrade='op.drop_column("t", "m")')
    done = verify(lent, project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lent_mrt" not in done.stdout + done.stderr
    assert remaining(lent) == before


def verify(url, project, **settings):
    command = [sys.executable, "-m", "mrt_lint", "verify", "--db-url", url.render_as_string(hide_password=False)]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=60, check=False, **settings)


def test_a_person_who_makes_a_table_while_migrations_run_stops_the_run_and_keeps_the_table(lent, project):
    make = f"sa.create_engine({lent.render_as_string(hide_password=False)!r}.replace('+psycopg:', '+psycopg2:'))"
    project.add(
        "a",
        upgrade='import psycopg2\n    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))\n'
        f"    with psycopg2.connect({lent.set(drivername='postgresql').render_as_string(hide_password=False)!r}) as person:\n"
        "        person.cursor().execute('CREATE TABLE customers (id integer); INSERT INTO customers VALUES (7)')",
    )
    assert make
    done = verify(lent, project)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "table customers cannot be proved" in done.stderr
    assert "Traceback" not in done.stderr
    assert remaining(lent) == ["customers"]
    assert execute(lent, "SELECT id FROM customers") == [[(7,)]]


def test_without_the_right_to_leave_a_mark_a_run_still_takes_only_its_own(lent, postgres_server, capfd):
    inside = postgres_server.set(database=lent.database)
    execute(
        inside, f"ALTER DATABASE {lent.database} OWNER TO {postgres_server.username}", f"GRANT CREATE ON SCHEMA public TO {ROLE}"
    )
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch, "CREATE TABLE t (id integer)")
        execute(lent, "CREATE TABLE customers (id integer)")
    database.close()
    assert remaining(lent) == ["customers"]
    assert "table customers" in capfd.readouterr().err


def test_a_mark_that_was_restored_from_a_dump_proves_nothing(lent):
    """The journal's rows were written by the restoring transaction then, not by those that they name."""
    mark = kill_a_run(lent)
    execute(
        lent,
        f"CREATE TABLE aside AS SELECT * FROM {mark}.journal",
        f"TRUNCATE {mark}.journal",
        f"INSERT INTO {mark}.journal SELECT * FROM aside",
        "DROP TABLE aside",
    )
    before = digest(lent)
    with pytest.raises(ConfigurationError, match="Nothing was touched"):
        next_run(lent)
    assert digest(lent) == before


def test_what_appears_between_the_look_and_the_drop_is_not_taken_along(lent, monkeypatch):
    """Whatever CASCADE took is rolled back where it was not the run's own."""
    from mrt_runtime.databases.postgresql import clearance

    database = databases.connect(lent)
    scratch = database.make_scratch()
    work(scratch, "CREATE TYPE mood AS ENUM ('ok')")
    judge, made = clearance.Clearance._judge, []

    def late(self, cursor, *rest):
        judged = judge(self, cursor, *rest)
        if not made:
            made.extend(execute(lent, "CREATE TABLE customers (id integer, mood mood)", "INSERT INTO customers VALUES (1, 'ok')"))
        return judged

    monkeypatch.setattr(clearance.Clearance, "_judge", late)
    scratch.drop()
    database.close()
    assert execute(lent, "SELECT * FROM customers") == [[(1, "ok")]]


def test_hundreds_of_tables_are_dropped_in_a_bounded_time(lent):
    database = databases.connect(lent)
    scratch = database.make_scratch()
    work(scratch, *(f"CREATE TABLE t{n} (id serial PRIMARY KEY, name text)" for n in range(450)))
    begin = time.perf_counter()
    scratch.drop()
    assert time.perf_counter() - begin < 20
    database.close()
    assert remaining(lent) == []
