"""How old a history is, and what is found in it today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine, shown
from mrt_lint.files.lock import entry_of
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.overview import is_needed
from mrt_lint.setup.project import ProjectSurvey
from mrt_lint.suppress.baseline import NEVER_ACCEPTED
from mrt_lint.usage import UsageError

_NEWEST: Final = 20
"""So many revisions of an old history are verified from the first day: enough to see something, and no run of hours."""


@dataclass(frozen=True)
class HistoryLook:
    """What a check finds in all revisions. floor: the revision after which the newest begin, empty for a short history."""

    report: CheckReport
    revisions: tuple[str, ...]
    floor: str
    is_old: bool

    @property
    def acceptable(self) -> list[Finding]:
        """What a baseline may accept."""
        return [finding for finding in self.report.findings if finding.code not in NEVER_ACCEPTED]


def look_at(project: ProjectSurvey) -> HistoryLook:
    """Check the history, for the database that was found. An old one has too many findings, and no baseline yet.

    Raises UsageError if there is no migration, or a file cannot be read.
    """
    settings = project.settings.over(dialect=project.dialect or None)
    has_baseline = bool(project.settings.baseline)
    engine = CheckEngine(replace(settings, lock_warnings="always"), cache=DiskCache(settings.root), jobs=None)
    files = [file for location in project.locations if location.folder.is_dir() for file in location.files()]
    sources = (source for history in engine.histories(files) for source in history.values())
    entries = [entry for source in sources if (entry := entry_of(source, ""))]
    if not entries:
        places = ", ".join(
            f"{shown(location.folder)}{'' if location.folder.is_dir() else ', which does not exist'}"
            for location in project.locations
        )
        raise UsageError(
            f"There is no migration in the folder that {shown(project.configuration)} names, {places}: nothing was written."
        )
    report = engine.check(files)
    return HistoryLook(
        report=report,
        revisions=tuple(entry.revision for entry in entries),
        floor=_floor({entry.revision: entry.parents for entry in entries}),
        is_old=is_needed(report) and not has_baseline,
    )


def _floor(parents: Mapping[str, tuple[str, ...]]) -> str:
    """Return the revision that the newest come after; empty where there are no more than these, or several heads."""
    heads = parents.keys() - {parent for revision in parents.values() for parent in revision}
    revision = heads.pop() if len(heads) == 1 else ""
    for _ in range(_NEWEST):
        revision = next(iter(parents.get(revision, ())), "")
    return revision
