"""One run of the project's env.py: contained, guarded, limited in time, its errors reported with their place."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import exc

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import Scratch
from mrt_runtime.databases.address import find_async
from mrt_runtime.databases.driver_error import is_consequence
from mrt_runtime.databases.outage import explain
from mrt_runtime.migrate.changed_rows import ChangedRows
from mrt_runtime.migrate.column_types import ColumnTypes
from mrt_runtime.migrate.containment import contain
from mrt_runtime.migrate.deadline import ExpiredError, MigrationDeadline
from mrt_runtime.migrate.env_file import EnvFile
from mrt_runtime.migrate.error import (
    MigrationError,
    MigrationTimeout,
    Phase,
    StrayMigrationError,
    WrongDatabaseError,
    describe,
    find_function,
    locate,
)
from mrt_runtime.migrate.flask_application import FlaskApplication
from mrt_runtime.migrate.guard import ConnectionGuard
from mrt_runtime.migrate.handover import HandoverAttributes
from mrt_runtime.migrate.missing_module import describe_missing
from mrt_runtime.migrate.modules import ModuleSpace
from mrt_runtime.migrate.project import AlembicProject
from mrt_runtime.migrate.python_version import describe_python
from mrt_runtime.migrate.schema_file import load_base_schema
from mrt_runtime.migrate.version_table import ask_at_once
from mrt_runtime.termination import interrupted_by

Work = Callable[[tuple[str, ...], MigrationContext], Iterable[RevisionStep]]
"""What Alembic calls for the steps to run, with the heads that it found: the `fn` of its EnvironmentContext."""

Doing = tuple[Phase, str | None, str | None]
STATEMENT_WIDTH = 60  # characters shown of a statement
OUTPUT_WIDTH = 200  # and of what was printed before sys.exit()
NO_FILES = (errno.EMFILE, errno.ENFILE)
STUCK = "it waits for a lock that another connection of its own holds, which never ends,"
NOTHING: Doing = ("env", None, None)


class AlembicEnvironment:
    """Runs env.py as often as asked, on one scratch database, with one ScriptDirectory."""

    def __init__(self, config: MRTConfig, scratch: Scratch) -> None:
        self._scratch = scratch
        self._base_schema = config.base_schema
        self._timeout = config.migration_timeout
        self._deadline = MigrationDeadline(config.migration_timeout, self._interrupt, self._waits_for_itself)
        self._project = AlembicProject(config)
        self._guard = ConnectionGuard(scratch)
        self._application = FlaskApplication(self._project)
        self._path = sys.path[:]
        self._url = scratch.env_url
        self._modules = ModuleSpace(self._project.home)
        self._step: Doing = NOTHING
        self._file: EnvFile | None = None
        self._warning = ""
        self.column_types = ColumnTypes()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Run the body as env.py would run: contained, its variables set, the guard in front of every connection."""
        stream = self._project.alembic.stdout = self._project.output.begin()
        variables = self._project.variables(self._url)
        with contain(self._project.home, self._path, variables, stream), self._modules.entered(), self._guard:
            self._project.hand_over(self._url)
            with self._application.entered(self._url), self.column_types.noted():
                yield

    def open_directory(self) -> ScriptDirectory:
        """Open the project's folder of migrations; imports none of them yet."""
        return self._project.open_directory()

    def advise(self) -> str:
        """Return what may help where a migration cannot be imported; empty where nothing is known."""
        return describe_python(self._project.home) + self._application.advise()

    def env_py(self, directory: ScriptDirectory) -> str:
        """Return the full path of the project's env.py."""
        return str(self._project.home / directory.env_py_location)

    def run(self, directory: ScriptDirectory, work: Work, command: str, **settings: Any) -> None:
        """Run env.py once; `work` says which steps. Raises as Migrator does."""
        try:
            self._run(directory, work, command, settings)
        # a settings module may have read its variables before we set them: once more, with the project's modules imported again
        except (WrongDatabaseError, StrayMigrationError):
            if not (self._project.variables(self._url) and self._modules.open()):
                raise
            self._application.forget()
            self._run(directory, work, command, settings)
        except MigrationError as error:
            if not (self._url == self._scratch.env_url and is_wrong_driver(error) and self._change_driver()):
                raise
            self._run(directory, work, command, settings)

    def load_base_schema(self) -> None:
        """Execute the SQL of `base_schema`, as contained as a migration."""
        if self._base_schema is not None:
            with self.entered(), self._scratch.engine.begin() as connection:
                load_base_schema(self._base_schema, connection)

    def _change_driver(self) -> bool:
        """Hand over an async driver instead of a sync one, or the other way round; env.py got no further than its engine."""
        is_async = self._url.get_dialect().is_async
        other = self._scratch.url if is_async else find_async(self._url)
        if other is not None:
            self._url = other
        return other is not None

    def do(self, phase: Phase, revision: str, file: str) -> None:
        """Note the step that begins; it lasts to the end of the run, for a constraint may be checked only at the commit."""
        self._step = (phase, revision, file)
        self._guard.file = file
        self._guard.changed_rows = ChangedRows()
        self._warning = self._application.warn(file)

    @property
    def changed_rows(self) -> ChangedRows:
        """How many rows each line of the last step changed."""
        return self._guard.changed_rows

    def require_committing(self, context: MigrationContext) -> None:
        """Raise ConfigurationError where env.py had begun a transaction before it configured Alembic, and does not commit it."""
        if context._in_external_transaction:  # noqa: SLF001  what Alembic goes by
            statement = " ".join((self._guard.last_statement or "a statement").split())[:STATEMENT_WIDTH]
            raise ConfigurationError(
                f"env.py executes {statement} before context.configure(). That begins a transaction, which Alembic leaves to env.py"
                " to commit, and env.py does not: what migrations do is rolled back, in a deploy, too. Write connection.commit()"
                " after that statement, or execute it within `with context.begin_transaction():`."
            )

    def take_notes(self) -> list[str]:
        """Return what was changed in the statements of the last runs, each sentence with its line in the migration."""
        warned, self._warning = [self._warning] if self._warning else [], ""
        return warned + [f"{note} (line {line})" if line else note for note, line in self._guard.take_notes()]

    def _run(self, directory: ScriptDirectory, work: Work, command: str, settings: dict[str, Any]) -> None:
        self._step = NOTHING
        try:
            with interrupted_by(self._interrupt), self.entered(), self._deadline as deadline:
                try:
                    self._run_env(directory, work, command, settings)
                except BaseException as error:
                    deadline.disarm()
                    raise self._explain_end(error, directory, expired=deadline.expired) from error
        except ExpiredError as late:  # it ran out in the moment between the end of the step and `disarm`
            deadline.disarm()
            raise self._explain_end(late, directory, expired=True) from None
        if deadline.expired:
            raise self._explain_end(ExpiredError(), directory, expired=True)
        if self._guard.violation is not None or self._guard.trespass is not None:
            raise self._explain_end(self._guard.trespass or RuntimeError(), directory, expired=False)

    def _interrupt(self) -> None:
        self._guard.let_through()  # it is called from the watching thread, and may connect to where it has to
        self._scratch.interrupt(self._guard.connections)

    def _waits_for_itself(self) -> bool:
        self._guard.let_through()  # as above
        return self._scratch.waits_for_itself(self._guard.connections)

    def _run_env(self, directory: ScriptDirectory, work: Work, command: str, settings: dict[str, Any]) -> None:
        alembic = self._project.alembic
        alembic.cmd_opts = self._project.options(command)
        with HandoverAttributes(self._scratch) as attributes:
            vars(alembic)["attributes"] = attributes
            environment = EnvironmentContext(alembic, directory, fn=work, as_sql=False, starting_rev=None, tag=None, **settings)
            configure = environment.configure

            def prove_and_configure(connection: Any = None, *rest: Any, **named: Any) -> None:
                self._guard.is_configured = True
                if hasattr(connection, "info"):  # otherwise Alembic refuses it, with a better message
                    self._guard.prove(connection)
                configure(connection, *rest, **named)
                ask_at_once(environment.get_context())

            environment.configure = prove_and_configure  # type: ignore[method-assign]  # env.py finds it through the instance
            self._file = self._file or EnvFile(self.env_py(directory))
            with environment:
                self._file.run(directory)

    def _explain_end(self, error: BaseException, directory: ScriptDirectory, *, expired: bool) -> BaseException:
        """Turn what ended the run into the error for the caller."""
        if self._guard.violation is not None:
            return self._blame(self._guard.violation)
        is_reported = isinstance(error, (ConfigurationError, MigrationError)) or not isinstance(error, (Exception, SystemExit))
        if is_reported and not expired:
            return error
        phase, revision, file = self._step
        if is_consequence(getattr(error, "orig", error)) and self._guard.refused is not None:
            error = self._guard.refused
        is_theirs = isinstance(error, OSError) and error.errno not in NO_FILES and not self._scratch.is_lost()  # their own files
        outage = None if expired or is_theirs else explain(error, self._scratch.is_lost, revision)
        if outage is not None:
            return outage
        place, line = locate(error, (file, self.env_py(directory)))
        output = self._project.output.read_text()
        where: dict[str, Any] = {"phase": phase, "revision": revision, "file": place, "line": line, "output": output}
        if file is not None and place != file and (expired or self._guard.trespass is not None):
            where.update(file=file, line=find_function(file, phase))  # an async env.py waits in another place than the migration
        if self._guard.trespass is not None:
            return MigrationError(str(self._guard.trespass), **where)
        if expired:
            late = f"it took longer than migration_timeout={self._timeout:g} seconds"
            return MigrationTimeout(f"{STUCK if self._deadline.stuck else late} and was cancelled", **where)
        if phase == "env" and isinstance(error, ModuleNotFoundError):
            missing = describe_missing([Path(self.env_py(directory))], error.name)
            if missing:
                return ConfigurationError(missing)
        refusal = self._scratch.explain_refusal(error)
        words = self._scratch.isolation.reword(describe(error)) + quote_output(error, output)
        warning = self._application.warn(file)
        more = ". ".join(text.rstrip(".") for text in (words, refusal, warning) if text) if refusal or warning else words
        return MigrationError(more, **where)

    def _blame(self, violation: WrongDatabaseError) -> WrongDatabaseError | MigrationError:
        """Return whose fault it is that another database was opened: that of the migration whose code did it, else env.py's."""
        phase, revision, file = self._step
        place, line = locate(violation, (file,))
        if place is None:
            return violation
        cause = f"it opens {violation.place} instead of the scratch database, and was stopped before any statement ran there"
        output = self._project.output.read_text()
        return StrayMigrationError(cause, phase=phase, revision=revision, file=place, line=line, output=output)


def quote_output(error: BaseException, output: str) -> str:
    """Return what was printed before a program left by sys.exit(), which is mostly why; empty for any other error."""
    is_reason = isinstance(error, SystemExit) and output.strip()
    return f", having printed “{' '.join(output.split())[:OUTPUT_WIDTH]}”" if is_reason else ""


def is_wrong_driver(error: MigrationError) -> bool:
    """Whether env.py makes an async engine of a sync URL, or a sync engine of an async one. Source: SQLAlchemy's error pages."""
    text = str(error.__cause__)
    return error.phase == "env" and ("requires an async driver" in text or isinstance(error.__cause__, exc.MissingGreenlet))
