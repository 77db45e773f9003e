"""What a check found, and the forms in which it is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadCall:
    """A call that could not be read; without it, the absence of findings could be mistaken for safety."""

    path: str
    line: int
    column: int
    source: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The result of a check, sorted by place.

    `files` are the migrations that were looked at, `newest` the same from the heads of their histories on; `suppressed` is what
    `noqa` silences, `accepted` what the configuration or a baseline does; `strict` is whether warnings fail.
    """

    files: tuple[str, ...] = ()
    newest: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    accepted: tuple[Finding, ...] = ()
    unreadable: tuple[UnreadCall, ...] = ()
    strict: bool = False

    @property
    def fails(self) -> bool:
        """Whether what was found fails the check."""
        return bool(self.findings if self.strict else self.errors)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors

    def only(self, paths: Collection[str]) -> CheckReport:
        """Leave out what concerns other files."""
        return CheckReport(
            files=tuple(path for path in self.files if path in paths),
            newest=tuple(path for path in self.newest if path in paths),
            findings=tuple(finding for finding in self.findings if finding.path in paths),
            suppressed=tuple(finding for finding in self.suppressed if finding.path in paths),
            accepted=tuple(finding for finding in self.accepted if finding.path in paths),
            unreadable=tuple(unread for unread in self.unreadable if unread.path in paths),
        )

    def renamed(self, name: Callable[[str], str]) -> CheckReport:
        """Show the files under other names."""
        return CheckReport(
            files=tuple(name(path) for path in self.files),
            newest=tuple(name(path) for path in self.newest),
            findings=tuple(replace(finding, path=name(finding.path)) for finding in self.findings),
            suppressed=tuple(replace(finding, path=name(finding.path)) for finding in self.suppressed),
            accepted=tuple(replace(finding, path=name(finding.path)) for finding in self.accepted),
            unreadable=tuple(replace(unread, path=name(unread.path)) for unread in self.unreadable),
        )

    def __add__(self, other: CheckReport) -> CheckReport:
        return CheckReport(
            files=tuple(sorted(self.files + other.files)),
            newest=self.newest + other.newest,
            findings=tuple(sorted(self.findings + other.findings, key=_order)),
            suppressed=tuple(sorted(self.suppressed + other.suppressed, key=_order)),
            accepted=tuple(sorted(self.accepted + other.accepted, key=_order)),
            unreadable=tuple(
                sorted(self.unreadable + other.unreadable, key=lambda unread: (unread.path, unread.line, unread.column))
            ),
        )


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.place.line, finding.place.column, finding.code, finding.message
