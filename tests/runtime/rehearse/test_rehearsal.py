"""Pending revisions on a copy of a real database: what a rollback does to the rows that are there."""

import ast
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.postgresql import copied
from mrt_runtime.databases.server_connection import ServerConnection
from mrt_runtime.rehearse.session import RehearsalSession
from mrt_runtime.verdict import Outcome
from tests.axes import DATABASES, keep, keep_every
from tests.runtime.own_names import own
from tests.runtime.rehearse.conftest import make_source

pytestmark = pytest.mark.slow

transfer = copied.transfer

HARMLESS = ("harmless", 'op.add_column("users", sa.Column("email", sa.String(120)))', 'op.drop_column("users", "email")')
LOSSY = ("lossy", 'op.execute("UPDATE users SET name = lower(name)")', "pass")
DROPPING = ("dropping", 'op.drop_column("users", "phone")', 'op.add_column("users", sa.Column("phone", sa.String(20)))')
DELETING = ("deleting", 'op.execute("DELETE FROM users WHERE id > 20")', "pass")
FAILING = ("failing", 'op.execute("SELECT 1")', 'op.execute("SELECT nothing FROM nowhere")')
UNIQUE = ("unique", 'op.execute("CREATE UNIQUE INDEX one ON users (born)")', 'op.drop_index("one", table_name="users")')


def messages(revision):
    return [str(failure) for failure in revision.verdict.failures]


def test_what_a_rollback_loses_of_real_rows_is_counted(source, rehearse):
    found = rehearse(source, HARMLESS, LOSSY, DROPPING, DELETING)
    assert {name: revision.verdict.outcome for name, revision in found.items()} == {
        "harmless": Outcome.REVERSIBLE,
        "lossy": Outcome.DATA_LOSS,
        "dropping": Outcome.DATA_LOSS,
        "deleting": Outcome.DATA_LOSS,
    }
    assert messages(found["lossy"]) == ["Column 'users.name': 10/30 values changed after rollback"]
    assert messages(found["dropping"]) == ["Column 'users.phone': 15/30 values lost after rollback"]
    assert messages(found["deleting"]) == ["Table 'users': 10/30 rows lost after rollback"]
    assert not any(failure.evidence for revision in found.values() for failure in revision.verdict.failures)
    assert found["lossy"].verdict.failures[0].file.endswith("lossy.py")
    assert found["lossy"].verdict.failures[0].line == 12
    assert (rehearse.facts.heads, rehearse.facts.tables, rehearse.facts.rows) == (("first",), 1, 30)
    assert rehearse.facts.size > 0
    steps = {step.name: step for step in found["harmless"].verdict.steps}
    assert list(steps) == ["upgrade", "downgrade", "second upgrade"]
    assert [(one.line, one.count) for one in steps["upgrade"].statements] == [(12, 1)]
    assert 0 < steps["upgrade"].statements[0].seconds < steps["upgrade"].seconds


@pytest.mark.parametrize("source", keep(DATABASES, "sqlite"), indirect=True)
def test_values_are_shown_where_they_are_asked_for(source, rehearse):
    found = rehearse(source, LOSSY, shows_values=True)
    evidence = found["lossy"].verdict.failures[0].evidence
    assert len(evidence) == 3
    assert all("'Ada" in line and "→ 'ada" in line for line in evidence)


def test_a_step_that_fails_does_not_hide_the_next_where_it_is_taken_back(postgres_source, rehearse):
    found = rehearse(postgres_source, FAILING, HARMLESS)
    assert [revision.verdict.outcome for revision in found.values()] == [Outcome.DOWNGRADE_FAILED, Outcome.REVERSIBLE]


@pytest.mark.parametrize("source", keep(DATABASES, "mysql"), indirect=True)
def test_what_real_rows_refuse_is_found_and_what_is_behind_it_is_not_reached(source, rehearse):
    source.execute("UPDATE users SET born = '2001-01-01'")
    found = rehearse(source, UNIQUE, HARMLESS)
    assert [revision.verdict.outcome for revision in found.values()] == [Outcome.UPGRADE_FAILED, Outcome.NOT_REACHED]
    assert found["harmless"].verdict.behind == "unique"
    assert found["unique"].verdict.failures[0].line == 12


@pytest.mark.parametrize("source", keep(DATABASES, "sqlite"), indirect=True)
def test_some_revisions_are_rehearsed_and_those_between_applied(source, rehearse):
    found = rehearse(source, LOSSY, HARMLESS, names=["harmless"])
    assert [revision.verdict.outcome for revision in found.values()] == [Outcome.REVERSIBLE]
    assert list(found) == ["harmless"]


@pytest.mark.parametrize("source", keep(DATABASES, "sqlite"), indirect=True)
def test_a_table_without_rows_proves_nothing_about_rows(source, rehearse):
    source.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body VARCHAR(50))")
    step = ("notes", 'op.drop_column("notes", "body")', 'op.add_column("notes", sa.Column("body", sa.String(50)))')
    found = rehearse(source, step)
    assert found["notes"].verdict.passed
    assert any("'notes' is empty in the copy" in warning for warning in found["notes"].verdict.warnings)


@pytest.mark.parametrize("source", keep(DATABASES, "postgres"), indirect=True)
def test_a_database_at_the_head_has_nothing_to_rehearse(source, rehearse):
    assert rehearse(source) == {}


def test_sessions_in_the_database_have_it_dumped_as_it_is_at_one_moment(postgres_source, rehearse, monkeypatch):
    postgres_source.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "ALTER TABLE users ADD COLUMN mood mood DEFAULT 'glad'",
        "CREATE SCHEMA crm CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
        "INSERT INTO crm.customers (name) SELECT 'c' || i FROM generate_series(1, 5) AS i",
        "CREATE VIEW grown AS SELECT * FROM users WHERE born IS NOT NULL",
    )
    dumps = []
    monkeypatch.setattr(copied, "transfer", lambda *given: dumps.append(given) or transfer(*given))
    with postgres_source.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        found = rehearse(postgres_source, LOSSY)
    assert len(dumps) == 2
    assert messages(found["lossy"]) == ["Column 'users.name': 10/30 values changed after rollback"]
    assert (rehearse.facts.tables, rehearse.facts.rows) == (2, 35)


def test_on_another_server_the_copy_is_a_dump(postgres_source, rehearse, postgres_server):
    # the same server by another name
    assert postgres_server.host == "127.0.0.1"
    found = rehearse(postgres_source, LOSSY, db_url=postgres_server.set(host="localhost").render_as_string(hide_password=False))
    assert messages(found["lossy"]) == ["Column 'users.name': 10/30 values changed after rollback"]


def test_the_copy_belongs_to_a_role_that_may_do_nothing_else_and_leads_nowhere(postgres_source, rehearse):
    postgres_source.execute(
        "CREATE EXTENSION postgres_fdw",
        "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'postgres')",
        "CREATE USER MAPPING FOR PUBLIC SERVER other OPTIONS (user 'postgres')",
        "CREATE FOREIGN TABLE far (id int) SERVER other OPTIONS (table_name 'far')",
        "GRANT ALL ON far TO PUBLIC",
        "CREATE SEQUENCE loose",
        "CREATE MATERIALIZED VIEW grown AS SELECT * FROM users",
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
    )
    owners = """SELECT string_agg(relname || ' ' || pg_get_userbyid(relowner), ',' ORDER BY relname) FROM pg_class
        WHERE oid >= 16384 AND relkind IN ('r', 'v', 'm', 'S', 'f') AND relnamespace = 'public'::regnamespace"""
    told = f"""import pathlib
    found = op.get_bind().exec_driver_sql({owners!r}).scalar().split(",")
    others = op.get_bind().exec_driver_sql("SELECT count(*) FROM pg_user_mappings").scalar()
    me = op.get_bind().exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar()
    pathlib.Path(__file__).with_suffix(".txt").write_text(repr((found, others, me)))
    op.execute("ALTER FUNCTION twice(int) RENAME TO double")"""
    [step] = rehearse(postgres_source, ("look", told, 'op.execute("ALTER FUNCTION double(int) RENAME TO twice")')).values()
    assert step.verdict.passed
    far = rehearse(postgres_source, ("look", 'op.execute("INSERT INTO far VALUES (1)")', "pass"))
    assert "permission denied for foreign table far" in messages(far["look"])[0]
    found, others, is_super = ast.literal_eval(Path(step.verdict.steps[0].file).with_name("look.txt").read_text())
    assert (others, is_super) == (0, False)
    assert [line.split()[0] for line in found if "_mrt_" not in line] == ["far"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_sqlite_file_that_is_in_use_is_copied_as_it_is_at_one_moment(tmp_path, rehearse, mode):
    with make_source(f"sqlite:///{tmp_path}/staging.db") as source:
        writer = sqlite3.connect(tmp_path / "staging.db")
        writer.execute(f"PRAGMA journal_mode = {mode}")
        if mode == "wal":
            writer.execute("INSERT INTO users (id, name) VALUES (31, 'Ada31')")
            writer.commit()
        found = rehearse(source, LOSSY)
        total = 31 if mode == "wal" else 30
        assert messages(found["lossy"]) == [
            f"Column 'users.name': {11 if mode == 'wal' else 10}/{total} values changed after rollback"
        ]
        writer.close()


def test_views_routines_and_triggers_are_in_a_copy_on_mysql(mysql_server, rehearse):
    with make_source(mysql_server.set(database=own("staging")), mysql_server) as source:
        source.execute(
            "CREATE VIEW names AS SELECT id, name FROM users",
            "CREATE TABLE log (id INTEGER AUTO_INCREMENT PRIMARY KEY, body VARCHAR(60))",
            "CREATE TRIGGER noted AFTER UPDATE ON users FOR EACH ROW INSERT INTO log (body) VALUES (twice(new.id))",
            "CREATE FUNCTION twice(n INTEGER) RETURNS INTEGER DETERMINISTIC RETURN n * 2",
        )
        step = (
            "touch",
            "op.execute('UPDATE users SET born = NULL, phone = \"x\" WHERE id < 4')",
            "op.execute('SELECT * FROM names')",
        )
        found = rehearse(source, step, shows_values=True)
    assert messages(found["touch"])[0] == "Table 'log': 3 rows left behind after rollback"


@pytest.mark.parametrize("missing", keep(["pg_dump", "psql"], "psql"))
def test_without_the_client_programs_a_database_in_use_is_one_sentence(postgres_source, history, monkeypatch, missing):
    found = copied.shutil.which
    monkeypatch.setattr(copied.shutil, "which", lambda name: None if name == missing else found(name))
    with postgres_source.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(
            ConfigurationError, match=f"1 session is connected to it, nor dumped, because {missing} cannot be found"
        ):
            RehearsalSession(postgres_source.url, history().config())
    assert postgres_source.leftovers() == []


FAILURES = {
    "another version of the server": ("", "pg_dump: error: server version mismatch", "pg_dump: .*server version mismatch"),
    "no right to read": ("", "pg_dump: error: permission denied for table users", "permission denied for table users"),
    "an extension that is not there": ("CREATE EXTENSION absent", "", "extension .absent. is not available|absent.control"),
    "an extension in another version": ("CREATE EXTENSION plpgsql VERSION '99'", "", "psql: .*plpgsql"),
}


@pytest.mark.parametrize("kind", keep_every(2, FAILURES))
def test_a_copy_that_fails_half_way_leaves_nothing_and_is_one_sentence(postgres_source, history, monkeypatch, tmp_path, kind):
    sql, words, expected = FAILURES[kind]
    broken = tmp_path / "bin" / "pg_dump"
    broken.parent.mkdir()
    broken.write_text(
        f"#!/bin/sh\necho 'CREATE TABLE half (id int);'\necho \"{sql};\"\necho '{words}' >&2\nexit {1 if words else 0}\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    before = postgres_source.digest()
    with postgres_source.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(ConfigurationError, match=f"could not be made: .*({expected})") as refused:
            RehearsalSession(postgres_source.url, history().config())
    assert "\n" not in str(refused.value)
    assert postgres_source.leftovers() == []
    assert postgres_source.digest() == before


@pytest.mark.parametrize("source", keep(["postgres", "mysql"], "postgres"), indirect=True)
@pytest.mark.parametrize("statement", ["CREATE DATABASE", "CREATE USER", "CREATE ROLE"])
def test_ctrl_c_in_the_middle_of_a_statement_leaves_nothing(source, history, monkeypatch, statement):
    run = ServerConnection.run

    def run_until_there(server, sql):
        rows = run(server, sql)
        if statement in sql:
            server._connection.invalidate()  # as SQLAlchemy does
            raise KeyboardInterrupt
        return rows

    before = source.digest()
    monkeypatch.setattr(ServerConnection, "run", run_until_there)
    with contextlib.suppress(KeyboardInterrupt):  # each server has two of the three statements
        RehearsalSession(source.url, history().config()).close()
    monkeypatch.undo()
    assert source.leftovers() == []
    assert source.digest() == before


@pytest.mark.parametrize("source", keep(["postgres", "mysql"], "postgres"), indirect=True)
def test_a_copy_that_an_interruption_hid_is_dropped_at_the_end(source, history):
    session = RehearsalSession(source.url, history().config())
    session.make_copy().close()  # between its return and its assignment a signal may come
    session.close()
    assert source.leftovers() == []


def test_a_stamp_of_the_last_change_is_no_loss(postgres_source, rehearse):
    postgres_source.execute(
        "ALTER TABLE users ADD COLUMN updated_at timestamptz DEFAULT '2020-01-01'",
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END'",
        "CREATE TRIGGER stamp BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp()",
    )
    step = ("twice", 'op.execute("UPDATE users SET id = id + 100")', 'op.execute("UPDATE users SET id = id - 100")')
    found = rehearse(postgres_source, step)
    assert found["twice"].verdict.passed
    assert any("30/30 values became the time of this run" in warning for warning in found["twice"].verdict.warnings)


def test_a_column_that_is_dropped_and_added_without_touching_a_row_is_noticed(postgres_source, rehearse):
    """Neither the file of the table nor the counts of changed rows tell: the column's place does."""
    step = ("swap", 'op.drop_column("users", "phone")', 'op.add_column("users", sa.Column("phone", sa.String(20)))')
    postgres_source.execute("ALTER TABLE users DROP COLUMN born")  # then it is the last one before and after
    assert messages(rehearse(postgres_source, step)["swap"]) == ["Column 'users.phone': 15/30 values lost after rollback"]


@pytest.mark.parametrize("source", keep(DATABASES, "mysql"), indirect=True)
def test_rows_of_a_table_without_a_key_are_told_apart_by_all_they_hold(source, rehearse):
    source.execute("CREATE TABLE bag (a INTEGER, b VARCHAR(9))", "INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (2, NULL), (3, '')")
    found = rehearse(
        source, ("empty", 'op.execute("DELETE FROM bag WHERE a = 1")', "op.execute(\"INSERT INTO bag VALUES (1, 'x')\")")
    )
    assert messages(found["empty"]) == ["Table 'bag': 1/4 rows lost after rollback"]


@pytest.mark.parametrize("source", keep(DATABASES, "sqlite", "mysql"), indirect=True)
def test_a_revision_is_stopped_half_way_on_the_rows_that_are_there(source, rehearse):
    two = (
        "two",
        HARMLESS[1] + '\n    op.create_index("ix", "users", ["name"])',
        'op.drop_index("ix", table_name="users")\n    ' + HARMLESS[2],
    )
    found = rehearse(source, two, DROPPING, HARMLESS, half_way=True)
    assert [revision.verdict.outcome for revision in found.values()] == [
        Outcome.REVERSIBLE,
        Outcome.DATA_LOSS,
        Outcome.UPGRADE_FAILED,
    ]
    stops = {name: {step.name: step.stops for step in revision.verdict.half_way} for name, revision in found.items()}
    if source.engine.dialect.name == "postgresql":
        assert stops == {"two": {"upgrade": (), "downgrade": ()}, "dropping": {"upgrade": (), "downgrade": ()}, "harmless": {}}
        return
    assert [(stop.line, stop.failed_line) for stop in stops["two"]["upgrade"]] == [(12, 12), (13, 12)]
    assert [(stop.line, stop.failed_line) for stop in stops["two"]["downgrade"]] == [(17, 17), (18, 17)]
    assert [stop.is_complete for stop in stops["dropping"]["upgrade"]] == [True]
    assert any("Stopped after line 12, running the upgrade again fails" in one for one in found["two"].verdict.warnings)


def test_what_a_migration_commits_on_the_way_is_brought_back_on_postgresql(postgres_source, rehearse):
    upgrade = (
        HARMLESS[1]
        + '\n    with op.get_context().autocommit_block():\n        op.create_index("ix", "users", ["name"], postgresql_concurrently=True)'
    )
    two = ("two", upgrade, 'op.drop_index("ix", table_name="users")\n    ' + HARMLESS[2])
    found = rehearse(postgres_source, two, LOSSY, half_way=True)
    upgrade, downgrade = found["two"].verdict.half_way
    assert [(stop.line, stop.failed_line) for stop in upgrade.stops] == [(12, 12), (14, 12)]
    assert not downgrade.stops
    assert messages(found["lossy"]) == ["Column 'users.name': 10/30 values changed after rollback"]


def test_what_a_copy_is_brought_back_from_is_shut_to_others_too(postgres_source, history):
    with RehearsalSession(postgres_source.url, history(HARMLESS).config()) as session:
        scratch = session.copy.scratch
        session.copy.close()
        scratch.restore(scratch.checkpoint())
        with postgres_source.engine.connect() as connection:
            names = sa.text("SELECT datname, datacl::text FROM pg_database WHERE datname LIKE :like")
            found = dict(connection.execute(names, {"like": f"{scratch.url.database}%"}).all())
    assert len(found) == 2
    assert not [name for name, grants in found.items() if grants is None or "{=" in grants or ",=" in grants]


def test_a_partitioned_table_belongs_to_the_copys_role_like_others(postgres_source, rehearse):
    postgres_source.execute(
        "CREATE TABLE logs (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "INSERT INTO logs VALUES (1, '2020-02-02')",
    )
    found = rehearse(postgres_source, ("logs", HARMLESS[1].replace("users", "logs"), HARMLESS[2].replace("users", "logs")))
    assert found["logs"].verdict.passed, found["logs"].verdict
