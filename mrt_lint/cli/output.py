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
# JSON has escapes of its own for what a terminal must not get
_JSON: Final = frozenset({"json", "gitlab", "sarif"})


def style_of(options: Namespace) -> TextStyle:
    """Return the style of where the result goes: a file is never painted."""
    return TextStyle() if options.output else TextStyle.of(sys.stdout)


def render(report: CheckReport, options: Namespace, *, has_baseline: bool = False) -> str:
    """Write a report in the form that was asked for; each is a module of its own, so that none pays for another.

    has_baseline: the configuration names one, so that none is proposed.
    """
    form = "statistics" if options.statistics else options.format
    if options.quiet and form in FOR_PEOPLE and not report.findings and not report.unreadable:
        return ""
    style = style_of(options)
    if form == "table":
        return _table(report, options, style, has_baseline=has_baseline)
    if form == "markdown":
        from mrt_report.markdown import render_check  # noqa: PLC0415  see above

        return render_check(report)
    write_down = import_module(f"mrt_lint.report.{form}").render
    return str(write_down(report, style) if form in FOR_PEOPLE else write_down(report))


def _table(report: CheckReport, options: Namespace, style: TextStyle, *, has_baseline: bool) -> str:
    """Write every finding, or an overview where a whole history with many findings is checked for the first time."""
    if _is_whole(options):
        from mrt_lint.report import overview  # noqa: PLC0415  only for a history

        if overview.is_needed(report):
            return overview.render(report, style, _choice(options), has_baseline=has_baseline)
    from mrt_lint.report import table  # noqa: PLC0415  the other forms do without

    return table.render(report, style, every_line=options.all, is_brief=options.quiet)


def _is_whole(options: Namespace) -> bool:
    """Return whether a whole history was asked for: neither single files or codes nor what is new."""
    narrow = (options.all, options.since, options.diff_base, options.baseline, options.select)
    return not any(narrow) and not any(path.endswith(".py") for path in options.paths)


def _choice(options: Namespace) -> list[str]:
    """Return the arguments that say what is checked and how, for another command about the same."""
    named = ("extend_select", "ignore", "dialect", "pg_version", "mysql_version", "mariadb_version")
    given = ((f"--{name.replace('_', '-')}", getattr(options, name)) for name in named)
    words = [*options.paths, *(word for option, value in given if value is not None for word in (option, value))]
    return [*words, "--no-baseline"] if options.no_baseline else words


def write(text: str, options: Namespace) -> None:
    """Write the result. Raises UsageError where the file cannot be written."""
    if getattr(options, "format", "") in _JSON:
        text = printable_json(text)
    if not options.output:
        sys.stdout.write(text)
        return
    try:
        Path(options.output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{options.output} cannot be written: {error.strerror or error}") from None
