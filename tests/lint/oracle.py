"""The oracle: Alembic itself says what a migration does.

A migration runs against a connection that answers everything with nothing; what Alembic is asked to invoke and what the connection
is asked to execute is written down in order. Packages that are not installed are stood in for, so that the migrations of real
projects can be run at all.
"""

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import signal
import sys
import types as python_types
from dataclasses import dataclass, field

import sqlalchemy as sa
from alembic.config import Config
from alembic.operations import Operations, base, batch
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspection, orm
from sqlalchemy.types import UserDefinedType

from tests.lint.oracle_values import ddl_of, object_of, operations_of, statement_of


class UnrecordableError(Exception):
    """A migration that cannot be run against nothing."""


@dataclass
class Recording:
    """What was asked for, in order; `stubs` counts the calls into packages that were stood in for."""

    ops: list = field(default_factory=list)
    stubs: int = 0


class Nothing:
    """Rows, results and whatever else a database would answer with: empty, and agreeable to everything."""

    rowcount = 0
    inserted_primary_key = (1,)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *_args, **_kwargs):
        return Nothing()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return False

    def __contains__(self, _item):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        return False


class Connection:
    """A connection that writes down what it is asked to execute."""

    def __init__(self, dialect, recording):
        self.dialect = dialect
        self.name = dialect.name
        self.recording = recording
        self.engine = self
        self.info = {}

    def execute(self, statement, *_args, **_kwargs):
        self.recording.ops.extend(statement_of(statement))
        return Nothing()

    exec_driver_sql = scalar = scalars = execute

    def execution_options(self, **_options):
        return self

    connect = begin = begin_nested = execution_options

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        return False

    def _run_ddl_visitor(self, visitor, element, checkfirst=False, **_options):
        action = "drop" if "Drop" in visitor.__name__ else "create"
        self.recording.ops.extend(
            object_of(action, element, checked=checkfirst is True or (isinstance(element, sa.Sequence) and bool(checkfirst)))
        )

    def in_transaction(self):
        return False

    def in_nested_transaction(self):
        return False

    def commit(self):
        return None

    rollback = close = commit


class Inspector(Nothing):
    """Says that there is nothing."""

    def __init__(self, connection):
        self.bind = self.engine = connection
        self.dialect = connection.dialect


@inspection._inspects(Connection)
def _inspect(connection):
    return Inspector(connection)


class StubType(UserDefinedType):
    """Stands in for a class of a package that is not installed: a column type, most often."""

    cache_ok = True

    def __init__(self, *args, **_kwargs):
        super().__init__()
        self.stub_args = tuple(arg for arg in args if isinstance(arg, int))

    def get_col_spec(self, **_options):
        return type(self).__name__


class StubModule(python_types.ModuleType):
    """A module with every name: classes are types, anything else does nothing."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if (name[:1].isupper() and not name.isupper()) or (
            name.isupper() and len(name) > 1 and name in ("JSON", "TIMESTAMP", "GUID", "JSONB")
        ):
            made = type(name, (StubType,), {"__module__": self.__name__})
        else:
            made = Stub(self.__name__, name)
        setattr(self, name, made)
        return made


class Stub(Nothing):
    """A function or value of such a module."""

    recording = None

    def __init__(self, module, name):
        self.__name__ = name
        self.__module__ = module

    def __getattr__(self, name):
        made = super().__getattr__(name)
        return (
            type(name, (StubType,), {}) if name[:1].isupper() else Stub(self.__name__, name) if isinstance(made, Nothing) else made
        )

    def __call__(self, *_args, **_kwargs):
        if Stub.recording is not None:
            Stub.recording.stubs += 1
        return Nothing()


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module that nothing else does."""

    def find_spec(self, name, _path=None, _target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StubModule(spec.name)

    def exec_module(self, module):
        pass


@contextlib.contextmanager
def stand_ins():
    """Whatever is imported inside and not installed is stood in for."""
    finder = StubFinder()
    sys.meta_path.append(finder)
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if isinstance(sys.modules[name], StubModule):
                del sys.modules[name]


@contextlib.contextmanager
def patched(owner, name, value):
    """An attribute replaced for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def time_limit(seconds):
    """Give up on a migration that runs for too long."""

    def stop(*_args):
        raise UnrecordableError("it runs for too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def record(source, function, dialect, path="migration.py", seconds=5):
    """Run one function of a migration and return its Recording; raises UnrecordableError where it fails."""
    recording = Recording()

    def invoke(self, operation):
        recording.ops.extend(operations_of(operation))
        return operation.to_table(self.migration_context) if type(operation).__name__ == "CreateTableOp" else None

    with contextlib.ExitStack() as stack:
        stack.enter_context(time_limit(seconds))
        stack.enter_context(patched(base.AbstractOperations, "invoke", invoke))
        stack.enter_context(patched(batch.BatchOperationsImpl, "flush", lambda _self: None))
        stack.enter_context(patched(MigrationContext, "autocommit_block", lambda _self: contextlib.nullcontext()))
        stack.enter_context(patched(Stub, "recording", recording))
        for name in ("add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"):
            stack.enter_context(patched(orm.Session, name, _refuse))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(stand_ins())
        stack.enter_context(_alembic(dialect, recording))
        try:
            namespace = {"__name__": "migration", "__file__": path, "__builtins__": __builtins__}
            exec(compile(source, path, "exec"), namespace)
            recording.ops.clear()
            recording.stubs = 0
            if function in namespace:
                namespace[function]()
        except UnrecordableError:
            raise
        except BaseException as problem:  # noqa: BLE001 - whatever the migration raises
            raise UnrecordableError(f"{type(problem).__name__}: {problem}") from None
    return recording


def _refuse(*_args, **_kwargs):
    raise UnrecordableError("a session writes objects when it likes")


@contextlib.contextmanager
def _alembic(dialect, recording):
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": io.StringIO()})
    connection = Connection(context.dialect, recording)
    context.as_sql = False
    context.connection = connection
    context.impl.connection = connection
    with patched(
        type(context.impl), "_exec", lambda _self, construct, *_args, **_kwargs: recording.ops.extend(statement_of(construct))
    ):
        config = Config()
        config.set_main_option("script_location", ".")
        with EnvironmentContext(config, ScriptDirectory(".")) as environment:
            environment._migration_context = context
            with Operations.context(context):
                yield


__all__ = ["Recording", "UnrecordableError", "ddl_of", "record", "sa"]
