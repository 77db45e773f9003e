"""What a run says about a finding: that it was seen, that it was not so, or that nothing tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mrt_lint.model.finding import Consequence
from mrt_report.agreement import compare
from mrt_runtime.half_way import HalfWayStep, HalfWayStop
from mrt_runtime.verdict import (
    NEW_RELEASE,
    OLD_RELEASE,
    DoubtfulFailure,
    Failure,
    Outcome,
    RollingDeploy,
    RowRefusal,
    UnmetStatement,
)
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
        (verdict(unmet=(UnmetStatement(line=14, message=UNMET),)), ("not met", UNMET)),
        (verdict(unmet=(UnmetStatement(line=15, message=UNMET),)), ("refuted", "the rows came back")),
        (verdict(unseeded={"shop.users": "no"}), ("not met", "table 'shop.users' had no rows")),
        (verdict(unseeded={"orders": "no"}), ("refuted", "the rows came back")),
        (verdict(failures=(LEFT,)), ("not met", "it is not among what the run saw go wrong")),
        (verdict(failures=(STOPPED,)), ("not met", "the rollback failed, so nothing could be compared")),
        (verdict(failures=(UPGRADE,)), ("not met", "the upgrade failed, so no rollback was tried")),
        (verdict(outcome=Outcome.NOT_REACHED), ("not met", "the revision was not reached")),
        (verdict(outcome=Outcome.SKIPPED), None),
        (None, None),
        (
            verdict(doubts=(DoubtfulFailure(failure=LOST, warning=f"With rows written after the upgrade: {LOST.message}"),)),
            ("confirmed", f"With rows written after the upgrade: {LOST.message}"),
        ),
    ],
)
def test_a_loss_that_was_foreseen(judged, expected):
    assert mark(judged) == expected


OLD = Consequence.OLD_RELEASE_BREAKS
BROKEN = Failure(kind=OLD_RELEASE, message="Column 'users.phone': SELECT of the older release fails", table="users", column="phone")
WHOLE = Failure(kind=OLD_RELEASE, message="Table 'users': SELECT of the older release fails", table="users")
WORKS = "what the older release executes still works"


@pytest.mark.parametrize(
    ("code", "message", "rolling", "expected"),
    [
        ("MRT701", "drops column 'users.phone'", None, None),
        ("MRT701", "drops column 'users.phone'", RollingDeploy(tables=("users",), breaks=(BROKEN,)), ("confirmed", BROKEN.message)),
        ("MRT701", "drops column 'users.fax'", RollingDeploy(tables=("users",), breaks=(BROKEN,)), ("refuted", WORKS)),
        ("MRT701", "drops column 'teams.phone'", RollingDeploy(tables=("users", "teams"), breaks=(BROKEN,)), ("refuted", WORKS)),
        (
            "MRT701",
            "drops column 'users.phone'",
            RollingDeploy(tables=("users",), breaks=(replace(BROKEN, kind=NEW_RELEASE),)),
            ("refuted", WORKS),
        ),
        ("MRT703", "renames table 'users'", RollingDeploy(tables=("users",), breaks=(WHOLE,)), ("confirmed", WHOLE.message)),
        ("MRT703", "renames table 'users'", RollingDeploy(tables=("users",)), ("refuted", WORKS)),
        (
            "MRT703",
            "renames table 'users'",
            RollingDeploy(tables=("teams",)),
            ("not met", "what the older release executes was not tried on this table"),
        ),
        (
            "MRT704",
            "makes column 'shop.users.phone' NOT NULL",
            RollingDeploy(tables=("shop.users",), untried={"shop.users": "no row"}),
            ("not met", "what the older release executes was not tried on 'shop.users': no row"),
        ),
        (
            "MRT706",
            "changes the default of column 'users.phone'",
            RollingDeploy(tables=("users",)),
            ("not met", f"{WORKS}, and what it makes of the values is not seen"),
        ),
    ],
)
def test_what_the_older_release_cannot_do(code, message, rolling, expected):
    found = finding(code, f"upgrade {message}", consequence=OLD)
    assert mark(verdict(rolling=rolling), found) == expected


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


WRITTEN = "With rows written after the upgrade: "
NULLS = 'Downgrade failed: NotNullViolation: column "phone" of relation "users" contains null values'
LONG = "Downgrade failed: StringDataRightTruncation: value too long for type character varying(50)"
NOT_NULL = "downgrade adds NOT NULL column 'users.phone' without a server default: the rollback fails where the table has rows"
NARROW = "downgrade changes column 'users.name' from TEXT back to VARCHAR(50): the rollback fails where a value is longer by then"
NULLABLE = "upgrade drops column 'users.phone', downgrade does not restore its definition: its nullable was yes and becomes no"


NULL, TOO_LARGE = RowRefusal(kind="null", sqlstate="23502", column="phone"), RowRefusal(kind="too large", sqlstate="22001")


def refused(message, refusal, line=None):
    return verdict(failures=(Failure(kind="downgrade-failed", message=message, line=line, refusal=refusal),))


def doubt(failure, warning=None):
    """What a verification reports as a warning."""
    return DoubtfulFailure(failure=failure, warning=warning or f"{WRITTEN}{failure.message}")


TOO_LONG = Failure(kind="downgrade-failed", message=LONG, line=40, refusal=TOO_LARGE, rows="written")


@pytest.mark.parametrize(
    "failure", [TOO_LONG, replace(TOO_LONG, line=None), Failure(kind="data-loss", message="Table 'x': 1/3 rows lost", table="x")]
)
@pytest.mark.parametrize("consequence", [Consequence.ROLLBACK_LOSES_DATA, FAILS, LEAVES])
def test_nothing_is_refuted_where_a_rollback_failed_with_some_rows(failure, consequence):
    word, why = mark(verdict(doubts=(doubt(failure),)), finding("MRT117", "downgrade fails here", consequence=consequence))
    assert (word, why) == ("not met", f"something else went wrong with some rows. {WRITTEN}{failure.message}")


def test_an_upgrade_that_fails_with_rows_at_the_edge_alone_refutes_as_before():
    edge = doubt(Failure(kind="upgrade-failed", message="Upgrade failed: DataError: out of range", rows="edges"), "Only with …")
    assert mark(verdict(doubts=(edge,))) == ("refuted", "the rows came back")


def test_a_failure_with_rows_written_after_the_upgrade_confirms_what_is_at_its_line():
    warning = f"{WRITTEN}{LONG} (versions/003.py:40)"
    told = verdict(doubts=(doubt(TOO_LONG, warning),))
    assert mark(told, finding("MRT120", NARROW, line=40, consequence=FAILS)) == ("confirmed", warning)
    failed = Failure(kind="downgrade-failed", message=f"{WRITTEN}{NULLS}", line=41, refusal=NULL, rows="written")
    assert mark(verdict(failures=(failed,)), finding("MRT120", NOT_NULL, line=40, consequence=FAILS))[0] == "confirmed"


@pytest.mark.parametrize("code", ["MRT201", "MRT202", "MRT208", "MRT303"])
def test_a_rollback_that_fails_confirms_no_loss(code):
    assert mark(refused(NULLS, NULL, 14), finding(code)) == ("not met", "the rollback failed, so nothing could be compared")


@pytest.mark.parametrize(
    ("lost", "code", "word"),
    [
        (LOST, "MRT208", "confirmed"),
        (replace(LOST, column="fax", message="Column 'users.fax': 2/3 values lost after rollback"), "MRT201", "not met"),
        (replace(LOST, column=None, message="Table 'users': 1 row left behind after rollback"), "MRT201", "not met"),
        (replace(LOST, column=None, message="Table 'users': 1/3 rows lost after rollback"), "MRT202", "confirmed"),
        (replace(LOST, column=None, table="x", message="Table 'x': 1/3 rows lost after rollback"), "MRT202", "not met"),
    ],
)
def test_a_loss_is_confirmed_by_what_was_lost_of_the_same(lost, code, word):
    assert mark(verdict(failures=(lost,)), finding(code))[0] == word
    assert mark(verdict(doubts=(doubt(lost),)), finding(code))[0] == word


@pytest.mark.parametrize(
    ("code", "message", "consequence", "refusal", "word"),
    [
        ("MRT111", NULLABLE, LEAVES, NULL, "confirmed"),
        ("MRT111", NULLABLE.replace("phone", "fax"), LEAVES, NULL, "not met"),
        ("MRT111", NULLABLE.replace("nullable was yes", "type was TEXT"), LEAVES, NULL, "not met"),
        ("MRT120", NOT_NULL, FAILS, NULL, "confirmed"),
        ("MRT120", NOT_NULL, FAILS, replace(NULL, column="PHONE", sqlstate=""), "confirmed"),
        ("MRT120", NOT_NULL, FAILS, replace(NULL, column=None), "confirmed"),
        ("MRT120", NOT_NULL, FAILS, replace(NULL, column="fax"), "not met"),
        ("MRT120", NOT_NULL, FAILS, TOO_LARGE, "not met"),
        ("MRT120", NARROW, FAILS, TOO_LARGE, "confirmed"),
        ("MRT120", NARROW, FAILS, replace(NULL, column="name"), "not met"),
        ("MRT408", "upgrade drops index 'ix' on 'users' (phone)", LEAVES, NULL, "not met"),
    ],
)
def test_rows_that_are_refused_confirm_what_said_so(code, message, consequence, refusal, word):
    line = 40 if consequence is FAILS else 14
    judged = refused("Downgrade failed: DataError: whatever words the database has", refusal, 40)
    assert mark(judged, finding(code, message, line=line, consequence=consequence))[0] == word


@pytest.mark.parametrize("consequence", [Consequence.DEPLOY_BLOCKS, Consequence.OLD_RELEASE_BREAKS, Consequence.HYGIENE])
def test_nothing_is_said_about_what_no_run_shows(consequence):
    assert mark(verdict(), finding("MRT422", consequence=consequence)) is None


HALF = finding("MRT435", "…", line=14, consequence=Consequence.DEPLOY_FAILS)
STUCK = HalfWayStop(line=12, next_line=14, failure="Duplicate column name 'nick'", failed_line=12)
FINE, LATER = HalfWayStop(line=12, next_line=14), HalfWayStop(line=14, next_line=None, failure="Duplicate column name 'nick'")


@pytest.mark.parametrize(
    ("stops", "word"),
    [
        ((STUCK, LATER), "confirmed"),
        ((FINE, LATER), "refuted"),
        ((HalfWayStop(line=10, next_line=12), replace(STUCK, next_line=13), LATER), "confirmed"),
        ((LATER,), "not met"),
        ((), "not met"),
    ],
)
def test_an_upgrade_that_was_stopped_half_way_confirms_or_refutes_that_a_half_stays(stops, word):
    step = HalfWayStep(name="upgrade", places=len(stops), stops=stops)
    assert mark(verdict(half_way=(step,)), HALF)[0] == word
    assert mark(verdict(half_way=(replace(step, name="downgrade"),)), HALF) == ("not met", "the upgrade ran through")


def test_a_half_that_stays_says_nothing_of_other_findings():
    step = HalfWayStep(name="upgrade", places=2, stops=(STUCK, LATER))
    assert mark(verdict(half_way=(step,)), replace(HALF, code="MRT401")) == ("not met", "the upgrade ran through")
