"""Calls: what calling something does and returns."""

from __future__ import annotations

import libcst as cst

from mrt_lint.model.values import HOLE, UNKNOWN, Column, SqlType
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import is_class_name, to_name
from mrt_lint.parse.python.expressions import strings
from mrt_lint.parse.python.expressions.assignment import set_attribute
from mrt_lint.parse.python.expressions.attribute import get_attribute, get_class_attribute
from mrt_lint.parse.python.expressions.builtin import call_builtin, call_library
from mrt_lint.parse.python.expressions.container import call_container
from mrt_lint.parse.python.expressions.operators import match_dialect
from mrt_lint.parse.python.library.binds import bind_values
from mrt_lint.parse.python.library.database import call_connection, call_context, call_session
from mrt_lint.parse.python.library.elements import (
    DmlElement,
    OrmRow,
    OrmRows,
    SelectElement,
    SequenceElement,
    SqlExpression,
    TableElement,
    TableIndex,
)
from mrt_lint.parse.python.library.execute import change_object, change_rows, execute
from mrt_lint.parse.python.library.foreign import ASKING, call_foreign, call_unknown_method, is_read, reaches_database
from mrt_lint.parse.python.library.invocation import make_operation
from mrt_lint.parse.python.library.operations import perform
from mrt_lint.parse.python.library.packages import LIBRARIES, PSYCOPG, STANDARD, is_inert, may_be_of_project
from mrt_lint.parse.python.library.quoting import compose
from mrt_lint.parse.python.library.registry import find, perform_library
from mrt_lint.parse.python.library.sql_expression import as_sql, merge_sql, require
from mrt_lint.parse.python.library.sqlalchemy import call_sqlalchemy
from mrt_lint.parse.python.library.statement import (
    FINDING_ALL,
    FINDING_ONE,
    call_dml_method,
    call_select_method,
    finish_query,
    start_dml,
)
from mrt_lint.parse.python.library.table import table_under
from mrt_lint.parse.python.library.text_file import call_path_function, call_path_method
from mrt_lint.parse.python.library.types import TYPE_BASES, TYPE_METHODS, call_type_method, make_type, of_class
from mrt_lint.parse.python.objects import (
    BatchValue,
    BoundMethod,
    CallArguments,
    ConnectionValue,
    ContextValue,
    DialectName,
    ExternalName,
    FilePath,
    FunctionChoice,
    InspectorValue,
    LocalClass,
    LocalFunction,
    LocalInstance,
    OpenFile,
    PartialCall,
    PossibleItem,
    SessionValue,
    SuperProxy,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun

_READ = STANDARD | {"sqlalchemy"}
_SAME_DIALECT = frozenset(["lower", "strip", "casefold", "split", "partition", "get_backend_name", "render_as_string"])
"""Methods of a dialect's name or of a URL that still begin with the name."""
_HANDLES = (ConnectionValue, SessionValue)
_ASKING = {
    **dict.fromkeys(("is_", "__eq__", "in_", "is_not_distinct_from", "isnot_distinct_from"), "in"),
    **dict.fromkeys(("__ne__", "not_in", "notin_"), "not in"),
    **dict.fromkeys(("is_not", "isnot", "is_distinct_from"), "not null"),
}
"""Methods of a column that compare it, by what they ask for."""


def call(run: FunctionRun, value: Value, arguments: CallArguments, node: cst.Call) -> Value:
    """Call a value; what it does to the database is recorded."""
    if isinstance(value, ExternalName):
        return _call_ref(run, value, arguments, node)
    if isinstance(value, LocalFunction):
        return run.inline(run, value, arguments, node)
    if isinstance(value, FunctionChoice):
        for function in value.functions:
            run.inline(run, function, arguments, node)
        return UNKNOWN
    if isinstance(value, LocalClass):
        return _construct(run, value, arguments, node)
    if isinstance(value, PartialCall):
        given = value.arguments
        merged = CallArguments(
            [*given.positional, *arguments.positional],
            given.keyword | arguments.keyword,
            complete=given.complete and arguments.complete,
        )
        return call(run, value.function, merged, node)
    if isinstance(value, BoundMethod):
        return call_method(run, value.receiver, value.name, arguments, node)
    if isinstance(value, SqlType):
        return value
    return call_foreign(run, "", arguments, node)


def _call_ref(run: FunctionRun, ref: ExternalName, arguments: CallArguments, node: cst.Call) -> Value:
    path = ref.path
    if path.startswith("alembic."):
        return _call_alembic(run, path, arguments, node)
    known = find(f"{ref.root}.{ref.last}") if ref.root not in _READ else None
    if known is not None:
        return perform_library(run, known, arguments, node)
    if ref.root in LIBRARIES:
        if ref.last in ("create_all", "drop_all"):
            run.fail(node, f"{ref.last}() acts on a metadata that is not read")
            return UNKNOWN
        return call_sqlalchemy(ref, arguments) if ref.root == "sqlalchemy" or not is_class_name(ref) else make_type(ref, arguments)
    if path == "builtins.setattr" and len(arguments.positional) > 2:  # noqa: PLR2004 - object, name, value
        receiver, attribute, value = arguments.positional[:3]
        set_attribute(run, node, receiver, to_name(attribute), value)
        return None
    if path == "builtins.map" and arguments.complete and len(arguments.positional) == 2:  # noqa: PLR2004 - function, iterable
        function, items = arguments.positional
        return _map(run, function, items, node)
    if (value := _of_text(ref, arguments)) is not None:
        return value
    if ref.root == "builtins":
        return call_builtin(run, ref.last, arguments)
    if is_inert(path) and (ref.root in STANDARD or not any(map(reaches_database, arguments.everything()))):
        return call_library(run, ref, arguments)
    return call_foreign(run, path, arguments, node)


def _of_text(ref: ExternalName, arguments: CallArguments) -> Value | None:
    """Return the text that psycopg composes, or the path or file that Python's own functions return; None for other calls."""
    if ref.root in PSYCOPG:
        return compose(ref.path, arguments)
    return call_path_function(ref.path, arguments) if ref.root in STANDARD else None


def _map(run: FunctionRun, function: Value, items: Value, node: cst.Call) -> Value:
    """Return what a function makes of each of a sequence's items; UNKNOWN if these are not all known."""
    turns = iterate(run, items)
    if turns is None or any(isinstance(turn, PossibleItem) for turn in turns):
        for turn in [UNKNOWN] if turns is None else turns:
            with run.under_condition():
                call(run, function, CallArguments([turn.value if isinstance(turn, PossibleItem) else turn]), node)
        return UNKNOWN
    return [call(run, function, CallArguments([turn]), node) for turn in turns]


def _call_alembic(run: FunctionRun, path: str, arguments: CallArguments, node: cst.Call) -> Value:
    name = path.rpartition(".")[2]
    if path.startswith("alembic.context."):
        return call_context(run, name, arguments, node)
    if path.startswith("alembic.op.") and path.count(".") == 2:  # noqa: PLR2004 - alembic.op.name
        return perform(run, name, arguments, node)
    operation = make_operation(path, arguments)
    return operation if operation is not None else call_foreign(run, path, arguments, node)


def _construct(run: FunctionRun, kind: LocalClass, arguments: CallArguments, node: cst.Call) -> Value:
    if kind.inherits(*TYPE_BASES):
        return of_class(kind)
    if kind.inherits("Enum", "IntEnum", "StrEnum"):
        found = [member for member in kind.scope.names.values() if getattr(member, "value", UNKNOWN) == arguments.get(0, "value")]
        return found[0] if found else UNKNOWN
    instance = LocalInstance(kind)
    builder = get_class_attribute(kind, "__init__")
    if isinstance(builder, LocalFunction):
        method = builder.bound_to(instance)
        run.inline(run, method, arguments, node)
    else:
        instance.attributes.update(zip(kind.fields, arguments.positional, strict=False))
        instance.attributes.update(arguments.keyword)
        completer = get_class_attribute(kind, "__post_init__")  # of a dataclass
        if isinstance(completer, LocalFunction):
            run.inline(run, completer.bound_to(instance), CallArguments(), node)
    return instance


def call_method(run: FunctionRun, receiver: Value, name: str, arguments: CallArguments, node: cst.Call) -> Value:  # noqa: C901, PLR0912 - one line a kind of value
    """Call `receiver.name(…)`."""
    run.nested = run.nested or name == "begin_nested"
    if isinstance(receiver, ExternalName):
        if name == "get" and (table := table_under(receiver, arguments.get(0, "key"))) is not None:
            return table
        ref = ExternalName(f"{receiver.path}.{name}")
        found = run.follow(run, ref) if not run.quiet and may_be_of_project(ref.path) else ref
        return call(run, found, arguments, node) if not isinstance(found, _HANDLES) else _call_ref(run, ref, arguments, node)
    if isinstance(receiver, BatchValue):
        return perform(run, name, arguments, node, receiver)
    if isinstance(receiver, (str, bytes)):
        return strings.call_method(receiver, name, arguments, get_attribute)
    if isinstance(receiver, (list, dict, tuple, set, frozenset)):
        return call_container(run, receiver, name, arguments)
    if isinstance(receiver, ConnectionValue):
        return call_connection(run, receiver, name, arguments, node)
    if isinstance(receiver, ContextValue):
        return call_context(run, name, arguments, node)
    if isinstance(receiver, SessionValue):
        return call_session(run, name, arguments, node, receiver)
    if isinstance(receiver, DialectName):
        return _call_dialect_name(run, receiver, name, arguments)
    if isinstance(receiver, InspectorValue):
        run.inspected += 1
        return UNKNOWN
    if isinstance(receiver, (FilePath, OpenFile)):
        return call_path_method(run, receiver, name, arguments)
    if isinstance(receiver, OrmRows):
        return _call_rows(receiver, name)
    if isinstance(receiver, OrmRow) and not ASKING.search(name) and run.is_discarded(node):
        run.fail(node, f"what {name}() does to the object is not known", concerns="rows")
        return UNKNOWN
    if isinstance(receiver, (DmlElement, SelectElement)):
        return _call_statement(run, receiver, name, arguments, node)
    if isinstance(receiver, (TableElement, TableIndex, SequenceElement, SqlType)):
        return _call_item(run, receiver, name, arguments, node)
    if isinstance(receiver, Column) and name in ("copy", "_copy"):
        return receiver
    if isinstance(receiver, (SqlExpression, Column)):
        return _call_sql(as_sql(receiver), name, arguments)
    if isinstance(receiver, SuperProxy):
        return _call_super(run, receiver, name, arguments, node)
    if isinstance(receiver, (LocalClass, LocalInstance)):
        found = get_attribute(receiver, name)
        if isinstance(found, (LocalFunction, LocalClass, PartialCall)):
            return call(run, found, arguments, node)
        if isinstance(receiver, LocalInstance) and run.is_discarded(node) and not (is_read(receiver.of) or ASKING.search(name)):
            run.fail(node, f"what {name}() is called on is not known")
            return UNKNOWN
    return call_unknown_method(run, receiver, name, arguments, node)


def _call_super(run: FunctionRun, proxy: SuperProxy, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Call a method as the bases of a class have it."""
    for base in proxy.owner.bases:
        found = get_class_attribute(base, name) if isinstance(base, LocalClass) else UNKNOWN
        if isinstance(found, LocalFunction):
            return run.inline(run, found.bound_to(proxy.receiver), arguments, node)
    return UNKNOWN if name.startswith("__") else call_unknown_method(run, UNKNOWN, name, arguments, node)


def _call_rows(rows: OrmRows, name: str) -> Value:
    """Return a method of a result, or of a dict of objects."""
    if name in FINDING_ONE or name in ("get", "pop"):
        return rows.row
    if name == "items":
        return [PossibleItem((UNKNOWN, rows.row))]
    return rows if name in FINDING_ALL or name == "values" else UNKNOWN


def _call_dialect_name(run: FunctionRun, value: DialectName, name: str, arguments: CallArguments) -> Value:
    if name == "startswith":
        prefix = arguments.get(0, "prefix")
        found = [match_dialect(run, value, word, begins=True) for word in (prefix if isinstance(prefix, tuple) else (prefix,))]
        return True if True in found else UNKNOWN if UNKNOWN in found else False
    run.inspected += name.startswith(("has_", "get_"))  # bind.dialect.has_table(…)
    return value if name in _SAME_DIALECT else UNKNOWN


def _call_statement(
    run: FunctionRun, statement: DmlElement | SelectElement, name: str, arguments: CallArguments, node: cst.Call
) -> Value:
    if isinstance(statement, DmlElement):
        return execute(run, statement, node) if name == "execute" else call_dml_method(statement, name, arguments)
    if statement.query and name in ("update", "delete"):
        change_rows(run, finish_query(statement, name, arguments), node)
        return UNKNOWN
    return call_select_method(statement, name, arguments)


def _call_item(
    run: FunctionRun,
    item: TableElement | TableIndex | SequenceElement | SqlType,
    name: str,
    arguments: CallArguments,
    node: cst.Call,
) -> Value:
    if name in ("create", "drop"):
        # SQLAlchemy 1.4 to 2.1: sa.Enum, tables and indexes do not look first by themselves
        by_itself = item.checks_first if isinstance(item, SqlType) else isinstance(item, SequenceElement)
        checks = arguments.get(1, "checkfirst", by_itself) is True
        change_object(run, name, item, node, if_exists=checks)
        return UNKNOWN
    if isinstance(item, TableElement) and name in ("insert", "update", "delete"):
        return start_dml(name, item, arguments)
    if isinstance(item, TableElement):
        return SelectElement((item,)) if name == "select" else item if name in ("alias", "join", "outerjoin") else UNKNOWN
    if isinstance(item, SqlType) and name in TYPE_METHODS:
        return call_type_method(item, name, arguments)
    if isinstance(item, SqlType):  # an object of a class of another file
        return call_unknown_method(run, UNKNOWN, name, arguments, node)
    return SqlExpression(UNKNOWN)


def _call_sql(value: SqlExpression, name: str, arguments: CallArguments) -> Value:
    if name == "compile" and value.text in ("true", "false"):
        return SqlExpression(HOLE)
    if name in ("bindparams", "params", "unique_params"):
        return bind_values(value, name, arguments)
    if name in ("columns", "execution_options", "compile", "label", "self_group"):
        return value
    if name in ("desc", "asc", "nullsfirst", "nullslast", "nulls_first", "nulls_last") and isinstance(value.text, str):
        words = {"desc": "DESC", "asc": "ASC", "nullsfirst": "NULLS FIRST", "nulls_first": "NULLS FIRST"}
        return SqlExpression(f"{value.text} {words.get(name, 'NULLS LAST')}", value.columns, value.tables)
    if name in _ASKING:
        return require(_ASKING[name], value, arguments.get(0, "other", UNKNOWN))
    return merge_sql(value, *arguments.everything())
