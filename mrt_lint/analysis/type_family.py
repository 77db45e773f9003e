"""Types that a database takes for one another: in a cast by itself, or in a foreign key."""

from __future__ import annotations

from typing import Final, TypeGuard

from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.values import SqlType

TEXT: Final = "text"
TYPE_FAMILIES: Final = {
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR", "NVARCHAR", "CITEXT", "CLOB"), TEXT),
    **dict.fromkeys(("SMALLINT", "INTEGER", "BIGINT", "NUMERIC", "FLOAT", "REAL", "DOUBLE", "DOUBLE_PRECISION"), "number"),
    **dict.fromkeys(("DATE", "TIMESTAMP", "DATETIME"), "moment"),
    **dict.fromkeys(("JSON", "JSONB"), "json"),
    **dict.fromkeys(("BLOB", "BYTEA", "LARGEBINARY"), "bytes"),
    **dict.fromkeys(("INET", "CIDR"), "address"),
    **{name: name.lower() for name in ("BOOLEAN", "INTERVAL", "UUID", "ENUM", "MACADDR", "TSVECTOR", "XML")},
}
"""Types among which PostgreSQL casts by itself when a column changes its type; from all of them it does to text."""
_ALIKE_ON_MYSQL: Final = {name: name for name in ("SMALLINT", "INTEGER", "BIGINT", "NUMERIC", "DATE", "VARCHAR")} | {
    "CHAR": "VARCHAR"
}


def may_refer(one: object, other: object, dialect: str) -> bool:
    """Return whether a foreign key may be from a column of one type to one of another, as far as is known.

    PostgreSQL needs an equality of the two types (“CREATE TABLE”, REFERENCES), MySQL and MariaDB the same size of integers, and
    text of any length (“FOREIGN KEY Constraints”); SQLite compares all types.
    """
    if not isinstance(one, SqlType) or not isinstance(other, SqlType) or one.item is not None or other.item is not None:
        return True
    if dialect in FAMILY:
        names = {_ALIKE_ON_MYSQL.get(kind.name) for kind in (one, other)}
        return len(names) == 1 or None in names
    families = TYPE_FAMILIES.get(one.name), TYPE_FAMILIES.get(other.name)
    return dialect != "postgresql" or None in families or families[0] == families[1]


def is_sql(kind: object) -> TypeGuard[SqlType]:
    """Return whether a type is known, and not a class of the application's whose SQL is unknown."""
    return isinstance(kind, SqlType) and kind.name.isupper() and "." not in kind.name
