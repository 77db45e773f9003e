"""A check of the linter's, made for a report: with the history that its files belong to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mrt_lint.check.engine import shown
from mrt_lint.cli import parse_command
from mrt_lint.cli.inspection import CheckRun, inspect, prepare
from mrt_lint.history.graph import RevisionGraph
from mrt_lint.history.revision_log import LoggedRevision, log
from mrt_lint.parse.outline import outline_here
from mrt_lint.settings import Settings
from mrt_lint.usage import UsageError
from mrt_report.reported_revision import HistoryResults, assemble
from mrt_report.results import CheckResults, VerifyResults


class StaticCheck(NamedTuple):
    """What was found, every revision of the histories, newest first, the files that were looked at, and whether that fails."""

    results: CheckResults
    history: tuple[LoggedRevision, ...]
    looked_at: frozenset[str]
    fails: bool

    def only(self, files: Iterable[str]) -> StaticCheck:
        """Leave out what concerns other files, named by their absolute paths."""
        kept = {shown(Path(file)) for file in files}
        return self._replace(results=self.results.only(kept), looked_at=self.looked_at & kept)

    def with_run(self, verify: VerifyResults | None) -> HistoryResults:
        """Put the results together with those of a verification."""
        return assemble(self.results, verify, self.history, self.looked_at)


def take(run: CheckRun) -> StaticCheck:
    """Take over a check that was made."""
    report = run.report
    return StaticCheck(
        results=CheckResults.of(report),
        history=_log(run.engine.histories(run.names), run.settings),
        looked_at=frozenset(report.files),
        fails=bool(report.findings) if run.settings.strict else report.errors > 0,
    )


def check(files: Iterable[str] = (), *, since: str | None = None, diff_base: str | None = None) -> StaticCheck:
    """Check files as `mrt check` does without options, without files what it would find. Raises UsageError as that does."""
    chosen = [*(("--since", since) if since else ()), *(("--diff-base", diff_base) if diff_base else ())]
    return take(inspect(parse_command(["check", *chosen, "--", *files])))


def find_history() -> tuple[LoggedRevision, ...]:
    """Return the revisions of the project in the current folder, newest first; none where there is no project."""
    try:
        settings, names, engine = prepare(parse_command(["check"]))
    except UsageError:
        return ()
    return _log(engine.histories(names), settings)


def _log(histories: Iterable[dict[str, bytes]], settings: Settings) -> tuple[LoggedRevision, ...]:
    outlined = (outline_here(sources, settings.target.dialect) for sources in histories)
    return tuple(entry for migrations in outlined for entry in log(RevisionGraph(migrations.values())))
