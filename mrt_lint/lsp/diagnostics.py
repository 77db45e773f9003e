"""Findings as an editor shows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lsprotocol.types import CodeDescription, Diagnostic, DiagnosticSeverity

from mrt_lint.escape import printable
from mrt_lint.lsp.buffer_text import decoded
from mrt_lint.lsp.checker import FileCheck
from mrt_lint.lsp.text_position import CountUnits, lines_of, moved, range_of
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.values import SourceSpan
from mrt_lint.report import UnreadCall
from mrt_lint.report.location import page_of

SOURCE: Final = "mrt"
UNPARSABLE: Final = "MRT902"
_SEVERITIES: Final = {Severity.ERROR: DiagnosticSeverity.Error, Severity.WARNING: DiagnosticSeverity.Warning}
_START: Final = SourceSpan(1, 1, 1, 1)


def diagnostics_of(check: FileCheck, text: str, units: CountUnits) -> list[tuple[Diagnostic, Finding | None]]:
    """Return what is to be shown of a file whose text is this, each with the finding that it is about.

    What was found in an earlier text, while the present one does not parse, moves along with its line, and goes with it.
    """
    lines = lines_of(text)
    before = lines_of(decoded(check.judged)) if check.unfinished is not None and check.judged is not None else lines
    shown: list[tuple[Diagnostic, Finding | None]] = []
    if check.unfinished is not None:
        shown.append((_unfinished(check, lines, units), None))
        if check.judged is None:
            return shown
    places = ((finding, moved(finding.place, before, lines)) for finding in check.report.findings)
    shown += ((_found(finding, place, check.root, lines, units), finding) for finding, place in places if place is not None)
    unread = ((call, moved(_span(call), before, lines)) for call in check.report.unreadable)
    shown += ((_unread(call, place, lines, units), None) for call, place in unread if place is not None)
    return shown


def mistake(message: str, lines: list[str], units: CountUnits) -> Diagnostic:
    """Return what is shown where a configuration or another file keeps a migration from being checked."""
    return Diagnostic(range_of(_START, lines, units), printable(f"Not checked: {message}"), DiagnosticSeverity.Error, source=SOURCE)


def _found(finding: Finding, place: SourceSpan, root: Path, lines: list[str], units: CountUnits) -> Diagnostic:
    message = f"{finding.name}: {finding.message}" + (f"\nInstead: {finding.instead}" if finding.instead else "")
    return Diagnostic(
        range_of(place, lines, units),
        # other files are named from the project's root, as people know them
        message.replace(os.path.join(root, ""), ""),  # noqa: PTH118  a prefix of text, not a path
        _SEVERITIES[finding.severity],
        finding.code,
        CodeDescription(page_of(finding.code)),
        SOURCE,
    )


def _unfinished(check: FileCheck, lines: list[str], units: CountUnits) -> Diagnostic:
    """Return the note that a text which is being written does not parse; it becomes an error when it is saved so."""
    assert check.unfinished is not None  # noqa: S101  asked by the caller
    until = "what is shown is from before" if check.judged is not None else "it is checked as soon as it does"
    return Diagnostic(
        range_of(check.unfinished.place, lines, units),
        printable(f"This does not parse yet, {until}: {check.unfinished.reason}"),
        DiagnosticSeverity.Information,
        UNPARSABLE,
        CodeDescription(page_of(UNPARSABLE)),
        SOURCE,
    )


def _span(call: UnreadCall) -> SourceSpan:
    return SourceSpan(call.line, call.column, call.line, call.column + len(call.source.partition("\n")[0]))


def _unread(call: UnreadCall, place: SourceSpan, lines: list[str], units: CountUnits) -> Diagnostic:
    message = f"This could not be read, so nothing is said about it: {call.why}"
    return Diagnostic(range_of(place, lines, units), printable(message), DiagnosticSeverity.Hint, source=SOURCE)
