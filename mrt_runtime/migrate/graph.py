"""The history as a graph of steps, in the order in which Alembic would walk it."""

from __future__ import annotations

import contextlib
import re
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import Revision, RevisionError, RevisionMap, is_revision
from alembic.util import CommandError, to_tuple

from mrt_lint.gate import is_migration, read_header
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.error import describe, locate
from mrt_runtime.migrate.missing_module import describe_missing
from mrt_runtime.migrate.project import AlembicProject

PLACE_OF_ID = "is at the top of the migration file (revision = ...)"
RELATIVE = re.compile(r"(?P<start>.*?)(?P<distance>[+-]\d+)")


class UnimportableHistoryError(ConfigurationError):
    """A migration cannot be imported as it is. env.py may prepare that: add to `sys.path`, push an application's context."""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """A revision as something that is run. `parents` are its down revisions and then what it depends on."""

    revision: str
    parents: tuple[str, ...]
    file: str
    doc: str = ""
    down_revision: tuple[str, ...] = ()


class MigrationGraph:
    """All steps of a history: iterating yields parents before children; `graph["abc123"]` is that revision's step."""

    def __init__(self, revisions: RevisionMap) -> None:
        self._revisions = revisions
        with refusing_broken_histories():
            found = list(revisions.iterate_revisions("heads", "base"))
            self.steps = tuple(self._make_step(is_revision(revision)) for revision in reversed(found))
        self._by_revision = {step.revision: step for step in self.steps}
        scripts = (revision for revision in found if isinstance(revision, Script))
        self.namespaces: dict[str, dict[str, Any]] = {script.path: vars(script.module) for script in scripts}
        """What the names in the imported migrations stand for, by file."""
        self._position = {step.revision: position for position, step in enumerate(self.steps)}
        self._children: dict[str, list[str]] = {step.revision: [] for step in self.steps}
        for step in self.steps:
            for parent in step.parents:
                self._children[parent].append(step.revision)

    def __iter__(self) -> Iterator[HistoryStep]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, revision: str) -> HistoryStep:
        return self._by_revision[revision]

    def resolve(self, name: str) -> HistoryStep:
        """Find the revision that a user names: an id, its beginning, "head", a branch label's, "abc123-1" or "head-2".

        Raises ConfigurationError where there is none, or more than one.
        """
        relative = RELATIVE.fullmatch(name)
        try:
            found = [] if relative else list(self._revisions.get_revisions(name))
        except (RevisionError, CommandError) as error:
            raise ConfigurationError(describe_unknown(name, describe(error).partition(": ")[2])) from None
        if relative:
            return self._walk(self.resolve(relative["start"] or "head"), int(relative["distance"]))
        ids = [revision.revision for revision in found if isinstance(revision, Revision)]
        if len(ids) != 1:
            raise ConfigurationError(f"Revision {name!r} names {', '.join(ids) or 'no single revision'}: name exactly one.")
        return self[ids[0]]

    def require_ids(self, ids: Iterable[str], setting: str) -> None:
        """Raise ConfigurationError where a setting names revisions by anything but whole ids of this history."""
        for name in sorted(set(ids) - self._by_revision.keys()):
            meant = [step.revision for step in self if name and step.revision.startswith(name)]
            raise ConfigurationError(
                f"{setting} names {name!r}, the beginning of {' and '.join(meant)}: write the whole id."
                if meant
                else f"{setting} names {name!r}, which the history does not hold: take it out, or write the id that {PLACE_OF_ID}."
            )

    def ancestors(self, revisions: Iterable[str]) -> set[str]:
        """Collect the revisions that are present when these are: themselves, their parents, and so on."""
        return self._reach(revisions, lambda revision: self[revision].parents)

    def descendants(self, revisions: Iterable[str]) -> set[str]:
        """Collect the revisions that cannot be without one of these, themselves among them."""
        return self._reach(revisions, lambda revision: self._children[revision])

    def heads_of(self, revisions: set[str]) -> tuple[str, ...]:
        """Return those of a set that no other in it depends on."""
        return tuple(revision for revision in revisions if revisions.isdisjoint(self._children[revision]))

    def sort(self, revisions: Iterable[str]) -> list[str]:
        """Order revisions, parents before children."""
        return sorted(revisions, key=self._position.__getitem__)

    def _walk(self, step: HistoryStep, distance: int) -> HistoryStep:
        """Go that many steps towards the heads (or, negative, the bases) while the way is the only one."""
        for _ in range(abs(distance)):
            ways = self._children[step.revision] if distance > 0 else step.down_revision
            if len(ways) != 1:
                raise ConfigurationError(f"{step.revision}{distance:+d} names no single revision: name one by its id.")
            step = self[ways[0]]
        return step

    def _make_step(self, revision: Revision) -> HistoryStep:
        names = to_tuple(revision.dependencies, ())
        depends_on = [is_revision(found).revision for name in names for found in self._revisions.get_revisions(name)]
        down_revision = to_tuple(revision.down_revision, ())
        parents = tuple(dict.fromkeys((*down_revision, *depends_on)))
        file, doc = (revision.path, revision.doc) if isinstance(revision, Script) else (getattr(revision, "path", ""), "")
        return HistoryStep(revision.revision, parents, file, doc, down_revision)

    @staticmethod
    def _reach(revisions: Iterable[str], onwards: Any) -> set[str]:
        reached: set[str] = set()
        waiting = list(revisions)
        while waiting:
            revision = waiting.pop()
            if revision not in reached:
                reached.add(revision)
                waiting.extend(onwards(revision))
        return reached


@contextlib.contextmanager
def refusing_broken_histories() -> Iterator[None]:
    """Turn what Alembic warns of or trips over in a history into one ConfigurationError."""
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield
        trouble = next((str(warning.message) for warning in warned if str(warning.message).startswith("Revision ")), None)
    except (RevisionError, KeyError) as error:
        if isinstance(error, KeyError) and not is_of_alembic(error):  # a migration's own, while it was imported
            raise
        trouble = next((str(warning.message) for warning in warned if str(warning.message).startswith("Revision ")), str(error))
    if trouble is not None:
        raise ConfigurationError(f"The history is broken: {end(trouble)}")


def is_of_alembic(error: BaseException) -> bool:
    """Whether Alembic itself raised an error."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "alembic"


def describe_unknown(name: str, words: str) -> str:
    """Report that a name means no single revision, in Alembic's words where it knows more than that."""
    if words.startswith("No such revision"):
        return f"There is no revision {name!r}: write the id that {PLACE_OF_ID}, or at least its first four characters."
    return f"{name!r} names no single revision: {end(words)}"


def load(directory: ScriptDirectory) -> MigrationGraph:
    """Import every migration, as Alembic does before it runs any; ConfigurationError names the file that is broken."""
    try:
        with refusing_broken_histories():
            directory.revision_map.heads  # noqa: B018 - reading it imports the files
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  the user's own modules raise what they like
        files = [str(file) for file in list_files(directory)]
        if isinstance(error, ModuleNotFoundError) and (missing := describe_missing(list_sources(directory), error.name)):
            raise UnimportableHistoryError(missing) from None
        file, line = locate(error, files)
        where = f"{file}:{line}: " if file else ""
        words = end(f"{where}{describe(error)}")
        if isinstance(error, ModuleNotFoundError):  # the file may be right
            raise UnimportableHistoryError(f"{words} Install what is missing into the environment that runs this.") from None
        rest = "Alembic runs no migration while one of them is broken." if file in files else "The migrations import it."
        raise UnimportableHistoryError(f"{words} {rest}") from None
    return MigrationGraph(directory.revision_map)


def read_graph(config: MRTConfig) -> MigrationGraph:
    """Read the history without importing any migration, and so without a database: for listing, not for running.

    Raises ConfigurationError where there is no project or its history is broken.
    """
    project = AlembicProject(config)
    with project.at_home():
        directory = project.open_directory()
        return MigrationGraph(RevisionMap(lambda: read_revisions(directory)))


def read_revisions(directory: ScriptDirectory) -> Iterator[Revision]:
    """Yield the revisions that the files' headers name."""
    for file in list_files(directory):
        source = file.read_bytes()
        header = read_header(source) if is_migration(source) else None
        if header is not None and header.revision is not None:
            revision = Revision(header.revision, header.down_revision or None, header.depends_on, header.branch_labels)
            vars(revision)["path"] = str(file)  # where Alembic's Script has it
            yield revision


def list_sources(directory: ScriptDirectory) -> list[Path]:
    """Return env.py and the migrations, as paths from the folder that Alembic starts in."""
    return [Path(directory.env_py_location), *list_files(directory)]


def list_files(directory: ScriptDirectory) -> Iterator[Path]:
    """Yield the files that Alembic takes for migrations."""
    for location in map(Path, directory._version_locations):  # noqa: SLF001 - Alembic has no public name for them
        pattern = "**/*.py" if directory.recursive_version_locations else "*.py"
        yield from (file for file in sorted(location.glob(pattern)) if not file.name.startswith((".#", "__init__")))
