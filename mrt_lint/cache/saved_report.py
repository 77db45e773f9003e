"""A report as text that a cache keeps."""

from __future__ import annotations

from mrt_lint.cache.codec import Codec
from mrt_lint.model.finding import Finding, Fix, Severity
from mrt_lint.model.values import Place
from mrt_lint.report import Report, Unread

_CODEC = Codec((Report, Unread, Finding, Fix, Severity, Place))


def dumps(report: Report) -> str:
    """Write a report as one line."""
    return _CODEC.dumps(report)


def loads(text: str | None) -> Report | None:
    """Read what `dumps` wrote; None where it is nothing of the kind."""
    if text is None:
        return None
    try:
        report = _CODEC.loads(text)
    except ValueError:
        return None
    return report if isinstance(report, Report) else None
