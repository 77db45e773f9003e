"""Traffic beside a migration: who waits for which line and how long, and that the migration does not notice."""

import json
import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from mrt_report.page import render_page
from mrt_report.reported_revision import assemble
from mrt_report.saved_results import read_verify
from mrt_runtime.compare.schema import Key, Schema, Table
from mrt_runtime.compare.snapshot import read_schema
from mrt_runtime.databases.observation import RelationLock, TrafficWait
from mrt_runtime.migrate.error import WrongDatabaseError
from mrt_runtime.migrate.observer import ObservedStatement, ObservedStep
from mrt_runtime.migrate.timeline import StepTimeline
from mrt_runtime.rehearse.step_traffic import StepTraffic
from mrt_runtime.rehearse.traffic import TrafficAttempt, traffic
from mrt_runtime.rehearse.waiting import find_cause
from mrt_runtime.report import rehearsal_json
from mrt_runtime.report.observed_json import step_as_json, step_from_json
from mrt_runtime.report.observed_text import describe
from tests.runtime.rehearse.conftest import make_source

SLEEPS = {"postgresql": "SELECT pg_sleep({})", "mysql": "SELECT SLEEP({})"}
NOTHING = "pass"
# what upgrade() does before it goes to sleep for 0.3 seconds, and who waits for it
KINDS = {
    "add_column": (('op.add_column("users", sa.Column("a", sa.Integer))', 'op.drop_column("users", "a")'), {"reader", "writer"}),
    "create_index": (('op.create_index("ix", "users", ["phone"])', 'op.drop_index("ix", "users")'), {"writer"}),
    "update": (('op.execute("UPDATE users SET name = name")', NOTHING), {"writer"}),
    "comment": (('op.execute("COMMENT ON TABLE users IS NULL")', NOTHING), set()),
}


def sleeping(source, change, seconds):
    """A step whose locks last for as long."""
    upgrade, downgrade = change
    sleep = SLEEPS[source.engine.dialect.name].format(seconds)
    return ("slow", f'{upgrade}\n    op.execute("{sleep}")', downgrade)


def find_waits(revision):
    """Who waited for long, by line."""
    [upgrade] = [step for step in revision.verdict.steps if step.name == "upgrade"]
    return {(one.line, wait.who): wait for one in upgrade.statements for wait in one.waits if wait.seconds > 0.1}


@pytest.mark.slow
def test_who_waits_follows_from_the_lock(postgres_source, rehearse):
    steps = [(kind, *sleeping(postgres_source, change, 0.3)[1:]) for kind, (change, _) in KINDS.items()]
    found = rehearse(postgres_source, *steps, with_traffic=True)
    assert found.keys() == KINDS.keys()
    for kind, revision in found.items():
        assert revision.verdict.passed, revision.verdict.failure_summary()
        waits = find_waits(revision)
        assert waits.keys() == {(12, who) for who in KINDS[kind][1]}, kind
        assert all(0.15 < one.seconds < 0.5 and not one.gave_up and one.table == "users" for one in waits.values()), kind


@pytest.mark.slow
def test_a_driver_that_returns_the_last_result_alone_measures_as_well(postgres_source, rehearse):
    pytest.importorskip("psycopg2")
    postgres_source.url = postgres_source.url.replace("+psycopg:", "+psycopg2:")
    assert "psycopg2" in postgres_source.url
    revision = rehearse(postgres_source, sleeping(postgres_source, KINDS["create_index"][0], 0.3), with_traffic=True)["slow"]
    assert revision.verdict.passed
    assert revision.verdict.warnings == ()
    assert find_waits(revision).keys() == {(12, "writer")}


@pytest.mark.slow
def test_they_give_up_where_it_takes_too_long(postgres_source, rehearse, tmp_path):
    revision = rehearse(postgres_source, sleeping(postgres_source, KINDS["add_column"][0], 1.2), with_traffic=True)["slow"]
    assert revision.verdict.passed
    assert {name: one.gave_up for name, one in find_waits(revision).items()} == {(12, "reader"): True, (12, "writer"): True}
    saved = tmp_path / "rehearsal.json"
    saved.write_text(rehearsal_json.render([revision], rehearse.facts))
    assert json.loads(saved.read_text())["copy"]["traffic"] is True
    page = render_page(assemble(None, read_verify(saved)))
    assert "traffic on users: a reader gave up after" in page


@pytest.mark.slow
@pytest.mark.parametrize("source", ["mysql"], indirect=True)
def test_a_row_that_is_locked_is_waited_for_on_mariadb(source, rehearse):
    revision = rehearse(source, sleeping(source, KINDS["update"][0], 0.4), with_traffic=True)["slow"]
    assert revision.verdict.passed
    assert {name: one.gave_up for name, one in find_waits(revision).items()} == {(12, "writer"): False}


@pytest.mark.slow
def test_the_migration_never_waits_for_a_writer_who_waits_for_it(postgres_source, rehearse):
    step = (
        "both",
        """op.execute("UPDATE users SET name = name")
    op.execute("SELECT pg_sleep(0.3)")
    op.alter_column("users", "phone", type_=sa.Text)""",
        'op.alter_column("users", "phone", type_=sa.String(20))',
    )
    revision = rehearse(postgres_source, step, with_traffic=True)["both"]
    assert revision.verdict.passed, revision.verdict.failure_summary()
    [upgrade] = [step for step in revision.verdict.steps if step.name == "upgrade"]
    assert (14, "writer") not in find_waits(revision)
    assert next(one for one in upgrade.statements if one.line == 14).seconds < 0.2


@pytest.mark.slow
def test_no_trigger_fires_and_no_row_is_written(postgres_source, rehearse):
    postgres_source.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''written''; END'",
        "CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
        "CREATE TABLE keyless (note text)",
        "CREATE TABLE pairs (a int, b text, PRIMARY KEY (a, b))",
        "INSERT INTO pairs VALUES (1, 'it''s \\ %%'), (2, '')",
    )
    postgres_source.execute(
        "CREATE TABLE events (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        "CREATE TABLE events_all PARTITION OF events DEFAULT",
        "INSERT INTO events VALUES (1, '2020-01-01')",
    )
    for name in ("keyless", "pairs", "events"):
        change = f'op.add_column("{name}", sa.Column("x", sa.Integer))', f'op.drop_column("{name}", "x")'
        revision = rehearse(postgres_source, sleeping(postgres_source, change, 0.2), with_traffic=True)["slow"]
        assert revision.verdict.passed
        assert not any("traffic" in warning for warning in revision.verdict.warnings)
        assert {wait.table for wait in find_waits(revision).values()} == {name}


@pytest.mark.slow
def test_a_migration_that_does_not_wait_for_locks_is_run_again_without(postgres_source, rehearse, tmp_path):
    code = f"""import pathlib
    if not pathlib.Path("{tmp_path}/there").exists():
        pathlib.Path("{tmp_path}/there").touch()
        op.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = 'users'; END $$")
    op.execute("SELECT count(*) FROM users")"""
    verdict = rehearse(postgres_source, ("hasty", code, NOTHING), with_traffic=True)["hasty"].verdict
    assert verdict.passed
    assert verdict.warnings == ("The upgrade does not wait for locks, so it was run without traffic.",)
    assert [step.name for step in verdict.steps] == ["upgrade", "downgrade", "second upgrade"]


@pytest.mark.slow
def test_a_migration_that_ends_other_sessions_ends_the_traffic_and_nothing_else(postgres_source, rehearse):
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user"
    step = (
        "ender",
        f'op.execute("SELECT 1 FROM users")\n    op.execute("{ending}")\n    op.execute("SELECT pg_sleep(0.1)")',
        NOTHING,
    )
    assert rehearse(postgres_source, step, with_traffic=True)["ender"].verdict.passed


def test_sqlite_has_none_and_says_why(rehearse, tmp_path):
    with make_source(f"sqlite:///{tmp_path}/staging.db") as source:
        revision = rehearse(source, ("drops", *KINDS["add_column"][0]), with_traffic=True)["drops"]
    assert rehearse.facts.traffic is False
    assert all(one.waits is None for step in revision.verdict.steps for one in step.statements)


def test_no_traffic_reaches_another_database(postgres_scratch, postgres_url):
    class Misled:
        """A scratch database whose engine leads elsewhere."""

        engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))

        def __getattr__(self, name):
            return getattr(postgres_scratch, name)

    with postgres_scratch.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id int PRIMARY KEY)")
    with postgres_scratch.engine.connect() as connection:
        tables = read_schema(connection, postgres_scratch.database).tables
    dialect = postgres_scratch.traffic
    with traffic(postgres_scratch, dialect, tables) as sessions:
        assert len(sessions) == 2
    with pytest.raises(WrongDatabaseError, match="another database than the copy"), traffic(Misled(), dialect, tables):
        pass
    Misled.engine.dispose()


def test_that_there_could_be_none_is_said(postgres_scratch, project):
    step = SimpleNamespace(file=str(project.add("one", upgrade='op.drop_table("users")')))
    schema = Schema(dialect="postgresql", tables=(Table(name="users", primary_key=Key(name="k", columns=("id",))),))
    beside = StepTraffic(postgres_scratch, is_on=True)
    with beside.beside("upgrade", step, schema) as timeline:
        assert timeline is not None
    [note] = beside.notes
    assert note.startswith('There was no traffic beside the upgrade: relation "users" does not exist')
    keyless = Schema(dialect="postgresql", tables=(Table(name="users"),))
    beside.notes = []
    with beside.beside("upgrade", step, keyless):
        time.sleep(0.2)
    assert [note.partition(":")[0] for note in beside.notes] == [
        "There was no reader of users beside the upgrade",
        "There was no writer of users beside the upgrade",
    ]


def test_a_wait_is_that_of_the_line_that_took_the_lock():
    add, sleep, other = (
        ObservedStatement(line, text) for line, text in ((1, "ALTER TABLE users"), (2, "sleep"), (3, "UPDATE orders"))
    )
    timeline = StepTimeline()
    timeline.add(add, 1, 10, 11)
    timeline.add_lock(add, 1, RelationLock("users", "table", "users", "SHARE"), 10)
    timeline.add(sleep, 1, 11, 12)
    timeline.add(other, 1, 12, 13)
    timeline.end(1, 14)
    assert find_cause(timeline, TrafficAttempt("users", "writer", 11.5, 0.5, False)) is add
    assert find_cause(timeline, TrafficAttempt("users", "writer", 9.995, 1.5, False)) is add
    assert find_cause(timeline, TrafficAttempt("users", "reader", 12.5, 0.1, False)) is add  # it names the table
    assert find_cause(timeline, TrafficAttempt("orders", "writer", 13.5, 0.1, False)) is other
    assert find_cause(timeline, TrafficAttempt("teams", "reader", 11.5, 0.1, False)) is sleep
    assert find_cause(timeline, TrafficAttempt("users", "writer", 20, 0.1, False)) is None


def test_waits_are_shown_where_they_are_noticed_and_written_to_json():
    waits = [
        TrafficWait("users", "writer", 0.5, gave_up=True),
        TrafficWait("users", "reader", 0.012),
        TrafficWait("orders", "reader", 0.002),
    ]
    statement = ObservedStatement(12, "ALTER TABLE users", 1, 0.6, waits=waits)
    assert list(describe(statement)) == ["traffic on users: a reader waited 12 ms, a writer gave up after 500 ms"]
    step = ObservedStep(name="upgrade", seconds=0.6, statements=(statement,))
    assert step_from_json(step_as_json(step)) == step
    assert step_as_json(step)["statements"][0]["waits"][1] == {
        "table": "users",
        "who": "reader",
        "seconds": 0.012,
        "gave_up": False,
    }
    assert (
        "waits"
        not in step_as_json(ObservedStep(name="upgrade", seconds=1, statements=(ObservedStatement(1, "x"),)))["statements"][0]
    )
