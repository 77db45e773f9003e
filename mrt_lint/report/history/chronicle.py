"""A history as it is shown: its revisions, newest first, with what a check found in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.model.lean import dataclass
from mrt_lint.report.verdict import FileVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReport:
    """One history.

    `folders` hold its files. `verdicts` are by path. `unplaced` are files that no revision could be read of; `omitted` counts
    the revisions that were left out.
    """

    folders: tuple[str, ...]
    entries: tuple[LoggedRevision, ...]
    verdicts: Mapping[str, FileVerdict]
    unplaced: tuple[str, ...] = ()
    omitted: int = 0

    def only(self, keys: Collection[str] | None, limit: int | None) -> HistoryReport:
        """Leave out all revisions but those of some files, and all but the newest."""
        chosen = tuple(entry for entry in self.entries if keys is None or entry.key in keys)[:limit]
        return replace(self, entries=chosen, omitted=self.omitted + len(self.entries) - len(chosen))

    def verdict(self, entry: LoggedRevision) -> FileVerdict:
        """Return what was found in a revision's file."""
        return self.verdicts.get(entry.key, FileVerdict())

    def marks(self) -> Counter[str]:
        """Count the revisions by their marks."""
        return Counter(self.verdict(entry).mark for entry in self.entries)
