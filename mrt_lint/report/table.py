"""The report that people read: a finding is a line with place and code, the line of code, and what to write instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.report.cells import cell_width, cut_cells, wrap_cells
from mrt_lint.report.grouping import FindingGroup, group
from mrt_lint.report.source_lines import lines_of
from mrt_lint.report.style import TextStyle, counted, text_width

_MOST_UNREAD: Final = 10
_MOST_LINES: Final = 10


def render(report: CheckReport, style: TextStyle, *, every_line: bool = False, is_brief: bool = False) -> str:
    """Write a report for a terminal, as wide as that is but not so wide that it is hard to read.

    Of equal findings in one file the first is shown in full, of the others only the lines: with `every_line` all of them.
    A brief one ends without counts and hints.
    """
    width = text_width()
    blocks = list(in_full(report.findings, style, width, every_line=every_line))
    blocks += what_is_unread(report, style, width)
    counts = f"\n{by_consequence(report.findings, width)}" if report.findings else ""
    if not is_brief:
        blocks.append(summarize(report, style, width) + counts + _hint(report, width))
    return "\n\n".join(blocks) + "\n"


def in_full(findings: Iterable[Finding], style: TextStyle, width: int, *, every_line: bool) -> Iterator[str]:
    """Write a block for each group of findings."""
    lines_of.cache_clear()  # files change between two reports
    for findings_alike in group(findings):
        yield _group(findings_alike, style, width, every_line=every_line)


def what_is_unread(report: CheckReport, style: TextStyle, width: int) -> Iterator[str]:
    """Write the block of what could not be read, if there is anything."""
    if report.unreadable:
        yield "\n".join(_unread(report.unreadable, style, width))


def by_consequence(findings: Iterable[Finding], width: int) -> str:
    """Count the findings of each consequence, the worst first."""
    counts = Counter(finding.consequence for finding in findings)
    listed = ", ".join(f"{consequence.value} {counts[consequence]}" for consequence in Consequence if counts[consequence])
    return "\n".join(_wrap(f"By consequence: {listed}.", "", width))


def _group(findings: FindingGroup, style: TextStyle, width: int, *, every_line: bool) -> str:
    """Write the first finding in full, what is attached to it, and where the others are."""
    lines = [_finding(findings.first, style, width)]
    for other in findings.attached:
        name = f"{other.code} {other.name}"
        where = "" if other.place.line == findings.first.place.line else f" (line {other.place.line})"
        lines += _wrap(f"With it: {name}{where}: {other.message}", "    ", width)
    if findings.others:
        numbers = [str(other.place.line) for other in findings.others]
        left = [] if every_line or len(numbers) <= _MOST_LINES else ["…"]
        shown = numbers[:_MOST_LINES] if left else numbers
        what = "lines" if len(numbers) > 1 else "line"
        lines += _wrap(f"… and {len(numbers)} more, {what} {', '.join([*shown, *left])}", "    ", width)
    return "\n".join(lines)


def _finding(finding: Finding, style: TextStyle, width: int) -> str:
    place = printable(f"{finding.path}:{finding.place.line}:{finding.place.column}")
    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    label = f"{finding.name} (error)" if finding.severity is Severity.ERROR else finding.name
    code, name = style.paint(finding.code, "bold", colour), style.paint(label, colour)
    lines = [f"{style.paint(place, 'bold')}  {code} {name}"]
    if style.is_terminal and cell_width(f"{place}  {finding.code} {label}") > width:
        lines = [style.paint(place, "bold"), f"    {code} {name}"]
    lines += _wrap(finding.message, "    ", width)
    code = _line_of(finding.path, finding.place.line)
    if code:
        number = f"{finding.place.line:>7} | "
        lines.append(style.paint(number, "dim") + style.paint(_shorten(code, width - len(number)), "cyan"))
    if finding.instead:
        lines += _advice(finding.instead, width)
    return "\n".join(lines)


def _advice(text: str, width: int) -> Iterator[str]:
    """Wrap an advice; lines of it that are indented are code and stay as they are."""
    first, *others = text.strip().splitlines()
    yield from _wrap(f"Instead: {first}", "    ", width)
    for line in others:
        yield from [f"    {printable(line)}"] if line.startswith(" ") else _wrap(line, "    ", width) or [""]


def _unread(unreadable: tuple[UnreadCall, ...], style: TextStyle, width: int) -> Iterator[str]:
    about = "it" if len(unreadable) == 1 else "them"
    what = "place" if any(unread.why.startswith("the file") for unread in unreadable) else "call"
    heading = f"{counted(len(unreadable), what)} could not be read, so nothing is said about {about}:"
    yield from (style.paint(line, "bold") for line in _wrap(heading, "", width))
    for unread in unreadable[:_MOST_UNREAD]:
        place = printable(f"{unread.path}:{unread.line}:{unread.column}")
        why = style.paint(printable(unread.why), "dim")
        is_long = style.is_terminal and cell_width(f"  {place}  {unread.why}") > width
        yield from [f"  {place}", f"    {why}"] if is_long else [f"  {place}  {why}"]
        yield f"    {style.paint(_shorten(unread.source.strip(), width - 4), 'cyan')}"
    if len(unreadable) > _MOST_UNREAD:
        yield from _wrap(f"… and {len(unreadable) - _MOST_UNREAD} more (mrt show FILE lists those of one file)", "  ", width)


def summarize(report: CheckReport, style: TextStyle, width: int = 0) -> str:
    """Return one line on how much was found, or several as wide as is said."""
    files = counted(len(report.files), "migration")
    silent = f", {len(report.suppressed)} silenced by noqa" if report.suppressed else ""
    silent += f", {len(report.accepted)} accepted" if report.accepted else ""
    if report.findings:
        text = f"{files} checked: {counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}{silent}."
        styles = ["bold", "red" if report.fails else "yellow"]
    else:
        text = f"{files} checked: nothing found{' in what could be read' if report.unreadable else ''}{silent}."
        styles = ["green"]
    return "\n".join(style.paint(line, *styles) for line in (_wrap(text, "", width) if width else [text]))


def _hint(report: CheckReport, width: int) -> str:
    if not report.findings:
        return ""
    fixable = sum(finding.fix is not None for finding in report.findings)
    whose = "Its rule may fix it" if fixable == len(report.findings) == 1 else f"Rules may fix up to {fixable} of these"
    # Whether a fix is certain is known only after trying, which may take as long as the check itself.
    hints = [f"{whose}: mrt check --diff shows what --fix would write."] if fixable else []
    hints.append("mrt explain CODE says why, and what to do." + ("" if report.fails else " Warnings fail only with --strict."))
    return "".join(f"\n{line}" for hint in hints for line in _wrap(hint, "", width))


def _wrap(text: str, indent: str, width: int) -> list[str]:
    lines = wrap_cells(printable(text), width - len(indent), breaks_words=False)
    return [f"{indent}{printable(line)}" for line in lines]  # what was in the middle may begin a line now


def _shorten(code: str, width: int) -> str:
    """Cut a line of code to the width."""
    return cut_cells(printable(code.strip()), width, " …")


def _line_of(path: str, line: int) -> str:
    lines = lines_of(path)
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
