"""One check, from the options to the report."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine, shown
from mrt_lint.cli.files import find
from mrt_lint.files.lock import LOCK_FILE
from mrt_lint.report import CheckReport
from mrt_lint.settings import Settings, load_settings
from mrt_lint.usage import UsageError


class CheckRun(NamedTuple):
    """A check with what it was made by: the files, each with the name that it was given under, and the report by shown path."""

    settings: Settings
    names: dict[Path, str]
    engine: CheckEngine
    report: CheckReport


def as_given(inspection: CheckRun) -> CheckReport:
    """Return the report of a check with the names that the files were given under."""
    shown_as = {shown(file): name for file, name in inspection.names.items()}
    return replace(inspection.report.renamed(lambda path: shown_as.get(path, path)), strict=inspection.settings.strict)


def inspect(options: Namespace) -> CheckRun:
    """Check what the options say, what a baseline accepts left out.

    Raises UsageError if the options, the settings or a file cannot be read or meant.
    """
    settings, names, engine = prepare(options)
    report = engine.check(names).only(_chosen(names, engine, options, shown(settings.root / LOCK_FILE)))
    baseline = _baseline(options, settings)
    if baseline is not None:
        from mrt_lint.suppress.baseline import accept, load_baseline  # noqa: PLC0415  only when asked for

        report = accept(report, load_baseline(baseline))
    return CheckRun(settings, names, engine, report)


def _baseline(options: Namespace, settings: Settings) -> Path | None:
    """Return the baseline that holds: that of the command line, or else of the configuration."""
    if options.baseline is not None:
        return Path(options.baseline)
    return settings.root / settings.baseline if settings.baseline and not options.no_baseline else None


def prepare(options: Namespace) -> tuple[Settings, dict[Path, str], CheckEngine]:
    """Return the settings, the files with their names, and the engine for these options. Raises UsageError like `find`."""
    settings = load_settings(Path.cwd()).over(
        strict=options.strict,
        select=options.select,
        extend_select=options.extend_select,
        ignore=options.ignore,
        dialect=options.dialect,
        pg_version=options.pg_version,
        mysql_version=options.mysql_version,
        mariadb_version=options.mariadb_version,
    )
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs is {options.jobs}, where at least 1 is expected.")
    if getattr(options, "no_baseline", False):  # mrt baseline is about to write it, or every finding is wanted
        settings = replace(settings, lock_warnings="always")
    names = find(options.paths, settings, options.command)
    return settings, names, CheckEngine(settings, cache=DiskCache(None if options.no_cache else settings.root), jobs=options.jobs)


def _chosen(names: dict[Path, str], engine: CheckEngine, options: Namespace, lock: str) -> set[str]:
    """Return the paths to report on: with --since and --diff-base not all of those that were named."""
    chosen = {shown(file) for file in names}
    if options.since is not None:
        from mrt_lint.files.since import after  # noqa: PLC0415  only when asked for

        chosen &= after(options.since, engine.histories(names))
    if options.diff_base is not None:
        from mrt_lint.files.git import changed_since  # noqa: PLC0415  only when asked for

        chosen &= {shown(file) for file in changed_since(options.diff_base, names)}
    return chosen | {lock}  # what is missing from the history is in no file that could be chosen
