"""SQLite's catalogue: sqlite_master, two joined pragmas, and the stored text for what no pragma shows."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueColumn, CatalogueObject, ColumnType, Index, IndexElement, Key, Schema, Table
from mrt_runtime.databases.sqlite.ddl import TableDefinition, TokenReader, read_table, rendered, split, tokens_of

MASTER = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master"
COLUMNS = "SELECT m.name, x.* FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS x WHERE m.type = 'table'"
INDEXES = """SELECT m.name, l.name, l."unique", l.partial, x.cid, x.name, x."desc", x.coll
FROM sqlite_master AS m, pragma_index_list(m.name) AS l, pragma_index_xinfo(l.name) AS x
WHERE m.type = 'table' AND l.origin = 'c' AND x.key"""
NUMBERS = ("user_version", "application_id")  # in the header of the file, for applications: https://sqlite.org/fileformat2.html
ORDER = " ORDER BY m.name, l.name, x.seqno"
# the tables that FTS3 to FTS5 and R*Tree keep beside a virtual one, by their documentation
SHADOW = re.compile(r"_(content|segments|segdir|docsize|stat|data|idx|config|node|parent|rowid)$")
SYNONYMS = {"INT": "INTEGER", "BOOL": "BOOLEAN"}  # SQLAlchemy reflects the left one as the right one and writes it back so
FEW = 8  # tables; above it one query over all is cheaper than one that names them


class MasterRow(NamedTuple):
    """A row of sqlite_master."""

    type: str
    name: str
    table: str
    root: int
    sql: str | None


Texts: TypeAlias = tuple[str, ...]
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SQLiteBasis:
    """What a catalogue was read from: the rows of sqlite_master, and every table that was made of a text so far.

    A table's columns and indexes are a function of their texts alone, so a text that was read before needs no second reading.
    """

    entries: frozenset[MasterRow]
    ignored: frozenset[str]
    numbers: tuple[tuple[str, str], ...]
    tables: Mapping[Texts, Table]


def read_catalogue(connection: Connection, ignored: Collection[str] = (), previous: Schema | None = None) -> Schema:
    """Read the whole catalogue; what `previous` was read from and is still the same is not read again.

    ignored: names of tables that are no part of it (Alembic's version table, our own mark).
    """
    cursor = connection.connection.cursor()
    entries = frozenset(map(MasterRow._make, cursor.execute(MASTER).fetchall()))
    ignored = frozenset(ignored)
    numbers = tuple((name, str(cursor.execute(f"PRAGMA {name}").fetchone()[0])) for name in NUMBERS)
    known: Mapping[Texts, Table] = {}
    if previous is not None and isinstance(previous.basis, SQLiteBasis):
        if (previous.basis.entries, previous.basis.ignored, previous.basis.numbers) == (entries, ignored, numbers):
            return previous
        known = previous.basis.tables
    texts = _texts(entries, ignored)
    stale = {name: made_of for name, made_of in texts.items() if made_of not in known}
    tables = {**known, **_read_tables(cursor, stale, entries)}
    return Schema(
        dialect="sqlite",
        tables=_with_referred_columns([tables[texts[name]] for name in sorted(texts)]),
        objects=tuple(sorted(_objects(entries), key=lambda one: (one.kind, one.name))),
        options=tuple((name, number) for name, number in numbers if number != "0"),
        basis=SQLiteBasis(entries, ignored, numbers, tables),
    )


def _texts(entries: Collection[MasterRow], ignored: Collection[str]) -> dict[str, Texts]:
    """Return the texts of each table: its name, then CREATE TABLE, then its indexes in the order of their names."""
    virtual = {entry.name for entry in entries if (entry.sql or "")[:14].upper() == "CREATE VIRTUAL"}
    indexes: dict[str, list[MasterRow]] = defaultdict(list)
    for entry in entries:
        if entry.type == "index" and entry.sql:
            indexes[entry.table].append(entry)
    return {
        entry.name: (entry.name, entry.sql or "", *(index.sql or "" for index in sorted(indexes[entry.name])))
        for entry in entries
        if entry.type == "table" and entry.name not in ignored and not _is_internal(entry.name, virtual)
    }


def _is_internal(name: str, virtual: Collection[str]) -> bool:
    """Whether a table is SQLite's own or holds the inside of a virtual table (https://sqlite.org/vtab.html#xshadowname)."""
    return name.startswith("sqlite_") or bool(SHADOW.search(name) and SHADOW.sub("", name) in virtual)


def _read_tables(cursor: Any, stale: Mapping[str, Texts], entries: Iterable[MasterRow]) -> dict[Texts, Table]:
    if not stale:
        return {}
    chosen = ""
    arguments: Texts = ()
    if len(stale) <= FEW:
        chosen, arguments = f" AND m.name IN ({', '.join('?' * len(stale))})", tuple(stale)
    columns: dict[str, list[Row]] = defaultdict(list)
    for name, *row in cursor.execute(COLUMNS + chosen, arguments).fetchall():
        columns[name].append(tuple(row))
    indexes: dict[str, list[Row]] = defaultdict(list)
    for name, *row in cursor.execute(INDEXES + chosen + ORDER, arguments).fetchall():
        indexes[name].append(tuple(row))
    sources = {entry.name: entry.sql or "" for entry in entries if entry.type == "index"}
    return {made_of: _table(name, made_of[1], columns[name], indexes[name], sources) for name, made_of in stale.items()}


def _table(name: str, text: str, columns: list[Row], indexes: list[Row], sources: Mapping[str, str]) -> Table:
    definition = read_table(text)
    virtual = dict(definition.options).get("virtual") is not None
    key = tuple(row[1] for row in sorted((row for row in columns if row[5]), key=lambda row: row[5]))
    primary = definition.primary_key or Key(name=None, named=False, columns=key)
    alias = _rowid_alias(columns, definition)
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in indexes:
        grouped[row[0]].append(row)
    return Table(
        name=name,
        kind="virtual" if virtual else "table",
        columns=tuple(
            _column(row, position, definition, alias)
            for position, row in enumerate((row for row in columns if row[6] != 1), start=1)
        ),
        primary_key=replace(primary, columns=key) if key else None,
        uniques=tuple(definition.uniques),
        checks=tuple(definition.checks),
        foreign_keys=tuple(definition.foreign_keys),
        indexes=tuple(_index(index, rows, sources[index]) for index, rows in grouped.items()),
        options=(*definition.options, *((("autoincrement", "yes"),) if definition.autoincrement else ())),
    )


def _rowid_alias(columns: Iterable[Row], definition: TableDefinition) -> str | None:
    """Name the column that is the rowid (https://sqlite.org/lang_createtable.html#rowid), which counts up by itself."""
    keys = [row for row in columns if row[5]]
    ordinary = not definition.descending_key and ("without rowid", "yes") not in definition.options
    return keys[0][1] if ordinary and len(keys) == 1 and keys[0][2].upper() == "INTEGER" else None


def _column(row: Row, position: int, definition: TableDefinition, alias: str | None) -> CatalogueColumn:
    _, name, declared, not_null, default, _, hidden = row
    text = rendered(tokens_of(default)) if default is not None else None
    return CatalogueColumn(
        name=name,
        position=position,
        type=read_type(declared),
        nullable=not not_null and name != alias,
        default=text,
        identity="auto" if name == alias else None,
        generated=definition.generated.get(name),
        stored=hidden == 3,  # noqa: PLR2004  # table_xinfo: 2 is a virtual, 3 a stored generated column
        collation=definition.collations.get(name),
        options=(("on conflict", definition.conflicts[name]),) if name in definition.conflicts else (),
    )


@functools.lru_cache(maxsize=256)
def read_type(declared: str) -> ColumnType:
    """Read a declared type, such as "varchar ( 50 )"; the affinity follows https://sqlite.org/datatype3.html#determination_of_column_affinity."""
    name, _, arguments = declared.upper().partition("(")
    base = " ".join(name.split())
    base = SYNONYMS.get(base, base)
    numbers = [int(number) for number in re.findall(r"\d+", arguments)]
    text = f"{base}({', '.join(map(str, numbers))})" if numbers else base
    affinity: Literal["integer", "text", "blob", "real", "numeric"] = next(
        (kind for words, kind in AFFINITIES if any(word in base for word in words)), "numeric" if base else "blob"
    )
    lengthy = affinity in {"text", "blob"}
    return ColumnType(
        text=text,
        base=base.lower(),
        length=numbers[0] if numbers and lengthy else None,
        precision=numbers[0] if numbers and not lengthy else None,
        scale=numbers[1] if len(numbers) > 1 and not lengthy else None,
        affinity=affinity,
    )


AFFINITIES: tuple[tuple[tuple[str, ...], Literal["integer", "text", "blob", "real"]], ...] = (
    (("INT",), "integer"),
    (("CHAR", "CLOB", "TEXT"), "text"),
    (("BLOB",), "blob"),
    (("REAL", "FLOA", "DOUB"), "real"),
)


def _index(name: str, rows: list[Row], text: str) -> Index:
    reader = TokenReader(tokens_of(text))
    while not reader.ended and not reader.at_group():
        reader.take()
    parts = split(reader.group())
    predicate = rendered(reader.tokens[reader.at :]) if reader.accept("WHERE") else None
    elements = tuple(_element(row, part) for row, part in zip(rows, parts, strict=True))
    return Index(name=name, elements=elements, unique=bool(rows[0][1]), predicate=predicate)


def _element(row: Row, part: list[Any]) -> IndexElement:
    *_, number, column, descending, collation = row
    words = [token.word for token in part]
    expression = None
    if number < 0 and column is None:
        end = next((at for at in range(len(part) - 1, 0, -1) if words[at] == "COLLATE"), len(part))
        kept = part[:end]
        expression = rendered(kept[:-1] if kept[-1].word in {"ASC", "DESC"} else kept)
    own = collation if collation not in {"BINARY", None} or "COLLATE" in words else None
    return IndexElement(column=column, expression=expression, descending=bool(descending), collation=own)


def _with_referred_columns(tables: list[Table]) -> tuple[Table, ...]:
    """Spell out foreign keys that name no columns: they mean the other table's primary key."""
    keys = {table.name.lower(): table.primary_key.columns for table in tables if table.primary_key}
    return tuple(
        replace(
            table,
            foreign_keys=tuple(
                key if key.referred_columns else replace(key, referred_columns=keys.get(key.referred_table.lower(), ()))
                for key in table.foreign_keys
            ),
        )
        if any(not key.referred_columns for key in table.foreign_keys)
        else table
        for table in tables
    )


def _objects(entries: Iterable[MasterRow]) -> Iterable[CatalogueObject]:
    for entry in entries:
        if entry.type in {"view", "trigger"}:
            table = entry.table if entry.type == "trigger" else None
            yield CatalogueObject(kind=entry.type, name=entry.name, table=table, definition=rendered(tokens_of(entry.sql or "")))
