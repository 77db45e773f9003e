"""Calls of SQLAlchemy's names: `sa.Column(…)`, `sa.text(…)`, `sa.func.now()`, `sa.update(…)`.

A name is recognized by its last part, for SQLAlchemy offers most of them in several modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE, UNKNOWN, BoundValues, SqlType
from mrt_lint.parse.python.convert import flatten, to_flag, to_maybe_flag, to_maybe_name, to_maybe_sql, to_name, to_sql
from mrt_lint.parse.python.expressions.strings import apply_percent
from mrt_lint.parse.python.library import columns
from mrt_lint.parse.python.library.binds import bound_texts
from mrt_lint.parse.python.library.elements import (
    ComputedElement,
    DdlElement,
    IdentityElement,
    SequenceElement,
    SqlExpression,
    TableElement,
    TableIndex,
)
from mrt_lint.parse.python.library.sql_expression import deny, merge_sql, require_all
from mrt_lint.parse.python.library.statement import make_select, make_table, start_dml
from mrt_lint.parse.python.library.table import as_table, make_column_ref
from mrt_lint.parse.python.library.types import make_type
from mrt_lint.parse.python.objects import (
    CallArguments,
    ConnectionValue,
    ExternalName,
    InspectorValue,
    LocalClass,
    PartialCall,
    SessionValue,
    Value,
)

KEYWORDS: Final = {
    "current_timestamp": "CURRENT_TIMESTAMP",
    "current_date": "CURRENT_DATE",
    "current_time": "CURRENT_TIME",
    "current_user": "CURRENT_USER",
    "localtimestamp": "LOCALTIMESTAMP",
    "localtime": "LOCALTIME",
    "session_user": "SESSION_USER",
}
"""Functions that SQL writes without parentheses."""


def call_sqlalchemy(ref: ExternalName, arguments: CallArguments) -> Value:
    """Return the value of a call of SQLAlchemy; UNKNOWN for calls that do not affect what a migration does."""
    name = ref.last
    if ".func." in ref.path:
        return _function(name, arguments)
    maker = MAKERS.get(name)
    if maker is not None:
        return maker(arguments)
    if name[:1].isupper() and ".exc." not in ref.path and ".orm." not in ref.path:
        return make_type(ref, arguments)
    if not any(isinstance(value, SqlExpression) for value in arguments.everything()):
        return UNKNOWN
    if name == "not_":
        return deny(arguments.get(0, "clause"))
    return require_all(*arguments.everything()) if name == "and_" else merge_sql(*arguments.everything())


def _function(name: str, arguments: CallArguments) -> SqlExpression:
    read = merge_sql(*arguments.positional)
    if name in KEYWORDS and not arguments.positional:
        return SqlExpression(KEYWORDS[name])
    texts = [_inline(value) for value in arguments.positional]
    text = f"{name}({', '.join(texts)})"
    # setval() writes: that it does matters even where its arguments are not known
    known = (arguments.complete and HOLE not in text) or name.lower() == "setval"
    measures = read.measures or "length" in name.lower()
    return SqlExpression(text if known else UNKNOWN, read.columns, read.tables, measures=measures)


def _inline(value: Value) -> str:
    if isinstance(value, str):
        return in_quotes(value, "'")
    if isinstance(value, SqlExpression):
        text = to_sql(value)
        return text if isinstance(text, str) else HOLE
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "NULL"}[value]
    return str(value) if isinstance(value, (int, float)) else HOLE


def _text(arguments: CallArguments) -> Value:
    # releases before 1.4 take values here, too
    more = not arguments.complete or len(arguments.everything()) > 1
    return SqlExpression(to_sql(arguments.get(0, "text", UNKNOWN)), bound=BoundValues(given=(UNKNOWN,) if more else ()))


def _ddl_text(arguments: CallArguments) -> Value:
    """Return the text of `sa.DDL(…)` with the words of its context: https://docs.sqlalchemy.org/en/20/core/ddl.html."""
    text, context = to_sql(arguments.get(0, "statement", UNKNOWN)), arguments.get(1, "context")
    return SqlExpression(apply_percent(text, {} if context is None else context) if isinstance(text, str) else text)


def _cast(arguments: CallArguments) -> Value:
    inner, kind = arguments.get(0, "expression"), arguments.get(1, "type_")
    read = merge_sql(inner)
    text = _inline(inner)
    target = kind if isinstance(kind, SqlType) else make_type(kind, CallArguments()) if isinstance(kind, ExternalName) else UNKNOWN
    known = HOLE not in text and isinstance(target, SqlType)
    return SqlExpression(f"CAST({text} AS {target})" if known else UNKNOWN, read.columns, read.tables)


def _computed(arguments: CallArguments) -> Value:
    sql = arguments.get(0, "sqltext", UNKNOWN)
    return ComputedElement(to_maybe_sql(sql), to_maybe_flag(arguments.get(1, "persisted")), bound_texts(("sqltext", sql)))


def _sequence(arguments: CallArguments) -> Value:
    return SequenceElement(to_name(arguments.get(0, "name", UNKNOWN)), to_maybe_name(arguments.keyword.get("schema")))


def _index(arguments: CallArguments) -> Value:
    items = flatten(arguments.positional[1:])
    home = next((TableElement(item.tables[0]) for item in items if isinstance(item, SqlExpression) and item.tables), None)
    table = as_table(arguments.keyword.get("_table")) or home
    return TableIndex(
        to_maybe_name(arguments.get(0, "name")),
        tuple(items) if arguments.complete else UNKNOWN,
        table,
        tuple(arguments.keyword.items()),
    )


def _inspect(arguments: CallArguments) -> Value:
    subject = arguments.get(0, "subject")
    return InspectorValue() if not isinstance(subject, (LocalClass, TableElement)) else UNKNOWN


def _literal_column(arguments: CallArguments) -> Value:
    text = to_sql(arguments.get(0, "text", UNKNOWN))
    return SqlExpression(text, (to_name(text),) if isinstance(text, str) and text.isidentifier() else ())


def _literal(arguments: CallArguments) -> Value:
    text = _inline(arguments.get(0, "value", UNKNOWN))
    return SqlExpression(UNKNOWN if HOLE in text else text)


def _dml(kind: str) -> Callable[[CallArguments], Value]:
    return lambda arguments: start_dml(
        kind, arguments.get(0, "table", UNKNOWN), CallArguments(arguments.positional[1:], arguments.keyword)
    )


def _ddl(kind: str) -> Callable[[CallArguments], Value]:
    return lambda arguments: DdlElement(kind, arguments.get(0, "element", UNKNOWN), arguments.get(1, "cascade", False) is True)


def _session_factory(arguments: CallArguments) -> Value:
    bind = arguments.get(0, "bind")
    if isinstance(bind, PartialCall):  # scoped_session(sessionmaker(…))
        return bind
    return PartialCall(ExternalName("sqlalchemy.orm.Session"), CallArguments([], {"bind": bind}))


def _session(arguments: CallArguments) -> Value:
    bind = arguments.get(0, "bind")
    return SessionValue(apart=isinstance(bind, ConnectionValue) and bind.apart)


def _engine(arguments: CallArguments) -> Value:
    level = arguments.keyword.get("isolation_level")
    return ConnectionValue(autocommit=isinstance(level, str) and level.upper() == "AUTOCOMMIT", apart=True)


MAKERS: Final[dict[str, Callable[[CallArguments], Value]]] = {
    "Column": columns.make_column,
    "column": lambda arguments: make_column_ref(None, to_name(arguments.get(0, "text", UNKNOWN))),
    "mapped_column": columns.make_column,
    "Table": lambda arguments: make_table(arguments, with_metadata=True),
    "table": lambda arguments: make_table(arguments, with_metadata=False),
    "TableClause": lambda arguments: make_table(arguments, with_metadata=False),
    "text": _text,
    "DDL": _ddl_text,
    "literal_column": _literal_column,
    "literal": _literal,
    "bindparam": lambda _: UNKNOWN,
    "false": lambda _: SqlExpression("false"),
    "true": lambda _: SqlExpression("true"),
    "null": lambda _: SqlExpression("NULL"),
    "cast": _cast,
    "quoted_name": lambda arguments: arguments.get(0, "value", UNKNOWN),
    "DefaultClause": lambda arguments: arguments.get(0, "arg", UNKNOWN),
    "FetchedValue": lambda _: SqlExpression(UNKNOWN),
    "Identity": lambda arguments: IdentityElement(always=to_flag(arguments.get(0, "always"))),
    "Computed": _computed,
    "Sequence": _sequence,
    "ForeignKey": columns.make_foreign_key,
    "ForeignKeyConstraint": columns.make_foreign_key_constraint,
    "UniqueConstraint": lambda arguments: columns.make_key("unique", arguments),
    "PrimaryKeyConstraint": lambda arguments: columns.make_key("primary", arguments),
    "CheckConstraint": columns.make_check,
    "ExcludeConstraint": columns.make_exclude,
    "Index": _index,
    "select": lambda arguments: make_select(arguments, query=False),
    "insert": _dml("insert"),
    "update": _dml("update"),
    "delete": _dml("delete"),
    "CreateTable": _ddl("create"),
    "DropTable": _ddl("drop"),
    "CreateIndex": _ddl("create"),
    "DropIndex": _ddl("drop"),
    "CreateSequence": _ddl("create"),
    "DropSequence": _ddl("drop"),
    "CreateSchema": _ddl("create"),
    "DropSchema": _ddl("drop"),
    "CreateEnumType": _ddl("create"),
    "DropEnumType": _ddl("drop"),
    "MetaData": lambda _: ExternalName("sqlalchemy.metadata"),
    "Session": _session,
    "scoped_session": _session_factory,
    "sessionmaker": _session_factory,
    "create_session": lambda _: SessionValue(),
    "object_session": lambda _: SessionValue(),
    "inspect": _inspect,
    "Inspector": lambda _: InspectorValue(),
    "from_engine": lambda _: InspectorValue(),
    "create_engine": _engine,
    "create_async_engine": _engine,
    "engine_from_config": _engine,
    "async_engine_from_config": _engine,
    "declarative_base": lambda _: ExternalName("sqlalchemy.orm.Base"),
    "automap_base": lambda _: ExternalName("sqlalchemy.orm.Base"),
    "aliased": lambda arguments: as_table(arguments.get(0, "element")) or UNKNOWN,
}
