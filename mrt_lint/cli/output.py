"""What a command's result looks like, and where it goes."""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Final

from mrt_lint.escape import printable_json
from mrt_lint.report import CheckReport
from mrt_lint.report.style import TextStyle
from mrt_lint.usage import UsageError

FOR_PEOPLE: Final = ("table", "concise", "statistics")
_JSON: Final = frozenset({"json", "gitlab", "sarif"})


def style_of(options: Namespace) -> TextStyle:
    """Return the style of where the result goes: a file is never painted."""
    return TextStyle() if options.output else TextStyle.of(sys.stdout)


def render(report: CheckReport, options: Namespace) -> str:
    """Write a report in the form that was asked for; each is a module of its own, so that none pays for another."""
    form = "statistics" if options.statistics else options.format
    write_down = import_module(f"mrt_lint.report.{form}").render
    return str(write_down(report, style_of(options)) if form in FOR_PEOPLE else write_down(report))


def write(text: str, options: Namespace) -> None:
    """Write the result; UsageError where the file cannot be written."""
    if getattr(options, "format", "") in _JSON:
        text = printable_json(text)
    if not options.output:
        sys.stdout.write(text)
        return
    try:
        Path(options.output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{options.output} cannot be written: {error.strerror or error}") from None
