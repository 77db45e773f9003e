"""Names as messages show them: the user's own if they could be read, words that fit a sentence if not."""

from __future__ import annotations

from typing import Final

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.model.advice import literal
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AddEnumValue, Op, RenameEnumValue
from mrt_lint.model.values import UNKNOWN, Constraint, MaybeName, Unset

_KINDS = {"foreignkey": "foreign key", "primary": "primary key", "unique": "unique constraint", "check": "check constraint"}

_UNREAD: Final = " whose name could not be read"
_NAMELESS: Final = " without a name"
_OF_TABLES = frozenset({"trigger", "policy", "rule"})
"""Kinds of objects whose names belong to a table, and so have no schema of their own."""


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
        found[f"the_{field}"] = _the(_kind(op, field), name, _NAMELESS if _is_nameless(op, field) else _UNREAD)
    if op.along_with:
        own = next(f"the_{part}" for part in ("column", "index", "constraint", "name", "table") if getattr(op, part, None))
        found[own] += f" along with {op.along_with}"
    schema, last = _plain(op, "schema"), _plain(op, "table")
    found["last"] = last or "…"
    found["not_valid"] = "NOT VALID at its end" if op.sql else "postgresql_not_valid=True"
    found["in_schema"] = f", schema={literal(schema)}" if schema else ""
    found["of_schema"] = f", source_schema={literal(schema)}" if schema else ""
    found["sql_table"] = sql_path(schema, last, dialect) if last else "…"
    found["sql_retired"] = sql_name(f"{last}_retired", dialect) if last else "…"
    for field in ("column", "constraint", "index", "name"):
        found[f"sql_{field}"] = sql_name(found[field], dialect)
    has_schema = getattr(op, "kind", "") not in _OF_TABLES
    found["sql_name"] = sql_path(schema if has_schema else None, found["name"], dialect)
    found["typed"] = ", existing_type=…" if dialect in FAMILY else ""  # Alembic cannot write MODIFY without it
    if isinstance(op, AddEnumValue | RenameEnumValue):
        found["value"] = op.value if readable(op.value) else "…"
    return found


def deed(op: Op) -> str:
    """Name what an operation has done to a table: "the new column 'users.nick'", "the drop of table 'users'"."""
    found, (verb, _, what) = names(op), op.op.partition("_")
    tracked = found.get(f"the_{what}", found["the_constraint"])
    if tracked.startswith(("a ", "an ")):  # without a name
        own = bare(tracked).partition(" ")[2]
        tracked = own if verb in {"add", "create"} else f"a {own}" if what == "table" else f"its {own}"
    deeds = {"add": "the new", "create": "the new", "drop": "the drop of", "rename": "another name of"}
    return f"{deeds.get(verb, 'a change of')} {tracked}"


def bare(thing: str) -> str:
    """Return the words for what has no name, or one that could not be read, without saying so: "an index"."""
    return thing.removesuffix(_UNREAD).removesuffix(_NAMELESS)


def join(columns: object, op: Op | None = None, dialect: str = "postgresql") -> str:
    """Return a list of columns as code: "org_id, email"; "…" for what could not be read; as SQL where the operation is given."""
    if not isinstance(columns, tuple) or not columns:
        return "…"
    known = (name if readable(name) else "…" for name in columns)
    return ", ".join(name if op is None or name.startswith("(") else sql_name(name, dialect) for name in known)


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


def _is_nameless(op: Op, field: str) -> bool:
    return field in {"index", "constraint"} and getattr(op, field, UNKNOWN) is None


def _the(kind: str, name: str | None, otherwise: str = _UNREAD) -> str:
    article = "an" if kind[0] in "aeio" else "a"  # "a unique constraint"
    return f"{kind} '{name}'" if name else f"{article} {kind}{otherwise}"


def _the_column(table: str | None, column: str | None) -> str:
    if column:
        return f"column '{table}.{column}'" if table else f"column '{column}' of a table that could not be read"
    return f"a column of '{table}' that could not be read" if table else "a column of a table that could not be read"


def quoted(value: str | None) -> str:
    """Return a constant of SQL for a sentence."""
    return "NULL" if value is None else f"'{value}'"
