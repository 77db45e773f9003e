"""Calls into code that is not in the file: whether they may touch the database.

A call whose answer is used and whose name asks is a question. One that is handed the database, or is made for its effect alone, is
unreadable, unless its package has nothing to do with databases or it only logs or prints something.
"""

from __future__ import annotations

import re

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import is_class_name
from mrt_lint.parse.python.library.database import EXECUTING, WRITING, call_session, sql_among, statement_of
from mrt_lint.parse.python.library.elements import OrmRow, OrmRows
from mrt_lint.parse.python.library.execute import execute
from mrt_lint.parse.python.library.packages import is_inert
from mrt_lint.parse.python.library.quoting import QUOTING, in_quotes_of
from mrt_lint.parse.python.library.table import as_table
from mrt_lint.parse.python.library.types import make_type
from mrt_lint.parse.python.objects import (
    BatchValue,
    BoundMethod,
    CallArguments,
    ConnectionValue,
    ContextValue,
    ExternalName,
    LocalClass,
    LocalFunction,
    LocalInstance,
    PartialCall,
    SessionValue,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun

ASKING = re.compile(
    r"^_*(has|is|are|get|inspect|exists?|check|list|load|fetch|find|read|select|count|describe|show|should|can|need|needs|contains?|"
    r"format|build|make|parse|dump|dumps|loads|from|as|new|now|utcnow|generate|calculate|compute|resolve|detect|reflect|lookup|"
    r"quote|compile|require|assert|validate|verify|gettext|_)(_|$)|(_exists?|_name|_names|_for_sqlite)$"
)
"""Names of functions that only ask or compute, where the answer is used."""

_THING = "table|column|index|constraint|fk|foreign_?key|unique|pk|primary_?key|type|enum|view|trigger|sequence|schema"
_LOOKING = re.compile(rf"^_*(has|find|get|is|does|check|lookup|inspect|list|show|existing)_(.*_)?({_THING})|({_THING}|^)_*exists?$")
"""Names of functions that look for something in the schema."""

REPORTING = re.compile(
    r"^_*(log|logger|logging|print|echo|warn|warning|info|debug|error|exception|notify|sleep|exit|quit|abort|secho)(_|$)"
)
"""Names of functions that only log or print something, or end the run."""

_VERBS = (
    "drop create add insert update delete alter rename remove truncate migrate seed populate backfill fill sync exec "
    "execute run apply upgrade downgrade install uninstall import restore reset purge wipe set save store write upsert "
    "merge copy move convert rebuild enable disable grant revoke ensure clean cleanup fix repair"
)
EFFECTIVE = re.compile(rf"^_*({'|'.join(_VERBS.split())})(_|$)|_or_(create|update|insert)")
"""Names of functions that change something."""

_LOUD_VERBS = "drop insert delete truncate migrate seed populate backfill execute upsert purge wipe"
LOUD = re.compile(rf"^_*({'|'.join(_LOUD_VERBS.split())})(_|$)")
"""Names of functions that change rows or tables even where they are handed nothing and return something."""

_APART = re.compile(
    r"(^|[._])(redis|cache|caching|log|logs|logger|logging|metrics|statsd|sentry|mail|mailer|s3|kafka|celery|console)([._]|$)"
)
"""Parts of names of what a project has beside its database."""

_HARMLESS_WORDS = (
    "append extend insert remove pop clear sort reverse update add discard setdefault commit flush rollback close begin "
    "expunge_all expire_all refresh info debug warning warn error exception critical log write writelines join split strip "
    "format replace items keys values get fetchall fetchone fetchmany first all one scalar scalars mappings unique count "
    "start stop set_description dispose group groupdict connect connection cursor enable_relationship_loading expunge expire "
    "no_autoflush savepoint setLevel"
)
HARMLESS = frozenset(_HARMLESS_WORDS.split())
"""Methods that do nothing to the database by themselves, whatever they are called on."""


_EXECUTES = re.compile(r"exec|sql|query|fetch|statement")
"""Names of methods that may hand a string to the database."""

GUARDING = re.compile(r"disable|enable|ignore|suspend|without|transaction|begin|lock|time|suppress|null|patch|capture|span")
"""Names of context managers that only change how what is inside them runs."""

_SESSION = re.compile(r"session", re.IGNORECASE)
_CONNECTION = re.compile(r"(^|_)(engine|connection|conn|bind)$")


def reaches_database(value: Value) -> bool:
    """Return whether a value handed to foreign code allows it to change the database."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(reaches_database, value))
    if isinstance(value, dict):
        return any(map(reaches_database, value.values()))
    if isinstance(value, LocalInstance):
        return any(isinstance(held, _REACHING) or held in _MODULES for held in value.attributes.values())
    if isinstance(value, BoundMethod):
        return reaches_database(value.receiver)
    if isinstance(value, PartialCall):
        return any(map(reaches_database, (value.function, *value.arguments.everything())))
    return isinstance(value, _REACHING) or (
        isinstance(value, ExternalName) and value.path.startswith(("alembic.op", "alembic.context"))
    )


_REACHING = (ConnectionValue, SessionValue, ContextValue, BatchValue, OrmRow, OrmRows)
_MODULES = (ExternalName("alembic.op"), ExternalName("alembic.context"))


def handle_of(name: ExternalName) -> Value:
    """Return the session or connection that a name of the project probably means, or the name itself."""
    if is_inert(name.path) or name.last[:1].isupper():
        return name
    if (
        _SESSION.search(name.last)
        and not name.last.lower().endswith(("maker", "factory", "local", "scope"))
        and "get" not in name.last
    ):
        return SessionValue()
    return ConnectionValue(apart="engine" in name.last.lower()) if _CONNECTION.search(name.last) else name


def call_foreign(run: FunctionRun, path: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a call of something that is not in the file; it is a failure where it may change the database."""
    name = path.rpartition(".")[2] or source_name(node)
    ref = ExternalName(path) if path else None
    run.inspected += _LOOKING.search(name) is not None
    if QUOTING.search(name) and arguments.everything():
        return in_quotes_of(run.dialects, arguments)
    if "." in path and is_of_session(name, arguments):
        return call_session(run, name, arguments, node)
    is_class = ref is not None and is_class_name(ref)
    if not is_class and (value := _sql_given(name, arguments)) is not None and not reaches_database(arguments.everything()):
        return execute(run, value, node)
    if not _SESSION.search(name) and _may_change(run, path or name, arguments, node, is_class=is_class):
        run.fail(
            node, f"{name}{'' if is_class else '()'} is not defined in this file" if name else "what is called here is not known"
        )
    if _SESSION.search(name) or _SESSION.search(path.rpartition(".")[0].rpartition(".")[2]):
        return SessionValue()
    if _CONNECTION.search(name) and not reaches_database(arguments.everything()):
        return ConnectionValue(apart="engine" in name.lower())
    if ref is not None and is_class:
        return make_type(ref, arguments)
    return UNKNOWN


def _may_change(run: FunctionRun, path: str, arguments: CallArguments, node: cst.Call, *, is_class: bool) -> bool:
    """Return whether calling a function that is not known may change the database."""
    name = path.rpartition(".")[2]
    given = arguments.everything()
    reaching = any(map(reaches_database, given)) or any(isinstance(value, LocalFunction) for value in given)
    # `Model(name="x")` changes nothing; `Loader(op.get_bind())` may
    if is_class and not (reaching and not run.asked):
        return False
    if run.entering is node and GUARDING.search(name):
        return False
    # what returns nothing is called for what it does, by whatever name
    if run.is_discarded(node) and not run.asked:
        return reaching or not (REPORTING.search(name) or _APART.search(path) or is_class)
    if reaching:
        return bool(EFFECTIVE.search(name)) or not (run.asked or ASKING.search(name) or REPORTING.search(name))
    return bool(LOUD.search(name)) and not run.asked


def call_unknown_method(run: FunctionRun, receiver: Value, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a method of an object that is not known."""
    run.inspected += _LOOKING.search(name) is not None
    if name in EXECUTING and (name not in ("scalar", "scalars", "stream") or arguments.positional):
        return execute(run, statement_of(arguments), node)
    if is_of_session(name, arguments):
        return call_session(run, name, arguments, node)
    if QUOTING.search(name) and arguments.everything():
        return in_quotes_of(run.dialects, arguments)
    if (value := _sql_given(name, arguments)) is not None:
        return execute(run, value, node)
    reaching = any(map(reaches_database, arguments.everything()))
    if name in HARMLESS or REPORTING.search(name) or (run.asked and not (reaching and EFFECTIVE.search(name))):
        return UNKNOWN
    discarded = run.is_discarded(node) and not isinstance(receiver, (LocalInstance, LocalClass))
    if (reaching and not ASKING.search(name)) or (discarded and (reaching or not ASKING.search(name))):
        run.fail(node, f"what {name}() is called on is not known")
    return UNKNOWN


def _sql_given(name: str, arguments: CallArguments) -> Value | None:
    """Return the SQL that what is called so executes, if it is given any; None for none."""
    return None if name in HARMLESS else sql_among(name, arguments, texts=bool(_EXECUTES.search(name)))


def is_read(kind: LocalClass) -> bool:
    """Return whether what a class has is known: a model, or one all of whose bases are read."""
    table = as_table(kind)
    is_model = table is not None and table.name is not UNKNOWN
    return is_model or all(isinstance(base, LocalClass) and is_read(base) for base in kind.bases)


def is_of_session(name: str, arguments: CallArguments) -> bool:
    """Return whether a method of something unknown is a session's, by what it is given: models, or objects of the ORM."""
    first = arguments.get(0, "instance")
    if name == "query":
        return any(as_table(value) is not None for value in arguments.positional)
    is_object = isinstance(first, (OrmRow, OrmRows)) or (isinstance(first, LocalInstance) and as_table(first) is not None)
    return name in WRITING and (name.startswith("bulk") or is_object)


def source_name(node: cst.Call) -> str:
    """Return the name that a call is written with."""
    func = node.func
    return func.value if isinstance(func, cst.Name) else func.attr.value if isinstance(func, cst.Attribute) else ""
