"""How old a history is, and what is found in it today."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine
from mrt_lint.files.lock import entry_of
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.overview import is_needed
from mrt_lint.setup.project import ProjectSurvey
from mrt_lint.suppress.baseline import NEVER_ACCEPTED


@dataclass(frozen=True)
class HistoryLook:
    """What a check finds in all revisions. head: the newest, empty if there are several."""

    report: CheckReport
    revisions: tuple[str, ...]
    head: str
    is_old: bool

    @property
    def acceptable(self) -> list[Finding]:
        """What a baseline may accept."""
        return [finding for finding in self.report.findings if finding.code not in NEVER_ACCEPTED]


def look_at(project: ProjectSurvey) -> HistoryLook:
    """Check the history, for the database that was found. An old one has too many findings, and no baseline yet.

    Raises UsageError if a file cannot be read.
    """
    settings = project.settings.over(dialect=project.dialect or None)
    has_baseline = bool(project.settings.baseline)
    engine = CheckEngine(replace(settings, lock_warnings="always"), cache=DiskCache(settings.root), jobs=None)
    files = [file for location in project.locations if location.folder.is_dir() for file in location.files()]
    sources = (source for history in engine.histories(files) for source in history.values())
    entries = [entry for source in sources if (entry := entry_of(source, ""))]
    parents = {parent for entry in entries for parent in entry.parents}
    heads = {entry.revision for entry in entries} - parents
    report = engine.check(files)
    return HistoryLook(
        report=report,
        revisions=tuple(entry.revision for entry in entries),
        head=heads.pop() if len(heads) == 1 else "",
        is_old=is_needed(report) and not has_baseline,
    )
