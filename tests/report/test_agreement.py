"""What a run says about a finding: that it was seen, that it was not so, or that nothing tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mrt_lint.model.finding import Consequence
from mrt_report.agreement import compare
from mrt_runtime.verdict import Failure, Outcome
from tests.report.results import LOST, finding, verdict

STOPPED = Failure(kind="downgrade-failed", message="Downgrade failed: OperationalError: no such table: user", line=40)
UPGRADE = Failure(kind="upgrade-failed", message="Upgrade failed: IntegrityError: duplicate key", line=14)
LEFT = Failure(kind="schema-not-restored", message="Index 'ix_name' on 'users' still exists after rollback", table="users")
UNMET = "Line 14: no row met UPDATE users, so nothing is proved about it; custom_seeds can supply a row that it changes"
FAILS, LEAVES = Consequence.ROLLBACK_FAILS, Consequence.ROLLBACK_LEAVES_THINGS


def mark(judged, found=None, dialect="postgresql"):
    found = found or finding()
    marks = compare([found], judged, None, dialect)
    return tuple(marks[found]) if marks else None


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (verdict(failures=(LOST,)), ("confirmed", LOST.message)),
        (verdict(failures=(LEFT, LOST)), ("confirmed", LOST.message)),
        (verdict(), ("refuted", "the rows came back")),
        (verdict(warnings=(UNMET,)), ("not met", UNMET)),
        (verdict(warnings=(UNMET.replace("14", "15"),)), ("refuted", "the rows came back")),
        (verdict(unseeded={"shop.users": "no"}), ("not met", "table 'shop.users' had no rows")),
        (verdict(unseeded={"orders": "no"}), ("refuted", "the rows came back")),
        (verdict(failures=(LEFT,)), ("not met", "it is not among what the run saw go wrong")),
        (verdict(failures=(STOPPED,)), ("not met", "the rollback failed for another reason, so nothing could be compared")),
        (verdict(failures=(UPGRADE,)), ("not met", "the upgrade failed, so no rollback was tried")),
        (verdict(outcome=Outcome.NOT_REACHED), ("not met", "the revision was not reached")),
        (verdict(outcome=Outcome.SKIPPED), None),
        (None, None),
        (
            verdict(warnings=(f"With rows written after the upgrade: {LOST.message}",)),
            ("confirmed", f"With rows written after the upgrade: {LOST.message}"),
        ),
    ],
)
def test_a_loss_that_was_foreseen(judged, expected):
    assert mark(judged) == expected


def test_a_code_that_is_in_no_list_is_confirmed_by_its_line_alone():
    lost = replace(LOST, message="Column 'users.fax': 1/3 values lost after rollback")
    assert mark(verdict(failures=(lost,)), finding("MRT218")) == ("confirmed", lost.message)
    assert mark(verdict(failures=(lost,)), finding("MRT218", line=15))[0] == "not met"
    assert mark(verdict(failures=(lost,)), finding("MRT218", consequence=LEAVES))[0] == "not met"
    assert mark(verdict(failures=(STOPPED,)), finding("MRT118", line=40, consequence=FAILS)) == ("confirmed", STOPPED.message)


def test_what_was_seen_instead_depends_on_what_was_foreseen():
    assert mark(verdict(), finding("MRT117", consequence=FAILS)) == ("refuted", "the rollback ran through")
    assert mark(verdict(), finding("MRT110", consequence=LEAVES)) == ("refuted", "everything was as before")


def test_a_rule_about_another_database_is_neither_confirmed_nor_refuted():
    enum = finding("MRT304", consequence=LEAVES)
    assert mark(verdict(), enum, "sqlite") == ("not met", "it is about postgresql, and the run was on sqlite")
    assert mark(verdict(), enum, "postgresql") == ("refuted", "everything was as before")


def test_a_failing_upgrade_confirms_only_what_is_at_its_line():
    foreseen = finding("MRT401", consequence=Consequence.DEPLOY_FAILS)
    assert mark(verdict(failures=(UPGRADE,)), foreseen) == ("confirmed", UPGRADE.message)
    assert mark(verdict(failures=(UPGRADE,)), finding("MRT401", line=9, consequence=Consequence.DEPLOY_FAILS)) is None
    assert mark(verdict(), foreseen) == ("not met", "the upgrade ran through")
    assert mark(verdict(), finding("MRT901", consequence=Consequence.DEPLOY_FAILS)) is None


@pytest.mark.parametrize("consequence", [Consequence.DEPLOY_BLOCKS, Consequence.OLD_RELEASE_BREAKS, Consequence.HYGIENE])
def test_nothing_is_said_about_what_no_run_shows(consequence):
    assert mark(verdict(), finding("MRT422", consequence=consequence)) is None
