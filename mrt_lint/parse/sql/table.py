"""CREATE TABLE, and the tables and indexes that other statements make or drop."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.model.advice import literal
from mrt_lint.model.ops import CreateIndex, CreateTable, DropIndex, DropTable, Op, RenameTable
from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Constraint, Flag, MaybeName, Name
from mrt_lint.parse.sql.clause import read_clauses
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.definition import opens_constraint, read_column, read_constraint
from mrt_lint.parse.sql.reference import tables_read

# the longer first
_INDEX_WORDS = ("FULLTEXT INDEX", "FULLTEXT KEY", "SPATIAL INDEX", "SPATIAL KEY", "FULLTEXT", "SPATIAL", "INDEX", "KEY")


def read_create_table(cursor: TokenCursor, *, temporary: bool = False) -> Iterator[Op]:
    """Read what follows CREATE TABLE: definitions, LIKE, PARTITION OF or a query; MySQL's indexes inside come after it."""
    if_not_exists = cursor.accept("IF NOT EXISTS") != ""
    schema, table = cursor.path()
    parent = cursor.path()[1] if cursor.accept("PARTITION OF") else None
    columns: list[Column] = []
    constraints: list[Constraint] = []
    indexes: list[CreateIndex] = []
    complete = cursor.key == "(" and not _is_query(cursor)
    for item in cursor.group() if complete else ():
        if opens_constraint(item):
            constraint = read_constraint(item)
            constraints += [constraint] if constraint else []
            complete = complete and constraint is not None
        elif kind := opens_index(item):
            indexes.append(read_index(item, table, schema, kind))
        elif item.at("LIKE"):
            complete = False
        else:
            column = read_column(item)
            columns.append(column)
            complete = complete and column.name is not UNKNOWN
    complete = complete and parent is None and not cursor.has("INHERITS")
    tables = tables_read(cursor.rest())
    partitioned = cursor.rest().to("PARTITION").at("PARTITION BY")
    source = _source(cursor)
    yield CreateTable(
        table=table,
        schema=schema,
        columns=tuple(columns),
        constraints=tuple(constraints),
        complete=complete and source is None,
        if_not_exists=if_not_exists,
        # SQL Server names its temporary tables #so
        temporary=temporary or (isinstance(table, str) and table.startswith("#")),
        source=source,
        source_tables=tables if source is not None else (),
        partition_of=parent,
        partitioned=partitioned,
    )
    yield from indexes


def read_create_index(cursor: TokenCursor, *, unique: bool, kind: str | None = None) -> Iterator[Op]:
    """Read what follows CREATE [UNIQUE] INDEX, in any database's order of clauses; `kind` is MySQL's FULLTEXT or SPATIAL."""
    concurrently, if_not_exists = _prelude(cursor, "IF NOT EXISTS")
    schema, index = (None, None) if cursor.at("ON") else cursor.path()
    using = cursor.take().text.lower() if cursor.accept("USING") else kind
    clauses = read_clauses(cursor.rest())
    cursor.accept("ON")
    cursor.accept("ONLY")
    table_schema, table = cursor.path()
    if cursor.accept("USING"):
        using = cursor.take().text.lower()
    columns = tuple(_indexed(item) for item in cursor.group())
    options = tuple(_options(cursor.rest()))
    is_strict = cursor.rest().to("NULLS", "WHERE").accept("NULLS NOT DISTINCT") != ""
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
        nulls_not_distinct=is_strict,
        options=options,
        **clauses,
    )


def _options(rest: TokenCursor) -> Iterator[tuple[str, str]]:
    """Return what SQLAlchemy calls the clauses behind an index's columns, each with its argument as Python writes it."""
    before = rest.until("WHERE")
    if before.rest().has("INCLUDE"):
        included = before.rest().to("INCLUDE")
        included.take()
        yield "postgresql_include", f"[{', '.join(literal(str(name)) for name in included.names())}]"
    if before.rest().has("WITH"):
        stored = before.rest().to("WITH")
        stored.take()
        pairs = (str(item.text()).partition("=") for item in stored.group())
        yield (
            "postgresql_with",
            "{" + ", ".join(f"{literal(key.strip())}: {literal(value.strip())}" for key, _, value in pairs) + "}",
        )
    if before.rest().has("TABLESPACE"):
        space = before.rest().to("TABLESPACE")
        space.take()
        yield "postgresql_tablespace", literal(str(space.name()))


def read_drop_index(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows DROP INDEX: several names in PostgreSQL, a name and a table in MySQL, `table.index` in SQL Server."""
    concurrently, if_exists = _prelude(cursor, "IF EXISTS")
    clauses = read_clauses(cursor.rest())
    for item in cursor.items():
        schema, index = item.path()
        table: MaybeName = None
        if item.accept("ON"):
            table_schema, table = item.path()
            schema = table_schema or schema
        elif cursor.dialect == "mssql":
            schema, table = None, schema
        yield DropIndex(index=index, table=table, schema=schema, concurrently=concurrently, if_exists=if_exists, **clauses)


def _prelude(cursor: TokenCursor, condition: str) -> tuple[Flag, bool]:
    """Read CONCURRENTLY and IF [NOT] EXISTS; a word that could not be read, before the latter or a name, may be the former."""
    concurrently: Flag = cursor.accept("CONCURRENTLY") != ""
    token, after = cursor.peek(), cursor.peek(1)
    if token.kind == "word" and HOLE in token.text and not concurrently:
        if token.key.strip(HOLE) == "IF" and cursor.accept(
            condition.replace("IF", token.key, 1)
        ):  # f"DROP INDEX {how}IF EXISTS ix"
            return UNKNOWN, True
        if token.text == HOLE and after.kind in {"word", "name"} and after.key not in {"ON", "USING", "CASCADE", "RESTRICT"}:
            cursor.take()
            concurrently = UNKNOWN
    return concurrently, cursor.accept(condition) != ""


def read_drop_table(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows DROP TABLE."""
    if_exists = cursor.accept("IF EXISTS") != ""
    paths = [item.path() for item in cursor.items()]
    # CASCADE comes once, behind the last table
    cascade, together = cursor.statement.tokens[-1].key == "CASCADE", tuple(table for _, table in paths)
    for schema, table in paths:
        yield DropTable(table=table, schema=schema, if_exists=if_exists, cascade=cascade, together=together)


def read_rename_tables(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows MySQL's RENAME TABLE."""
    for item in cursor.items():
        schema, table = item.path()
        item.accept("TO")
        yield RenameTable(table=table, new_table=item.path()[1], schema=schema)


def read_index(cursor: TokenCursor, table: Name, schema: MaybeName, kind: str, *, unique: bool = False) -> CreateIndex:
    """Read an index within MySQL's CREATE TABLE or ALTER TABLE, after its keyword: [name] [USING x] (columns)."""
    index = None if cursor.key in {"(", "USING"} else cursor.name()
    using = cursor.take().text.lower() if cursor.accept("USING") else kind.partition(" ")[0].lower()
    columns = tuple(_indexed(item) for item in cursor.group())
    return CreateIndex(
        index=index,
        table=table,
        schema=schema,
        columns=columns,
        unique=unique,
        using=None if using in {"index", "key", "unique"} else using,
    )


def _indexed(item: TokenCursor) -> Name:
    """Return a column's name, or an expression as SQL text in parentheses."""
    if item.token.kind in {"word", "name", "string"} and (item.peek(1).kind in {"end", "word", "name"} or _is_length(item)):
        quoted, name = item.token.kind != "word", item.name()
        while item.key == "(":
            item.skip()
        how = item.text()
        # ascending is the order that an index has anyway
        if name is UNKNOWN or not isinstance(how, str) or how.upper() in {"", "ASC"}:
            return name
        spelled = in_quotes(name, '"') if quoted and not name.isidentifier() else name
        return f"({spelled} {how})"
    is_group = item.key == "("
    text = (item.inside() if is_group else item.until("ASC", "DESC", "NULLS")).text()
    how = item.text() or ""
    if not isinstance(text, str) or not isinstance(how, str):
        return UNKNOWN
    return f"({text})" if how.upper() in {"", "ASC"} else f"(({text}) {how})" if is_group else f"({text} {how})"


def _is_length(item: TokenCursor) -> bool:
    """Return whether MySQL's prefix length follows: name(10)."""
    return item.peek(1).key == "(" and item.peek(2).kind == "number" and item.peek(3).key == ")"


def opens_index(item: TokenCursor) -> str:
    """Step over the keyword of an index; "" where it is a column that is named so."""
    kind = next((words for words in _INDEX_WORDS if item.at(words)), "")
    place = kind.count(" ") + 1
    if item.peek(place).key != "(":
        place += 1  # past the name of the index
    is_list = item.peek(place).key == "(" and item.peek(place + 1).kind != "number"
    return item.accept(kind) if kind and (is_list or item.peek(place).key == "USING") else ""


def _is_query(cursor: TokenCursor) -> bool:
    return cursor.key == "(" and cursor.peek(1).key in {"SELECT", "WITH", "("}


def _source(cursor: TokenCursor) -> MaybeName:
    """Return the query that fills the table; UNKNOWN if what follows could not be read."""
    if _is_query(cursor):
        return cursor.text()
    while not cursor.done:
        if cursor.accept("AS") or cursor.at("SELECT"):
            return cursor.text()
        cursor.skip()
    return None
