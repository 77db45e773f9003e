"""Migrations that are stopped after each statement that is final, and run again from what that left."""

import io

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.config_discovery import settle
from mrt_runtime.migrate.interruption import StopPlace
from mrt_runtime.report.json import as_json, from_json
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.verify.half_way_check import join_lines
from mrt_runtime.verify.half_way_trial import choose
from mrt_runtime.verify.session import Verification

pytestmark = pytest.mark.slow

TABLE = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))'
TWO = (
    'op.add_column("users", sa.Column("nick", sa.String(20)))\n    op.create_index("ix_name", "users", ["name"])',
    'op.drop_index("ix_name", table_name="users")\n    op.drop_column("users", "nick")',
)


@pytest.fixture
def verify(project):
    """Verify a history of "first", which makes a table, and "second" with these functions."""

    def run(url, upgrade, downgrade, **settings):
        project.add("first", upgrade=TABLE, downgrade='op.drop_table("users")')
        project.add("second", "first", upgrade=upgrade, downgrade=downgrade)
        with Verification(settle(project.config(**{"db_url": url, "half_way": True, **settings}), [project.root])) as verification:
            verdicts = {verdict.revision: verdict for verdict in verification.check_all()}
        assert verdicts["first"].passed
        return verdicts["second"]

    return run


def steps(verdict):
    return {step.name: step for step in verdict.half_way}


def test_what_commits_by_itself_is_stuck_after_the_first_of_two_statements(verify, mysql_url):
    verdict = verify(mysql_url, *TWO)
    assert verdict.passed
    upgrade = steps(verdict)["upgrade"]
    assert [(stop.line, stop.next_line, stop.finished) for stop in upgrade.stops] == [(12, 13, False), (13, None, False)]
    assert "Duplicate column name 'nick'" in upgrade.stops[0].failure
    assert upgrade.stops[0].failed_line == 12
    [stuck, back] = [warning for warning in verdict.warnings if warning.startswith("Stopped")]
    assert stuck.startswith("Stopped after line 12, running the upgrade again fails: ")
    assert stuck.endswith("second.py:12)")
    assert back.startswith("Stopped after line 17, running the downgrade again fails: ")


def test_what_can_be_run_again_finishes(verify, mysql_url):
    upgrade = (
        'op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS nick VARCHAR(20)")\n'
        '    op.execute("UPDATE users SET nick = name")\n'
        '    op.execute("CREATE INDEX IF NOT EXISTS ix_name ON users (name)")'
    )
    downgrade = (
        'op.execute("DROP INDEX IF EXISTS ix_name ON users")\n    op.execute("ALTER TABLE users DROP COLUMN IF EXISTS nick")'
    )
    verdict = verify(mysql_url, upgrade, downgrade)
    assert not [warning for warning in verdict.warnings if warning.startswith("Stopped")]
    # the UPDATE is not final before the statement after it: there nothing more is left than before
    assert [(stop.line, stop.finished) for stop in steps(verdict)["upgrade"].stops] == [(12, True), (14, True)]
    assert [stop.finished for stop in steps(verdict)["downgrade"].stops] == [True, True]


def test_sqlite_keeps_the_first_half_as_well(verify, sqlite_url):
    upgrade = (
        'with op.batch_alter_table("users") as batch:\n        batch.alter_column("name", type_=sa.String(60))\n'
        '    op.create_index("ix_name", "users", ["name"])'
    )
    downgrade = (
        'op.drop_index("ix_name", table_name="users")\n    with op.batch_alter_table("users") as batch:\n'
        '        batch.alter_column("name", type_=sa.String(50))'
    )
    verdict = verify(sqlite_url, upgrade, downgrade)
    upgrade = steps(verdict)["upgrade"]
    assert "_alembic_tmp_users already exists" in upgrade.stops[0].failure
    assert upgrade.stops[0].failed_line == 12


def test_a_transaction_takes_everything_back_so_nothing_is_run(verify, postgres_url):
    verdict = verify(postgres_url, *TWO)
    assert [(step.name, step.statements, step.places, step.stops) for step in verdict.half_way] == [
        ("upgrade", 3, 0, ()),
        ("downgrade", 3, 0, ()),
    ]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("ending", ["with op.get_context().autocommit_block():\n        ", 'op.execute("COMMIT")\n    '])
def test_what_is_committed_on_the_way_is_left_on_postgresql(project, verify, postgres_url, ending, driver):
    if driver == "asyncpg":
        project.write_async_env()
    upgrade = f'op.add_column("users", sa.Column("nick", sa.String(20)))\n    {ending}op.execute("CREATE INDEX ix ON users (name)")'
    if driver == "asyncpg" and "COMMIT" in ending:
        pytest.skip("the driver refuses to end its transaction in SQL")
    verdict = verify(postgres_url.replace("+psycopg", f"+{driver}"), upgrade, TWO[1].replace("ix_name", "ix"))
    step = steps(verdict)["upgrade"]
    assert step.stops[0].line == (13 if "COMMIT" in ending else 12)
    assert 'column "nick" of relation "users" already exists' in step.stops[0].failure
    assert not steps(verdict)["downgrade"].stops


def test_rows_that_come_twice_are_reported(verify, mysql_url):
    upgrade = (
        """op.execute("INSERT INTO users (id, name) SELECT MAX(id) + 1, 'x' FROM users")\n    op.execute('COMMIT')\n"""
        '    op.execute("CREATE INDEX IF NOT EXISTS ix_name ON users (name)")'
    )
    downgrade = """op.execute("DROP INDEX IF EXISTS ix_name ON users")\n    op.execute("DELETE FROM users WHERE name = 'x'")"""
    verdict = verify(mysql_url, upgrade, downgrade)
    [stop, end] = steps(verdict)["upgrade"].stops
    assert stop.differences == ("Table 'users': 5 rows after it was stopped and run again, 4 after one run",)
    assert "Stopped after line 13, running the upgrade again does not come to what one run leaves." in verdict.warnings[-1]
    assert end.is_complete


def test_a_migration_that_catches_errors_is_stopped_all_the_same(verify, sqlite_url):
    upgrade = (
        "for name in ('a', 'b', 'c'):\n        try:\n"
        '            op.add_column("users", sa.Column(name, sa.Integer))\n        except Exception:\n            pass'
    )
    downgrade = "for name in ('a', 'b', 'c'):\n        op.drop_column('users', name)"
    upgraded = steps(verify(sqlite_url, upgrade, downgrade))["upgrade"]
    assert upgraded.places == 3
    assert [(stop.line, stop.next_line, stop.finished) for stop in upgraded.stops] == [
        (14, 14, True),
        (14, 14, True),
        (14, None, True),
    ]


def test_a_revision_that_loses_rows_is_stopped_too_and_the_next_one_is_checked(project, sqlite_url):
    project.add("first", upgrade=TABLE, downgrade='op.drop_table("users")')
    project.add(
        "second", "first", upgrade='op.drop_column("users", "name")', downgrade=TWO[0].split("\n")[0].replace("nick", "name")
    )
    project.add("third", "second", upgrade=TWO[0].replace('["name"]', '["id"]'), downgrade=TWO[1])
    with Verification(settle(project.config(db_url=sqlite_url, half_way=True), [project.root])) as verification:
        second, third = list(verification.check_all())[1:]
    assert second.outcome.value == "data-loss"
    assert "no such column" in steps(second)["upgrade"].stops[0].failure
    assert third.passed
    assert [stop.finished for stop in steps(third)["upgrade"].stops] == [False, False]


def test_what_a_migration_takes_back_itself_is_left_nowhere(verify, postgres_url):
    upgrade = (
        "with op.get_bind().engine.connect() as other:\n"
        "        other.exec_driver_sql(\"INSERT INTO users VALUES (1, 'a')\")\n"
        "        other.rollback()\n"
        '        other.exec_driver_sql("SELECT 1")\n'
        '        other.exec_driver_sql("SELECT 2")'
    )
    upgraded = steps(verify(postgres_url, upgrade, "pass"))["upgrade"]
    assert (upgraded.places, upgraded.stops) == (0, ())


def test_nothing_is_stopped_unless_it_is_asked_for(verify, sqlite_url):
    assert verify(sqlite_url, *TWO, half_way=False).half_way == ()


def test_what_was_tried_is_in_json_and_on_the_terminal(verify, sqlite_url):
    verdict = verify(sqlite_url, *TWO)
    told = as_json(verdict)
    assert as_json(from_json(told)) == told
    assert [(step["step"], step["places"], step["tried"]) for step in told["half_way"]] == [("upgrade", 2, 2), ("downgrade", 2, 2)]
    picture = io.StringIO()
    report = TerminalReport(picture)
    report.show(verdict)
    report.end([verdict])
    assert "Half way, upgrade: 2 of 2 stops tried, 1 stuck, 1 lacking nothing but `alembic stamp`.\n" in picture.getvalue()
    assert "Half way: 4 stops tried in 2 functions, 2 stuck." in picture.getvalue()


@pytest.mark.parametrize("value", [1, "true", None])
def test_a_setting_that_is_no_flag_is_refused(project, value):
    with pytest.raises(ConfigurationError, match=r"MRTConfig\.half_way is .*, where true or false is expected"):
        settle(project.config(half_way=value), [project.root])


@pytest.mark.parametrize(("lines", "words"), [([], "a statement"), ([4], "line 4"), ([4, 7, 9], "lines 4, 7 or 9")])
def test_lines_are_named_in_a_row(lines, words):
    assert join_lines(lines) == words


def test_of_a_loop_the_first_and_the_last_place_are_tried_and_not_too_many_of_all():
    loop = [StopPlace(number, 12, "INSERT", 12) for number in range(2, 500)]
    assert [place.number for place in choose([*loop, StopPlace(500, 12, "INSERT", 14)])] == [2, 499, 500]
    assert len(choose([StopPlace(number, number, "x", number + 1) for number in range(2, 500)])) == 40
