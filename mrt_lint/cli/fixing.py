"""`mrt check --fix` and `--diff`: write what is certain, or show it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from mrt_lint.check.engine import shown
from mrt_lint.cli.inspection import as_given, inspect
from mrt_lint.cli.output import FOR_PEOPLE, render, write
from mrt_lint.cli.tried_fixes import outcomes_of, with_tried_fixes
from mrt_lint.escape import printable
from mrt_lint.fix.diff import harmless, unified
from mrt_lint.fix.session import FixOutcome
from mrt_lint.fix.write import write_file
from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.style import counted
from mrt_lint.usage import UsageError

_MOST: Final = 10
_MOST_FILES: Final = 50
_WRONG: Final = 2


def run(options: Namespace) -> int:
    """Fix, report what is left, and return the exit code: as `mrt check` by what is left, 2 where a file could not be written.

    With --diff nothing is written, and the code is 1 where there is something to fix or something is left that fails.
    """
    if not options.fix and not options.diff:
        raise UsageError("--unsafe-fixes says which fixes are made: write it beside --fix or --diff.")
    if options.watch:
        raise UsageError("--watch only looks: leave it out, or --fix and --diff.")
    if options.diff and (options.format != "table" or options.statistics):
        raise UsageError("--diff prints a diff: leave out --format and --statistics, or --diff.")
    inspection = inspect(options)
    outcomes = list(outcomes_of(inspection, unsafe=options.unsafe_fixes))
    paths = {shown(file): file for file in inspection.names}
    names = {shown(file): name for file, name in inspection.names.items()}
    changed = [outcome for outcome in outcomes if outcome.after != outcome.before]
    if options.diff:
        diff = "".join(unified(names[outcome.path], outcome.before, outcome.after) for outcome in changed)
        write(diff if options.output else harmless(diff), options)
        sys.stderr.write("".join(f"{printable(line)}\n" for line in _summary(outcomes, names, did="Would fix")))
        return int(bool(changed) or (inspection.report.findings != () if inspection.settings.strict else inspection.report.fails))
    order_conflicts = _write(changed, paths)
    report = _left(options)
    write(render(report, options), options)
    words = "".join(f"{printable(line)}\n" for line in _summary(outcomes, names, did="Fixed"))
    to_people = options.format in FOR_PEOPLE and not options.output
    (sys.stdout if to_people else sys.stderr).write(f"\n{words}" if to_people and words else words)
    sys.stderr.write("".join(f"mrt check: {printable(conflict)}\n" for conflict in order_conflicts))
    return _WRONG if order_conflicts else int(report.fails)


def _left(options: Namespace) -> CheckReport:
    """Check again. People are offered no fixes: all possible ones were made, and the summary says why the others were not."""
    inspection = inspect(options)
    if options.format not in FOR_PEOPLE:
        return as_given(with_tried_fixes(inspection) if options.format == "json" else inspection)
    report = as_given(inspection)
    return replace(report, findings=tuple(replace(finding, fix=None) for finding in report.findings))


def _write(outcomes: list[FixOutcome], paths: dict[str, Path]) -> list[str]:
    """Write the files and return what went wrong; one that cannot be written does not keep the others from it."""
    return [conflict for outcome in outcomes if (conflict := _trouble(outcome, paths[outcome.path]))]


def _trouble(outcome: FixOutcome, path: Path) -> str:
    """Write a file; say what went wrong, nothing if all went well."""
    try:
        write_file(path, outcome.before, outcome.after, shown_as=outcome.path)
    except UsageError as conflict:
        outcome.fixed.clear()
        return str(conflict)
    return ""


def _summary(outcomes: list[FixOutcome], names: dict[str, str], *, did: str) -> Iterator[str]:
    """Return a summary: what was fixed where, what is left to do, what --unsafe-fixes would do, and what is not certain."""
    fixed = [outcome for outcome in outcomes if outcome.fixed]
    if fixed:
        count = sum(len(outcome.fixed) for outcome in fixed)
        yield f"{did} {counted(count, 'finding')} in {counted(len(fixed), 'file')}:"
        for outcome in fixed[:_MOST_FILES]:
            counts = Counter(f"{finding.code} {finding.name}" for finding, _ in outcome.fixed)
            what = ", ".join(name if number == 1 else f"{name} ({number} times)" for name, number in counts.items())
            yield f"  {names[outcome.path]}: {what}"
            yield from (f"    {note}" for note in dict.fromkeys(note for _, note in outcome.fixed if note))
        if len(fixed) > _MOST_FILES:
            yield f"  … and {counted(len(fixed) - _MOST_FILES, 'more file')}"
    elif any(outcome.unsafe or outcome.refused for outcome in outcomes):
        yield f"{did} nothing."
    unsafe = [(outcome, *entry) for outcome in outcomes for entry in outcome.unsafe]
    if unsafe:
        yield f"--unsafe-fixes would fix {counted(len(unsafe), 'more finding' if fixed else 'finding')}:"
        yield from _listed(unsafe, names)
    refused = [(outcome, *entry) for outcome in outcomes for entry in outcome.refused]
    if refused:
        yield f"{counted(len(refused), 'finding')} cannot be fixed for certain:"
        yield from _listed(refused, names)


def _listed(entries: list[tuple[FixOutcome, Finding, str]], names: dict[str, str]) -> Iterator[str]:
    for outcome, finding, why in entries[:_MOST]:
        yield f"  {names[outcome.path]}:{finding.place.line}  {finding.code}: {why}"
    if len(entries) > _MOST:
        yield f"  … and {len(entries) - _MOST} more (mrt check --diff FILE lists those of one file)"
