"""What a check found in one file, as one word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from mrt_lint.model.finding import Finding, Severity

_BROKEN: Final = "MRT902"
_MOST_CODES: Final = 4


class FileVerdict(NamedTuple):
    """How many errors and warnings were found, and how often each code, errors first; `broken` is a file that does not parse."""

    errors: int = 0
    warnings: int = 0
    codes: tuple[tuple[str, int], ...] = ()
    broken: bool = False

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> FileVerdict:
        """Sum up the findings in one file."""
        counts = Counter((finding.severity is not Severity.ERROR, finding.code) for finding in findings)
        warnings = sum(count for (is_warning, _), count in counts.items() if is_warning)
        codes = tuple((code, count) for (_, code), count in sorted(counts.items()))
        return cls(counts.total() - warnings, warnings, codes, any(code == _BROKEN for code, _ in codes))

    @property
    def mark(self) -> str:
        """Return one word: "broken", "error", "warning" or "clean"."""
        return "broken" if self.broken else "error" if self.errors else "warning" if self.warnings else "clean"

    def __str__(self) -> str:
        """Name the codes: "MRT201, 2 MRT110"."""
        named = [code if count == 1 else f"{count} {code}" for code, count in self.codes[:_MOST_CODES]]
        rest = len(self.codes) - _MOST_CODES
        return ", ".join(named) + (f" and {rest} more" if rest > 0 else "")
