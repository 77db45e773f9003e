"""The first look at an old history: what it comes to, what is newest in full, the rest counted, and what to do next."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.report import CheckReport
from mrt_lint.report.grouping import group
from mrt_lint.report.style import TextStyle, text_width
from mrt_lint.report.table import in_full, summarize, what_is_unread

_MANY: Final = 30
"""More findings than this become an overview. In full each takes seven lines: these are 200, five screens, more than is read."""
_OLD: Final = 10
"""A history of fewer migrations is a young one, whose author wants every finding."""
_NEWEST: Final = 3
_MOST_GROUPS: Final = 10
"""So many of the newest revisions with findings are shown in full, and no more groups of findings than these: two screens."""


def is_needed(report: CheckReport) -> bool:
    """Return whether there is more than anyone reads at once."""
    return len(report.findings) > _MANY and len(report.files) >= _OLD


def render(report: CheckReport, style: TextStyle, choice: Sequence[str], *, has_baseline: bool = False) -> str:
    """Write the overview; `choice` are the arguments that say what was checked, for the commands that it proposes.

    has_baseline: there is one already, and none is proposed.
    """
    width = text_width()
    newest = _newest(report)
    paths = dict.fromkeys(finding.path for finding in newest)
    blocks = [f"{summarize(report, style)}\n{_counts(report.findings)}"]
    if newest:
        revisions = "revision" if len(paths) == 1 else f"{len(paths)} revisions"
        blocks.append(style.paint(f"The newest {revisions} with findings, in full:", "bold"))
        blocks += in_full(newest, style, width, every_line=False)
    shown = set(newest)
    others = [finding for finding in report.findings if finding not in shown]
    if others:
        blocks.append("\n".join(_rest(others, report.newest, style, width)))
    blocks += what_is_unread(report, style, width)
    blocks.append("\n".join(_next(choice, style, has_baseline=has_baseline)))
    return "\n\n".join(blocks) + "\n"


def _counts(findings: Sequence[Finding]) -> str:
    """Write a line for each consequence that was found, the worst first."""
    counts = Counter(finding.consequence for finding in findings)
    errors = Counter(finding.consequence for finding in findings if finding.severity is Severity.ERROR)
    wide = len(str(max(counts.values())))
    return "\n".join(
        f"  {counts[consequence]:>{wide}}  {consequence.value}{_of_which(errors[consequence], counts[consequence])}"
        for consequence in Consequence
        if counts[consequence]
    )


def _of_which(errors: int, findings: int) -> str:
    if errors in (0, findings):
        return " (errors)" if errors else ""
    return f" ({errors} {'error' if errors == 1 else 'errors'})"


def _newest(report: CheckReport) -> list[Finding]:
    """Return the findings of the newest revisions that have any, as many whole revisions as are not too long together.

    A first one that is too long by itself is left to the rest: its findings are counted there.
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_path.setdefault(finding.path, []).append(finding)
    chosen: list[Finding] = []
    left = _MOST_GROUPS
    for path in [path for path in report.newest if path in by_path][:_NEWEST]:
        left -= len(group(by_path[path]))
        if left < 0:
            break
        chosen += by_path[path]
    return chosen


def _rest(findings: Sequence[Finding], newest: Sequence[str], style: TextStyle, width: int) -> Iterator[str]:
    """Write a line for each code, under its consequence, the worst first and the most frequent first."""
    age = {path: index for index, path in enumerate(newest)}
    by_code: dict[tuple[Consequence, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: (age.get(finding.path, len(age)), finding.path, finding.place.line)):
        by_code.setdefault((finding.consequence, finding.code, finding.name), []).append(finding)
    yield style.paint("The rest, the worst first:", "bold")
    last: Consequence | None = None
    for (consequence, code, name), alike in sorted(by_code.items(), key=lambda item: (item[0][0].rank, -len(item[1]), item[0][1])):
        if consequence is not last:
            yield f"  {consequence.value}"
            last = consequence
        is_error = alike[0].severity is Severity.ERROR
        text = textwrap.fill(
            printable(f"{code} {name}{' (error)' if is_error else ''} {_where(alike)}"),
            width,
            initial_indent="    ",
            subsequent_indent="        ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        colour = "red" if is_error else "yellow"
        yield text.replace(code, style.paint(code, "bold", colour), 1)


def _where(findings: Sequence[Finding]) -> str:
    """Return how often, in how many files, and where one is: the first of a single file, or one of the newest file."""
    first = findings[0]
    place = f"{first.path}:{first.place.line}"
    files = len({finding.path for finding in findings})
    if len(findings) == 1:
        return f"once, at {place}"
    if files == 1:
        return f"{len(findings)} times in one file, first at line {first.place.line} of {first.path}"
    return f"{len(findings)} times in {files} files, the newest at {place}"


def _next(choice: Sequence[str], style: TextStyle, *, has_baseline: bool) -> Iterator[str]:
    """Yield what to do next, in commands about the same migrations."""
    words = [f" {printable(shlex.quote(word))}" for word in choice]
    given, with_baseline = "".join(words), "".join(word for word in words if word != " --no-baseline")
    begin = [
        ("accept what there is", f"mrt baseline{with_baseline}"),
        ("and then see only what is new", f"mrt check{with_baseline} --baseline mrt-baseline.json"),
    ]
    if has_baseline:
        begin = [("see only what is new", f"mrt check{with_baseline}")] if with_baseline != given else []
    yield style.paint("What to do next:", "bold")
    for what, command in (
        *begin,
        ("read every finding", f"mrt check{given} --all"),
        ("count each code", f"mrt check{given} --statistics"),
    ):
        yield f"  {what + ':':<31} {command}"
    yield "  mrt explain CODE says why a finding hurts, and what to do."
