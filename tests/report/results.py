"""Results of both halves, made up: a history with a branch, hostile names, and as many revisions as are wanted."""

from __future__ import annotations

from functools import cache

from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.values import SourceSpan
from mrt_report.reported_revision import HistoryResults, assemble
from mrt_report.results import CheckResults, VerifyResults
from mrt_runtime.verdict import Failure, Outcome, RowExample, Verdict

POSTGRESQL = {"dialect": "postgresql", "version": "15.4 (Debian 15.4-1)", "url": "postgresql://ada:***@localhost/shop"}
LOST = Failure(
    kind="data-loss",
    message="Column 'users.phone': 2/3 values lost after rollback",
    table="users",
    column="phone",
    evidence=("id = 1: '11' → NULL", "… and 1 more"),
    line=14,
    examples=(RowExample(before={"id": "1", "phone": "'11'"}, after={"id": "1", "phone": "NULL"}),),
)


def finding(code="MRT201", message="upgrade drops column 'users.phone'", *, line=14, revision="003", **given) -> Finding:
    given = {
        "path": f"versions/{revision}.py",
        "name": "drop-column",
        "severity": Severity.ERROR,
        "consequence": Consequence.ROLLBACK_LOSES_DATA,
        "instead": "keep its values",
        **given,
    }
    return Finding(code=code, message=message, place=SourceSpan(line, 5, line, 9), revision=revision, **given)


def verdict(revision="003", *parents, outcome=None, failures=(), **given) -> Verdict:
    outcome = outcome or (Outcome(failures[0].kind) if failures else Outcome.REVERSIBLE)
    return Verdict(revision=revision, down_revision=parents, outcome=outcome, failures=failures, **given)


def logged(revision, *parents, message="Change something", head=False) -> LoggedRevision:
    path = f"versions/{revision}.py"
    migration = Migration(path=path, revision=revision, down_revision=parents, message=message)
    return LoggedRevision(key=path, migration=migration, parents=tuple(f"versions/{one}.py" for one in parents), is_head=head)


def put_together(findings=(), verdicts=None, history=(), database=None, looked_at=None, **given) -> HistoryResults:
    check = CheckResults(findings=tuple(findings), migrations=len(history) or 1) if findings is not None else None
    run = None
    if verdicts is not None:
        run = VerifyResults(verdicts=tuple(verdicts), database=database or POSTGRESQL, **given)
    return assemble(check, run, history, looked_at or [entry.key for entry in history])


@cache
def long_history(count: int) -> HistoryResults:
    """A history with a branch that is merged again every 40 revisions; one in 17 loses data, every other has three findings."""
    history, verdicts, findings = [], [], []
    for number in range(count):
        revision, before = f"{number:06}", [number - 1] if number else []
        if number % 40 == 20:
            before = [number - 10]
        elif number % 40 == 30:
            before = [number - 1, number - 11]
        parents = [f"{one:06}" for one in before]
        history.append(logged(revision, *parents, message=f"Change number {number} of the users", head=number == count - 1))
        verdicts.append(verdict(revision, *parents, failures=(LOST,) if number % 17 == 3 else ()))
        for place, consequence in enumerate(list(Consequence)[: number % 2 * 3]):
            message = f"upgrade drops column 'users.phone{number}': a downgrade can bring it back, its values are lost"
            findings.append(finding(f"MRT20{place}", message, line=14 + place, revision=revision, consequence=consequence))
    return put_together(findings, verdicts, history[::-1])


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{ 7 * 7 }} \x1b[31m \u202e @ada #12 `x` | [a](b) https://e.vil"


def hostile() -> HistoryResults:
    """Markup wherever a name, a message or a value can come from a file or a database."""
    failure = Failure(
        kind="data-loss",
        message=HOSTILE,
        evidence=(HOSTILE, HOSTILE),
        examples=(RowExample(before={HOSTILE: HOSTILE}, after={HOSTILE: "NULL"}),),
    )
    found = finding(HOSTILE, HOSTILE, revision=HOSTILE, name=HOSTILE, instead=f"{HOSTILE}\n    {HOSTILE}\n- {HOSTILE}")
    bad = verdict(HOSTILE, "h", failures=(failure,), warnings=(HOSTILE,), unseeded={HOSTILE: HOSTILE}, reason=HOSTILE)
    return put_together([found], [bad], [logged(HOSTILE, message=HOSTILE, head=True)], stopped=HOSTILE)
