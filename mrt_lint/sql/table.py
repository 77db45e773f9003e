"""CREATE TABLE, and the tables and indexes that other statements make or drop."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.ops import CreateIndex, CreateTable, DropIndex, DropTable, Op, RenameTable
from mrt_lint.sql.cursor import Cursor
from mrt_lint.sql.definition import opens_constraint, read_column, read_constraint
from mrt_lint.values import UNKNOWN, Column, Constraint, MaybeName, Name

INDEX_WORDS = ("FULLTEXT INDEX", "FULLTEXT KEY", "SPATIAL INDEX", "SPATIAL KEY", "FULLTEXT", "SPATIAL", "INDEX", "KEY")


def read_create_table(cursor: Cursor, *, temporary: bool = False) -> Iterator[Op]:
    """What follows CREATE TABLE: definitions, LIKE, PARTITION OF or a query; the indexes that MySQL writes inside come after it."""
    if_not_exists = cursor.accept("IF NOT EXISTS") != ""
    schema, table = cursor.path()
    columns: list[Column] = []
    constraints: list[Constraint] = []
    indexes: list[CreateIndex] = []
    complete = cursor.key == "(" and not _is_query(cursor)
    for item in cursor.group() if complete else ():
        if opens_constraint(item):
            constraint = read_constraint(item)
            constraints += [constraint] if constraint else []
            complete = complete and constraint is not None
        elif kind := _opens_index(item):
            indexes.append(read_index(item, table, schema, kind))
        elif item.at("LIKE"):
            complete = False
        else:
            column = read_column(item)
            columns.append(column)
            complete = complete and column.name is not UNKNOWN
    source = _source(cursor)
    yield CreateTable(
        table=table,
        schema=schema,
        columns=tuple(columns),
        constraints=tuple(constraints),
        complete=complete and source is None,
        if_not_exists=if_not_exists,
        temporary=temporary or (isinstance(table, str) and table.startswith("#")),
        source=source,
    )
    yield from indexes


def read_create_index(cursor: Cursor, *, unique: bool) -> Iterator[Op]:
    """What follows CREATE [UNIQUE] INDEX, in PostgreSQL's, MySQL's and the others' order of clauses."""
    concurrently = cursor.accept("CONCURRENTLY") != ""
    if_not_exists = cursor.accept("IF NOT EXISTS") != ""
    schema, index = (None, None) if cursor.at("ON") else cursor.path()
    using = cursor.take().text.lower() if cursor.accept("USING") else None
    cursor.accept("ON")
    cursor.accept("ONLY")
    table_schema, table = cursor.path()
    if cursor.accept("USING"):
        using = cursor.take().text.lower()
    columns = tuple(_indexed(item) for item in cursor.group())
    where = cursor.to("WHERE")
    where.take()
    yield CreateIndex(
        index=index,
        table=table,
        schema=table_schema or schema,
        columns=columns,
        unique=unique,
        concurrently=concurrently,
        if_not_exists=if_not_exists,
        where=where.text(),
        using=using,
    )


def read_drop_index(cursor: Cursor) -> Iterator[Op]:
    """What follows DROP INDEX: several names in PostgreSQL, a name and a table in MySQL, `table.index` in old SQL Server."""
    concurrently = cursor.accept("CONCURRENTLY") != ""
    if_exists = cursor.accept("IF EXISTS") != ""
    for item in cursor.items():
        schema, index = item.path()
        table: MaybeName = None
        if item.accept("ON"):
            table_schema, table = item.path()
            schema = table_schema or schema
        elif cursor.dialect == "mssql":
            schema, table = None, schema
        yield DropIndex(index=index, table=table, schema=schema, concurrently=concurrently, if_exists=if_exists)


def read_drop_table(cursor: Cursor) -> Iterator[Op]:
    """What follows DROP TABLE."""
    if_exists = cursor.accept("IF EXISTS") != ""
    for item in cursor.items():
        schema, table = item.path()
        yield DropTable(table=table, schema=schema, if_exists=if_exists, cascade=item.has("CASCADE"))


def read_rename_tables(cursor: Cursor) -> Iterator[Op]:
    """What follows MySQL's RENAME TABLE."""
    for item in cursor.items():
        schema, table = item.path()
        item.accept("TO")
        yield RenameTable(table=table, new_table=item.path()[1], schema=schema)


def read_index(cursor: Cursor, table: Name, schema: MaybeName, kind: str, *, unique: bool = False) -> CreateIndex:
    """An index within MySQL's CREATE TABLE or ALTER TABLE, after its keyword: [name] [USING x] (columns)."""
    index = None if cursor.key in {"(", "USING"} else cursor.name()
    using = cursor.take().text.lower() if cursor.accept("USING") else kind.split(" ")[0].lower()
    columns = tuple(_indexed(item) for item in cursor.group())
    return CreateIndex(
        index=index,
        table=table,
        schema=schema,
        columns=columns,
        unique=unique,
        using=None if using in {"index", "key", "unique"} else using,
    )


def _indexed(item: Cursor) -> Name:
    """A column's name, or an expression as SQL text in parentheses."""
    alone = item.peek(1)
    if item.token.kind in {"word", "name", "string"} and not (alone.key in {"(", "."} and not _is_length(item)):
        return item.name() if alone.kind in {"end", "word", "name"} or alone.key == "(" else UNKNOWN
    expression = Cursor(item.statement, item.dialect, item.position, item.stop)
    text = _without_order(expression)
    if not isinstance(text, str):
        return UNKNOWN
    return text if text.startswith("(") else f"({text})"


def _without_order(cursor: Cursor) -> MaybeName:
    return cursor.until("ASC", "DESC", "NULLS").text()


def _is_length(item: Cursor) -> bool:
    """Whether MySQL's prefix length follows: name(10)."""
    return item.peek(1).key == "(" and item.peek(2).kind == "number" and item.peek(3).key == ")"


def _opens_index(item: Cursor) -> str:
    for kind in INDEX_WORDS:
        behind = item.peek(kind.count(" ") + 1)
        after = item.peek(kind.count(" ") + 2)
        if item.at(kind) and (behind.key == "(" or after.key in {"(", "USING"}):
            if item.peek(1).kind == "word" and after.key == "(" and kind in {"INDEX", "KEY"} and _is_type(item):
                return ""
            return item.accept(kind)
    return ""


def _is_type(item: Cursor) -> bool:
    """Whether `key VARCHAR(10)`, a column named like the keyword, stands here."""
    return item.peek(3).kind == "number"


def _is_query(cursor: Cursor) -> bool:
    return cursor.peek(1).key in {"SELECT", "WITH"} or (cursor.peek(1).key == "(" and cursor.peek(2).key == "SELECT")


def _source(cursor: Cursor) -> MaybeName:
    """The query that fills the table; UNKNOWN where what follows could not be read."""
    if _is_query(cursor):
        return cursor.text()
    while not cursor.done:
        if cursor.at("AS") or cursor.at("SELECT") or cursor.at("WITH SELECT"):
            cursor.accept("AS")
            return cursor.text()
        cursor.skip()
    return None
