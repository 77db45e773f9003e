"""JSON by value: what of a text makes no difference once it is parsed as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Table

JSON_NULL = "JSON None"
"""The form of JSON's null."""


def is_json_column(column: CatalogueColumn, table: Table) -> bool:
    """Whether nothing but JSON is kept in a column: by its type, or by a check, as MariaDB does it."""
    kind: ColumnType | None = column.type
    while kind is not None:
        if "json" in kind.base.lower():
            return True
        kind = kind.element
    checks = (check.expression.lower() for check in table.checks)
    return any("json_valid(" in check and column.name.lower() in check for check in checks)


def canonical(value: object, *, scalars: bool = False) -> str | None:
    """Return what a text says as JSON, without order of keys, spaces and escapes; None for what is no JSON.

    scalars: whether a text may be a mere number or string of JSON; otherwise only objects and arrays are taken for it.
    Numbers are equal by value, but 1 is not 1.0, which most languages read as another type. An object that names a key twice is no
    JSON here: readers differ about it (RFC 8259, section 4).
    """
    if not isinstance(value, str) or not (scalars or value.lstrip()[:1] in ("{", "[")):
        return None
    try:
        read = json.loads(value, object_pairs_hook=_members, parse_float=_fraction, parse_int=_integer, parse_constant=_constant)
        # the word keeps JSON's "a" from being the text a
        form = f"JSON {read!r}"
    except (ValueError, RecursionError, InvalidOperation):
        return None
    return form


def _members(pairs: Sequence[tuple[str, object]]) -> object:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is repeated")
    return ("object", sorted(members.items(), key=lambda member: member[0]))


def _integer(text: str) -> object:
    # as text: int() refuses more than 4,300 digits (sys.set_int_max_str_digits)
    return ("integer", "0" if text == "-0" else text)


def _fraction(text: str) -> object:
    # 1.50 and 15e-1 are one number; a float would make others equal that are not
    sign, digits, exponent = Decimal(text).as_tuple()
    shown = "".join(map(str, digits)).lstrip("0")
    bare = shown.rstrip("0")
    return ("fraction", bool(sign and bare), bare, int(exponent) + len(shown) - len(bare) if bare else 0)


def _constant(name: str) -> object:
    return ("constant", name)
