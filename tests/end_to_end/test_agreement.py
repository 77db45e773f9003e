"""The two halves agree on a few generated histories, so that they cannot drift apart unnoticed; benchmarks/agreement.py
tries thousands, and real ones."""

import pytest

from benchmarks.agreement import BROKEN, Agreement, compare_generated
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.values import SourceSpan
from mrt_report.explanation import explains
from mrt_runtime.verdict import Failure

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def agreement():
    found = Agreement()
    for seed in range(10):
        for judged in compare_generated(seed, 8, "sqlite://"):
            found.add(judged)
    return found


def test_what_the_runtime_sees_fail_is_explained_by_the_linter(agreement):
    assert {outcome for outcome in BROKEN if agreement.outcomes[outcome] > 3} == set(BROKEN)
    assert agreement.figure_a >= 0.93, "\n".join(agreement.report())


def test_what_the_runtime_proves_reversible_is_no_error_of_the_linter(agreement):
    assert agreement.outcomes["reversible"] > 30
    assert agreement.figure_b < 0.03, "\n".join(agreement.report())


LOST = Failure(kind="data-loss", message="Column 'users.phone': 2/3 values lost after rollback", table="users", column="phone")
CHANGED = Failure(kind="data-loss", message="Column 'users.name': 3/3 values changed after rollback", table="users", column="name")
LEFT = Failure(kind="schema-not-restored", message="Index 'ix_name' on 'users' still exists after rollback", table="users")
STOPPED = Failure(kind="downgrade-failed", message="Downgrade failed: OperationalError: no such table: user", line=9)


@pytest.mark.parametrize(
    ("failure", "finding", "expected"),
    [
        (LOST, "5 MRT201 upgrade drops column 'users.phone'", True),
        (LOST, "5 MRT201 upgrade drops column 'users.fax'", False),
        (LOST, "5 MRT111 upgrade drops column 'users.phone'", False),
        (CHANGED, "5 MRT103 upgrade overwrites values in table 'users'", True),
        (CHANGED, "5 MRT103 upgrade overwrites values in table 'teams'", False),
        (LEFT, "5 MRT110 upgrade creates index 'ix_name'", True),
        (LEFT, "5 MRT408 upgrade drops index 'ix_name'", False),
        (LEFT, "9 MRT102 downgrade() of revision 2 does nothing", True),
        (STOPPED, "9 MRT102 downgrade() of revision 2 does nothing", False),
        (STOPPED, "9 MRT117 downgrade fails here", True),
        (STOPPED, "8 MRT117 downgrade fails here", False),
    ],
)
def test_a_finding_explains_what_its_code_can_and_what_it_names(failure, finding, expected, tmp_path):
    (tmp_path / "2.py").write_text("")
    line, code, message = finding.split(" ", 2)
    found = Finding(
        path="2.py",
        place=SourceSpan(int(line), 1, int(line), 1),
        code=code,
        name="",
        severity=Severity.ERROR,
        consequence=Consequence.ROLLBACK_FAILS,
        revision="2",
        message=message,
        instead="",
    )
    assert explains(found, failure, str(tmp_path / "2.py")) is expected
