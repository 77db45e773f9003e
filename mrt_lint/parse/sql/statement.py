"""One statement as operations, by its leading keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN, Flag
from mrt_lint.parse.sql.anonymous_block import read_do
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.objects import read_alter, read_create, read_drop
from mrt_lint.parse.sql.reference import tables_read
from mrt_lint.parse.sql.rows import read_delete, read_insert, read_merge, read_truncate, read_update
from mrt_lint.parse.sql.table import read_rename_tables
from mrt_lint.parse.sql.tokens import StatementTokens, keywords

_DEEPEST = 12
"""Data-changing statements within common table expressions within one another."""

_HARMLESS = keywords(
    "SHOW SET RESET DESCRIBE DESC USE BEGIN START COMMIT END ROLLBACK SAVEPOINT RELEASE ABORT DISCARD FETCH CLOSE MOVE "
    "LISTEN NOTIFY UNLISTEN CHECKPOINT LOCK UNLOCK ANALYZE ANALYSE VACUUM VALUES TABLE PRAGMA EXPLAIN PREPARE DEALLOCATE "
    "FLUSH CHECK CHECKSUM HELP LOAD PRINT GO XA DECLARE"
)
_EFFECTIVE = keywords("GRANT REVOKE COMMENT SECURITY IMPORT REASSIGN ATTACH DETACH DENY INSTALL UNINSTALL RENAME PURGE")
# written to the file; the others are the connection's
_LASTING_PRAGMAS = frozenset({"USER_VERSION", "APPLICATION_ID", "WRITABLE_SCHEMA", "SCHEMA_VERSION"})
_HARMLESS_FAMILIES = ("JSON", "PG_", "TO_", "REGEXP_", "DATE", "TIME", "CURRENT_", "STRING_", "HAS_")
_BUILTINS = keywords(
    "COUNT MAX MIN SUM AVG COALESCE NOW VERSION CURRENT_SETTING SET_CONFIG PG_SLEEP SLEEP TO_REGCLASS LENGTH LOWER UPPER "
    "CONCAT ABS ROUND RANDOM RAND GEN_RANDOM_UUID UUID DATABASE CURRENT_DATABASE CURRENT_SCHEMA CURRENT_USER USER HEX UNHEX "
    "EXISTS CAST CONVERT NULLIF LAST_INSERT_ROWID LAST_INSERT_ID LASTVAL CURRVAL NEXTVAL TYPEOF DATE TIME DATETIME STRFTIME "
    "JULIANDAY IF IFNULL ISNULL REPLACE SUBSTR SUBSTRING TRIM EXTRACT ROW ARRAY CASE IN ANY ALL NOT AND OR PG_ADVISORY_LOCK "
    "PG_ADVISORY_XACT_LOCK PG_ADVISORY_UNLOCK PG_TRY_ADVISORY_LOCK SELECT FROM AS VALUES ON BY USING OVER GET_LOCK "
    "RELEASE_LOCK PG_TYPEOF FORMAT OBJECT_ID SCHEMA_NAME COL_LENGTH SQLITE_VERSION"
)


def read_statement(statement: StatementTokens, dialect: str | None, depth: int = 0) -> Iterator[Op]:
    """Return the operations of one statement, at least one: a `Statement` if no other represents it."""
    cursor = TokenCursor(statement, dialect)
    yield from _read(cursor, depth)


def _read(cursor: TokenCursor, depth: int) -> Iterator[Op]:
    start = cursor.position
    while cursor.key == "(" and cursor.peek(1).key in {"(", "SELECT", "WITH"}:
        cursor.position += 1
    found = tuple(_dispatch(cursor, depth)) if depth < _DEEPEST else ()
    if found:
        yield from found
        return
    cursor.position = start
    yield _statement(cursor)


def _dispatch(cursor: TokenCursor, depth: int) -> Iterator[Op]:
    key = cursor.key
    if key == "WITH":
        yield from _with(cursor, depth)
    elif key == "SELECT":
        yield from _select(cursor)
    elif key in {"EXEC", "EXECUTE", "CALL"}:
        yield from _rename_procedure(cursor)
    elif cursor.accept("RENAME TABLE"):
        yield from read_rename_tables(cursor)
    elif cursor.accept("COMMENT ON"):
        yield from _comment(cursor)
    # MySQL's DO evaluates expressions and throws the results away
    elif key == "DO" and cursor.dialect in {None, "postgresql"}:
        yield from read_do(cursor, depth, read_statement)
    elif key in {"REINDEX", "CLUSTER", "VACUUM", "OPTIMIZE"}:
        yield from _rebuild(cursor)
    elif key in {"COPY", "LOAD"}:
        yield from _load(cursor)
    elif read := _READERS.get(key):
        cursor.take()
        yield from read(cursor)


_READERS: dict[str, Callable[[TokenCursor], Iterator[Op]]] = {
    "ALTER": read_alter,
    "CREATE": read_create,
    "DELETE": read_delete,
    "DROP": read_drop,
    "INSERT": read_insert,
    "MERGE": read_merge,
    "REPLACE": read_insert,
    "TRUNCATE": read_truncate,
    "UPDATE": read_update,
}


def _with(cursor: TokenCursor, depth: int) -> Iterator[Op]:
    """Read common table expressions, which may change data themselves, and the statement that follows them."""
    cursor.take()
    cursor.accept("RECURSIVE")
    while not cursor.done and cursor.key not in _READERS and cursor.key != "SELECT":
        if cursor.key == "(" and cursor.peek(1).key in {"INSERT", "UPDATE", "DELETE", "MERGE", "WITH"}:
            yield from (op for op in _read(cursor.inside(), depth + 1) if not isinstance(op, ops.Statement))
        else:
            cursor.skip()
    if not cursor.done:
        yield from _read(cursor, depth + 1)


def _select(cursor: TokenCursor) -> Iterator[Op]:
    """Read SELECT: INTO makes a table, setval() moves a sequence; any other only reads."""
    text = cursor.text()
    for place in range(cursor.position, cursor.stop):
        called = TokenCursor(cursor.statement, cursor.dialect, place, cursor.stop)
        if called.accept("SETVAL ("):
            known = called.token.kind == "string" and HOLE not in called.token.text
            yield ops.SetSequenceValue(sequence=called.token.text.rpartition(".")[2].strip('"') if known else UNKNOWN)
    target = cursor.rest().until("FROM", "WHERE").to("INTO")
    # MySQL's INTO fills files and variables; SQL Server's # marks a temporary table
    if target.accept("INTO") and target.key not in {"OUTFILE", "DUMPFILE"} and not target.token.text.startswith("@"):
        temporary = target.accept("TEMPORARY", "TEMP") != "" or target.token.text.startswith("#")
        target.accept("UNLOGGED", "TABLE")
        schema, table = target.path()
        yield ops.CreateTable(
            table=table, schema=schema, complete=False, temporary=temporary, source=text, source_tables=tables_read(cursor.rest())
        )


def _rename_procedure(cursor: TokenCursor) -> Iterator[Op]:
    """Read SQL Server's sp_rename 'table.column', 'new', 'COLUMN'."""
    cursor.take()
    _, procedure = cursor.path()
    arguments = [item.tokens[item.stop - 1].text for item in cursor.items() if item.stop > item.position]
    if procedure is UNKNOWN or procedure.lower() != "sp_rename" or not arguments or HOLE in "".join(arguments):
        return
    schema, table, old = [None, None, *(part.strip("[]") for part in arguments[0].split("."))][-3:]
    match arguments[1:]:
        case [new, kind] if table and kind.upper() == "COLUMN":
            yield ops.AlterColumn(table=table, schema=schema, column=old or UNKNOWN, new_column=new)
        case [new, kind] if table and kind.upper() == "INDEX":
            yield ops.RenameIndex(table=table, index=old or UNKNOWN, new_index=new)
        case [new] | [new, "OBJECT"]:
            yield ops.RenameTable(table=old or UNKNOWN, schema=table, new_table=new)


def _comment(cursor: TokenCursor) -> Iterator[Op]:
    kind = cursor.accept("TABLE", "COLUMN")
    if not kind:
        return
    schema, table, name = [None, None, *cursor.parts()][-3:]
    cursor.accept("IS")
    comment = None if cursor.at("NULL") else cursor.take().text
    if kind == "COLUMN":
        yield ops.AlterColumn(table=table or UNKNOWN, schema=schema, column=name or UNKNOWN, comment=comment)
    elif comment is None:
        yield ops.DropTableComment(table=name or UNKNOWN, schema=table)
    else:
        yield ops.CreateTableComment(table=name or UNKNOWN, schema=table, comment=comment)


def _rebuild(cursor: TokenCursor) -> Iterator[Op]:
    """Read REINDEX, CLUSTER, VACUUM FULL and OPTIMIZE TABLE; a plain VACUUM rebuilds nothing."""
    command = cursor.take().key
    options = {token.key for item in cursor.group() for token in item.tokens[item.position : item.stop]}
    full = cursor.accept("FULL") != "" or "FULL" in options
    if command == "VACUUM" and not full:
        return
    while cursor.accept("NO_WRITE_TO_BINLOG", "LOCAL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"):
        pass
    kind = cursor.accept("TABLE", "INDEX", "SCHEMA", "DATABASE", "SYSTEM")
    concurrently = cursor.accept("CONCURRENTLY") != "" or "CONCURRENTLY" in options
    table = None if cursor.done or kind not in {"", "TABLE"} else cursor.path()[1]
    name = {"VACUUM": "VACUUM FULL", "OPTIMIZE": "OPTIMIZE TABLE"}.get(command, command)
    yield ops.Reindex(command=name, table=table, concurrently=concurrently, scope=kind)


def _load(cursor: TokenCursor) -> Iterator[Op]:
    """Read COPY … FROM and LOAD DATA, which put rows in; COPY … TO takes none out."""
    if cursor.accept("COPY"):
        if cursor.key == "(":
            return
        schema, table = cursor.path()
        columns = cursor.names() or UNKNOWN
        if cursor.at("FROM"):
            yield ops.Insert(table=table, schema=schema, columns=columns)
    elif cursor.to("INTO").accept("INTO TABLE"):
        schema, table = cursor.path()
        yield ops.Insert(table=table, schema=schema)


def _statement(cursor: TokenCursor) -> ops.Statement:
    text = cursor.text()
    # (SELECT …) UNION (SELECT …)
    while cursor.accept("("):
        pass
    command = cursor.key
    second = cursor.peek(1).key
    if command in {"LOCK", "UNLOCK"} and second in {"TABLE", "TABLES"}:
        command = f"{command} {second}"
    elif (
        command in {"REFRESH", "COMMENT", "START", "LOAD", "DROP", "CREATE", "ALTER", "SECURITY"} and cursor.peek(1).kind == "word"
    ):
        command = "REFRESH MATERIALIZED VIEW" if command == "REFRESH" else f"{command} {second}"
    return ops.Statement(command=command, effect=_effect(cursor), text=text if isinstance(text, str) else cursor.statement.text)


def _effect(cursor: TokenCursor) -> Flag:
    command = cursor.key
    if command in {"SELECT", "WITH"}:
        return _select_effect(cursor)
    if command == "PRAGMA":
        # these are kept in the file's header; other settings end with the connection
        return cursor.peek(1).key in _LASTING_PRAGMAS and cursor.peek(2).key in {"=", "("}
    if command == "EXPLAIN":
        # EXPLAIN ANALYZE runs the statement, writes included
        return UNKNOWN if "ANALYZE" in {cursor.peek(1).key, cursor.peek(2).key} else False
    if command in {"BEGIN", "DECLARE"}:
        # BEGIN TRANSACTION, or a block of SQL Server or Oracle
        words = {token.key for token in cursor.tokens[cursor.position + 1 : cursor.stop]}
        return UNKNOWN if words & {"END", "EXEC", "EXECUTE"} or words & _READERS.keys() else False
    if command == "COPY":
        return False
    if command == "REFRESH" or command in _HARMLESS:
        return False
    if command in _EFFECTIVE or command in _READERS:
        return True
    return UNKNOWN


def _select_effect(cursor: TokenCursor) -> Flag:
    """Return whether a SELECT does nothing but call a function, which may do anything; any other reads."""
    if tables_read(cursor.rest()):
        return False
    for place in range(cursor.position, cursor.stop - 1):
        token = cursor.tokens[place]
        if token.kind in {"word", "name"} and cursor.tokens[place + 1].key == "(" and not _is_builtin(token.key):
            return UNKNOWN
    return False


def _is_builtin(function: str) -> bool:
    return function in _BUILTINS or function.startswith(_HARMLESS_FAMILIES)
