"""What a test suite said to pytest-mrt 1 it can say to this one, or is told why not."""

import pytest

import pytest_mrt
from mrt_lint import __version__
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.config_discovery import check
from mrt_runtime.plugin.fixture import Mrt
from mrt_runtime.verdict import Failure, Outcome, Verdict
from mrt_runtime.verify.session import Verification


def test_the_names_of_version_1_are_there():
    assert pytest_mrt.__version__ == __version__
    assert pytest_mrt.RiskWarning("a", "a.py", "Mine", "text", "error", 3).line == 3
    with pytest.raises(AttributeError, match="has no attribute 'MRTTestCase'"):
        pytest_mrt.MRTTestCase  # noqa: B018  asked for


def test_results_have_the_attributes_of_version_1():
    lost = Verdict(revision="a", outcome=Outcome.DATA_LOSS, failures=(Failure(kind="data-loss", message="lost"),) * 5)
    assert (lost.skipped, lost.skip_reason, lost.risk_score, str(lost.failures[0])) == (False, "", 100, "lost")
    skipped = Verdict(revision="a", outcome=Outcome.SKIPPED, reason="agreed")
    assert (skipped.passed, skipped.skipped, skipped.skip_reason, skipped.risk_score) == (True, True, "agreed", 0)


def test_every_setting_of_version_1_is_accepted_but_for_djangos():
    config = MRTConfig(
        alembic_ini="alembic.ini", db_url="sqlite://", seed_rows=3, skip={}, severity_overrides={"MRT407": "error"}, custom_seeds={},
        custom_checks=[], migration_timeout=60, django_settings=None, django_apps=None, django_project_dir=None,
        minimum_downgrade_revision=None, explain_model="any", target_metadata=None,
    )  # fmt: skip
    check(config)
    with pytest.raises(ConfigurationError, match=r"verifies migrations of Alembic only.*pytest-mrt<2"):
        check(MRTConfig(django_settings="shop.settings"))
    with pytest.raises(ConfigurationError, match="severity_overrides\\['MRT407'\\] is 'fatal'"):
        check(MRTConfig(severity_overrides={"MRT407": "fatal"}))


def no_tables(migration):
    for call in migration.upgrade_calls():
        if call.method == "create_table":
            name = migration.str_arg(call.node, 0)
            yield pytest_mrt.RiskWarning(
                migration.revision, migration.filename, "No tables", f"makes {name}", "error", call.node.lineno
            )


def test_checks_and_severities_of_a_project_count_where_version_1_counted_them(project, sqlite_url):
    project.add("a", upgrade='op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))', downgrade="pass")
    config = project.config(db_url=sqlite_url, custom_checks=[no_tables], severity_overrides={"No-op downgrade": "warning"})
    with Verification(config) as verification:
        mrt = Mrt(verification)
        noop, mine = mrt.check_static()
        assert (noop.code, noop.severity) == ("MRT102", "warning")
        assert (mine.revision, mine.message, mine.severity) == ("a", "makes users", "error")
        with pytest.raises(AssertionError, match=r"a\.py:\d+: No tables: makes users") as failed:
            mrt.assert_no_static_errors()
        assert "MRT102" not in str(failed.value)
