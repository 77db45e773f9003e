"""SQL types as written in a column definition, by their family."""

from __future__ import annotations

from mrt_lint.model.values import HOLE, UNKNOWN, Flag, MaybeType, Name, SqlType, Unknown
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.tokens import keywords

COLUMN_WORDS = keywords(
    "CONSTRAINT NOT NULL DEFAULT PRIMARY UNIQUE KEY REFERENCES CHECK GENERATED AS AUTO_INCREMENT AUTOINCREMENT IDENTITY "
    "COMMENT COLLATE ON FIRST AFTER USING DEFERRABLE INITIALLY STORED VIRTUAL PERSISTED INVISIBLE VISIBLE STORAGE "
    "COMPRESSION ENABLE DISABLE SPARSE ROWGUIDCOL DROP ADD INDEX"
)
"""The words that end a type or a default, for they open a column constraint or what follows the column."""

FAMILIES = {
    "BIT VARYING": "VARBIT",
    "BOOL": "BOOLEAN",
    "BPCHAR": "CHAR",
    "CHAR VARYING": "VARCHAR",
    "CHARACTER": "CHAR",
    "CHARACTER VARYING": "VARCHAR",
    "DATETIME": "TIMESTAMP",
    "DEC": "NUMERIC",
    "DECIMAL": "NUMERIC",
    "DOUBLE PRECISION": "DOUBLE",
    "FLOAT4": "REAL",
    "FLOAT8": "DOUBLE",
    "INT": "INTEGER",
    "INT2": "SMALLINT",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "NATIONAL CHARACTER": "NCHAR",
    "NATIONAL CHARACTER VARYING": "NVARCHAR",
    "NUMBER": "NUMERIC",
    "NVARCHAR2": "NVARCHAR",
    "TIMESTAMPTZ": "TIMESTAMP",
    "TIMETZ": "TIME",
    "VARCHAR2": "VARCHAR",
}
"""The family of each spelling that has more than one."""

SERIALS = {
    "SERIAL": "INTEGER",
    "SERIAL4": "INTEGER",
    "BIGSERIAL": "BIGINT",
    "SERIAL8": "BIGINT",
    "SMALLSERIAL": "SMALLINT",
    "SERIAL2": "SMALLINT",
}
"""PostgreSQL's notation for an integer with a sequence of its own."""

_KNOWN = frozenset(FAMILIES.values()) | keywords(
    "BIGINT BINARY BIT BLOB BOX BYTEA CIDR CIRCLE CITEXT CLOB DATE DATETIME2 DATETIMEOFFSET DATERANGE DOUBLE FLOAT "
    "GEOGRAPHY GEOMETRY HSTORE INET INT4RANGE INT8RANGE INTEGER INTERVAL JSON JSONB LINE LONGBLOB LONGTEXT LSEG LTREE "
    "MACADDR MACADDR8 MEDIUMBLOB MEDIUMINT MEDIUMTEXT MONEY NCHAR NCLOB NTEXT NUMRANGE NVARCHAR OID PATH POINT POLYGON REAL "
    "REGCLASS SET SMALLINT SMALLMONEY TEXT TIME TIMESTAMP TINYBLOB TINYINT TINYTEXT TSQUERY TSRANGE TSTZRANGE TSVECTOR "
    "UNIQUEIDENTIFIER UUID VARBINARY VARBIT VARCHAR XML YEAR"
)
# the longest first, as "character varying" begins with "character"
_PHRASES = tuple(sorted((family for family in FAMILIES if " " in family), key=len, reverse=True))
# the longest first here, too
_FIELDS = (
    "YEAR TO MONTH",
    "DAY TO SECOND",
    "DAY TO MINUTE",
    "DAY TO HOUR",
    "HOUR TO SECOND",
    "HOUR TO MINUTE",
    "MINUTE TO SECOND",
    "YEAR",
    "MONTH",
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
)
_MAXIMUM = "MAX"
_WITHOUT_ARGS = frozenset({"BIGINT", "BOOLEAN", "INTEGER", "MEDIUMINT", "SMALLINT", "TINYINT"})
"""Families whose number in parentheses, MySQL's display width, holds nothing."""


def read_type(cursor: TokenCursor) -> tuple[MaybeType, bool]:
    """Step over a type; return it (None if none comes next, UNKNOWN if it has a hole) and whether it was a serial."""
    token = cursor.token
    if cursor.done or token.kind not in {"word", "name", "bind"} or (token.kind == "word" and token.key in COLUMN_WORDS):
        return None, False
    phrase = cursor.accept(*_PHRASES)
    schema, name = (None, phrase) if phrase else cursor.path()
    spelled = name.upper() if isinstance(name, str) else HOLE
    family = SERIALS.get(spelled) or FAMILIES.get(spelled, spelled)
    if family == "ENUM":
        members: tuple[Name, ...] | Unknown = tuple(member.name() for member in cursor.group())
        _suffix(cursor)
        return SqlType(name="ENUM", members=members, creates_type=False), False
    fields = (cursor.accept(*_FIELDS) or None) if family == "INTERVAL" else None
    args = _args(cursor)
    args = () if family in _WITHOUT_ARGS else args
    timezone = _timezone(cursor, spelled, family)
    collation = _suffix(cursor)
    if name is UNKNOWN:
        return UNKNOWN, False
    if family in _KNOWN or (token.kind == "word" and args):
        found = SqlType(
            name=family, args=args, timezone=timezone, fields=fields, collation=collation, datetime=spelled == "DATETIME"
        )
    else:  # an enum or a domain, perhaps: only the database knows
        found = SqlType(name=name, args=args, type_name=name, schema=schema, creates_type=False, collation=collation)
    return _array(cursor, found), spelled in SERIALS


def _args(cursor: TokenCursor) -> tuple[int | Unknown, ...]:
    found: list[int | Unknown] = []
    for item in cursor.group():
        token = item.take()
        if token.kind == "number" and token.text.isdecimal():
            found.append(int(token.text))
        elif token.key != _MAXIMUM:
            found.append(UNKNOWN)
    return tuple(found)


def _timezone(cursor: TokenCursor, spelled: str, family: str) -> Flag | None:
    if family not in {"TIME", "TIMESTAMP"}:
        return None
    if cursor.accept("WITH TIME ZONE", "WITH LOCAL TIME ZONE"):
        return True
    cursor.accept("WITHOUT TIME ZONE")
    return spelled.endswith("TZ")


def _suffix(cursor: TokenCursor) -> Name | None:
    """Step over what may follow a type (UNSIGNED, CHARACTER SET, …); return the collation."""
    collation: Name | None = None
    while True:
        if cursor.accept("UNSIGNED", "SIGNED", "ZEROFILL", "BINARY", "PRECISION", "BYTE"):
            continue
        if cursor.accept("CHARACTER SET", "CHARSET"):
            cursor.take()
        elif cursor.accept("COLLATE"):
            _, collation = cursor.path()
        else:
            return collation


def _array(cursor: TokenCursor, item: SqlType) -> SqlType:
    found = item
    while cursor.key in {"[", "ARRAY"}:
        if cursor.accept("ARRAY") and cursor.key != "[":
            return SqlType(name="ARRAY", item=item)
        cursor.skip()
        found = SqlType(name="ARRAY", item=item)  # PostgreSQL keeps no number of dimensions
    return found
