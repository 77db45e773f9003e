"""What a text has to hold so that a migration's Python code can read it: a number, a date of a format, parts, labels, JSON keys."""

from __future__ import annotations

import ast
import base64
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.mapped_values import choose, read_case
from mrt_runtime.seed.syntax_nodes import list_nodes
from mrt_runtime.seed.value import ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Decimals, Integers, Raw, Texts, ValueKind

JSON = JsonTexts()
PARSERS: dict[str, ValueKind] = {
    **dict.fromkeys(("loads", "literal_eval", "safe_load", "parse_raw", "model_validate_json"), JSON),
    "int": Integers(0, 2**31 - 1),
    **dict.fromkeys(("float", "Decimal"), Decimals(6, 2)),
    "UUID": Texts(36, fixed=True),
    **dict.fromkeys(("fromisoformat", "isoparse", "parse_date", "parse_datetime"), Datetimes(digits=0)),
}
"""What a text has to hold so that a call of this name accepts it as its first argument."""


@dataclass(frozen=True, slots=True)
class WrittenTexts:
    """Texts that `write` makes of the numbers of rows."""

    write: Callable[[int], str]

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        return ValuePool(typical=tuple(dict.fromkeys(map(self.write, slot.ordinals))), place=slot.place)

    def fit(self, raw: Raw) -> Iterator[str]:
        """Yield nothing: a constant that code compares with such a text is one of the texts that it reads."""
        del raw
        yield from ()


ENCODED: dict[str, ValueKind] = {
    **dict.fromkeys(
        ("b64decode", "urlsafe_b64decode", "standard_b64decode", "a2b_base64"),
        WrittenTexts(lambda ordinal: base64.b64encode(f"text {ordinal + 1}".encode()).decode()),
    ),
    **dict.fromkeys(("fromhex", "unhexlify", "a2b_hex"), WrittenTexts(lambda ordinal: f"text {ordinal + 1}".encode().hex())),
    "ip_address": WrittenTexts(lambda ordinal: f"192.0.2.{ordinal % 200 + 1}"),
}


def format_dates(form: str) -> ValueKind | None:
    """Return the texts that strptime() reads with that format; None where it is none that Python knows."""
    try:
        dt.datetime.strptime(dt.datetime(2024, 1, 1).strftime(form), form)  # noqa: DTZ001, DTZ007 no moment in time, only its form
    except ValueError:
        return None
    first = dt.datetime(2024, 1, 1, 12, 30, tzinfo=dt.timezone.utc)
    return WrittenTexts(lambda ordinal: (first + dt.timedelta(days=ordinal)).strftime(form))


def separate(separator: str, parts: int) -> ValueKind:
    """Return texts of so many parts between separators; digits, since what a part is turned into is not looked into."""
    return WrittenTexts(lambda ordinal: separator.join(str(ordinal + part + 1) for part in range(parts)))


def name_of(node: ast.expr) -> str:
    """Return the last name of a dotted one, "" for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


class ParsedTexts:
    """The facts of one file that say what its texts are turned into: its enums and its dictionaries."""

    def __init__(self, tree: ast.Module, constants: Mapping[str, ast.expr]) -> None:
        self._constants = constants
        self._enums = {node.name: dict(find_members(node)) for node in list_nodes(tree) if isinstance(node, ast.ClassDef)}

    def read(self, node: ast.AST) -> Iterator[tuple[ast.expr, ValueKind]]:
        """Yield each expression that this node reads as a text of some kind, with the kind."""
        if isinstance(node, ast.Call):
            yield from self._read_call(node)
        elif isinstance(node, ast.Subscript):
            yield from self._read_subscript(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and (found := find_split(node.value)):
            text, separator = found
            yield text, separate(separator, len(node.targets[0].elts))

    def _read_call(self, call: ast.Call) -> Iterator[tuple[ast.expr, ValueKind]]:
        if not call.args:
            return
        name = name_of(call.func)
        if name == "case":
            yield from read_case(call)
        kind = PARSERS.get(name) or ENCODED.get(name)
        if name == "strptime" and len(call.args) > 1 and isinstance(form := call.args[1], ast.Constant):
            kind = format_dates(str(form.value))
        elif name in self._enums:
            kind = choose(self._enums[name].values())
        elif name in {"index", "get"} and len(call.args) == 1 and isinstance(call.func, ast.Attribute):
            kind = choose(self._keys_of(call.func.value))
        if kind is not None:
            yield call.args[0], kind

    def _read_subscript(self, node: ast.Subscript) -> Iterator[tuple[ast.expr, ValueKind]]:
        place = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
        if isinstance(place, ast.Constant) and isinstance(place.value, int) and (found := find_split(node.value)):
            text, separator = found
            yield text, separate(separator, place.value + (place is node.slice))
        elif not isinstance(node.slice, ast.Constant) and (kind := choose(self._keys_of(node.value))) is not None:
            yield node.slice, kind

    def _keys_of(self, node: ast.expr) -> tuple[str | int, ...]:
        """Return what an enum, a dictionary or a list of the file can be asked for; nothing for any other expression."""
        if isinstance(node, ast.Name) and node.id in self._enums:
            return tuple(self._enums[node.id])
        known = self._constants.get(node.id) if isinstance(node, ast.Name) else node
        keys = known.keys if isinstance(known, ast.Dict) else known.elts if isinstance(known, ast.List | ast.Tuple) else ()
        found = [key.value for key in keys if isinstance(key, ast.Constant)]
        return tuple(key for key in found if isinstance(key, str | int) and not isinstance(key, bool))


def find_split(node: ast.expr) -> tuple[ast.expr, str] | None:
    """Return what a call of split() is made on, with the separator; None for any other expression."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"split", "rsplit"}):
        return None
    separator = node.args[0] if node.args else ast.Constant(" ")
    text = separator.value if isinstance(separator, ast.Constant) else None
    return (node.func.value, text) if isinstance(text, str) and text else None


def find_members(node: ast.ClassDef) -> Iterator[tuple[str, str | int]]:
    """Yield the names and values of an enum's members; nothing for any other class."""
    for statement in node.body if any(name_of(base).endswith("Enum") for base in node.bases) else ():
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(statement, ast.Assign) and isinstance(value, ast.Constant) and isinstance(value.value, str | int):
            yield from ((target.id, value.value) for target in statement.targets if isinstance(target, ast.Name))
