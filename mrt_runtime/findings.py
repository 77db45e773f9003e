"""What the check of one revision has brought to light so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mrt_runtime.verdict import Failure, Outcome, Verdict


@dataclass(slots=True)
class Findings:
    """Failures and warnings in the order in which they were found."""

    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Take over what another comparison found; the same thing is not told twice."""
        self.failures += [failure for failure in other.failures if failure not in self.failures]
        self.warnings += [warning for warning in other.warnings if warning not in self.warnings]

    def add_risk(self, other: Findings, *, fatal: bool) -> None:
        """Take over what rows written after the upgrade would break: as failures, or else as warnings."""
        if fatal:
            self.add(other)
        else:
            self.warnings += [failure.message for failure in other.failures]

    @property
    def outcome(self) -> Outcome:
        """What went wrong first; that something stays unproven counts only where nothing else went wrong."""
        kinds = [Outcome(failure.kind) for failure in self.failures]
        proven = [kind for kind in kinds if kind is not Outcome.UNPROVEN]
        return next(iter(proven or kinds), Outcome.REVERSIBLE)

    def verdict(self, revision: str, down_revision: tuple[str, ...], seconds: float, unseeded: Mapping[str, str]) -> Verdict:
        """Close the check."""
        return Verdict(
            revision=revision,
            down_revision=down_revision,
            outcome=self.outcome,
            seconds=seconds,
            failures=tuple(self.failures),
            warnings=tuple(self.warnings),
            unseeded=dict(unseeded),
        )
