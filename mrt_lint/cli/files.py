"""The files that a command is about."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from mrt_lint.check.engine import read_file, shown
from mrt_lint.files.discovery import discover, is_endless, walk
from mrt_lint.gate import is_migration
from mrt_lint.settings import Settings
from mrt_lint.usage import UsageError


def find(paths: list[str], settings: Settings, command: str = "check") -> dict[Path, str]:
    """Find the files to check, each with the name under which it is shown.

    `command` is what the user called, for advice. Raises UsageError for a path that does not exist or holds no migration. A single
    file that is none is passed over: a hook is given whatever has changed.
    """
    if paths:
        return _gather((os.path.abspath(path), path) for path in paths)  # noqa: PTH100  resolve() would follow links
    if settings.paths:
        return _gather((str(settings.root / path), shown(settings.root / path)) for path in settings.paths)
    histories, configuration = discover(Path.cwd())
    if configuration is None:
        raise UsageError(f"There is no alembic.ini here and no [tool.alembic]: name the folder, mrt {command} migrations/versions")
    names: dict[Path, str] = {}
    locations = dict.fromkeys(location for history in histories for location in history)
    for location in locations:
        if not location.folder.is_dir():
            raise UsageError(f"{shown(configuration)} names the folder {shown(location.folder)}, which does not exist.")
        names |= {file: shown(file) for file in location.files()}
    place = ", ".join(shown(location.folder) for location in locations)
    if not names:  # a project that has just begun
        sys.stderr.write(f"mrt {command}: There is no migration in {place} yet.\n")
        return names
    return _some(names, place)


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
        elif is_endless(absolute):
            raise UsageError(f"{given} is no regular file.")
        else:
            names[path] = given
    return names


def _some(names: dict[Path, str], place: str) -> dict[Path, str]:
    if not any(is_migration(read_file(file)) for file in names):
        why = f"none of its {len(names)} Python files assigns revision and down_revision" if names else "it holds no Python file"
        raise UsageError(f"There is no migration in {place}: {why}.")
    return names
