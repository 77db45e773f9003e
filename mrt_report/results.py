"""What a check and a verification found: what a report is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from mrt_lint.model.finding import Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_runtime.report.wording import NAMES
from mrt_runtime.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResults:
    """What `mrt check` found; `migrations` counts the files, `silenced` the findings that are accepted or silenced.

    `newest` are the files from the heads of their histories on, as far as that is known.
    """

    findings: tuple[Finding, ...] = ()
    unreadable: tuple[UnreadCall, ...] = ()
    migrations: int = 0
    silenced: int = 0
    newest: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: CheckReport) -> CheckResults:
        """Take over the report of a check."""
        return cls(
            findings=report.findings,
            unreadable=report.unreadable,
            migrations=len(report.files),
            silenced=len(report.suppressed) + len(report.accepted),
            newest=report.newest,
        )

    def only(self, paths: Collection[str]) -> CheckResults:
        """Leave out what concerns other files."""
        return replace(
            self,
            findings=tuple(finding for finding in self.findings if finding.path in paths),
            unreadable=tuple(unread for unread in self.unreadable if unread.path in paths),
            migrations=len(paths),
            newest=tuple(path for path in self.newest if path in paths),
        )

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResults:
    """What `mrt verify` found, bases first; `database` is its "dialect", "version" and "url".

    `stopped` says why the run ended before its last revision, where it did; `shard` which part of the history it is about; `copied`
    what the copy of a rehearsal holds.
    """

    verdicts: tuple[Verdict, ...] = ()
    database: Mapping[str, str]
    stopped: str | None = None
    shard: str | None = None
    copied: str = ""

    @property
    def place(self) -> str:
        """The database by name and version, without what its packager adds to that: "PostgreSQL 15.4"."""
        dialect, version = self.database["dialect"], self.database["version"].partition(" (")[0]
        return f"{NAMES.get(dialect, 'SQLite' if dialect == 'sqlite' else dialect)} {version}".strip()
