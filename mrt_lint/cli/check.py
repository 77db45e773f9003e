"""`mrt check`: read migrations and report what is dangerous in them."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from mrt_lint.cache import Cache
from mrt_lint.cli.output import style_of, write
from mrt_lint.discovery import discover, walk
from mrt_lint.engine import Engine, read_file, shown
from mrt_lint.gate import is_migration
from mrt_lint.lock import LOCK_FILE
from mrt_lint.report import Report
from mrt_lint.settings import Settings, load_settings
from mrt_lint.usage import UsageError

FOR_PEOPLE: Final = ("table", "concise", "statistics")


def run(options: Namespace) -> int:
    """Check, report, and give the exit code: 1 for errors, with --strict for warnings, too."""
    for name in ("statistics", "watch"):
        if getattr(options, name) and options.format not in FOR_PEOPLE:
            raise UsageError(f"--{name} is for people: it cannot be written as {options.format}.")
    if options.fix or options.diff or options.unsafe_fixes:
        from mrt_lint.cli import fixing  # noqa: PLC0415  only when asked for

        return fixing.run(options)
    if options.watch:
        from mrt_lint.cli.watch import watch  # noqa: PLC0415  only when asked for

        watch(options, _run)
    return _run(options)


def _run(options: Namespace) -> int:
    report = examine(options)
    write(render(report, options), options)
    return int(report.fails)


def examine(options: Namespace) -> Report:
    """Check what the options say. Raises UsageError where they, the settings or a file cannot be read or meant."""
    inspection = inspect(options)
    shown_as = {shown(file): name for file, name in inspection.names.items()}
    return replace(inspection.report.renamed(lambda path: shown_as.get(path, path)), strict=inspection.settings.strict)


class Inspection(NamedTuple):
    """A check with what it was made by: the files, each with the name that it was given under, and the report by shown path."""

    settings: Settings
    names: dict[Path, str]
    engine: Engine
    report: Report


def inspect(options: Namespace) -> Inspection:
    """Check what the options say, what a baseline accepts left out. Raises UsageError as `examine` does."""
    settings, names, engine = prepare(options)
    report = engine.check(names).only(_chosen(names, engine, options, shown(settings.root / LOCK_FILE)))
    if options.baseline is not None:
        from mrt_lint.baseline import accept, load_baseline  # noqa: PLC0415  only when asked for

        report = accept(report, load_baseline(Path(options.baseline)))
    return Inspection(settings, names, engine, report)


def prepare(options: Namespace) -> tuple[Settings, dict[Path, str], Engine]:
    """Give the settings, the files, each with its name, and the engine that the options ask for. Raises UsageError like `find`."""
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
    names = find(options.paths, settings)
    return settings, names, Engine(settings, cache=Cache(None if options.no_cache else settings.root), jobs=options.jobs)


def _chosen(names: dict[Path, str], engine: Engine, options: Namespace, lock: str) -> set[str]:
    """Give the paths that are to be reported on: with --since and --diff-base not all of those that were named."""
    chosen = {shown(file) for file in names}
    if options.since is not None:
        from mrt_lint.descent import after  # noqa: PLC0415  only when asked for

        chosen &= after(options.since, engine.histories(names))
    if options.diff_base is not None:
        from mrt_lint.git import changed_since  # noqa: PLC0415  only when asked for

        chosen &= {shown(file) for file in changed_since(options.diff_base, names)}
    return chosen | {lock}  # what is missing from the history is in no file that could be chosen


def render(report: Report, options: Namespace) -> str:
    """Write a report in the form that was asked for; each is a module of its own, so that none pays for another."""
    form = "statistics" if options.statistics else options.format
    write_down = import_module(f"mrt_lint.report.{form}").render
    return str(write_down(report, style_of(options)) if form in FOR_PEOPLE else write_down(report))


def find(paths: list[str], settings: Settings) -> dict[Path, str]:
    """Find the files to check, each with the name under which it is shown.

    Raises UsageError for a path that does not exist or holds no migration. A single file that is none is passed over: a hook
    is given whatever has changed.
    """
    if paths:
        return _gather((os.path.abspath(path), path) for path in paths)  # noqa: PTH100  resolve() would follow links
    if settings.paths:
        return _gather((str(settings.root / path), shown(settings.root / path)) for path in settings.paths)
    histories, configuration = discover(Path.cwd())
    if configuration is None:
        raise UsageError("There is no alembic.ini here and no [tool.alembic]: name the folder, mrt check migrations/versions")
    names: dict[Path, str] = {}
    locations = dict.fromkeys(location for history in histories for location in history)
    for location in locations:
        if not location.folder.is_dir():
            raise UsageError(f"{shown(configuration)} names the folder {shown(location.folder)}, which does not exist.")
        names |= {file: shown(file) for file in location.files()}
    return _some(names, ", ".join(shown(location.folder) for location in locations))


def _gather(places: Iterable[tuple[str, str]]) -> dict[Path, str]:
    names: dict[Path, str] = {}
    for absolute, given in places:
        path = Path(absolute)
        if path.is_dir():
            names |= _some({file: str(Path(given, file.relative_to(path))) for file in walk(path)}, given)
        elif not path.exists():
            raise UsageError(f"{given} does not exist.")
        elif path.suffix != ".py":
            raise UsageError(f"{given} is neither a folder nor a Python file.")
        else:
            names[path] = given
    return names


def _some(names: dict[Path, str], place: str) -> dict[Path, str]:
    if not any(is_migration(read_file(file)) for file in names):
        why = f"none of its {len(names)} Python files assigns revision and down_revision" if names else "it holds no Python file"
        raise UsageError(f"There is no migration in {place}: {why}.")
    return names
