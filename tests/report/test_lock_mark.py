"""What observed locks and rewrites say of a finding that foresees them."""

from __future__ import annotations

import pytest

from mrt_lint.model.finding import Consequence
from mrt_report.agreement import compare
from mrt_report.lock_mark import BY_ALGORITHM, CLAIMS
from mrt_runtime.databases.observation import RelationLock
from mrt_runtime.migrate.observer import HeldLock, ObservedStatement, ObservedStep
from mrt_runtime.verdict import Failure
from tests.report.results import finding, verdict


def lock(mode, relation="users", seconds=1.0, kind="table"):
    return HeldLock(RelationLock(relation, kind, relation, mode), seconds)


def statement(*locks, line=14, started=0.5, rewritten=(), **scanned):
    held = {one.lock.relation: one for one in locks}
    return ObservedStatement(line, "…", count=1, locks=held, rewritten=list(rewritten), scanned=scanned, started=started)


def mark(code, *statements, step="upgrade"):
    found = finding(code, "PostgreSQL blocks table 'users'", consequence=Consequence.DEPLOY_BLOCKS)
    steps = (ObservedStep(name=step, seconds=1.0, statements=statements),)
    marks = compare([found], verdict(steps=steps), None, "postgresql")
    return tuple(marks[found]) if marks else None


@pytest.mark.parametrize(
    ("code", "statements", "word"),
    [
        ("MRT407", [statement(lock("SHARE"))], "confirmed"),
        ("MRT407", [statement(lock("ACCESS EXCLUSIVE"))], "confirmed"),
        ("MRT407", [statement(lock("SHARE UPDATE EXCLUSIVE"))], "refuted"),
        ("MRT407", [statement()], "refuted"),
        ("MRT407", [statement(lock("SHARE"), line=15)], "not met"),
        ("MRT407", [statement(lock("SHARE", "orders"))], "confirmed"),  # it names none of what is locked
        ("MRT407", [statement(lock("SHARE", "orders"), lock("ROW SHARE"))], "refuted"),
        ("MRT404", [statement(lock("ACCESS EXCLUSIVE"), rewritten=["users"])], "confirmed"),
        ("MRT404", [statement(lock("ACCESS EXCLUSIVE"))], "refuted"),
        ("MRT213", [statement(lock("ACCESS EXCLUSIVE"), users=3)], "confirmed"),
        ("MRT213", [statement(lock("ACCESS EXCLUSIVE"))], "refuted"),
        # a lock that the transaction has already is not taken again
        ("MRT213", [statement(lock("ACCESS EXCLUSIVE"), line=12, started=0.1), statement(users=3)], "confirmed"),
        ("MRT213", [statement(lock("ACCESS EXCLUSIVE", seconds=0.2), line=12, started=0.1), statement(users=3)], "refuted"),
        ("MRT438", [statement(lock("ACCESS EXCLUSIVE"), line=12, started=0.1), statement(lock("ROW EXCLUSIVE"))], "confirmed"),
        ("MRT438", [statement(lock("ACCESS EXCLUSIVE"))], "refuted"),
    ],
)
def test_a_finding_is_judged_by_the_locks_of_its_lines(code, statements, word):
    assert mark(code, *statements)[0] == word


def test_the_reasons_name_what_was_seen():
    assert (
        mark("MRT404", statement(lock("ACCESS EXCLUSIVE"), rewritten=["users"]))[1]
        == "it took ACCESS EXCLUSIVE on users, and rewrote it"
    )
    assert mark("MRT407", statement(lock("ROW SHARE")))[1] == "the strongest lock was ROW SHARE on users"
    assert mark("MRT213", statement(lock("ACCESS EXCLUSIVE")))[1] == "the rows of users were not read"


def test_what_was_not_observed_says_nothing():
    unknown = statement()
    unknown.locks = None
    assert mark("MRT407", unknown) == ("not met", "the locks of this statement are not known")
    assert mark("MRT407", statement(lock("SHARE")), step="downgrade") is None
    assert compare([finding("MRT407", consequence=Consequence.DEPLOY_BLOCKS)], verdict(), None) == {}


def test_every_claim_is_about_a_rule_of_locks():
    from mrt_lint.rules import all_rules

    about = {rule.code for rule in all_rules() if rule.consequence is Consequence.DEPLOY_BLOCKS}
    assert set(CLAIMS) <= about
    assert about - set(CLAIMS) == {"MRT433"}  # on MySQL and MariaDB alone
    assert about >= BY_ALGORITHM


def test_a_table_without_rows_refutes_no_scan():
    found = finding("MRT213", "PostgreSQL blocks table 'users'", consequence=Consequence.DEPLOY_BLOCKS)
    steps = (ObservedStep(name="upgrade", seconds=1.0, statements=(statement(lock("ACCESS EXCLUSIVE")),)),)
    refused = Failure(kind="upgrade-failed", message="Upgrade failed")
    empty = [verdict(steps=steps, failures=(refused,)), verdict(steps=steps, unseeded={"users": "a circle of keys"})]
    assert [compare([found], each, None, "postgresql")[found].word for each in empty] == ["not met", "not met"]


@pytest.mark.parametrize(
    ("code", "algorithm", "word"),
    [
        ("MRT433", "COPY, LOCK=SHARED", "confirmed"),
        ("MRT433", "NOCOPY, LOCK=SHARED", "confirmed"),
        ("MRT433", "INPLACE, LOCK=NONE", "refuted"),
        ("MRT427", "INSTANT", "refuted"),
        ("MRT433", "", None),
        ("MRT428", "INPLACE, LOCK=NONE", "not met"),  # it is about what is rewritten
    ],
)
def test_on_mysql_the_clause_decides_under_which_a_change_is_made(code, algorithm, word):
    changed = statement()
    changed.locks, changed.algorithm = None, algorithm
    marked = mark(code, changed)
    assert (marked and marked[0]) == word
