"""Column types, whatever spells them, to SqlType."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN, MaybeType, Name, SqlType, Unknown
from mrt_lint.parse.python.convert import to_flag, to_int, to_maybe_name, to_name
from mrt_lint.parse.python.objects import CallArguments, EnumMember, ExternalName, LocalClass, LocalInstance, PartialCall, Value

FAMILIES: Final[dict[str, str]] = {
    "String": "VARCHAR",
    "Unicode": "VARCHAR",
    "AutoString": "VARCHAR",
    "Text": "TEXT",
    "UnicodeText": "TEXT",
    "Integer": "INTEGER",
    "INT": "INTEGER",
    "BigInteger": "BIGINT",
    "SmallInteger": "SMALLINT",
    "Numeric": "NUMERIC",
    "DECIMAL": "NUMERIC",
    "Float": "FLOAT",
    "Double": "DOUBLE",
    "DOUBLE_PRECISION": "DOUBLE",
    "Boolean": "BOOLEAN",
    "BOOL": "BOOLEAN",
    "Date": "DATE",
    "DateTime": "TIMESTAMP",
    "DATETIME": "TIMESTAMP",
    "NUMBER": "NUMERIC",
    "VARCHAR2": "VARCHAR",
    "NVARCHAR2": "NVARCHAR",
    "TIMESTAMPTZ": "TIMESTAMP",
    "Time": "TIME",
    "Interval": "INTERVAL",
    "LargeBinary": "BLOB",
    "PickleType": "BLOB",
    "Uuid": "UUID",
    "Enum": "ENUM",
}
"""SQLAlchemy's generic types by the SQL that they render; every other type of SQLAlchemy's is its own name."""

_WITHOUT_ARGS_WORDS = "INTEGER BIGINT SMALLINT TINYINT MEDIUMINT BOOLEAN JSON JSONB UUID BLOB DATE ARRAY ENUM"
WITHOUT_ARGS: Final = frozenset(_WITHOUT_ARGS_WORDS.split())
"""Families whose parentheses hold no length, precision or scale that matters."""

PLACES: Final[dict[str, tuple[str, ...]]] = {
    "VARCHAR": ("length",),
    "NVARCHAR": ("length",),
    "CHAR": ("length",),
    "NCHAR": ("length",),
    "TEXT": ("length",),
    "BINARY": ("length",),
    "VARBINARY": ("length",),
    "BIT": ("length",),
    "NUMERIC": ("precision", "scale"),
    "FLOAT": ("precision",),
    "DOUBLE": ("precision", "scale"),
    "REAL": ("precision",),
    "TIMESTAMP": ("timezone", "precision", "fsp"),
    "TIME": ("timezone", "precision", "fsp"),
    "INTERVAL": ("native", "second_precision", "day_precision", "precision"),
}
"""The parameters of a type, in order; the numbers among them are its arguments."""

_AUTO_STRING: Final = tuple((dialect, SqlType(name="VARCHAR", args=(255,))) for dialect in ("mysql", "mariadb"))
"""What sqlmodel's string is where it is given no length. Source: sqlmodel/sql/sqltypes.py, `mysql_default_length`."""

_OF_UTILS: Final = {
    name: SqlType(name="VARCHAR", args=(length,))
    for name, length in {"ChoiceType": 255, "ColorType": 20, "CountryType": 2, "CurrencyType": 3, "LocaleType": 10}.items()
}
"""The columns behind types of sqlalchemy-utils. Source: `impl` of the classes in sqlalchemy_utils/types."""

TYPE_BASES: Final = ("TypeDecorator", "UserDefinedType", "TypeEngine")


def is_type(value: Value) -> bool:
    """Return whether a value can be a column's type."""
    if isinstance(value, ExternalName):
        return value.last[:1].isupper()
    return isinstance(value, (SqlType, LocalClass)) or (isinstance(value, LocalInstance) and value.of.bases != ())


def to_type(value: Value) -> MaybeType:
    """Return the type that a value is: a type object, a type's class, a class of the application."""
    if value is None or isinstance(value, SqlType):
        return value
    if isinstance(value, ExternalName):
        return make_type(value, CallArguments()) if is_type(value) else UNKNOWN
    if isinstance(value, LocalInstance):
        return to_type(value.of)
    if isinstance(value, LocalClass):
        return of_class(value)
    if isinstance(value, PartialCall) and isinstance(value.function, ExternalName):
        return make_type(value.function, value.arguments)
    return UNKNOWN


def of_class(kind: LocalClass) -> MaybeType:
    """Return the type of a class of the project's: the column behind a TypeDecorator, on each database."""
    for each in (kind, *_bases(kind)):
        if each.columns:
            return _loaded(each) or SqlType(name=kind.name)
        if "load_dialect_impl" in each.methods:
            break
        impl = each.scope.names.get("impl")
        found = to_type(impl) if each.inherits("TypeDecorator") and isinstance(impl, (SqlType, ExternalName)) else None
        if isinstance(found, SqlType):
            return found
    return SqlType(name=kind.name)


def _bases(kind: LocalClass) -> Iterator[LocalClass]:
    for base in kind.bases:
        if isinstance(base, LocalClass):
            yield base
            yield from _bases(base)


def _loaded(kind: LocalClass) -> SqlType | None:
    """Return the types that `load_dialect_impl()` returns as one, None where one of them is not known."""
    found = {database: to_type(column) for database, column in kind.columns.items()}
    known = {database: column for database, column in found.items() if isinstance(column, SqlType)}
    if len(known) < len(found):
        return None
    return dataclasses.replace(known.pop(""), variants=tuple(sorted(known.items())))


def make_type(ref: ExternalName, arguments: CallArguments) -> MaybeType:
    """Return a type by its class and arguments; one from elsewhere keeps its class name."""
    if ref.last in ("NullType", "NULLTYPE"):
        return None
    if ref.root == "sqlalchemy_utils" and ref.last in _OF_UTILS:
        impl = arguments.keyword.get("impl")
        return _OF_UTILS[ref.last] if impl is None else to_type(impl)
    if ref.root not in ("sqlalchemy", "sqlmodel"):
        name = ".".join(ref.path.split(".")[-2:]) if ref.last.isupper() else ref.last  # its TIMESTAMP need not be SQL's
        return SqlType(name=name, args=tuple(to_int(value) for value in arguments.positional if isinstance(value, int)))
    name = FAMILIES.get(ref.last, ref.last if ref.last.isupper() else ref.last.upper())
    if name == "ENUM":
        return dataclasses.replace(make_enum(arguments), checks_first=ref.last == "ENUM")
    if name == "ARRAY":
        item = to_type(arguments.get(0, "item_type", UNKNOWN))
        return SqlType(name="ARRAY", item=UNKNOWN if item is None else item)
    if name == "DOMAIN":
        return SqlType(name="DOMAIN", type_name=to_name(arguments.get(0, "name", UNKNOWN)), checks_first=True)
    numbers = _numbers(name, arguments)
    if name == "BIT" and arguments.get(1, "varying") is True:
        name = "VARBIT"
    fields = to_maybe_name(arguments.keyword.get("fields")) if name == "INTERVAL" else None
    return SqlType(
        name=name,
        fields=fields.upper() if isinstance(fields, str) else fields,
        args=numbers,
        variants=_AUTO_STRING if ref.last == "AutoString" and not numbers else (),
        timezone=_timezone(name, ref, arguments),
        datetime=ref.last in ("DateTime", "DATETIME"),
        # SQLAlchemy writes none for an empty one
        collation=to_maybe_name(arguments.keyword.get("collation")) or None,
    )


def _numbers(name: str, arguments: CallArguments) -> tuple[int | Unknown, ...]:
    if name in WITHOUT_ARGS or name not in PLACES:
        return () if name in WITHOUT_ARGS else tuple(to_int(value) for value in arguments.positional if isinstance(value, int))
    numbers: list[int | Unknown] = []
    for position, parameter in enumerate(PLACES[name]):
        value = arguments.get(position, parameter)
        if parameter != "timezone" and value is not None:
            numbers.append(to_int(value))
    return tuple(numbers)


def _timezone(name: str, ref: ExternalName, arguments: CallArguments) -> bool | Unknown | None:
    if name not in ("TIME", "TIMESTAMP"):
        return None
    # MySQL's types take the digits of a second where others take the time zone
    return to_flag(arguments.get(0, "timezone")) if ".mysql" not in ref.path else False


def make_enum(arguments: CallArguments) -> SqlType:
    """`sa.Enum("a", "b", name="kind")`, `sa.Enum(Kind)`, `postgresql.ENUM(…)`; a VARCHAR with `native_enum=False`."""
    creates = arguments.keyword.get("create_type") is not False
    name: Value = arguments.keyword.get("name")
    members: tuple[Name, ...] | Unknown = UNKNOWN
    if arguments.complete and all(isinstance(value, str) or value is UNKNOWN for value in arguments.positional):
        members = tuple(to_name(value) for value in arguments.positional)
        if UNKNOWN in members and len(members) == 1:
            members = UNKNOWN
    elif len(arguments.positional) == 1 and isinstance(arguments.positional[0], (LocalClass, ExternalName)):
        kind = arguments.positional[0]
        name = name if "name" in arguments.keyword else (kind.name if isinstance(kind, LocalClass) else kind.last).lower()
        if isinstance(kind, LocalClass) and "values_callable" not in arguments.keyword:
            members = tuple(item.name for item in kind.scope.names.values() if isinstance(item, EnumMember))
    if arguments.keyword.get("native_enum") is False:
        return SqlType(name="VARCHAR", args=(_length(members, arguments.keyword.get("length")),))
    return SqlType(
        name="ENUM",
        members=members,
        type_name=to_maybe_name(name),
        schema=to_maybe_name(arguments.keyword.get("schema")),
        creates_type=creates if arguments.complete else UNKNOWN,
    )


def _length(members: tuple[Name, ...] | Unknown, given: Value) -> int | Unknown:
    """Return the length of the VARCHAR that holds an enum's labels: the given one, else that of the longest."""
    if given is not None:
        return to_int(given)
    if members is UNKNOWN or not all(isinstance(member, str) and HOLE not in member for member in members):
        return UNKNOWN
    return max((len(str(member)) for member in members), default=0)


TYPE_METHODS: Final = frozenset(["with_variant", "copy", "evaluates_none", "as_generic", "adapt", "as_mutable"])
"""Methods of a type that return a type."""


def call_type_method(kind: SqlType, name: str, arguments: CallArguments) -> Value:
    """`type.with_variant(…)` is the type with another one for some dialects; `.copy()` is the type."""
    if name == "with_variant":
        variant = to_type(arguments.get(0, "type_", UNKNOWN))
        dialects = [dialect for dialect in arguments.positional[1:] if isinstance(dialect, str)]
        return dataclasses.replace(
            kind, variants=(*kind.variants, *((dialect, UNKNOWN if variant is None else variant) for dialect in dialects))
        )
    if name == "copy" and kind.name == "ENUM" and "name" in arguments.keyword:
        return dataclasses.replace(kind, type_name=to_maybe_name(arguments.keyword["name"]))
    return kind
