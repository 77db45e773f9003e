"""A revision with all that is known of it, and the history of such revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.model.finding import Finding
from mrt_report.agreement import compare
from mrt_report.results import CheckResults, VerifyResults
from mrt_report.run_mark import RunMark
from mrt_runtime.verdict import Outcome, Verdict

FEW: Final = 3
"""As many revisions with something to report are unfolded at first, of more only those that failed."""
MOST_UNFOLDED: Final = 20
"""Of more failed revisions than these, only the newest are unfolded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRevision:
    """A revision. `key` is its file's path, or its identifier where no file is known; `parents` are keys.

    `marks` are what the run says about findings.
    """

    key: str
    revision: str
    message: str = ""
    path: str | None = None
    parents: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_head: bool = False
    labels: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    marks: Mapping[Finding, RunMark]

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing that a reader has to know about it."""
        passed = self.verdict is None or (self.verdict.passed and not self.verdict.warnings)
        return passed and not self.findings and not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryResults:
    """What both halves found, by revision, newest first; `loose` are findings in files that are no revision's.

    `check` or `verify` is None where that half was not asked. `omitted` counts the revisions of the history that neither looked at.
    """

    revisions: tuple[ReportedRevision, ...]
    loose: tuple[Finding, ...] = ()
    check: CheckResults | None
    verify: VerifyResults | None
    omitted: int = 0

    def count_marks(self, word: str) -> int:
        """Count the findings of which the run says this: "confirmed", "refuted" or "not met"."""
        return sum(mark.word == word for revision in self.revisions for mark in revision.marks.values())


def unfolded(revisions: Sequence[ReportedRevision]) -> set[str]:
    """Return the keys of the revisions that a report shows unfolded at first: those that failed, never those not reached."""
    reporting = [revision for revision in revisions if not revision.is_clean]
    reached = [one for one in reporting if one.verdict is None or one.verdict.outcome is not Outcome.NOT_REACHED]
    failed = [revision for revision in reached if revision.verdict and not revision.verdict.passed]
    chosen = reached if len(reporting) <= FEW else failed[:MOST_UNFOLDED] or reached[:1]
    return {revision.key for revision in chosen}


def assemble(
    check: CheckResults | None,
    verify: VerifyResults | None,
    history: Sequence[LoggedRevision] = (),
    looked_at: Iterable[str] | None = None,
) -> HistoryResults:
    """Put the results together. `history` are all revisions, newest first; `looked_at` the paths that the check was about."""
    found: dict[str, list[Finding]] = {}
    for finding in check.findings if check else ():
        found.setdefault(finding.path, []).append(finding)
    verdicts = {verdict.revision: verdict for verdict in verify.verdicts} if verify else {}
    dialect = verify.database["dialect"] if verify else ""
    entries = [_from_history(entry, verdicts, found, dialect) for entry in history]
    if history:
        chosen = set(looked_at) if looked_at is not None else set(found)
        kept = [entry for entry in entries if entry.verdict is not None or entry.path in chosen]
    else:
        age = {path: place for place, path in enumerate(check.newest if check else ())}
        newest = dict(sorted(sorted(found.items(), reverse=True), key=lambda item: age.get(item[0], len(age))))
        kept = list(_from_results(verdicts, newest, dialect))
    known = {entry.path for entry in entries or kept}
    loose = [finding for path, findings in found.items() if path not in known for finding in findings]
    return HistoryResults(
        revisions=tuple(kept), loose=tuple(loose), check=check, verify=verify, omitted=max(len(entries) - len(kept), 0)
    )


def _from_history(
    entry: LoggedRevision, verdicts: Mapping[str, Verdict], found: Mapping[str, Sequence[Finding]], dialect: str
) -> ReportedRevision:
    findings = tuple(found.get(entry.key, ()))
    verdict = verdicts.get(entry.revision)
    return ReportedRevision(
        key=entry.key,
        revision=entry.revision,
        message=entry.migration.message,
        path=entry.key,
        parents=tuple(parent for parent in entry.parents if parent not in entry.above),
        needs=entry.needs,
        is_head=entry.is_head,
        labels=entry.migration.branch_labels,
        problems=entry.problems,
        verdict=verdict,
        findings=findings,
        marks=compare(findings, verdict, entry.key, dialect),
    )


def _from_results(
    verdicts: Mapping[str, Verdict], found: Mapping[str, Sequence[Finding]], dialect: str
) -> Iterator[ReportedRevision]:
    """Yield what the results alone show of revisions, newest first: those that were only checked come first.

    found: the findings by file, newest first.
    """
    paths = {finding.revision: path for path, findings in found.items() for finding in findings if finding.revision in verdicts}
    followed = {parent for verdict in verdicts.values() for parent in verdict.down_revision}
    for file, findings in found.items():
        revision = next((finding.revision for finding in findings if finding.revision), None)
        if revision is not None and revision not in verdicts:
            yield ReportedRevision(key=file, revision=revision, path=file, findings=tuple(findings), marks={})
    for revision, verdict in reversed(list(verdicts.items())):
        path = paths.get(revision)
        findings = tuple(found.get(path, ())) if path else ()
        yield ReportedRevision(
            key=revision,
            revision=revision,
            path=path,
            parents=verdict.down_revision,
            is_head=revision not in followed,
            verdict=verdict,
            findings=findings,
            marks=compare(findings, verdict, path, dialect),
        )
