"""The properties of catalogue objects that are compared, each with the words that report its change. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mrt_runtime.compare.schema import (
    CatalogueColumn,
    CatalogueObject,
    Check,
    ColumnType,
    Exclusion,
    ForeignKey,
    Index,
    IndexElement,
    Key,
    NamedType,
    Schema,
    Sequence,
    Table,
)
from mrt_runtime.databases.sentences import cut

LONGEST_CONDITION = 60  # characters shown of one
QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
PIECE = re.compile(r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|\s+|[^\s'"$]+|.""", re.DOTALL)
LANGUAGE = re.compile(r"\bLANGUAGE\s+(?:sql|plpgsql)\b", re.IGNORECASE)
"""Of a program whose lines may be laid out in any way; those of Python's may not."""
TOKEN = re.compile(
    r"""\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|\w+|\S""",
    re.DOTALL,
)
SHORT_TYPES = (
    (re.compile(r"^character varying"), "varchar"),
    (re.compile(r"^character(?=\()"), "char"),
    (re.compile(r"^bit varying"), "varbit"),
    (re.compile(r" without time zone"), ""),
)
TYPE_WORDS = {"enum": "Enum", "domain": "Domain", "range": "Range type", "composite": "Type"}


def fold(sql: Any) -> Any:
    """Reduce an SQL fragment to what it means: spaces, letter case outside quotes and outer parentheses do not count.

    Nor does the layout of a program's body.
    """
    if isinstance(sql, tuple):
        return tuple(map(fold, sql))
    if not isinstance(sql, str):
        return sql
    is_program = LANGUAGE.search(sql.partition("$")[0]) is not None
    text = PIECE.sub(lambda piece: _fold_piece(piece, is_program=is_program), sql)
    while text.startswith("(") and text.endswith(")") and _is_one_group(text):
        text = text[1:-1]
    return text


def _fold_piece(piece: re.Match[str], *, is_program: bool) -> str:
    """Return a part of SQL as it is where it is quoted; the body of a program in SQL without its layout."""
    if piece["tag"] is not None and is_program:
        return " ".join(found.group().rstrip() for found in TOKEN.finditer(piece.group()[len(piece["tag"]) + 2 :]))
    return piece.group() if piece["kept"] else piece.group().strip().lower()


def _is_one_group(text: str) -> bool:
    depth = 0
    for position, character in enumerate(QUOTED.sub(lambda match: "x" * len(match.group()), text)):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(text) - 1
    return False


def show(value: Any) -> str:
    """Show a property: text as it is, nothing as "none"."""
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def show_names(names: Iterable[Any]) -> str:
    """Show names in their order: "(a, b)"."""
    shown = ", ".join(map(str, names))
    return f"({shown})" if shown else "none"


def show_type(kind: ColumnType | None) -> str:
    """Show a type as projects write it: VARCHAR(50), TIMESTAMP WITH TIME ZONE; a user's type keeps its case."""
    if kind is None:
        return "none"
    if kind.kind not in {"base", "array"} or (kind.element is not None and kind.element.kind != "base"):
        return kind.text
    text = kind.text
    for pattern, short in SHORT_TYPES:
        text = pattern.sub(short, text)
    parts = QUOTED.split(text)
    return "".join(part if number % 2 else part.upper() for number, part in enumerate(parts)) or "no type"


def show_option(pair: tuple[str, str]) -> str:
    """Show a fact by name; of one that is there or not, the name says all."""
    name, value = pair
    return name if value == "yes" else f"{name} {value}"


def show_element(element: IndexElement) -> str:
    """Show one key of an index as CREATE INDEX would spell it."""
    words = [element.column or element.expression or ""]
    if element.prefix is not None:
        words[0] += f"({element.prefix})"
    words += [f"COLLATE {element.collation}"] if element.collation else []
    words += [element.operator_class] if element.operator_class else []
    words += ["DESC"] if element.descending else []
    words += [] if element.nulls_first is None else ["NULLS FIRST" if element.nulls_first else "NULLS LAST"]
    return " ".join(words)


def constraint_name(constraint: Key | Check | Exclusion | ForeignKey) -> str:
    """Call a constraint by its name, or by what it says where the database named it."""
    if constraint.named and constraint.name:
        return f"'{constraint.name}'"
    if isinstance(constraint, Check):
        # a long condition says less than its beginning and the name that the database gave it
        is_long = constraint.name and len(constraint.expression) > LONGEST_CONDITION
        shown = f"({cut(constraint.expression, LONGEST_CONDITION)})"
        return f"'{constraint.name}' {shown}" if is_long else shown
    if isinstance(constraint, Exclusion):
        return f"({', '.join(' WITH '.join(element) for element in constraint.elements)})"
    return show_names(constraint.columns)


def type_word(kind: NamedType) -> str:
    """Name the kind of a user's type at the start of a sentence."""
    return TYPE_WORDS.get(kind.kind, "Type")


@dataclass(frozen=True, slots=True)
class ComparedProperty:
    """One property: the word before "X became Y", how it is read and shown.

    `is_sql` is compared by meaning (`fold`); `is_long` is reported as "changed", with the two texts as evidence.
    """

    word: str
    read: Callable[[Any], Any]
    show: Callable[[Any], str] = show
    is_sql: bool = False
    is_long: bool = False


def _default(column: CatalogueColumn) -> str | None:
    """Read a default; the sequence that a column owns is part of the column, whatever its name is."""
    if column.sequence and (column.default or "").startswith("nextval("):
        return "nextval of its own sequence"
    return column.default


def _target(key: ForeignKey) -> str:
    table = f"{key.referred_schema}.{key.referred_table}" if key.referred_schema else key.referred_table
    return f"{table}{show_names(key.referred_columns)}"


def _deferral(constraint: Key | ForeignKey) -> str:
    if not constraint.deferrable:
        return "NOT DEFERRABLE"
    return f"DEFERRABLE INITIALLY {'DEFERRED' if constraint.initially_deferred else 'IMMEDIATE'}"


COMMENT = ComparedProperty("comment", lambda one: one.comment)
OPTIONS = ComparedProperty("options", lambda one: one.options, lambda pairs: show_names(map(show_option, pairs)))
DEFERRAL = ComparedProperty("", _deferral)
VALIDATED = ComparedProperty("", lambda one: "VALID" if one.validated else "NOT VALID")
ENFORCED = ComparedProperty("", lambda one: "ENFORCED" if one.enforced else "NOT ENFORCED")
COLUMNS = ComparedProperty("columns", lambda one: one.columns, show_names)
NULLS = ComparedProperty("", lambda one: "NULLS NOT DISTINCT" if one.nulls_not_distinct else "NULLS DISTINCT")
INCLUDE = ComparedProperty("included columns", lambda one: one.include, show_names)
NULLABLE = ComparedProperty("", lambda one: "NULL" if one.nullable else "NOT NULL")
COLLATION = ComparedProperty("collation", lambda one: one.collation)
PREDICATE = ComparedProperty("condition", lambda one: one.predicate, is_sql=True)
METHOD = ComparedProperty("method", lambda one: one.method)

COMPARED_PROPERTIES: dict[type, tuple[ComparedProperty, ...]] = {
    Schema: (OPTIONS,),
    Table: (
        ComparedProperty("kind", lambda one: one.kind),
        ComparedProperty("parents", lambda one: one.parents, show_names),
        ComparedProperty("bounds", lambda one: one.bounds, is_sql=True),
        ComparedProperty("partition key", lambda one: one.partition_key, is_sql=True),
        OPTIONS,
        COMMENT,
    ),
    CatalogueColumn: (
        ComparedProperty("type", lambda one: show_type(one.type)),
        NULLABLE,
        ComparedProperty("default", _default, is_sql=True),
        ComparedProperty("identity", lambda one: one.identity),
        ComparedProperty("owned sequence", lambda one: one.sequence is not None),
        ComparedProperty("generated as", lambda one: one.generated, is_sql=True),
        ComparedProperty("", lambda one: "STORED" if one.stored else "VIRTUAL"),
        ComparedProperty("ON UPDATE", lambda one: one.on_update, is_sql=True),
        COLLATION,
        OPTIONS,
        COMMENT,
    ),
    Key: (COLUMNS, INCLUDE, DEFERRAL, NULLS, OPTIONS, COMMENT),
    Check: (
        ComparedProperty("condition", lambda one: one.expression, is_sql=True),
        VALIDATED,
        ENFORCED,
        ComparedProperty("", lambda one: "NO INHERIT" if one.no_inherit else "INHERIT"),
        COMMENT,
    ),
    Exclusion: (ComparedProperty("definition", lambda one: one.definition, is_sql=True), COMMENT),
    ForeignKey: (
        COLUMNS,
        ComparedProperty("reference", _target),
        ComparedProperty("ON DELETE", lambda one: one.on_delete),
        ComparedProperty("ON UPDATE", lambda one: one.on_update),
        ComparedProperty("ON DELETE columns", lambda one: one.on_delete_columns, show_names),
        ComparedProperty("MATCH", lambda one: one.match),
        DEFERRAL,
        VALIDATED,
        ENFORCED,
        COMMENT,
    ),
    Index: (
        ComparedProperty("", lambda one: "UNIQUE" if one.unique else "not unique"),
        ComparedProperty("columns", lambda one: tuple(map(show_element, one.elements)), show_names, is_sql=True),
        INCLUDE,
        PREDICATE,
        METHOD,
        NULLS,
        ComparedProperty("", lambda one: "VALID" if one.valid else "INVALID"),
        OPTIONS,
        COMMENT,
    ),
    NamedType: (
        ComparedProperty("kind", lambda one: one.kind),
        ComparedProperty("labels", lambda one: one.labels, show_names),
        ComparedProperty("type", lambda one: show_type(one.base)),
        ComparedProperty("fields", lambda one: tuple(f"{name} {show_type(kind)}" for name, kind in one.fields), show_names),
        ComparedProperty("subtype", lambda one: show_type(one.subtype)),
        NULLABLE,
        ComparedProperty("default", lambda one: one.default, is_sql=True),
        COLLATION,
        COMMENT,
    ),
    Sequence: (
        ComparedProperty("name", lambda one: None if one.owner else one.label),
        ComparedProperty("type", lambda one: one.type.upper()),
        ComparedProperty("start", lambda one: one.start),
        ComparedProperty("increment", lambda one: one.increment),
        ComparedProperty("minimum", lambda one: one.minimum),
        ComparedProperty("maximum", lambda one: one.maximum),
        ComparedProperty("cache", lambda one: one.cache),
        ComparedProperty("", lambda one: "CYCLE" if one.cycle else "NO CYCLE"),
        ComparedProperty("owner", lambda one: ".".join(one.owner) if one.owner else None),
        COMMENT,
    ),
    CatalogueObject: (ComparedProperty("definition", lambda one: one.definition, is_sql=True, is_long=True), COMMENT),
}
