"""CREATE, DROP and ALTER of everything that is no table: views, triggers, functions, types, sequences and the rest."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.model import ops
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import AlterObject, CreateObject, DropObject, Op, RenameObject
from mrt_lint.model.values import HOLE, UNKNOWN, MaybeName, Name, Unknown
from mrt_lint.parse.sql.alter import read_alter_table
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.table import read_create_index, read_create_table, read_drop_index, read_drop_table
from mrt_lint.parse.sql.tokens import keywords

_PHRASES = (
    "MATERIALIZED VIEW",
    "EVENT TRIGGER",
    "FOREIGN TABLE",
    "FOREIGN DATA WRAPPER",
    "USER MAPPING",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "ACCESS METHOD",
    "DEFAULT PRIVILEGES",
    "LARGE OBJECT",
    "PACKAGE BODY",
    "VIRTUAL TABLE",
    "RESOURCE GROUP",
)
_WORDS = keywords(
    "VIEW TRIGGER FUNCTION PROCEDURE PROC SEQUENCE TYPE DOMAIN EXTENSION SCHEMA POLICY RULE EVENT COLLATION AGGREGATE OPERATOR "
    "CAST CONVERSION LANGUAGE PUBLICATION SUBSCRIPTION STATISTICS TRANSFORM SERVER TABLESPACE DATABASE ROLE USER GROUP LOGIN "
    "SYNONYM PACKAGE DIRECTORY PROFILE ROUTINE SYSTEM TABLE INDEX OWNED"
)
# CREATE OR REPLACE ALGORITHM = MERGE DEFINER = 'app' @ 'localhost' SQL SECURITY INVOKER VIEW
_PREFIX_LIMIT = 14
_ON_TABLE = frozenset({"trigger", "policy", "rule"})
_UNNAMED = frozenset({"cast", "operator", "transform", "default privileges", "user mapping", "owned", "system"})


def _kind(cursor: TokenCursor) -> tuple[str, frozenset[str]]:
    """Step over the words up to the kind and the kind itself; return it and the words before it, "" where there is none."""
    start = cursor.position
    while not cursor.done and cursor.position - start < _PREFIX_LIMIT:
        kind = cursor.accept(*_PHRASES) or (cursor.take().key if cursor.key in _WORDS else "")
        if kind:
            before = {token.key for token in cursor.tokens[start : cursor.position]}
            return "PROCEDURE" if kind == "PROC" else kind, frozenset(before)
        cursor.take()
    cursor.position = start
    return "", frozenset()


def read_create(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows CREATE; nothing if the kind of object is not known."""
    kind, prefix = _kind(cursor)
    if kind in {"TABLE", "VIRTUAL TABLE"}:
        yield from read_create_table(cursor, temporary=bool(prefix & {"TEMP", "TEMPORARY"}))
    elif kind == "INDEX":
        mysql = next((word.lower() for word in ("FULLTEXT", "SPATIAL") if word in prefix), None)
        yield from read_create_index(cursor, unique="UNIQUE" in prefix, kind=mysql)
    elif kind:
        yield _create_object(cursor, kind.lower(), or_replace="REPLACE" in prefix)


def _create_object(cursor: TokenCursor, kind: str, *, or_replace: bool) -> CreateObject:
    if_not_exists = cursor.accept("IF NOT EXISTS") != ""
    schema, name = _object_name(cursor, kind)
    table: MaybeName = None
    members: tuple[Name, ...] | Unknown | None = None
    body = cursor.text()
    if kind == "type" and cursor.accept("AS ENUM"):
        kind, members = "enum", tuple(_label(item) for item in cursor.group())
    elif kind in _ON_TABLE:
        # CREATE RULE … AS ON INSERT TO users; triggers and policies are ON it
        seeker = cursor.rest().to("TO" if kind == "rule" else "ON")
        if seeker.accept("ON", "TO"):
            table_schema, table = seeker.path()
            schema = schema or table_schema
    return CreateObject(
        kind=kind,
        name=name,
        schema=schema,
        table=table,
        members=members,
        or_replace=or_replace,
        if_not_exists=if_not_exists,
        body=body,
    )


def _label(item: TokenCursor) -> Name:
    name = item.peek().text
    return UNKNOWN if item.peek().kind != "string" or HOLE in name else name


def _object_name(cursor: TokenCursor, kind: str) -> tuple[MaybeName, Name]:
    if kind in _UNNAMED:
        return None, UNKNOWN
    if kind == "schema" and cursor.accept("AUTHORIZATION"):
        return None, cursor.name()
    return cursor.path()


def read_drop(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows DROP; nothing if the kind of object is not known."""
    kind, _ = _kind(cursor)
    if kind == "TABLE":
        yield from read_drop_table(cursor)
        return
    if kind == "INDEX":
        yield from read_drop_index(cursor)
        return
    if not kind:
        return
    if_exists = cursor.accept("IF EXISTS") != ""
    # CASCADE comes once, behind the last name
    cascade, dropped = cursor.statement.tokens[-1].key == "CASCADE", []
    for item in cursor.items():
        schema, name = _object_name(item, kind.lower())
        table: MaybeName = None
        if kind.lower() in _ON_TABLE and item.accept("ON"):
            table_schema, table = item.path()
            schema = schema or table_schema
        dropped.append(DropObject(kind=kind.lower(), name=name, schema=schema, table=table, if_exists=if_exists, cascade=cascade))
    together = tuple(op.name for op in dropped)
    yield from (replace(op, together=together) if len(dropped) > 1 else op for op in dropped)


def read_alter(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows ALTER; nothing if the kind of object is not known."""
    kind, _ = _kind(cursor)
    if kind == "TABLE":
        yield from read_alter_table(cursor)
        return
    if not kind:
        return
    cursor.accept("IF EXISTS")
    schema, name = _object_name(cursor, kind.lower())
    if kind in {"FUNCTION", "PROCEDURE", "AGGREGATE", "ROUTINE"}:
        cursor.inside()
    if kind in {"TRIGGER", "POLICY", "RULE"} and cursor.accept("ON"):
        table_schema, _ = cursor.path()
        schema = schema or table_schema
    if cursor.accept("RENAME TO"):
        new = cursor.name()
        yield _renamed(kind, name, new, schema)
    elif kind == "TYPE" and (cursor.at("ADD VALUE") or cursor.at("RENAME VALUE")):
        yield _enum_value(cursor, name, schema)
    elif kind == "SEQUENCE":
        yield from _sequence(cursor, name, schema)
    else:
        yield AlterObject(kind=kind.lower(), name=name, schema=schema, action=cursor.capitals(), text=cursor.statement.text)


def _renamed(kind: str, name: Name, new: Name, schema: MaybeName) -> Op:
    if kind == "INDEX":
        return ops.RenameIndex(index=name, new_index=new, schema=schema)
    return RenameObject(kind=kind.lower(), name=name, new_name=new, schema=schema)


def _enum_value(cursor: TokenCursor, enum: Name, schema: MaybeName) -> Op:
    if cursor.accept("ADD VALUE"):
        if_not_exists = cursor.accept("IF NOT EXISTS") != ""
        return ops.AddEnumValue(enum=enum, schema=schema, value=_label(cursor), if_not_exists=if_not_exists)
    cursor.accept("RENAME VALUE")
    old = _label(cursor)
    cursor.take()
    cursor.accept("TO")
    return ops.RenameEnumValue(enum=enum, schema=schema, value=old, new_value=_label(cursor))


def _sequence(cursor: TokenCursor, name: Name, schema: MaybeName) -> Iterator[Op]:
    if cursor.has("RESTART"):
        yield ops.SetSequenceValue(sequence=name, restarts=True)
    words = [token for token in cursor.tokens[cursor.position : cursor.stop] if token.key not in {"RESTART", "WITH", "="}]
    # RESTART alone moves the sequence and alters nothing
    if any(token.kind == "word" for token in words):
        yield AlterObject(kind="sequence", name=name, schema=schema, action=cursor.capitals())
