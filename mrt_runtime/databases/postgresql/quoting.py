"""How PostgreSQL spells names and strings."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql.base import PGDialect

from mrt_runtime.compare.schema import Sequence, Table

_PREPARER = PGDialect(paramstyle="named").identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy has no types there; other styles would double a percent sign


def quote(name: str) -> str:
    """Return a name as an identifier."""
    return _PREPARER.quote_identifier(name)


def literal(value: str) -> str:
    """Return a string as a literal that means the same whatever `standard_conforming_strings` is."""
    quoted = "'" + value.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


def name_in_schema(one: Table | Sequence) -> str:
    """Return the quoted name of a table or sequence, with its schema where it is not the default one."""
    return f"{quote(one.schema)}.{quote(one.name)}" if one.schema else quote(one.name)
