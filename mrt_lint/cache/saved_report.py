"""A report as text that a cache keeps."""

from __future__ import annotations

from mrt_lint.cache.codec import JsonCodec
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.values import SourceSpan
from mrt_lint.report import CheckReport, UnreadCall

_CODEC = JsonCodec((CheckReport, UnreadCall, Finding, FixSafety, Severity, Consequence, SourceSpan))


def dumps(report: CheckReport) -> str:
    """Write a report as one line."""
    return _CODEC.dumps(report)


def loads(text: str | None) -> CheckReport | None:
    """Read what `dumps` wrote; None if it is nothing of the kind."""
    if text is None:
        return None
    try:
        report = _CODEC.loads(text)
    except ValueError:
        return None
    return report if isinstance(report, CheckReport) else None
