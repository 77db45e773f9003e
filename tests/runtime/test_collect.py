"""`pytest --mrt`: one test a revision, selected, repeated and distributed as any other test."""

import re

import pytest
import sqlalchemy as sa

from tests.runtime.test_plugin import write_project

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _sqlite(monkeypatch):
    monkeypatch.setenv("MRT_DATABASE_URL", "sqlite:///given.db")


@pytest.fixture
def broken(pytester):
    """Three revisions, the second of which cannot be rolled back."""
    write_project(pytester, 3)
    file = pytester.path / "migrations" / "versions" / "002.py"
    file.write_text(file.read_text().replace('op.drop_table("t2")', 'op.drop_table("nowhere")'))
    return pytester


def test_each_revision_is_a_test_without_any_test_file(broken):
    result = broken.runpytest_inprocess("--mrt", "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "alembic.ini::001 PASSED*",
            "alembic.ini::002 FAILED*",
            "alembic.ini::003 PASSED*",
            "*revision 002*",
            "Downgrade failed: OperationalError: no such table: nowhere",
            "  migrations/versions/002.py:8",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_no_test_is_added_without_the_option(broken):
    assert broken.runpytest_inprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_revisions_stand_beside_other_tests_and_are_counted_once(broken):
    broken.makepyfile("def test_other():\n    pass\n")
    broken.runpytest_inprocess("--mrt").assert_outcomes(passed=3, failed=1)
    broken.runpytest_inprocess("--mrt", ".", "alembic.ini").assert_outcomes(passed=3, failed=1)
    broken.runpytest_inprocess("--mrt", "-m", "not mrt").assert_outcomes(passed=1, deselected=3)


@pytest.mark.parametrize("arguments", [("-k", "003"), ("alembic.ini::003",)])
def test_one_revision_is_chosen_as_any_test_is(broken, arguments):
    result = broken.runpytest_inprocess("--mrt", "-v", *arguments)
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(["alembic.ini::003 PASSED*"])


def test_the_first_failure_ends_the_run_where_asked_and_the_last_failed_comes_back(broken):
    broken.runpytest_inprocess("--mrt", "-x").assert_outcomes(passed=1, failed=1)
    result = broken.runpytest_inprocess("--mrt", "--lf", "-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["alembic.ini::002 FAILED*"])


def test_listing_opens_no_database(pytester, monkeypatch):
    write_project(pytester, 2)
    monkeypatch.setenv("MRT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    result = pytester.runpytest_inprocess("--mrt", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["alembic.ini::001", "alembic.ini::002"])
    assert result.ret == 0


def test_a_broken_history_is_told_in_one_sentence(pytester):
    write_project(pytester, 2)
    file = pytester.path / "migrations" / "versions" / "002.py"
    file.write_text(file.read_text().replace('down_revision = "001"', 'down_revision = "000"'))
    result = pytester.runpytest_inprocess("--mrt")
    output = result.stdout.str() + result.stderr.str()
    assert result.ret != 0
    assert "The history is broken" in output
    assert "Traceback" not in output


def test_a_skipped_revision_is_a_skipped_test(pytester):
    write_project(pytester, 2)
    pytester.makeconftest(
        "from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n    config._mrt_config = MRTConfig(skip={'001': 'reviewed by Ann'})\n"
    )
    file = pytester.path / "migrations" / "versions" / "002.py"
    file.write_text(
        'import sqlalchemy as sa\nfrom alembic import op\nrevision = "002"\ndown_revision = "001"\n'
        "def upgrade():\n    with op.batch_alter_table('t1', recreate='always') as b:\n        b.add_column(sa.Column('x', sa.Integer), insert_before='id')\n"
        "def downgrade():\n    op.drop_column('t1', 'x')\n"
    )
    result = pytester.runpytest_inprocess("--mrt", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*reviewed by Ann*"])


def test_custom_seeds_for_a_table_that_no_revision_has_are_warned_of(pytester):
    write_project(pytester, 2)
    pytester.makeconftest(
        "from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n"
        "    config._mrt_config = MRTConfig(custom_seeds={'t3': lambda: [{'id': 1}]})\n"
    )
    result = pytester.runpytest_inprocess("--mrt")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*migration warnings*", "custom_seeds names the table 't3', which no revision has."])


def test_workers_of_xdist_share_the_revisions_each_in_a_database_of_its_own_which_is_named_once(broken):
    pytest.importorskip("xdist")
    result = broken.runpytest_subprocess("--mrt", "-n", "2", "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*FAILED alembic.ini::002*"])
    said = "Verified on SQLite. With db_url, on the database that you deploy to."
    assert result.stdout.str().count(said) == 1


def test_a_wrong_configuration_is_told_by_xdist_too(pytester):
    pytest.importorskip("xdist")
    result = pytester.runpytest_subprocess("--mrt", "-n", "1")
    output = result.stdout.str() + result.stderr.str()
    assert result.ret != 0
    assert output.count("config._mrt_config = MRTConfig(") == 1
    assert "INTERNALERROR" not in output


def test_what_stops_every_revision_is_told_once(pytester):
    write_project(pytester, migrations=3)
    pytester.path.joinpath("migrations", "env.py").write_text("raise ValueError('this stops them all')\n")
    output = pytester.runpytest("--mrt").stdout.str()
    report = output.partition("short test summary")[0]
    assert report.count("this stops them all") - report.count("says why: ") == 1
    assert report.count("The first test of migrations says why") == 2
    assert "During handling" not in output


def test_the_summary_names_a_server_without_its_password(broken, postgres_url, monkeypatch):
    url = sa.make_url(postgres_url)
    url = url.set(password=url.password or "very-secret")
    monkeypatch.setenv("MRT_DATABASE_URL", url.render_as_string(hide_password=False))
    output = broken.runpytest_inprocess("--mrt", "-k", "001").stdout.str()
    assert re.search(rf"^Verified on PostgreSQL \S.*, beside \S+\*\*\*@.*/{url.database}\.$", output, re.MULTILINE)
    assert f":{url.password}@" not in output


def test_nothing_is_said_of_a_database_that_nothing_was_verified_on(broken):
    assert "Verified on" not in broken.runpytest_inprocess("--mrt", "--collect-only").stdout.str()
    assert "Verified on" not in broken.runpytest_inprocess("--mrt", "-m", "not mrt").stdout.str()


def test_shards_of_several_machines_are_all_revisions(broken):
    broken.runpytest_inprocess("--mrt", "--mrt-shard=1/2").assert_outcomes(passed=1, failed=1)
    broken.runpytest_inprocess("--mrt", "--mrt-shard=2/2", "-n", "2").assert_outcomes(passed=1)
    assert broken.runpytest_inprocess("--mrt", "--mrt-shard=9/9").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_shard_that_is_none_is_refused_in_a_sentence(broken):
    result = broken.runpytest_subprocess(
        "--mrt", "--mrt-shard=3/2"
    )  # a usage error makes the oldest pytest warn, which is an error in here
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*error: argument --mrt-shard: '3/2' names no shard: write 2/5 for the second of five"])
