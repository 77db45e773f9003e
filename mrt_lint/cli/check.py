"""`mrt check`: read migrations and report what is dangerous in them."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from mrt_lint.cli.inspection import as_given, inspect
from mrt_lint.cli.output import FOR_PEOPLE, render, write
from mrt_lint.usage import UsageError

_FORMER_ERRORS: Final = 2
"""What pytest-mrt 1 exited with for errors; it used 1 for warnings, and for a wrong command."""


def run(options: Namespace) -> int:
    """Check, report, and return the exit code: 1 for errors, with --strict for warnings, too."""
    for name in ("statistics", "watch"):
        if getattr(options, name) and options.format not in FOR_PEOPLE:
            raise UsageError(f"--{name} is for people: it cannot be written as {options.format}.")
    if options.report and (options.fix or options.diff):
        raise UsageError("--report shows what a check finds: run mrt check --report once --fix is done, without it.")
    if options.fix or options.diff or options.unsafe_fixes:
        from mrt_lint.cli import fixing  # noqa: PLC0415  only when asked for

        return fixing.run(options)
    if options.watch:
        from mrt_lint.cli.watch import watch  # noqa: PLC0415  only when asked for

        watch(options, _run)
    return _run(options)


def _run(options: Namespace) -> int:
    if options.report:
        from mrt_report.report_file import ReportFile  # noqa: PLC0415  only when asked for

        page = ReportFile(options.report)
    inspection = inspect(options)
    if options.format == "json":
        from mrt_lint.cli.tried_fixes import with_tried_fixes  # noqa: PLC0415  only when asked for

        inspection = with_tried_fixes(inspection)
    report = as_given(inspection)
    settings = inspection.settings
    has_baseline = bool(settings.baseline) and (settings.root / settings.baseline).is_file()
    write(render(report, options, has_baseline=has_baseline), options)
    if options.report:
        from mrt_report.page import render_page  # noqa: PLC0415  only when asked for
        from mrt_report.static_check import take  # noqa: PLC0415  as well

        page.write(render_page(take(inspection).with_run(None)))
    if options.exit_codes == "1":
        return _FORMER_ERRORS if report.fails else int(bool(report.findings))
    return int(report.fails)
