"""Find migration files: in the given paths, or where alembic.ini or pyproject.toml declares them.

Nothing is imported: a `package:folder` location is looked for beside the configuration and above it, as a path. A relative one is
relative to the folder that Alembic is run in, which is the configuration's or one above it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mrt_lint.settings import read_tools
from mrt_lint.usage import UsageError

if TYPE_CHECKING:
    import configparser

_SEPARATORS: Final = {
    "space": r"\s+",
    "newline": r"[\r\n]+",
    "os": re.escape(os.pathsep),
    ":": ":",
    ";": ";",
    "": r",\s*|\s+",
}
"""How Alembic splits `version_locations`, by `path_separator`, before 1.16 `version_path_separator`; by default blanks, commas."""

_KEYS: Final = (
    "script_location",
    "version_locations",
    "recursive_version_locations",
    "prepend_sys_path",
    "path_separator",
    "version_path_separator",
)
# configparser's, which Alembic sets to the folder of alembic.ini
_HERE: Final = "%(here)s"
# At a glance, for all files of all folders beside one: reading the headers in full takes seventy times as long.
_REVISION: Final = re.compile(rb"""^revision\b[^=\r\n]*=\s*["']([^"'\r\n]+)""", re.MULTILINE)
_PARENTS: Final = re.compile(rb"^down_revision\b[^=\r\n]*=\s*([^\r\n]*)", re.MULTILINE)
_QUOTED: Final = re.compile(rb"""["']([^"'\r\n]+)["']""")


class VersionLocation(NamedTuple):
    """A folder that holds migrations; `recursive` is whether its sub-folders do, too."""

    folder: Path
    recursive: bool = False

    def holds(self, file: Path) -> bool:
        """Return whether a file is one that Alembic would load from here."""
        return file.parent == self.folder or (self.recursive and self.folder in file.parents)

    def files(self) -> Iterator[Path]:
        """Yield every Python file in it, sorted, without what only looks like one (`__init__.py`, an editor's locks)."""
        yield from sorted(_walk(self.folder, recursive=self.recursive))


_DEPTH: Final = 5
_EXAMPLES: Final = frozenset({"tests", "test", "examples", "docs", "build", "dist"})

HistoryLocations = tuple[VersionLocation, ...]
"""The locations whose files make up one revision graph."""


def discover(folder: Path) -> tuple[list[HistoryLocations], Path | None]:
    """Find what the nearest configuration above a folder declares, else one below it, and that configuration; nothing without one.

    Raises UsageError if the configuration cannot be read, or several below could be meant.
    """
    for above in (folder, *folder.parents):
        for configuration in (above / "alembic.ini", above / "pyproject.toml"):
            histories = read_histories(configuration)
            if histories:
                return histories, configuration
        if (above / ".git").exists():
            break
    below = [(histories, file) for file in configurations_below(folder) if (histories := read_histories(file))]
    if len(below) > 1:
        folders = [place.folder for histories, _ in below for history in histories for place in history]
        named = " ".join(os.path.relpath(place, folder) for place in folders)
        raise UsageError(f"There are {len(below)} histories below this folder: name those that are meant, as in mrt check {named}")
    return below[0] if below else ([], None)


def configurations_below(folder: Path) -> dict[Path, None]:
    """Return the files that may declare a history of a project here or in a folder directly below, Flask-Migrate's too.

    Where none of them does, those further down.
    """
    inside = sorted(place for place in folder.iterdir() if place.is_dir() and may_hold(str(folder), place.name))
    names = ("migrations/alembic.ini", "alembic.ini", "pyproject.toml")
    places = (project / name for project in (folder, *inside) for name in names)
    near = dict.fromkeys(file for file in places if file.parent != folder and file.is_file())
    return near if any(map(_may_declare, near)) else {**near, **dict.fromkeys(_deeper(folder))}


def _may_declare(configuration: Path) -> bool:
    """Return whether a file declares a history; one that cannot be read may do so."""
    try:
        return bool(read_histories(configuration))
    except UsageError:
        return True


def _deeper(folder: Path) -> Iterator[Path]:
    """Yield each alembic.ini further down, as a package has it beside its database code; those of tests are examples."""
    for above, folders, names in os.walk(folder):
        here = Path(above)
        is_deep = len(here.relative_to(folder).parts) >= _DEPTH
        folders[:] = sorted(name for name in folders if not is_deep and name not in _EXAMPLES and may_hold(above, name))
        if "alembic.ini" in names:
            yield here / "alembic.ini"


def read_histories(configuration: Path) -> list[HistoryLocations]:
    """Read the version locations of an alembic.ini (one history a section) or of `[tool.alembic]`; empty without such a file."""
    if configuration.suffix == ".toml":
        table = read_tools(configuration).get("alembic")
        return [_history(table, configuration.parent)] if isinstance(table, dict) and "script_location" in table else []
    if not configuration.is_file():
        return []
    import configparser  # noqa: PLC0415  only with an alembic.ini

    # configparser would interpolate a percent sign in the folder's name
    here = str(configuration.parent).replace("%", "%%")
    parser = configparser.ConfigParser({"here": here})
    try:
        parser.read_string(configuration.read_text(encoding="utf-8"), str(configuration))
        sections = [_keys(parser, name) for name in parser.sections() if parser.has_option(name, "script_location")]
    except (configparser.Error, OSError, UnicodeError) as error:
        raise UsageError(f"{configuration} cannot be read: {' '.join(str(error).split())}") from None
    # Flask-Migrate's alembic.ini names no script_location: its folder is the one.
    if not sections and parser.has_section("alembic") and (configuration.parent / "env.py").is_file():
        sections = [{"script_location": str(configuration.parent), **_keys(parser, "alembic")}]
    return [_history(section, configuration.parent) for section in sections]


def _keys(parser: configparser.ConfigParser, section: str) -> dict[str, str]:
    return {key: parser.get(section, key) for key in _KEYS if parser.has_option(section, key)}


class HistoryFinder:
    """Finds the history of a file, by any spelling of its path; examines each folder once."""

    def __init__(self) -> None:
        self._declared: dict[Path, list[HistoryLocations]] = {}
        self._found: dict[Path, HistoryLocations] = {}

    def history(self, file: Path) -> HistoryLocations:
        """Return the history of a file: the locations of its configuration, else its `versions` folder, else its own folder."""
        folder = file.parent
        if folder not in self._found:
            self._found[folder] = self._look(file)
        return self._found[folder]

    def _look(self, file: Path) -> HistoryLocations:
        versions: Path | None = None
        for above in file.parents:
            for history in self._declares(above):
                if any(location.holds(file) for location in history):
                    return history
            if versions is None and (above.name == "versions" or (above / "env.py").is_file()):
                versions = above
            if (above / ".git").exists():
                break
        return (_apart(versions, file) if versions else VersionLocation(file.parent),)

    def _declares(self, folder: Path) -> list[HistoryLocations]:
        if folder not in self._declared:
            try:
                self._declared[folder] = [
                    history for name in ("alembic.ini", "pyproject.toml") for history in read_histories(folder / name)
                ]
            except UsageError:  # a stranger's configuration further up does not concern this file
                self._declared[folder] = []
        return self._declared[folder]


def _apart(versions: Path, file: Path) -> VersionLocation:
    """Return the part of `versions` that a file is in where that is a history of its own: a sub-folder, or what is in none of them.

    It is when it leads from a base to its heads alone, and so does another part that declares some of the same revisions, as one
    for each database does, or one that was kept when all of it was squashed.
    """
    inside = versions / file.relative_to(versions).parts[0]
    folders = (other for other in versions.iterdir() if other.is_dir() and may_hold(str(versions), other.name))
    parts = [VersionLocation(versions), *(VersionLocation(other, recursive=True) for other in folders)]
    mine = parts[0] if inside == file else VersionLocation(inside, recursive=True)
    others = [part for part in parts if part != mine]
    revisions, is_complete = _survey(mine) if others else (set(), False)
    surveys = map(_survey, others) if is_complete else ()
    alone = any(others_are_whole and revisions & declared for declared, others_are_whole in surveys)
    return mine if alone else VersionLocation(versions, recursive=True)


def _survey(part: VersionLocation) -> tuple[set[bytes], bool]:
    """Return the revisions that the files of a location declare, at a glance, and whether it has a base and the parents of all."""
    revisions: set[bytes] = set()
    parents: set[bytes] = set()
    has_base = False
    for file in part.files():
        try:
            source = file.read_bytes()
        except OSError:
            continue
        revisions.update(_REVISION.findall(source))
        for value in _PARENTS.findall(source):
            has_base |= value.startswith(b"None")
            parents.update(_QUOTED.findall(value))
    return revisions, has_base and parents <= revisions


def walk(folder: Path) -> list[Path]:
    """Every Python file at any depth that could be a migration, sorted; hidden folders and virtual environments left out."""
    return sorted(_walk(folder, recursive=True))


def _walk(folder: Path, *, recursive: bool) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if recursive and may_hold(root, name)]
        candidates = (Path(root, name) for name in names if is_candidate(name))
        yield from (file for file in candidates if not is_endless(str(file)))


def is_endless(path: str) -> bool:
    """Return whether reading a path may block: it exists, and is neither a file nor a link to one, but a FIFO or a device."""
    return not os.path.isfile(path) and os.path.exists(path)  # noqa: PTH110, PTH113  asked of every file, and Path is slow


def is_candidate(name: str) -> bool:
    """Return whether a file of this name could be a migration."""
    return name.endswith(".py") and not name.startswith(("__init__", ".#"))


def may_hold(root: str, name: str) -> bool:
    """Return whether a sub-folder could hold migrations: it is neither hidden nor a virtual environment nor the like."""
    return not name.startswith(".") and name not in {"__pycache__", "node_modules"} and not Path(root, name, "pyvenv.cfg").exists()


def _history(section: Mapping[str, Any], here: Path) -> HistoryLocations:
    # src/ is on the path of the installed project, which is not asked here
    bases = _bases(here)
    inserted = [_place(path, bases) for path in _paths(section.get("prepend_sys_path", ""), section)]
    search = [here, *inserted, *(place for base in bases for place in (base, base / "src"))]
    script = _resolve(str(section["script_location"]), bases, search)
    given = _paths(section.get("version_locations", ""), section)
    folders = [_resolve(path, bases, search) for path in given] or [script / "versions"]
    recursive = str(section.get("recursive_version_locations", "")).lower() in {"true", "1", "yes", "on"}
    return tuple(VersionLocation(folder, recursive) for folder in folders)


def _paths(value: object, section: Mapping[str, Any]) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(path) for path in value]
    separator = str(section.get("path_separator") or section.get("version_path_separator") or "").partition("#")[0].strip()
    split = re.split(_SEPARATORS.get(separator, _SEPARATORS[""]), str(value))
    return [path.strip() for path in split if path.strip()]


def _bases(here: Path) -> list[Path]:
    """Return what a relative path may be relative to: the configuration's, those above it in its repository, the current."""
    above = [here, *here.parents]
    current = Path.cwd()
    tops = (number for number, folder in enumerate(above) if (folder / ".git").exists())
    top = next(tops, above.index(current) if current in above else 0)
    return list(dict.fromkeys([*above[: top + 1], current]))


def _resolve(location: str, bases: list[Path], search: list[Path]) -> Path:
    """Find a location; `package:folder` under the first search path that has it."""
    here = bases[0]
    location = location.replace(_HERE, str(here))
    package, colon, rest = location.partition(":")
    if not colon or Path(location).is_absolute():
        return _place(location, bases)
    inside = Path(*package.split("."), rest)
    return next((root / inside for root in search if (root / inside).is_dir()), here / inside)


def _place(path: str, bases: list[Path]) -> Path:
    """Return the first folder there is of that path; beside the configuration where there is none."""
    path = path.replace(_HERE, str(bases[0]))
    places = [Path(os.path.normpath(base / path)) for base in bases]
    return next((place for place in places if place.is_dir()), places[0])
