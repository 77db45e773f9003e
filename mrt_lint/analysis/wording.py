"""Names as messages show them: the user's own if they could be read, words that fit a sentence if not."""

from __future__ import annotations

import re

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddEnumValue, Op, RenameEnumValue
from mrt_lint.model.values import Constraint, MaybeName, Unset

_KINDS = {"foreignkey": "foreign key", "primary": "primary key", "unique": "unique constraint", "check": "check constraint"}

_WORDS = (
    "all and any as asc case check column constraint create default desc distinct end false for foreign from grant group having in "
    "into limit not null offset on or order primary references select table then to true union unique user using when where with"
)
_RESERVED = frozenset(_WORDS.split())
"""Words of SQL that a user may well call a table or column by."""
_ALSO_TAKEN = "change condition groups index interval key keys lock option range rank read row rows system write"
_MYSQL_WORDS = frozenset(_ALSO_TAKEN.split())
"""Words that are reserved on MySQL or MariaDB as well."""
_PLAIN_NAME = re.compile(r"[\w$…]+")


def names(op: Op, dialect: str = "postgresql") -> dict[str, str]:
    """Return the names that an operation uses: "the_table" for sentences, "table" for code, "sql_table" for SQL, and so on.

    `dialect` is the database that the SQL would run on.
    """
    table = _path(op, "table")
    found = {"the_table": _the("table", table), "table": table or "…"}
    found["the_new_table"] = _the("table", _path(op, "new_table"))
    found["new_table"] = _plain(op, "new_table") or "…"
    column = _plain(op, "column")
    found["the_column"] = _the_column(table, column)
    found["column"] = column or "…"
    found["new_column"] = _plain(op, "new_column") or "…"
    for field in ("index", "constraint", "name", "enum", "sequence"):
        name = _plain(op, field)
        found[field] = name or "…"
        found[f"the_{field}"] = _the(_kind(op, field), name)
    if op.along_with:
        own = next(f"the_{part}" for part in ("column", "index", "constraint", "name", "table") if getattr(op, part, None))
        found[own] += f" along with {op.along_with}"
    path = (_plain(op, "schema"), _plain(op, "table")) if table else ()
    found["sql_table"] = ".".join(in_sql(op, part, dialect) for part in path if part) or "…"
    for field in ("column", "constraint"):
        found[f"sql_{field}"] = in_sql(op, found[field], dialect)
    found["typed"] = ", existing_type=…" if dialect in FAMILY else ""  # Alembic cannot write MODIFY without it
    if isinstance(op, AddEnumValue | RenameEnumValue):
        found["value"] = op.value if readable(op.value) else "…"
    return found


def deed(op: Op) -> str:
    """Name what an operation has done to a table: "the new column 'users.nick'", "the drop of table 'users'"."""
    found, (verb, _, what) = names(op), op.op.partition("_")
    tracked = found.get(f"the_{what}", found["the_constraint"])
    if tracked.startswith(("a ", "an ")):  # without a name
        tracked = tracked.partition(" ")[2].partition(" whose")[0]
    deeds = {"add": "the new", "create": "the new", "drop": "the drop of", "rename": "another name of"}
    return f"{deeds.get(verb, 'a change of')} {tracked}"


def in_sql(op: Op, name: str, dialect: str) -> str:
    """Return a name as SQL takes it: in quotes where it is a word of SQL, or where Alembic quotes it to keep its capitals.

    MySQL and MariaDB quote in backticks (and keep capitals without).
    """
    taken = name.lower() in _RESERVED or not _PLAIN_NAME.fullmatch(name)
    if dialect in FAMILY:
        return f"`{name}`" if taken or name.lower() in _MYSQL_WORDS else name
    return f'"{name}"' if taken or (name != name.lower() and not op.sql) else name


def join(columns: object, op: Op | None = None, dialect: str = "postgresql") -> str:
    """Return a list of columns as code: "org_id, email"; "…" for what could not be read; as SQL where the operation is given."""
    if not isinstance(columns, tuple) or not columns:
        return "…"
    known = (name if readable(name) else "…" for name in columns)
    return ", ".join(name if op is None or name.startswith("(") else in_sql(op, name, dialect) for name in known)


def _plain(op: Op, field: str) -> str | None:
    name: MaybeName | Unset = getattr(op, field, None)
    return name if readable(name) else None


def _path(op: Op, field: str) -> str | None:
    name, schema = _plain(op, field), _plain(op, "schema")
    return f"{schema}.{name}" if name and schema else name


def _kind(op: Op, field: str) -> str:
    definition = getattr(op, "definition", None)
    if field == "constraint":
        kind = definition.kind if isinstance(definition, Constraint) else getattr(op, "kind", None)
        return _KINDS.get(kind or "", "constraint")
    return str(getattr(op, "kind", "object")) if field == "name" else field


def _the(kind: str, name: str | None) -> str:
    article = "an" if kind[0] in "aeio" else "a"  # "a unique constraint"
    return f"{kind} '{name}'" if name else f"{article} {kind} whose name could not be read"


def _the_column(table: str | None, column: str | None) -> str:
    if column:
        return f"column '{table}.{column}'" if table else f"column '{column}' of a table that could not be read"
    return f"a column of '{table}' that could not be read" if table else "a column of a table that could not be read"
