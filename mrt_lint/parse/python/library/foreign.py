"""Calls into code that is not in the file: whether they may touch the database."""

from __future__ import annotations

import re

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import is_class_name
from mrt_lint.parse.python.library.database import EXECUTING, statement_of
from mrt_lint.parse.python.library.execute import execute
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
    SessionValue,
    Value,
)
from mrt_lint.parse.python.run import FunctionRun

ASKING = re.compile(
    r"^_*(has|is|are|get|inspect|exists?|check|list|load|fetch|find|read|select|count|describe|show|should|can|need|needs|contains?|"
    r"log|logger|print|warn|warning|info|debug|error|exception|echo|format|build|make|parse|dump|dumps|loads|to|from|as|new|now|utcnow|generate|"
    r"quote|compile|sleep|require|assert|validate|verify|gettext|_)(_|$)|(_exists?|_name|_names|_for_sqlite)$"
)
"""Names of functions that only ask, compute or tell."""

_HARMLESS_WORDS = (
    "append extend insert remove pop clear sort reverse update add discard setdefault commit flush rollback close begin "
    "expunge_all expire_all refresh info debug warning warn error exception critical log write writelines join split strip "
    "format replace items keys values get fetchall fetchone fetchmany first all one scalar scalars mappings unique count "
    "start stop set_description dispose group groupdict connect connection cursor enable_relationship_loading expunge expire "
    "no_autoflush savepoint setLevel"
)
HARMLESS = frozenset(_HARMLESS_WORDS.split())
"""Methods that do nothing to the database by themselves, whatever they are called on."""


GUARDING = re.compile(r"disable|enable|ignore|suspend|without|transaction|begin|lock|time|suppress|null|patch|capture|span")
"""Names of context managers that only change how what is inside them runs."""


def reaches_database(value: Value) -> bool:
    """Return whether a value handed to foreign code lets it change the database."""
    return isinstance(value, (ConnectionValue, SessionValue, ContextValue, BatchValue)) or (
        isinstance(value, ExternalName) and value.path in ("alembic.op", "alembic.context")
    )


def call_foreign(run: FunctionRun, path: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a call of something that is not in the file; it is a failure where it may change the database."""
    name = path.rpartition(".")[2] or source_name(node)
    ref = ExternalName(path) if path else None
    reaching = any(map(reaches_database, arguments.everything()))
    if not run.asked and not ASKING.search(name) and not (run.entering is node and GUARDING.search(name)):
        callback = any(isinstance(value, (LocalFunction, BoundMethod)) for value in arguments.everything())
        exception = ref is not None and is_class_name(ref)
        if (reaching or callback or run.discarded is node) and not exception:
            run.fail(node, f"{name}() is not defined in this file" if name else "what is called here is not known")
        elif reaching and exception:
            run.fail(node, f"{name} is not defined in this file")
    if ref is not None and is_class_name(ref):
        return make_type(ref, arguments)
    return UNKNOWN


def call_unknown_method(run: FunctionRun, receiver: Value, name: str, arguments: CallArguments, node: cst.Call) -> Value:
    """Return a method of an object that is not known."""
    if name in EXECUTING and (name not in ("scalar", "scalars", "stream") or arguments.positional):
        return execute(run, statement_of(arguments), node)
    if run.asked or name in HARMLESS or ASKING.search(name):
        return UNKNOWN
    reaching = any(map(reaches_database, arguments.everything()))
    reaching = reaching or any(
        isinstance(value, BoundMethod) and reaches_database(value.receiver) for value in arguments.everything()
    )
    if reaching or (run.discarded is node and not isinstance(receiver, (LocalInstance, LocalClass))):
        run.fail(node, f"what {name}() is called on is not known")
    return UNKNOWN


def source_name(node: cst.Call) -> str:
    """Return the name that a call is written with."""
    func = node.func
    return func.value if isinstance(func, cst.Name) else func.attr.value if isinstance(func, cst.Attribute) else ""
