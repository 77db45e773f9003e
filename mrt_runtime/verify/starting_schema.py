"""What an upgrade's error has to do with the schema before the first revision: tables that env.py makes, or no revision does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection
from pathlib import Path

from mrt_runtime.compare.blame import contains_word, place_of, read
from mrt_runtime.compare.schema import Schema
from mrt_runtime.migrate import HistoryStep, MigrationError, MigrationGraph, Migrator
from mrt_runtime.verify.contents import ScratchContents
from mrt_runtime.verify.step_error import NotReachedError

MISSING = re.compile(
    r"no such (?:table|view): (?:\w+\.)?(?P<sqlite>\w+)"
    r"|(?:relation|table|view|sequence) \"(?:\w+\.)?(?P<postgresql>\w+)\" does not exist"
    r"|Table '(?:[^'.]+\.)?(?P<mysql>\w+)' doesn't exist|Unknown (?:table|VIEW): ?'(?:[^'.]+\.)?(?P<dropped>\w+)'"
    r"|Unknown table '(?:[^'.]+\.)?(?P<mysql8>\w+)'|NoSuchTableError: (?P<sqlalchemy>\w+)"
)
PRESENT = re.compile(r"(?:table|relation) [\"'`]?(?:\w+\.)?(\w+)[\"'`]? already exists", re.IGNORECASE)
MAKES = re.compile(
    rb"create_table|rename_table|CREATE\s[^;]*?\b(?:TABLE|VIEW|SEQUENCE)\b|RENAME\s+TO|create_all|metadata\.create", re.IGNORECASE
)

BEGIN_LATER = (
    ". Mend it; or, where every database is past it, begin behind it: a dump of the schema at a later revision as `base_schema`, "
    "that revision as `base_revision`"
)


class StartingSchema:
    """What is there before the first revision: the tables that env.py makes, or the file in `base_schema`."""

    def __init__(self, graph: MigrationGraph, env_py: str) -> None:
        self._graph = graph
        self._env_py = env_py
        self._tables: frozenset[str] | None = None
        self._obstacles: dict[str, str] = {}

    def note(self, schema: Schema, applied: Collection[str] = ()) -> None:
        """Note which tables are there before any revision; nothing once some are applied."""
        if not applied:
            self._tables = frozenset(table.name for table in schema.tables)

    def read(self, cause: str, migrator: Migrator, contents: ScratchContents, restart: Callable[[], None]) -> None:
        """Run env.py without a revision and look at what is there by then, where an upgrade's error asks and that was not done.

        Nothing is noted where env.py fails. restart: goes back to base, which is where the database is afterwards.
        """
        if self._tables is None and PRESENT.search(cause):
            restart()
            with contextlib.suppress(MigrationError):
                migrator.run_without_step()
                self.note(contents.look().schema)
            restart()

    def explain(self, cause: str, step: HistoryStep) -> str:
        """Describe what an upgrade's error has to do with it; empty where it is the migration's own."""
        missing = describe_missing_table(cause, self._graph, step)
        return missing or describe_present_table(cause, self._tables or (), self._env_py)

    def block(self, step: HistoryStep, error: MigrationError) -> None:
        """Note that nothing leads beyond a revision: why, where that is, and what to do about it."""
        explained = self.explain(error.cause, step) or BEGIN_LATER
        self._obstacles[step.revision] = f"{error.cause}{place_of(error.file, error.line)}{explained}"

    def require_reachable(self, needed: frozenset[str]) -> None:
        """Raise NotReachedError where one of these revisions is in the way."""
        for wall in self._graph.sort(needed & self._obstacles.keys()):
            raise NotReachedError(wall, self._obstacles[wall])


def describe_missing_table(cause: str, graph: MigrationGraph, step: HistoryStep) -> str:
    """Return what to do about an upgrade's error that names a table which no revision before it makes; empty for any other."""
    found = MISSING.search(cause)
    name = next(filter(None, found.groups()), None) if found else None
    earlier = [graph[revision].file for revision in graph.ancestors(step.parents)] if name else []
    if name is None or any(contains_word(file, name) and MAKES.search(Path(file).read_bytes()) for file in earlier):
        return ""
    later = find_making(name, graph, step)
    if later is None:
        return f". No revision before it makes '{name}': if something else does, name a file with that SQL in `base_schema`"
    return f". No revision before it makes '{name}', and {later} does so later{BEGIN_LATER}"


def find_making(name: str, graph: MigrationGraph, step: HistoryStep) -> str | None:
    """Return the first revision behind another one that makes a table, also by a rename."""
    behind = graph.descendants([step.revision]) - {step.revision}
    for one in graph.sort(behind):
        file = graph[one].file
        migration = read(file) if contains_word(file, name) else None
        for op in migration.upgrade_ops if migration is not None else ():
            made = getattr(op, "new_table", None) or (op.op == "create_table" and getattr(op, "table", None))
            if made == name:
                return one
    return None


def describe_present_table(cause: str, made_before: Collection[str], env_py: str) -> str:
    """Return what to do about an upgrade's error that names a table which is there before any revision; empty for any other."""
    found = PRESENT.search(cause)
    if found is None or found[1] not in made_before:
        return ""
    how = "its create_all() makes" if contains_word(env_py, "create_all") else "it, or what it imports, makes"
    return f". env.py is to blame: {how} '{found[1]}' before the first revision runs; leave that to the migrations"
