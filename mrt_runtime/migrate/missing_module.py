"""Modules that env.py and the migrations import and that are not there, all of them at once."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mrt_runtime.compare.blame import place_of
from mrt_runtime.migrate.modules import is_installed
from mrt_runtime.migration_file import parse_file

# a project imports some hundred of its own; parsing 5,000 takes minutes
MOST_FILES = 5000


@dataclass(frozen=True, slots=True)
class MissingModule:
    """A module that no folder of `sys.path` holds, and the first line that imports it.

    folder: which folder of the project holds it; None where it has to be installed.
    """

    name: str
    file: Path
    line: int
    folder: Path | None = None

    def describe(self) -> str:
        """Return the name and the place, relative to the current folder, with a remedy where the project itself has the module."""
        remedy = f": it is in {describe_folder(self.folder)}" if self.folder is not None else ""
        return f"{self.name}{place_of(self.file, self.line)}{remedy}"


def find_missing(files: Iterable[Path]) -> list[MissingModule]:
    """Find what these files need, they and the project's own modules that they import, in the order of the imports.

    Nothing is imported. Imports in a function, under `try` or under TYPE_CHECKING are left out: a program may do without them.
    """
    waiting, seen = list(files), set[Path]()
    missing: dict[str, MissingModule] = {}
    packages = set[Path]()
    whole = dict[str, str]()
    while waiting and len(seen) < MOST_FILES:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        for name, line in read_imports(file):
            root = name.partition(".")[0]
            found = find_file(name)
            if found is None and find_spec(root) is None:
                missing.setdefault(root, MissingModule(root, file, line))
                whole.setdefault(root, name)
            elif found is not None and not is_installed(found):
                waiting.append(found)
                packages.update(find_places(root))
    return [replace(module, folder=find_folder(whole[module.name], module.file, packages)) for module in missing.values()]


def read_imports(file: Path) -> Iterator[tuple[str, int]]:
    """Yield the modules that a file imports whenever it is imported itself, each with its line."""
    parsed = parse_file(file)
    pending: list[ast.stmt] = list(reversed(parsed[1].body)) if parsed is not None else []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from (
                (f"{node.module}.{alias.name}", node.lineno) for alias in node.names if find_spec(node.module.partition(".")[0])
            )
        elif isinstance(node, ast.With | ast.ClassDef):
            pending += reversed(node.body)


def find_spec(root: str) -> object:
    """Return what Python would import under a name without dots, or has imported; None for nothing."""
    if root in sys.modules:  # a stand-in there may have no spec
        return getattr(sys.modules[root], "__spec__", None) or sys.modules[root]
    with contextlib.suppress(ImportError, ValueError, AttributeError):
        return importlib.util.find_spec(root)
    return None


def find_places(root: str) -> list[Path]:
    """Return the folders of a package; none of a module that is one file, or not there."""
    return [Path(place).absolute() for place in getattr(find_spec(root), "submodule_search_locations", None) or ()]


def find_file(name: str) -> Path | None:
    """Return the source of a module; None for one that is built in, or not there."""
    root, *rest = name.split(".")
    spec = find_spec(root)
    places = find_places(root)
    if not rest or not places:
        origin = getattr(spec, "origin", None)
        return Path(origin) if origin and origin.endswith(".py") else None
    for place in places:
        inner = place.joinpath(*rest)
        for candidate in (inner / "__init__.py", inner.with_name(f"{inner.name}.py")):
            if candidate.is_file():
                return candidate
    return None


def find_folder(name: str, importing: Path, packages: Collection[Path] = ()) -> Path | None:
    """Return which folder above an importing file of the project, or `src` in one, holds a module; None where none does.

    name: with its dots, for the folder of a service may be called as its package is. What a package holds that is imported by its
    own name, as `app.celery`, is not the library `celery`.
    """
    parts = name.split(".")
    if not all(map(str.isidentifier, parts)) or is_installed(importing):
        return None
    for above in importing.absolute().parents:
        for folder in (above, above / "src"):
            if holds(folder, parts) and {folder, *folder.parents}.isdisjoint(packages):
                return folder
        if (above / ".git").exists():
            break
    return None


def holds(folder: Path, parts: list[str]) -> bool:
    """Whether a folder holds a module or a package; in a module, what is imported is a name."""
    inner = folder.joinpath(*parts)
    if inner.with_suffix(".py").is_file() or next(inner.glob("*.py"), None) is not None:
        return True
    return len(parts) > 1 and (inner.parent.with_suffix(".py").is_file() or (inner.parent / "__init__.py").is_file())


def describe_folder(folder: Path) -> str:
    """Describe where a module of the project is, and the line of alembic.ini with which it is found."""
    place = Path(os.path.relpath(folder)).as_posix()
    where = "the folder that Alembic starts in" if place == "." else place
    return f"{where}, so set `prepend_sys_path = {place}` in alembic.ini"


def describe_missing(files: Iterable[Path], name: str | None) -> str:
    """Return a sentence on all missing modules, with what to do; empty where `name`, which stopped the run, is none of them."""
    found = find_missing(files)
    if name is None or name.partition(".")[0] not in {module.name for module in found}:
        return ""
    listed = ", ".join(module.describe() for module in found)
    what = (
        "A module that env.py and the migrations need is"
        if len(found) == 1
        else f"{len(found)} modules that env.py and the migrations need are"
    )
    install = any(module.folder is None for module in found)
    return f"{what} not found: {listed}.{' Install what is missing into the environment that runs this.' * install}"
