"""What a reader has to know first: one line, and the sentences below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from mrt_lint.report.style import counted
from mrt_report.reported_revision import HistoryResults
from mrt_report.results import CheckResults, VerifyResults
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED
from mrt_runtime.report.wording import PHRASES
from mrt_runtime.verdict import Outcome

BAD: Final = {
    Outcome.DATA_LOSS: ("loses data when it is rolled back", "lose data when they are rolled back"),
    Outcome.DOWNGRADE_FAILED: ("cannot be rolled back", "cannot be rolled back"),
    Outcome.SCHEMA_NOT_RESTORED: ("does not restore the schema", "do not restore the schema"),
    Outcome.UPGRADE_FAILED: ("fails to upgrade", "fail to upgrade"),
    Outcome.REUPGRADE_FAILED: ("fails to upgrade a second time", "fail to upgrade a second time"),
    Outcome.TIMED_OUT: ("timed out", "timed out"),
    Outcome.OVER_BUDGET: ("goes over the budget", "go over the budget"),
    Outcome.ORDER_MATTERS: ("depends on the order of branches", "depend on the order of branches"),
    Outcome.OLD_RELEASE_BREAKS: ("breaks the older release", "break the older release"),
    Outcome.NEW_RELEASE_BREAKS: (
        "breaks the newer release when it is rolled back",
        "break the newer release when they are rolled back",
    ),
    Outcome.UNPROVEN: ("could not be proven", "could not be proven"),
    Outcome.NOT_REACHED: ("could not be reached", "could not be reached"),
}
"""What is said of one and of several revisions with such an outcome, the worst first."""
SHORT: Final = {
    **BAD,
    Outcome.DATA_LOSS: ("loses data", "lose data"),
    Outcome.DOWNGRADE_FAILED: ("fails to roll back", "fail to roll back"),
}
"""The same in a list, of which the first words say that it is about the rollback."""
OF_ROLLBACK: Final = {Outcome.DATA_LOSS, Outcome.DOWNGRADE_FAILED, Outcome.SCHEMA_NOT_RESTORED, Outcome.REUPGRADE_FAILED}


class Headline(NamedTuple):
    """`title` is a line without a full stop, `tone` is "good", "warning" or "bad", `sentences` follow."""

    title: str
    tone: str
    sentences: tuple[str, ...]


def summarize(results: HistoryResults) -> Headline:
    """Return what is most important in the results of one half or both."""
    sentences: list[str] = []
    if results.verify is not None:
        title, tone = _title_of_run(results.verify)
        sentences += _about_run(results.verify)
        if results.check is not None:
            sentences += [_about_check(results.check), *_about_marks(results)]
            if tone == "good" and results.check.findings:
                tone = "warning"
    elif results.check is not None:
        title, tone = _title_of_check(results.check)
        sentences += _about_unread(results.check)
    else:
        title, tone = "Nothing was checked or verified", "warning"
    return Headline(title, tone, tuple(sentences))


def count_outcomes(verify: VerifyResults) -> Counter[Outcome]:
    """Count the revisions of each outcome."""
    return Counter(verdict.outcome for verdict in verify.verdicts)


def _title_of_run(verify: VerifyResults) -> tuple[str, str]:
    counts, total = count_outcomes(verify), len(verify.verdicts)
    bad = [outcome for outcome in BAD if counts[outcome]]
    if bad:
        tone = "warning" if {Outcome.UNPROVEN, Outcome.NOT_REACHED}.issuperset(bad) else "bad"
        return _title_of_failures(counts, bad, total), tone
    reversible = counts[Outcome.REVERSIBLE]
    if not reversible:
        return ("No revision was verified" if not total else f"{counted(total, 'revision')} skipped, none verified"), "warning"
    if verify.stopped is not None:
        return f"{counted(reversible, 'revision')} verified before the run ended", "warning"
    one = "The revision rolls back without loss"
    return (one if reversible == 1 else f"All {reversible} revisions roll back without loss"), "good"


def _title_of_failures(counts: Counter[Outcome], bad: Sequence[Outcome], total: int) -> str:
    """Count all that failed, by what went wrong; what was not reached did not fail, and comes last."""
    failed = [outcome for outcome in bad if outcome is not Outcome.NOT_REACHED] or bad
    number = sum(counts[outcome] for outcome in failed)
    if len(failed) == 1:
        said = _one_or_several(BAD, failed[0], number)
    else:
        verb = "cannot be rolled back safely" if OF_ROLLBACK.issuperset(failed) else "failed"
        said = f"{verb}: {', '.join(f'{counts[one]} {_one_or_several(SHORT, one, counts[one])}' for one in failed)}"
    title = f"The revision {said}" if total == 1 else f"{number} of {total} revisions {said}"
    behind = counts[Outcome.NOT_REACHED]
    return title if failed == bad else f"{title}; {behind} could not be reached"


def _one_or_several(words: Mapping[Outcome, tuple[str, str]], outcome: Outcome, number: int) -> str:
    return words[outcome][number != 1]


def _about_run(verify: VerifyResults) -> Iterator[str]:
    counts = count_outcomes(verify)
    listed = [f"{counts[outcome]} {PHRASES[outcome]}" for outcome in Outcome if counts[outcome]]
    outcomes = f": {', '.join(listed)}" if set(counts) - {Outcome.REVERSIBLE} else ""
    where = f"Rehearsed on {verify.place}, on a copy of {verify.copied}" if verify.copied else f"Verified on {verify.place}"
    yield f"{where}{outcomes}."
    if verify.shard is not None:
        yield f"This is shard {verify.shard} of the history."
    if verify.stopped is not None:
        yield f"The run ended before its last revision: {verify.stopped.rstrip('.')}."
    if verify.database["dialect"] == "sqlite" and not verify.copied:
        yield "A rollback that works on SQLite may fail elsewhere: verify on the database that you deploy to."
    if verify.database.get("isolation_warning"):
        yield verify.database["isolation_warning"]


def _title_of_check(check: CheckResults) -> tuple[str, str]:
    where = f"in {counted(check.migrations, 'migration')}"
    if not check.findings:
        return f"Nothing found {where}", "good"
    counts = [counted(number, noun) for number, noun in ((check.errors, "error"), (check.warnings, "warning")) if number]
    return f"{' and '.join(counts)} {where}", "bad" if check.errors else "warning"


def _about_check(check: CheckResults) -> str:
    title, _ = _title_of_check(check)
    return " ".join([f"The static check: {title[0].lower()}{title[1:]}.", *_about_unread(check)])


def _about_unread(check: CheckResults) -> Iterator[str]:
    if check.silenced:
        yield f"{counted(check.silenced, 'finding')} {'is' if check.silenced == 1 else 'are'} silenced or accepted."
    if check.unreadable:
        count = len(check.unreadable)
        yield f"{counted(count, 'call')} could not be read, so nothing is said about {'it' if count == 1 else 'them'}."


def _about_marks(results: HistoryResults) -> Iterator[str]:
    words = ((CONFIRMED, "confirms {}"), (REFUTED, "refutes {}"), (NOT_MET, "did not meet {}"))
    counts = [(results.count_marks(word), phrase) for word, phrase in words]
    said = [phrase.format(count) for count, phrase in counts if count]
    if said:
        listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
        yield f"Of the findings, the run {listed}."
