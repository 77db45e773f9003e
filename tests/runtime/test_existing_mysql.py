"""A lent MySQL or MariaDB database is used by others, too: what a person does there outlives the run, however it ends."""

import re
import threading

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.mysql import journal
from mrt_runtime.migrate import MigrationTimeout, Migrator
from tests.runtime.own_names import own

pytestmark = pytest.mark.exhaustive

NAME = own("lent")
USER = f"'{NAME}'@'%'"


def execute(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})
    with engine.connect() as connection:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return [result.all() if result.returns_rows else [] for result in results]


@pytest.fixture
def lent(mysql_server):
    """An empty database of an account that may not create any."""
    execute(mysql_server, f"DROP DATABASE IF EXISTS {NAME}", f"DROP USER IF EXISTS {USER}", f"CREATE DATABASE {NAME}")
    execute(mysql_server, f"CREATE USER {USER} IDENTIFIED BY 'x'", f"GRANT ALL ON {NAME}.* TO {USER}")
    yield mysql_server.set(username=NAME, password="x", database=NAME)
    execute(mysql_server, f"DROP DATABASE {NAME}", f"DROP USER {USER}")


OWN = (
    "CREATE TABLE t (id INTEGER AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INTEGER, FOREIGN KEY (t_id) REFERENCES t (id))",
    "INSERT INTO t (name) VALUES ('one'), ('two')",
    "CREATE INDEX ix_t_name ON t (name)",
    "CREATE FUNCTION f() RETURNS INTEGER DETERMINISTIC RETURN 1",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE TRIGGER stamp BEFORE INSERT ON child FOR EACH ROW SET NEW.t_id = 1",
    "INSERT INTO child (id) VALUES (5)",
)
"""What the run makes."""


def work(scratch, *statements):
    with scratch.engine.begin() as connection:
        for statement in statements or OWN:
            connection.exec_driver_sql(statement)


def kill_a_run(url, *statements):
    """Make a run's work, and let go of everything as a killed process does, dropping nothing."""
    database = databases.connect(url)
    scratch = database.make_scratch()
    work(scratch, *statements)
    database._server.close()
    return scratch.journal.mark


def next_run(url):
    database = databases.connect(url)
    try:
        database.make_scratch().drop()
    finally:
        database.close()


def holdings(url):
    """Everything that the database holds but marks, with the rows."""
    listing = (
        f"SELECT 'TABLE', table_name FROM information_schema.tables WHERE table_schema = '{NAME}' "
        f"UNION ALL SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = '{NAME}' "
        f"UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = '{NAME}' "
        f"UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = '{NAME}' ORDER BY 1, 2"
    )
    found = []
    for kind, name in execute(url, listing)[0]:
        definition = str(execute(url, f"SHOW CREATE {kind} {name}")[0])
        found.append((kind, name, definition, str(execute(url, f"SELECT * FROM {name}")[0]) if kind == "TABLE" else ""))
    return found


PERSON = {
    "the worst one": (
        ["CREATE TABLE customers (id INTEGER)", "INSERT INTO customers WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"],
        ["table customers"],
    ),
    "a function": (["CREATE FUNCTION g() RETURNS INTEGER DETERMINISTIC RETURN 2"], ["function g"]),
    "a procedure": (["CREATE PROCEDURE g() DO 0"], ["procedure g"]),
    "an event": (["CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t"], ["event nightly"]),
    "rows in a table that the run left": (["INSERT INTO t (name) VALUES ('mine')"], ["table t"]),
    "a changed row": (["UPDATE t SET name = 'mine' WHERE id = 1"], ["table t"]),
    "a row in place of another": (["DELETE FROM t WHERE id = 2", "INSERT INTO t (name) VALUES ('mine')"], ["table t"]),
    "a column": (["ALTER TABLE t ADD COLUMN mine INTEGER"], ["table t"]),
    "an index": (["CREATE INDEX mine ON child (t_id, id)"], ["table child"]),
    "a trigger": (["CREATE TRIGGER mine BEFORE UPDATE ON t FOR EACH ROW SET NEW.name = 'x'"], ["trigger mine"]),
    "a table of the same name": (["DROP TABLE child", "CREATE TABLE child (id INTEGER)"], ["table child"]),
    "a function replaced": (["DROP FUNCTION f", "CREATE FUNCTION f() RETURNS INTEGER DETERMINISTIC RETURN 2"], ["function f"]),
    "a new name": (["DROP VIEW v", "RENAME TABLE child TO mine"], ["table mine"]),
    "a view over it": (["CREATE VIEW mine AS SELECT id FROM t"], ["view mine"]),
    "a foreign key to it": (["CREATE TABLE mine (id INTEGER, FOREIGN KEY (id) REFERENCES t (id))"], ["table mine"]),
    "a comment": (["ALTER TABLE t COMMENT = 'mine'"], ["table t"]),
}  # fmt: skip


PAIRS = (
    "CREATE TABLE pairs (id INTEGER, a VARCHAR(9), b VARCHAR(9), at TIMESTAMP NULL)",
    "INSERT INTO pairs VALUES (1, 'ab', 'c', NULL)",
)


def test_a_text_that_a_person_moved_into_the_column_beside_it_is_seen(lent):
    kill_a_run(lent, *PAIRS)
    execute(lent, "UPDATE pairs SET a = 'a', b = 'bc'")
    with pytest.raises(ConfigurationError, match="table pairs"):
        next_run(lent)
    assert execute(lent, "SELECT a, b FROM pairs") == [[("a", "bc")]]


SESSIONS = {
    "its own zone": "SET time_zone = '+05:00'",
    "its own characters": "SET NAMES latin1",
    "texts that are filled up": "SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
    "a limit": "SET sql_select_limit = 1",
}


@pytest.mark.parametrize("setting", SESSIONS)
def test_rows_are_proved_to_be_the_run_s_own_whatever_its_session_shows(lent, setting, capfd):
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(
            scratch,
            "CREATE TABLE t (id INTEGER, name CHAR(9) CHARACTER SET utf8mb4, at TIMESTAMP NULL)",
            "CREATE TABLE u (id INTEGER)",
        )
        with scratch.engine.begin() as connection:
            connection.exec_driver_sql(SESSIONS[setting])
            before = connection.exec_driver_sql("SELECT @@time_zone, @@sql_mode, @@sql_select_limit").all()
            connection.exec_driver_sql("INSERT INTO t VALUES (1, _utf8mb4 x'E29D84', '2026-01-01 12:00:00'), (2, 'b ', NULL)")
            connection.exec_driver_sql("CREATE TABLE w (id INTEGER)")
            assert connection.exec_driver_sql("SELECT @@time_zone, @@sql_mode, @@sql_select_limit").all() == before
        scratch.journal.require_alone(None)
    database.close()
    assert holdings(lent) == []
    assert "mrt:" not in capfd.readouterr().err


@pytest.mark.parametrize("deed", [*PERSON][::3])  # how each is seen is tried below
def test_what_a_person_did_after_a_kill_is_named_and_nothing_is_touched(lent, deed):
    statements, named = PERSON[deed]
    mark = kill_a_run(lent)
    execute(lent, *statements)
    before = holdings(lent)
    with pytest.raises(ConfigurationError) as error:
        next_run(lent)
    message = str(error.value)
    assert holdings(lent) == before
    assert "Nothing was touched" in message
    assert mark in message
    told = message.partition("or to have left as it is: ")[2].partition(". Nothing")[0]
    for name in named:
        assert name in told.split(", ")


@pytest.mark.parametrize("deed", PERSON)
def test_what_a_person_did_while_the_run_lives_is_left_at_its_end_and_the_rest_goes(lent, deed):
    statements, named = PERSON[deed]
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch)
        execute(lent, *statements)
        theirs = [holding for holding in holdings(lent) if f"{holding[0].lower()} {holding[1]}" in named]
        with pytest.raises(ConfigurationError, match="cannot be proved"), scratch.engine.connect() as connection:
            scratch.journal.require_alone(connection)
        with pytest.raises(ConfigurationError, match="cannot be proved"):
            scratch.reset()
    database.close()
    left = holdings(lent)
    assert all(holding in left for holding in theirs)
    assert not [name for _, name, *_ in left if name.startswith("lent_mrt")]
    assert deed in {"a table of the same name", "a new name", "an index"} or "child" not in [name for _, name, *_ in left]


def test_what_a_killed_run_made_is_dropped_where_nothing_else_is_there(lent):
    kill_a_run(lent)
    next_run(lent)
    assert holdings(lent) == []


def test_a_statement_that_was_under_way_when_the_run_was_killed_is_proved(lent, monkeypatch):
    """The table is there and not noted yet, but its name was, right before."""
    from mrt_runtime.databases.mysql.journal import MySQLJournal

    monkeypatch.setattr(MySQLJournal, "_take_over", lambda *_: None)
    kill_a_run(lent, "CREATE TABLE t (id INTEGER)")
    execute(lent, "CREATE TABLE customers (id INTEGER)")
    with pytest.raises(ConfigurationError, match="table customers"):
        next_run(lent)
    execute(lent, "DROP TABLE customers")
    next_run(lent)
    assert holdings(lent) == []


def test_a_table_that_was_under_way_and_holds_rows_is_not_touched(lent, monkeypatch):
    from mrt_runtime.databases.mysql.journal import MySQLJournal

    monkeypatch.setattr(MySQLJournal, "_take_over", lambda *_: None)
    kill_a_run(lent, "CREATE TABLE t (id INTEGER)")
    execute(lent, "INSERT INTO t VALUES (1)")
    with pytest.raises(ConfigurationError, match="table t"):
        next_run(lent)
    assert execute(lent, "SELECT * FROM t") == [[(1,)]]


def test_rows_that_were_to_be_committed_when_the_run_was_killed_are_proved_either_way(lent):
    for end in ("commit", "rollback"):
        database = databases.connect(lent)
        scratch = database.make_scratch()
        work(scratch, "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
        with scratch.engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
            scratch.journal.before_commit(connection)
            getattr(connection.connection, end)()
        database._server.close()
        next_run(lent)
        assert holdings(lent) == []


def test_rows_of_a_person_are_not_taken_for_the_runs_own_in_its_next_transaction(lent):
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch, "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
        with scratch.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
            execute(lent, "INSERT INTO t VALUES (7)")
    database.close()
    assert (7,) in execute(lent, "SELECT * FROM t")[0]


def test_rows_of_a_person_that_a_transaction_sees_before_it_commits_are_not_taken_for_its_own(lent, monkeypatch):
    """They come between the first look and the count of what the transaction sees."""
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch, "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
        read_rows, made = journal.read_rows, []

        def late(*arguments):
            made.extend([] if made else execute(lent, "INSERT INTO t VALUES (7)"))
            return read_rows(*arguments)

        monkeypatch.setattr(journal, "read_rows", late)
        with scratch.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    database.close()
    assert made
    assert (7,) in execute(lent, "SELECT * FROM t")[0]


def test_what_an_interrupted_statement_goes_on_to_make_is_proved_once_its_session_has_ended(lent, monkeypatch, capfd):
    """Ctrl-C comes while the server is at work: what it makes is there only after the client has gone on."""
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        work(scratch, "CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
        with scratch.engine.connect() as connection, pytest.raises(KeyboardInterrupt):
            scratch.journal.execute(connection, "ALTER TABLE t ADD COLUMN n INTEGER", interrupt)
        execute(lent, "ALTER TABLE t ADD COLUMN n INTEGER")
    database.close()
    assert holdings(lent) == []
    assert "mrt:" not in capfd.readouterr().err


def interrupt():
    raise KeyboardInterrupt


def test_the_statement_that_removes_the_mark_does_and_keeps_everything_else(lent):
    mark = kill_a_run(lent)
    execute(lent, "CREATE TABLE customers (id INTEGER)")
    before = holdings(lent)
    with pytest.raises(ConfigurationError) as error:
        next_run(lent)
    [statement] = re.findall(r"(DROP [^;]+);", str(error.value))
    execute(lent, statement)
    assert holdings(lent) == [holding for holding in before if holding[1] != mark]
    with pytest.raises(ConfigurationError, match="holds tables"):
        next_run(lent)


def test_a_persons_session_and_its_statement_outlive_resets_interruptions_and_the_end(lent, project):
    project.add("a", upgrade='op.execute("SELECT SLEEP(30)")')
    database = databases.connect(lent)
    engine = sa.create_engine(lent, poolclass=sa.NullPool)
    with database.make_scratch() as scratch, engine.connect() as person:
        migrator, outcome = Migrator(project.config(migration_timeout=1), scratch), []
        thread = threading.Thread(target=lambda: outcome.append(person.exec_driver_sql("SELECT SLEEP(3)").scalar()))
        thread.start()
        with pytest.raises(MigrationTimeout):
            migrator.upgrade("a")
        scratch.reset()
        thread.join()
        assert outcome == [0]
        assert person.exec_driver_sql("SELECT 1").scalar() == 1
    database.close()


def test_migrations_alone_are_not_stopped_and_give_the_database_back(lent, project, capfd):
    project.add(
        "a",
        upgrade="""op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    op.execute("INSERT INTO t (name) VALUES ('x')")
    with op.get_context().autocommit_block():
        op.execute("INSERT INTO t (name) VALUES ('y')")
        op.execute("CREATE TABLE u AS SELECT * FROM t")
    op.execute("COMMIT")
    op.bulk_insert(sa.table("u", sa.column("id"), sa.column("name")), [{"id": 7, "name": "z"}, {"id": 8, "name": "z"}])
    op.rename_table("u", "w")
    op.execute("PREPARE s FROM 'CREATE TABLE x (id INTEGER)'")
    op.execute("EXECUTE s")
    op.execute("CREATE PROCEDURE p() BEGIN CREATE TABLE y (id INTEGER); INSERT INTO y VALUES (1); END")
    op.execute("CALL p()")
    op.execute("CREATE TRIGGER stamp BEFORE INSERT ON w FOR EACH ROW SET NEW.name = 'x'")""",
        downgrade='[op.drop_table(name) for name in "twxy"]\n    op.execute("DROP PROCEDURE p")',
    )
    database = databases.connect(lent)
    with database.make_scratch() as scratch:
        migrator = Migrator(project.config(), scratch)
        for move in (migrator.upgrade, migrator.downgrade, migrator.upgrade):
            move("a")
            with scratch.engine.connect() as connection:
                scratch.journal.require_alone(connection)
    database.close()
    assert holdings(lent) == []
    assert "mrt:" not in capfd.readouterr().err
