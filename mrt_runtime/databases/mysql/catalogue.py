"""MySQL's and MariaDB's catalogue: a few queries of information_schema over one database."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import (
    CatalogueColumn,
    CatalogueDetail,
    CatalogueObject,
    Check,
    ColumnType,
    ForeignKey,
    Index,
    IndexElement,
    Key,
    Schema,
    Sequence,
    Table,
)
from mrt_runtime.databases.batch import fetch_all
from mrt_runtime.databases.mysql import queries
from mrt_runtime.databases.mysql.quoting import quote

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = Mapping[str, list[Row]]
Parts: TypeAlias = tuple[Row, ...]

CHOSEN_NAME = re.compile(r"_(ibfk|chk)_\d+$|^CONSTRAINT_\d+$")  # the names that InnoDB, MySQL and MariaDB choose themselves
LABEL = re.compile(r"'((?:[^']|'')*)'")
ON_UPDATE = re.compile(r"on update (\S+)", re.IGNORECASE)
PLACE = "pytest-mrt place"
"""Key in a connection's `info`, which lives exactly as long as the session: in which database it is, and the server's version."""
NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bit", "year"})


@dataclass(frozen=True, slots=True)
class MySQLBasis:
    """By name, what each table was made of and what was made of it: the same rows need no second making."""

    tables: Mapping[str, tuple[Parts, Table]]


def read_catalogue(connection: Connection, ignored: Collection[str] = (), previous: Schema | None = None) -> Schema:
    """Read the whole catalogue of the database that the connection is in.

    ignored: names of tables that are no part of it (Alembic's version table, our own mark).
    """
    known = previous.basis.tables if previous is not None and isinstance(previous.basis, MySQLBasis) else {}
    schema = MySQLCatalogueReader(connection.connection.cursor(), connection.info).schema(ignored, known)
    return previous if previous == schema else schema


class MySQLCatalogueReader:
    """One reading through one cursor."""

    def __init__(self, cursor: Any, info: MutableMapping[Any, Any]) -> None:
        """Take a cursor of the session, and the `info` of its connection."""
        self.cursor = cursor
        if PLACE not in info:
            [[info[PLACE]]] = fetch_all(cursor, [queries.DATABASE])
        self.database, version = info[PLACE]
        self.is_mariadb = "mariadb" in version.lower()
        checks = queries.MARIADB_CHECKS if self.is_mariadb else queries.MYSQL_CHECKS
        self.tables, columns, indexes, keys, checks_found, [self.options], [[programs]] = self._read(
            queries.TABLES, queries.COLUMNS, queries.INDEXES, queries.FOREIGN_KEYS, checks, queries.OPTIONS, queries.PROGRAMS
        )
        self.columns, self.indexes, self.foreign_keys, self.checks = map(_by_table, (columns, indexes, keys, checks_found))
        # what is shown already that there is none of need not be asked for: each answer takes a table of its own
        programs, views, partitions = self._read(
            queries.OBJECTS if programs else queries.NOTHING,
            queries.VIEWS if any(row[1] == "VIEW" or row[2] is None for row in self.tables) else queries.NOTHING,
            queries.PARTITIONS if any("partition" in (row[4] or "").lower() for row in self.tables) else queries.NOTHING,
        )
        self.objects = programs + views
        self.partitions = _by_table(partitions)
        self.about_tables = (self.columns, self.indexes, self.foreign_keys, self.checks, self.partitions)

    def _read(self, *texts: str) -> list[list[Row]]:
        asked = [queries.text_of(text, self.database, is_mariadb=self.is_mariadb) for text in texts if text != queries.NOTHING]
        answers = iter(fetch_all(self.cursor, asked))
        return [next(answers) if text != queries.NOTHING else [] for text in texts]

    def schema(self, ignored: Collection[str], known: Mapping[str, tuple[Parts, Table]]) -> Schema:
        """Put the catalogue together, with the known tables whose rows are the same."""
        tables: dict[str, tuple[Parts, Table]] = {}
        sequences = []
        for row in sorted(self.tables):
            name, kind = row[:2]
            if kind == "SEQUENCE":
                sequences.append(self._sequence(name))
            elif kind.endswith(("TABLE", "VERSIONED")) and name not in ignored:
                parts = (row, *(tuple(rows[name]) for rows in self.about_tables))
                old = known.get(name)
                tables[name] = old if old is not None and old[0] == parts else (parts, self._table(row))
        charset, collation = self.options
        objects = tuple(self._objects())
        return Schema(
            dialect="mysql",
            tables=tuple(table for _, table in tables.values()),
            sequences=tuple(sequences),
            objects=objects,
            details=tuple(self._definers()) if objects else (),
            options=(("charset", charset), ("collation", collation)),
            basis=MySQLBasis(tables),
        )

    def _table(self, row: Row) -> Table:
        name, kind, engine, collation, options, comment = row
        foreign_keys = tuple(_foreign_keys(self.foreign_keys[name], self.database))
        found = {index.name: replace(index, named=not _is_chosen(index, foreign_keys)) for index in _indexes(self.indexes[name])}
        primary = found.pop("PRIMARY", None)
        facts = {"engine": engine, "collation": collation, "options": options, "versioned": "yes" * kind.endswith("VERSIONED")}
        return Table(
            name=name,
            columns=tuple(_column(each, at, is_mariadb=self.is_mariadb) for at, each in enumerate(self.columns[name], start=1)),
            primary_key=_primary_key(primary) if primary else None,
            checks=tuple(_checks(self.checks[name])),
            foreign_keys=foreign_keys,
            indexes=tuple(found.values()),
            partition_key=", ".join(" ".join(map(str, filter(None, part))) for part in self.partitions[name]) or None,
            comment=comment or None,
            options=tuple((fact, value) for fact, value in facts.items() if value),
        )

    def _sequence(self, name: str) -> Sequence:
        start, increment, minimum, maximum, cache, cycle = self._read(queries.SEQUENCE.replace("{sequence}", quote(name)))[0][0]
        return Sequence(
            name=name, start=start, increment=increment, minimum=minimum, maximum=maximum, cache=cache, cycle=bool(cycle)
        )

    def _objects(self) -> Iterator[CatalogueObject]:
        for kind, name, table, definition in sorted(self.objects, key=lambda row: (row[0], row[1])):
            yield CatalogueObject(kind=kind, name=name, table=table, definition=_text(definition))

    def _definers(self) -> Iterator[CatalogueDetail]:
        for kind, name, definer in self._read(queries.DEFINERS)[0]:
            yield CatalogueDetail(subject=f"{kind} '{name}'", object=name, property="definer", value=definer)


def _by_table(rows: Iterable[Row]) -> Rows:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for table, *row in rows:
        grouped[table].append(tuple(row))
    return grouped


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


def _column(row: Row, position: int, *, is_mariadb: bool) -> CatalogueColumn:
    name, text, base, nullable, default, extra, *facts, collation, generated, comment, srid = row
    extra = extra.lower()
    on_update = ON_UPDATE.search(extra)
    options = [("visible", "no")] if "invisible" in extra.split() else []
    options += [("srid", str(srid))] if srid is not None else []
    return CatalogueColumn(
        name=name,
        position=position,
        type=_type(_text(text), base.lower(), facts),
        nullable=nullable == "YES",
        default=_default(default, base.lower(), extra, is_mariadb=is_mariadb),
        identity="auto" if "auto_increment" in extra else None,
        generated=_text(generated) or None,
        stored="stored generated" in extra or "persistent" in extra,
        collation=collation,
        comment=_text(comment) or None,
        on_update=on_update.group(1) if on_update else None,
        options=tuple(options),
    )


def _default(default: Any, base: str, extra: str, *, is_mariadb: bool) -> str | None:
    """Return a default as SQL; MariaDB has it so, MySQL has a literal without its quotes."""
    if default is None or (is_mariadb and default == "NULL"):
        return None
    text = _text(default)
    if is_mariadb or "default_generated" in extra or base in NUMBERS:
        return text
    return "'" + text.replace("'", "''") + "'"


def _type(text: str, base: str, facts: Iterable[Any]) -> ColumnType:
    length, precision, scale, fraction = facts
    # the number in BIT(8) is its length, and is in NUMERIC_PRECISION
    if base == "bit":
        length, precision = precision, None
    return ColumnType(
        text=text,
        base=base,
        labels=tuple(label.replace("''", "'") for label in LABEL.findall(text)) if base in {"enum", "set"} else (),
        length=length,
        precision=precision if fraction is None else fraction,
        scale=scale,
        unsigned="unsigned" in text.partition("(")[2] or text.endswith(" unsigned") or " unsigned " in text,
    )


def _indexes(rows: Iterable[Row]) -> Iterator[Index]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for name, *row in rows:
        grouped[name].append(tuple(row))
    for name, parts in grouped.items():
        not_unique, *_, method, comment, visible, _ = parts[0]
        yield Index(
            name=name,
            elements=tuple(
                IndexElement(
                    column=column, expression=_text(expression) or None, descending=order == "D", prefix=prefix and int(prefix)
                )
                for _, column, order, prefix, _, _, _, expression in parts
            ),
            unique=not int(not_unique),
            method=method.lower(),
            comment=comment or None,
            options=() if visible == "YES" else (("visible", "no"),),
        )


def _is_chosen(index: Index, foreign_keys: Iterable[ForeignKey]) -> bool:
    """Whether InnoDB made the index for a foreign key, named after the key or its first column."""
    columns = tuple(element.column for element in index.elements)
    return any(columns == key.columns and index.name in {key.name, columns[0]} for key in foreign_keys)


def _primary_key(index: Index) -> Key:
    return Key(name="PRIMARY", named=False, columns=tuple(element.column or "" for element in index.elements))


def _checks(rows: Iterable[Row]) -> Iterator[Check]:
    for name, clause, is_of_table, enforced in sorted(rows, key=lambda row: (str(row[0]), _text(row[1]))):
        named = bool(is_of_table) and not CHOSEN_NAME.search(name)
        yield Check(name=name, named=named, expression=_text(clause), enforced=enforced == "YES")


def _foreign_keys(rows: Iterable[Row], database: str) -> Iterator[ForeignKey]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for name, *row in rows:
        grouped[name].append(tuple(row))
    for name, parts in grouped.items():
        _, schema, table, _, on_update, on_delete = parts[0]
        yield ForeignKey(
            name=name,
            named=not CHOSEN_NAME.search(name),
            columns=tuple(part[0] for part in parts),
            referred_schema=schema if schema != database else None,
            referred_table=table,
            referred_columns=tuple(part[3] for part in parts),
            on_update=_action(on_update),
            on_delete=_action(on_delete),
        )


def _action(rule: str) -> str:
    """Name an action; RESTRICT is what InnoDB does for NO ACTION too, and MariaDB calls one the other."""
    return "NO ACTION" if rule == "RESTRICT" else rule
