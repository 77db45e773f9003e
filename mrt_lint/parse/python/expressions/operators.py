"""Operators on values that may be unknown."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from mrt_lint.model.values import HOLE, UNKNOWN, Column, Unknown
from mrt_lint.parse.python.convert import is_known, to_name
from mrt_lint.parse.python.expressions.strings import apply_percent, bounded
from mrt_lint.parse.python.library.elements import OrmRow, OrmRows, SqlExpression, TableColumns, TableElement
from mrt_lint.parse.python.library.sql_expression import deny, is_column, merge_sql, require, require_all
from mrt_lint.parse.python.library.table import make_column_ref, table_under
from mrt_lint.parse.python.library.text_file import join_path
from mrt_lint.parse.python.objects import (
    BatchValue,
    BoundMethod,
    ConnectionValue,
    ContextValue,
    DialectName,
    DialectValue,
    EnumMember,
    EnvironmentText,
    ExternalName,
    FunctionChoice,
    InspectorValue,
    LocalClass,
    LocalFunction,
    PossibleItem,
    SessionValue,
    Value,
)
from mrt_lint.parse.python.run import MAX_LENGTH, FunctionRun, backend_of

MAX_BITS = 64
"""Exponents and shifts beyond this make figures that no migration holds."""

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "Divide": operator.truediv,
    "FloorDivide": operator.floordiv,
    "Modulo": operator.mod,
    "Power": operator.pow,
    "BitOr": operator.or_,
    "BitAnd": operator.and_,
    "BitXor": operator.xor,
    "LeftShift": operator.lshift,
    "RightShift": operator.rshift,
}

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "LessThan": operator.lt,
    "LessThanEqual": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEqual": operator.ge,
}


OBJECTS = (
    BatchValue,
    LocalClass,
    ConnectionValue,
    ContextValue,
    DialectValue,
    DialectName,
    LocalFunction,
    FunctionChoice,
    InspectorValue,
    EnumMember,
    EnvironmentText,
    SessionValue,
    TableElement,
)
"""What is never false."""


def truth(value: Value) -> bool | None:
    """Return whether a condition holds; None if it cannot be decided."""
    if isinstance(value, str):
        # with some text around its hole a string is not empty
        return True if HOLE in value and value != HOLE else None if HOLE in value else bool(value)
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return bool(value)
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        doubtful = all(isinstance(item, PossibleItem) or (item is UNKNOWN and isinstance(value, dict)) for item in value)
        return None if value and doubtful else bool(value)
    return True if isinstance(value, OBJECTS) else None


def combine(name: str, left: Value, right: Value) -> Value:
    """`left <operator> right`."""
    left, right = (UNKNOWN if isinstance(value, EnvironmentText) else value for value in (left, right))
    if name == "Divide" and (path := join_path(left, right)) is not None:
        return path
    if isinstance(left, str):
        if name == "Modulo":
            return apply_percent(left, right)
        if name == "Add" and (isinstance(right, str) or right is UNKNOWN):
            return bounded(left + (right if isinstance(right, str) else HOLE))
    if name == "Add" and isinstance(right, str) and left is UNKNOWN:
        return bounded(HOLE + right)
    if isinstance(left, (SqlExpression, Column)) or isinstance(right, (SqlExpression, Column)):
        return require_all(left, right) if name == "BitAnd" else merge_sql(left, right)
    if name == "Add" and isinstance(left, (list, tuple)) and type(left) is type(right):
        return left + right if len(left) + len(right) <= MAX_LENGTH else UNKNOWN  # type: ignore[operator] # of one type
    if isinstance(left, dict) and isinstance(right, dict) and name == "BitOr":
        return {**left, **right}
    return _compute(name, left, right) if is_known(left) and is_known(right) else UNKNOWN


def _compute(name: str, left: Any, right: Any) -> Value:
    if name in ("Power", "LeftShift") and not (
        isinstance(right, int) and 0 <= right <= MAX_BITS and isinstance(left, int) and abs(left) < 2**32
    ):
        return UNKNOWN
    if name == "Add" and isinstance(left, bytes) and isinstance(right, bytes) and len(left) + len(right) > MAX_LENGTH:
        return UNKNOWN
    if name == "Multiply":
        sizes = [len(value) if hasattr(value, "__len__") else abs(value) for value in (left, right)]
        if max(sizes) > MAX_LENGTH or sizes[0] * sizes[1] > MAX_LENGTH:
            return UNKNOWN
    try:
        return ARITHMETIC[name](left, right)
    except Exception:  # noqa: BLE001 - the migration would fail in the same way
        return UNKNOWN


def negate(name: str, value: Value) -> Value:
    """`-value`, `+value`, `~value`."""
    if isinstance(value, (SqlExpression, Column)):
        return deny(value) if name == "BitInvert" else merge_sql(value)
    if not isinstance(value, (int, float)):
        return UNKNOWN
    if name == "Minus":
        return -value
    if name == "Plus":
        return +value
    return ~value if isinstance(value, int) else UNKNOWN


def compare(run: FunctionRun, name: str, left: Value, right: Value) -> Value:
    """`left <comparison> right`; raises Split where that depends on the dialect."""
    if isinstance(left, (SqlExpression, Column)) or isinstance(right, (SqlExpression, Column)):
        tested, value = (left, right) if is_column(left) else (right, left)
        asks = {"Equal": "in", "NotEqual": "not in"}.get(name)
        return require(asks, tested, value) if asks else merge_sql(left, right)
    if name in ("NotEqual", "NotIn", "IsNot"):
        outcome = truth(compare(run, {"NotEqual": "Equal", "NotIn": "In", "IsNot": "Is"}[name], left, right))
        return UNKNOWN if outcome is None else not outcome
    if name == "Is":
        return _is(left, right)
    if name == "In":
        return _contains(run, left, right)
    if isinstance(right, DialectName):
        left, right = right, left
    if isinstance(left, DialectName):
        return run.is_dialect(left, right) if isinstance(right, str) and HOLE not in right and name == "Equal" else UNKNOWN
    if not (is_known(left) and is_known(right)):
        # an object equals itself; two texts with the same hole need not be equal
        return True if left is right and left is not UNKNOWN and not isinstance(left, str) else UNKNOWN
    if name == "Equal":
        return left == right
    try:
        return ORDER[name](left, right)
    except TypeError:
        return UNKNOWN


_UNDECIDED = (ExternalName, OrmRow, OrmRows)
"""What may be None."""


def _is(left: Value, right: Value) -> Value:
    if left is UNKNOWN or right is UNKNOWN or isinstance(left, _UNDECIDED) or isinstance(right, _UNDECIDED):
        return UNKNOWN
    return left is right if left is None or right is None or isinstance(left, bool) else UNKNOWN


def _contains(run: FunctionRun, item: Value, items: Value) -> Value:
    if isinstance(items, BoundMethod):
        return UNKNOWN
    if isinstance(item, DialectName):
        if not isinstance(items, (list, tuple, set, frozenset, dict)) or not is_known(list(items)):
            return UNKNOWN
        return any(run.is_dialect(item, name) for name in items if isinstance(name, str))
    if isinstance(items, DialectName):
        return match_dialect(run, items, item, begins=False)
    if isinstance(items, dict) and isinstance(item, str) and HOLE in item:
        return True if isinstance(choose_function(items, item), FunctionChoice) else UNKNOWN
    if isinstance(items, (list, tuple, set, frozenset, dict)):
        if is_known(item) and any(is_known(known) and type(known) is type(item) and known == item for known in items):
            return True
        return False if is_known(item) and is_known(list(items)) else UNKNOWN
    if isinstance(items, str) and isinstance(item, str) and HOLE not in item:
        return True if item in items else UNKNOWN if HOLE in items else False
    return UNKNOWN


FEATURES = {"supports_sequences": frozenset({"mariadb", "postgresql"})}
"""Attributes of `bind.dialect` that are True on these databases, of those that rules are about."""


def match_dialect(run: FunctionRun, value: DialectName, word: Value, *, begins: bool) -> Value:
    """`word in value`, or `value.startswith(word)`; a word of a URL that names no database says nothing of the dialect."""
    if not isinstance(word, str) or HOLE in word:
        return UNKNOWN
    if not value.url:
        return run.decide(lambda dialect: dialect.startswith(word) if begins else word in dialect)
    name, whole = backend_of(word)
    if not name.isalpha() or not run.may_be(lambda dialect: name in dialect):
        return UNKNOWN
    # `postgres://` was a spelling of postgresql up to SQLAlchemy 1.3, and hosting providers still hand it out
    return run.decide(lambda dialect: dialect == name if whole and name != "postgres" else dialect.startswith(name))


def get_item(run: FunctionRun, value: Value, key: Value) -> Value:
    """`value[key]`; raises Split where the key is the dialect."""
    if isinstance(value, dict):
        return _get_entry(run, value, key)
    if isinstance(value, DialectName):
        return value if key == 0 else UNKNOWN
    if isinstance(value, ExternalName):
        return table_under(value, key) or UNKNOWN
    if isinstance(value, TableColumns):
        return make_column_ref(value.table, to_name(key))
    if isinstance(value, (OrmRow, OrmRows)):
        return value.row if isinstance(value, OrmRows) else value if key == 0 else UNKNOWN
    if isinstance(value, list) and (row := row_among(value)) is not None:
        return row
    if isinstance(value, (list, tuple, str, bytes)) and isinstance(key, int) and is_sized(value):
        try:
            item: Value = value[key]
        except IndexError:
            return UNKNOWN
        return UNKNOWN if isinstance(item, PossibleItem) else item
    return UNKNOWN


def _get_entry(run: FunctionRun, value: dict[Value, Value], key: Value) -> Value:
    if isinstance(key, DialectName):
        return next((value[name] for name in value if isinstance(name, str) and run.is_dialect(key, name)), UNKNOWN)
    if isinstance(key, str) and HOLE in key:
        return choose_function(value, key)
    try:
        return value.get(key, UNKNOWN) if key is not UNKNOWN else UNKNOWN
    except TypeError:
        return UNKNOWN


def choose_function(value: dict[Value, Value], key: str, default: Value = UNKNOWN) -> Value:
    """Return the functions under the names that a key may be, as in `globals()["upgrade_%s" % engine_name]`; else the default.

    The name of a database may be empty: `upgrade_()`.
    """
    pattern = re.compile(".*".join(map(re.escape, key.split(HOLE))))
    found = [item for name, item in value.items() if isinstance(name, str) and pattern.fullmatch(name)]
    functions = tuple(item for item in found if isinstance(item, LocalFunction))
    if not found:
        return UNKNOWN if UNKNOWN in value else default
    return FunctionChoice(functions) if len(functions) == len(found) else UNKNOWN


def is_sized(value: list[Value] | tuple[Value, ...] | str | bytes) -> bool:
    """Return whether its length is known."""
    if isinstance(value, str):
        return HOLE not in value
    return isinstance(value, bytes) or not any(isinstance(item, PossibleItem) for item in value)


def row_among(items: list[Value]) -> OrmRow | None:
    """Return an object of the ORM that represents those in a list, None if it holds others or none."""
    found = [item.value if isinstance(item, PossibleItem) else item for item in items]
    first = found[0] if found else None
    return first if isinstance(first, OrmRow) and all(isinstance(item, OrmRow) for item in found) else None


def get_slice(value: Value, *bounds: Any) -> Value:
    """`value[lower:upper:step]`."""
    if not isinstance(value, (list, tuple, str, bytes)) or not is_sized(value):
        return UNKNOWN
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        return UNKNOWN
    try:
        return value[slice(*bounds)]
    except ValueError:
        return UNKNOWN


def is_dialect_class(run: FunctionRun, value: Value, kind: Value) -> bool | Unknown:
    """`isinstance(bind.dialect, postgresql.dialect)`."""
    if not isinstance(value, DialectValue) or not isinstance(kind, ExternalName):
        return UNKNOWN
    return run.decide(lambda dialect: dialect in kind.path.lower().split(".") or kind.last.lower() == f"{dialect}dialect")
