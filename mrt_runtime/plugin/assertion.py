"""What pytest shows of `assert result.passed`: what was found, in place of the expressions that were false."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mrt_runtime.report.wording import expound
from mrt_runtime.verdict import Verdict

ERROR = re.compile(r"E( +|$)")
"""The beginning of a line that pytest writes for what an assertion was."""
BARE = "AssertionError"


def tidy(report: Any, verdicts: Iterable[Verdict]) -> None:
    """Replace what a report says of a verdict that did not pass, if that was asserted; all other reports stay as they are."""
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    lines: list[str] = getattr(entries[-1], "lines", []) if entries else []
    first = next((number for number, line in enumerate(lines) if ERROR.match(line)), len(lines))
    said = [ERROR.sub("", line) for line in lines[first:]]
    for verdict in verdicts:
        if any(line.lstrip(" +").startswith(f"where False = {verdict!r}.passed") for line in said):
            own = find_own_words(said, verdict)
            # as the verdict's summary lists failures, with the rows below
            lines_of_verdict = [("  - " if line[:1] != " " else "  ") + line for line in expound(verdict).splitlines()]
            lines[first:] = [f"E       {line}".rstrip() for line in (*own, *lines_of_verdict)]
            report.longrepr.reprcrash.message = own[0] if own else f"{verdict.revision}: {lines_of_verdict[0].removeprefix('  - ')}"
            return


def find_own_words(said: list[str], verdict: Verdict) -> list[str]:
    """Return what the test itself says beside the verdict's summary: `assert result.passed, "…"`."""
    known = {line.strip() for line in verdict.failure_summary().splitlines()} | {""}
    end = next((number for number, line in enumerate(said) if line.startswith("assert ")), 0)
    words = [line.removeprefix(BARE).removeprefix(":").strip() if number == 0 else line for number, line in enumerate(said[:end])]
    return [line for line in words if line.strip() not in known and repr(verdict) not in line]
