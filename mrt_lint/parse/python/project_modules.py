"""The project's own modules, which a migration imports: where they are, and their syntax trees."""

from __future__ import annotations

import ast
import os.path
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import libcst as cst

from mrt_lint.files.consulted import digest_of, read_module
from mrt_lint.parse.python.depth import MAX_NESTING, depth_of

MAX_MODULES: Final = 40
"""Modules that are read for one migration."""
_MARKERS: Final = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", ".git")
"""What is in the folder that a project's packages are imported from."""
# above the migrations: a bound for a project without a mark of its root
_MOST_FOLDERS: Final = 9


class ProjectModule(NamedTuple):
    """One module: the file's path, the package that its relative imports start from, its tree."""

    path: str
    package: str
    tree: cst.Module


class ProjectModules:
    """Finds the modules that a migration of one folder can import from its own project.

    `consulted` holds what the answers depended on: the digest of each file's bytes by its path, an empty one where there is no
    such file.
    """

    def __init__(self, folder: Path | None, source: bytes = b"") -> None:
        self._folder = folder
        self._source = source
        self._roots = _roots(str(folder)) if folder else ()
        self.consulted: dict[str, str] = {}
        self._read: dict[str, ProjectModule | None] = {}
        self._tops: dict[tuple[Path, str], bool] = {}

    def find(self, path: str) -> tuple[ProjectModule, list[str]] | None:
        """Find the module that a dotted path begins with, and the names that follow it; None if the project has no such file."""
        parts = path.split(".")
        if not all(part.isidentifier() for part in parts):
            return None
        for root in self._roots:
            if self._exists(root, parts[0]):
                for length in range(len(parts), 0, -1):
                    found = self._module(root, parts[:length])
                    if found:
                        return found, parts[length:]
        return None

    def imported(self) -> list[str]:
        """Return the modules that the migration and the env.py above it import, by their dotted names."""
        found = _imports(self._source)
        for file in self._environments():
            content = read_module(file)
            self.consulted[file] = digest_of(content)
            found += _imports(content or b"")
        return found

    def environments(self) -> list[ProjectModule]:
        """Return each env.py above the migrations as a module."""
        for file in self._environments():
            if file not in self._read:
                self._read[file] = self._load(file, "")
        return [module for file in self._environments() if (module := self._read[file]) is not None]

    def _environments(self) -> list[str]:
        return [str(here / "env.py") for here in self._folder.parents[:2]] if self._folder else []

    def read_text(self, path: str) -> str | None:
        """Return the text of a file of the project; None of one outside, that is not there, too long, or not UTF-8."""
        file = os.path.normpath(path)
        if not any(Path(file).is_relative_to(root) for root in self._roots):
            return None
        content = read_module(file)
        self.consulted[file] = digest_of(content)
        try:
            return None if content is None else content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def _exists(self, root: Path, name: str) -> bool:
        if (root, name) not in self._tops:
            here = root / name
            self._tops[root, name] = here.is_dir() or here.with_suffix(".py").is_file()
            if not self._tops[root, name]:
                self.consulted[str(here.with_suffix(".py"))] = ""
        return self._tops[root, name]

    def _module(self, root: Path, parts: list[str]) -> ProjectModule | None:
        here = root.joinpath(*parts)
        for file, package in ((f"{here}/__init__.py", parts), (f"{here}.py", parts[:-1])):
            if file not in self._read:
                self._read[file] = self._load(file, ".".join(package))
            if self._read[file] is not None:
                return self._read[file]
        return None

    def _load(self, file: str, package: str) -> ProjectModule | None:
        content = read_module(file)
        self.consulted[file] = digest_of(content)
        # the digest is noted even so: that the module was too many may change as well
        if content is None or sum(module is not None for module in self._read.values()) >= MAX_MODULES:
            return None
        tree = _parse(content)
        return None if tree is None else ProjectModule(file, package, tree)


def _imports(source: bytes) -> list[str]:
    """Return what a file imports: modules, and names that may be modules."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@lru_cache(maxsize=256)
def _parse(content: bytes) -> cst.Module | None:
    """Parse a module; None where a migration of the same kind could not be read either."""
    try:
        if b"\0" in content or depth_of(ast.parse(content), content) > MAX_NESTING:
            return None
        return cst.parse_module(content)
    except Exception:  # noqa: BLE001 - the native parser has refusals of its own class, and what is not read is listed at its call
        return None


@lru_cache(maxsize=64)
def _roots(folder: str) -> tuple[Path, ...]:
    """Return the folders that modules of the project are imported from, the nearest first."""
    above = [Path(folder), *Path(folder).parents][:_MOST_FOLDERS]
    marked = next((index for index, here in enumerate(above) if any((here / name).exists() for name in _MARKERS)), None)
    roots = above if marked is None else above[: marked + 1]
    return tuple(path for root in roots for path in (root, root / "src") if path.is_dir())
