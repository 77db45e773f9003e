"""What migrations may lock and rewrite at most, in `mrt verify --locks`, in a rehearsal and in a test."""

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.config_discovery import settle
from mrt_runtime.plugin.fixture import Mrt
from mrt_runtime.report.json import as_json, from_json
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.runtime.conftest import Project
from tests.runtime.rehearse.conftest import BASE

WIDENING = ("widening", 'op.alter_column("users", "id", type_=sa.BigInteger)', 'op.alter_column("users", "id", type_=sa.Integer)')
COMMENT = ("comment", 'op.execute("COMMENT ON TABLE users IS NULL")', 'op.execute("COMMENT ON TABLE users IS NULL")')
ENDING = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
ENDER = ("ending", f'op.execute("{ENDING}")', f'op.execute("{ENDING}")')


@pytest.fixture
def verify(history, postgres_url):
    """A verification of these steps on PostgreSQL, opened with these settings."""
    opened = []

    def open_one(*steps, **settings):
        project = history(*steps)
        opened.append(Verification(settle(project.config(db_url=postgres_url, **settings), [project.root])))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def observed(postgres_url, tmp_path_factory):
    """The verdicts of one verification that shows locks and has a budget."""
    project = Project(tmp_path_factory.mktemp("budget"))
    project.add("first", upgrade=BASE, downgrade='op.drop_table("users")')
    parent = "first"
    for name, upgrade, downgrade in (COMMENT, WIDENING, ENDER):
        project.add(name, parent, upgrade=upgrade, downgrade=downgrade)
        parent = name
    settings = {"observe_locks": True, "budget": {"lock": "SHARE UPDATE EXCLUSIVE", "rewrite": False}}
    with Verification(settle(project.config(db_url=postgres_url, **settings), [project.root])) as verification:
        return {verdict.revision: verdict for verdict in verification.check_all()}


def test_locks_are_listed_where_they_are_asked_for_and_survive_json(observed):
    verdict = observed["widening"]
    assert verdict.passed
    assert [step.name for step in verdict.steps] == ["upgrade", "downgrade"]
    [statement] = verdict.steps[0].statements
    assert (statement.line, statement.rewritten, statement.strongest.lock.mode) == (12, ["users"], "ACCESS EXCLUSIVE")
    told = as_json(verdict)
    assert as_json(from_json(told)) == told
    assert told["steps"][0]["statements"][0]["rewritten"] == ["users"]


def test_a_budget_is_a_warning_or_a_failure(observed):
    assert not observed["comment"].warnings
    verdict = observed["widening"]
    assert verdict.passed
    assert any("The upgrade rewrites users (" in warning and warning.endswith(":12)") for warning in verdict.warnings)
    assert any("takes ACCESS EXCLUSIVE on users, more than SHARE UPDATE EXCLUSIVE" in warning for warning in verdict.warnings)


def test_a_budget_that_fails_holds_a_rehearsal_to_it(postgres_source, rehearse):
    [revision] = rehearse(postgres_source, WIDENING, budget={"seconds": 1e-9, "fail": True}).values()
    assert revision.verdict.outcome is Outcome.OVER_BUDGET
    assert "The upgrade holds ACCESS EXCLUSIVE on users for" in revision.verdict.failures[0].message
    assert revision.verdict.failures[0].line == 12


def test_a_test_asserts_locks_and_rewrites_of_one_revision_and_nothing_is_observed_before(verify):
    mrt = Mrt(verify(COMMENT, WIDENING))
    verdict = mrt.check_revision("widening")  # that it was checked without is no matter
    assert verdict.passed
    assert verdict.steps == ()
    assert "steps" not in as_json(verdict)
    mrt.assert_locks("comment")
    mrt.assert_no_rewrite("comment")
    mrt.assert_locks("widening", at_most="ACCESS EXCLUSIVE")
    with pytest.raises(AssertionError, match=r"takes ACCESS EXCLUSIVE on users, more than SHARE\n.*widening\.py:12"):
        mrt.assert_locks("widening", at_most="SHARE")
    with pytest.raises(AssertionError, match="rewrites users"):
        mrt.assert_no_rewrite("widening")
    with pytest.raises(ConfigurationError, match="at_most is 'BIG', where one of ACCESS SHARE"):
        mrt.assert_locks("widening", at_most="BIG")


def test_other_databases_show_no_locks(history, sqlite_url):
    project = history()
    refusal = pytest.raises(ConfigurationError, match="observed on PostgreSQL, and db_url is for sqlite")
    with Verification(project.config(db_url=sqlite_url)) as verification, refusal:
        Mrt(verification).assert_locks("first")


def test_elsewhere_times_are_listed(history, sqlite_url):
    project = history()
    with Verification(project.config(db_url=sqlite_url, observe_locks=True)) as verification:
        [statement] = verification.check("first").steps[0].statements
    assert (statement.line, statement.locks) == (12, None)


@pytest.mark.parametrize("budget", [{"lock": "BIG"}, {"seconds": -1}, {"rewrite": "no"}, {"sceonds": 1}, "SHARE", {"fail": 1}])
def test_a_budget_that_cannot_be_meant_is_refused(project, budget):
    with pytest.raises(ConfigurationError, match=r"MRTConfig.budget is .*, where a table with some of lock"):
        settle(project.config(budget=budget), [project.root])


def test_a_migration_that_ends_other_sessions_is_observed_as_well(observed):
    verdict = observed["ending"]
    assert verdict.passed
    assert [len(one.statements) for one in verdict.steps] == [1, 1]


def test_a_migration_that_ends_other_sessions_is_rehearsed_as_well(postgres_source, rehearse):
    [revision] = rehearse(postgres_source, ENDER).values()
    assert revision.verdict.passed
