"""Runs the project's migrations one after another, each as a deploy would run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import Scratch
from mrt_runtime.databases.outage import LostServerError
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.changed_rows import ChangedRows
from mrt_runtime.migrate.ended_transaction import find_end
from mrt_runtime.migrate.environment import AlembicEnvironment
from mrt_runtime.migrate.error import MigrationError
from mrt_runtime.migrate.graph import HistoryStep, MigrationGraph, UnimportableHistoryError, load
from mrt_runtime.migrate.version_table import find_current_schema

Heads = tuple[str, ...]
Direction = Literal["upgrade", "downgrade"]
Move = tuple[Direction, str]
BATCH = 10  # revisions that one run of env.py goes through on a long way
Plan = Callable[[Heads], list[Move]]
"""Says, for the heads that a database has, what is left to do."""


class Migrator:
    """Moves a scratch database through the history, one revision for each run of env.py.

    SQLAlchemy remembers within one run which enum types it created, so a revision may pass in the middle of `upgrade head` and
    fail alone; running them alone finds that. Each run costs about as much as opening a connection (SQLite: 5 ms).

    Every method raises MigrationError where the project's own code fails, MigrationTimeout where it takes too long, and
    WrongDatabaseError where env.py opens another database than the scratch database.
    """

    def __init__(self, config: MRTConfig, scratch: Scratch) -> None:
        self._scratch = scratch
        self._environment = AlembicEnvironment(config, scratch)
        self.column_types = self._environment.column_types
        self._known: tuple[int, Heads] | None = None
        self._has_base = False
        self._base_revision = config.base_revision
        self._last: Move | None = None
        self.version_tables = {"alembic_version"}
        """Names of the tables in which Alembic records the database's revision; env.py may have chosen another."""
        self._version_places: set[tuple[str | None, str]] = set()
        try:
            with self._environment.entered():
                self._directory = self._environment.open_directory()
                self.env_py = self._environment.env_py(self._directory)
                self.graph: MigrationGraph = load(self._directory)
        except UnimportableHistoryError as error:
            self.graph = self._load_behind_env_py(error)

    def _load_behind_env_py(self, error: UnimportableHistoryError) -> MigrationGraph:
        """Import the migrations as Alembic does, while env.py runs: it may have changed `sys.path` or pushed a context.

        Raises the error of importing them there, or `error`, of importing them without env.py, where it fails itself.
        """
        found: list[MigrationGraph] = []
        failed = [error]

        def look(heads: Heads, context: MigrationContext) -> Iterator[RevisionStep]:  # noqa: ARG001 - as Alembic calls it
            try:
                found.append(load(self._directory))
            except UnimportableHistoryError as other:
                failed.append(other)
            return iter(())

        try:
            self._environment.run(self._directory, look, "upgrade", dont_mutate=True)
        except LostServerError:
            raise
        except (MigrationError, ConfigurationError):  # it may fail for the same module: the first error names all of them
            raise UnimportableHistoryError(f"{error}{self._environment.advise()}") from None
        if not found:
            raise UnimportableHistoryError(f"{failed[-1]}{self._environment.advise()}")
        return found[0]

    def current(self) -> Heads:
        """Ask the database for its heads, as `alembic current` does; empty where nothing is applied."""
        if not self._has_base:
            self._environment.load_base_schema()
            self._has_base = True
            if self._base_revision:
                self.stamp(self._base_revision)
        found: list[Heads] = []

        def look(heads: Heads, context: MigrationContext) -> Iterator[RevisionStep]:
            self._note_version_table(context)
            found.append(heads)
            return iter(())

        self._environment.run(self._directory, look, "upgrade", dont_mutate=True)
        self._require(found)
        self._known = (self._scratch.generation, found[0])
        return found[0]

    def read_version_table(self, connection: Connection) -> Heads | None:
        """Read the heads on a connection of ours, which costs no run of env.py; None where there is not just one version table."""
        if len(self._version_places) != 1:
            return None
        [(schema, name)] = self._version_places
        table = sa.table(name, sa.column("version_num"), schema=schema)
        try:
            heads = tuple(str(head) for head in connection.execute(sa.select(table.c.version_num)).scalars())
        except sa.exc.DBAPIError:  # it is gone, or not there yet
            return None
        finally:
            connection.rollback()
        self._known = (self._scratch.generation, heads)
        return heads

    def run_without_step(self) -> None:
        """Run env.py once before any revision, so that what it creates by itself is there; nothing where that was done."""
        self._read_heads()

    def reset(self) -> None:
        """Bring the database back to before env.py ran for the first time."""
        self._scratch.reset()
        self._has_base = False

    @property
    def changed_rows(self) -> ChangedRows:
        """How many rows each line of the last step changed."""
        return self._environment.changed_rows

    def take_notes(self) -> list[str]:
        """Return what was executed otherwise than a migration says, and why, since the last time."""
        return self._environment.take_notes()

    def upgrade(self, revision: str | HistoryStep) -> None:
        """Run one revision's upgrade function, after going to where it can run; nothing where it is present already."""
        step = self._find(revision)
        self._go(lambda heads: self._plan_upgrade(heads, step))

    def downgrade(self, revision: str | HistoryStep) -> None:
        """Run one revision's downgrade function, after those that depend on it; nothing where it is not present."""
        step = self._find(revision)
        self._go(lambda heads: self._plan_removal(heads, step))

    def upgrade_in_one_run(self, revision: str | HistoryStep) -> None:
        """Upgrade to a revision within a single run of env.py, as `alembic upgrade REVISION` does."""
        moves = self._plan_upgrade(self._read_heads(), self._find(revision))
        if moves:
            self._run_all(moves)

    def upgrade_in_order(self, revisions: Sequence[str]) -> None:
        """Upgrade to one revision after the other within a single run of env.py; the caller orders parents before children."""
        if revisions:
            self._run_all([("upgrade", revision) for revision in revisions])

    def go_before(self, revision: str | HistoryStep) -> None:
        """Go to where this revision's upgrade() can run: all of its parents present, it and its descendants not.

        Other branches stay as they are, as they would in a deploy.
        """
        step = self._find(revision)
        self._go(lambda heads: self._plan_standing(heads, step))

    def go_far_before(self, step: HistoryStep, restart: Callable[[], None]) -> None:
        """Go there from base, many revisions in a run of env.py; where that fails, `restart`, and find which one fails alone."""
        moves = self._plan_standing(self._read_heads(), step)
        try:
            while len(moves) > BATCH:
                self._run_all(moves[:BATCH])
                del moves[:BATCH]
        except MigrationError:
            restart()
        self.go_before(step)

    def stamp(self, revision: str | HistoryStep) -> None:
        """Do what `alembic stamp REVISION` does: note in the version table that it is present, running nothing of it."""
        step = self._find(revision)
        asked: list[Heads] = []

        def work(heads: Heads, context: MigrationContext) -> Iterator[MigrationStep]:
            self._note_version_table(context)
            asked.append(heads)
            return iter(self._directory._stamp_revs(step.revision, heads))  # noqa: SLF001 - the way of alembic.command

        self._known = None
        self._environment.run(self._directory, work, "upgrade", destination_rev=step.revision)  # type: ignore[arg-type]  # Alembic's stamps
        self._require(asked)

    def upgrade_to(self, target: str = "heads") -> None:
        """Do what `alembic upgrade TARGET` does, one step after another."""
        self._follow(lambda heads: self._directory._upgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001 - the way of alembic.command

    def downgrade_to(self, target: str) -> None:
        """Do what `alembic downgrade TARGET` does, one step after another."""
        self._follow(lambda heads: self._directory._downgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001 - the way of alembic.command

    def _find(self, revision: str | HistoryStep) -> HistoryStep:
        return revision if isinstance(revision, HistoryStep) else self.graph.resolve(revision)

    def _plan_upgrade(self, heads: Heads, step: HistoryStep) -> list[Move]:
        if set(heads) == set(step.parents):  # the usual case costs nothing, however long the history
            return [("upgrade", step.revision)]
        present = self.graph.ancestors(heads)
        return [("upgrade", revision) for revision in self.graph.sort(self.graph.ancestors([step.revision]) - present)]

    def _plan_removal(self, heads: Heads, step: HistoryStep) -> list[Move]:
        if heads == (step.revision,):
            return [("downgrade", step.revision)]
        doomed = self.graph.ancestors(heads) & self.graph.descendants([step.revision])
        return [("downgrade", revision) for revision in reversed(self.graph.sort(doomed))]

    def _plan_standing(self, heads: Heads, step: HistoryStep) -> list[Move]:
        removal = self._plan_removal(heads, step)
        return removal or [move for move in self._plan_upgrade(heads, step) if move[1] != step.revision]

    def _follow(self, ask: Callable[[Heads], Iterable[RevisionStep]]) -> None:
        try:
            moves: list[Move] = [
                ("upgrade" if step.is_upgrade else "downgrade", step.revision.revision) for step in ask(self._read_heads())
            ]
        except CommandError as error:
            raise ConfigurationError(end(" ".join(str(error).split()))) from None
        self._go(lambda _heads: moves)

    def _go(self, plan: Plan) -> None:
        """Run env.py for one move of the plan after another."""
        for move in plan(self._read_heads()):
            self._run_all([move])

    def _read_heads(self) -> Heads:
        """Return the heads without asking, as long as nothing but this object moved the database."""
        return self._known[1] if self._known is not None and self._known[0] == self._scratch.generation else self.current()

    def _run_all(self, moves: list[Move]) -> None:
        """Run env.py once for all of these moves."""
        expected, self._known = self._read_heads(), None
        asked: list[Heads] = []

        def work(heads: Heads, context: MigrationContext) -> Iterator[RevisionStep]:
            """Return the step; called again where env.py walks over several schemas."""
            self._note_version_table(context)
            if not asked and not self._is_same(heads, expected):
                self._environment.require_committing(context)
                raise self._describe_lost(expected, heads)
            asked.append(heads)
            for direction, revision in moves:
                self._environment.do(direction, revision, self.graph[revision].file)
                yield self._make_step(direction, revision)

        self._environment.run(self._directory, work, moves[-1][0], destination_rev=moves[-1][1])
        self._require(asked)
        heads = expected
        for direction, revision in moves:
            heads = self._predict(heads, direction, revision)
        self._last = moves[-1]
        self._known = (self._scratch.generation, heads)

    def _describe_lost(self, expected: Heads, found: Heads) -> MigrationError:
        """Report that the version table does not know of the last step."""
        direction, revision = self._last or ("upgrade", "")
        present, due = ", ".join(found) or "base", ", ".join(expected) or "base"
        file = self.graph[revision].file if revision else self.env_py
        line = find_end(file, direction) if revision else None
        why = (
            f"{direction}() of {revision} ended Alembic's transaction there, and what came after it was not committed"
            if line
            else "the end of the step was not committed. Either the migration ended Alembic's transaction (op.get_bind().commit())"
            ", or env.py does not run `with context.begin_transaction(): context.run_migrations()`"
        )
        return MigrationError(
            f"the version table says {present} instead of {due}, because {why}",
            phase=direction,
            revision=revision,
            file=file,
            line=line,
        )

    def _note_version_table(self, context: MigrationContext) -> None:
        """Note the table by its name and, where it has a schema, by both: catalogues that span schemas compare labels.

        Without a schema of its own it is where env.py has led the connection: a tenant's, by the search path or translated.
        """
        schema, connection = context.version_table_schema, context.connection
        if connection is not None:
            translated = connection.get_execution_options().get("schema_translate_map") or {}
            schema = translated.get(schema, schema)
            if schema is None and connection.dialect.name == "postgresql":
                schema = find_current_schema(context)
        self.version_tables |= {context.version_table, *([f"{schema}.{context.version_table}"] if schema else [])}
        self._version_places.add((schema, context.version_table))

    def _require(self, asked: list[Heads]) -> None:
        if not asked:
            raise MigrationError("env.py has to call context.run_migrations(), and did not", phase="env", file=self.env_py)

    def _make_step(self, direction: Direction, revision: str) -> RevisionStep:
        script = self._directory.get_revision(revision)
        if not hasattr(script.module, direction):
            file = self.graph[revision].file
            raise MigrationError(f"the file has no {direction}()", phase=direction, revision=revision, file=file, line=1)
        make = MigrationStep.upgrade_from_script if direction == "upgrade" else MigrationStep.downgrade_from_script
        return make(self._directory.revision_map, script)

    def _predict(self, heads: Heads, direction: Direction, revision: str) -> Heads:
        """Compute the heads after a move."""
        parents = self.graph[revision].parents
        if direction == "upgrade" and set(heads) == set(parents):
            return (revision,)
        if direction == "downgrade" and heads == (revision,) and len(parents) <= 1:
            return parents
        present = self.graph.ancestors(heads)
        return self.graph.heads_of(present | {revision} if direction == "upgrade" else present - {revision})

    def _is_same(self, heads: Heads, others: Heads) -> bool:
        return set(heads) == set(others) or self.graph.ancestors(heads) == self.graph.ancestors(others)
