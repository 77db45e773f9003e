"""Strings as Python would build them, with HOLE wherever a part cannot be read."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.convert import flatten, is_known, to_text
from mrt_lint.parse.python.objects import CallArguments, PossibleItem, Value
from mrt_lint.parse.python.run import MAX_LENGTH

WIDE = re.compile(r"\d{5}")
"""A width that no migration means."""

PERCENT = re.compile(r"%(?:\((\w+)\))?([#0\- +]*(?:\*|\d+)?(?:\.\d+)?)[hlL]?([diouxXeEfFgGcrsa%])")

_PLAIN_WORDS = (
    "strip lstrip rstrip upper lower title capitalize casefold replace split rsplit splitlines startswith endswith zfill "
    "ljust rjust center removeprefix removesuffix find rfind index count partition rpartition isdigit isidentifier isupper "
    "islower isalpha isalnum expandtabs swapcase encode decode hex"
)
PLAIN = frozenset(_PLAIN_WORDS.split())
"""Methods of a known string or bytes that Python may run on known arguments."""

THROUGH = frozenset(["strip", "lstrip", "rstrip", "upper", "lower", "expandtabs", "replace"])
"""Those that keep a hole a hole."""


def read_literal(node: cst.SimpleString) -> str | bytes:
    """Return the value of one string literal."""
    value = node.value
    # most literals, in 0.1 µs where literal_eval takes 16
    if value[0] in "'\"" and "\\" not in value:
        width = 3 if value[:3] in ("'''", '"""') else 1
        return value[width:-width]
    literal: str | bytes = ast.literal_eval(value)
    return literal


def read_chunk(text: str, *, raw: bool) -> str:
    """Return the plain part of an f-string, escapes and doubled braces undone."""
    text = text.replace("{{", "{").replace("}}", "}")
    if raw or "\\" not in text:
        return text
    # the chunk does not show in which quotes it was, and may contain the others
    for quote in ('"""', "'''", '"', "'"):
        try:
            chunk: str = ast.literal_eval(quote + text + quote)
        except (SyntaxError, ValueError):
            continue
        return chunk
    return HOLE


def apply_format(value: Value, conversion: str | None, spec: Value) -> str:
    """`{value!conversion:spec}`."""
    if conversion in ("r", "a"):
        return repr(value) if is_known(value) else HOLE
    if not spec:
        return to_text(value)
    if not is_known(value) or not isinstance(spec, str) or HOLE in spec or WIDE.search(spec):
        return HOLE
    try:
        return bounded(format(value, spec))
    except (ValueError, TypeError, OverflowError, MemoryError):
        return HOLE


def apply_percent(template: str, values: Value) -> str:
    """`template % values`."""
    queue = list(values) if isinstance(values, tuple) else [values]
    mapping = values if isinstance(values, dict) else {}

    def fill(match: re.Match[str]) -> str:
        key, flags, kind = match.groups()
        if kind == "%":
            return "%"
        value = mapping.get(key, UNKNOWN) if key else queue.pop(0) if queue else UNKNOWN
        if kind == "s" and not flags:
            return to_text(value)
        if not is_known(value) or "*" in flags or len(flags) > 4:  # noqa: PLR2004 - a width of a thousand is none
            return HOLE
        try:
            return f"%{flags}{kind}" % value
        except (ValueError, TypeError, OverflowError):
            return HOLE

    parts: list[str] = []
    end = 0
    for match in PERCENT.finditer(template):
        parts += (template[end : match.start()], fill(match))
        end = match.end()
    return joined("", [*parts, template[end:]]) if parts else template


def apply_braces(template: str, arguments: CallArguments, look: Callable[[Value, str], Value]) -> str:
    """`template.format(…)`; `look` reads an attribute."""
    parts: list[str] = []
    number = 0
    try:
        for text, name, spec, conversion in string.Formatter().parse(template):
            parts.append(text)
            if name is None:
                continue
            if name == "" or name[0] in ".[":
                name, number = f"{number}{name}", number + 1  # noqa: PLW2901 - the field's full name
            parts.append(apply_format(_find_field(name, arguments, look), conversion, HOLE if spec and "{" in spec else spec))
    except ValueError:
        return HOLE
    return joined("", parts)


def _find_field(name: str, arguments: CallArguments, look: Callable[[Value, str], Value]) -> Value:
    # a field of str.format(): 0, name.attribute, rows[2]
    first, *rest = re.findall(r"[^.\[\]]+|\.[^.\[]+|\[[^\]]*\]", name) or [name]
    value = arguments.get(int(first), "") if first.isdigit() else arguments.get(-1, first, UNKNOWN)
    for step in rest:
        if step[0] == ".":
            value = look(value, step[1:])
        else:
            key = step[1:-1]
            if isinstance(value, dict):
                value = value.get(key, UNKNOWN)
            elif isinstance(value, (list, tuple)) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = UNKNOWN
    return value


def call_method(text: str | bytes, name: str, arguments: CallArguments, look: Callable[[Value, str], Value]) -> Value:
    """Return a method of a string; UNKNOWN if its result cannot be computed."""
    if isinstance(text, str):
        if name == "format":
            return apply_braces(text, arguments, look)
        if name == "format_map" and arguments.positional and isinstance(arguments.positional[0], dict):
            return apply_braces(text, CallArguments(keyword=arguments.positional[0]), look)
        if name == "as_string":
            return text  # of psycopg's `sql` module
        if name == "join":
            return _join(text, arguments.get(0, "iterable", UNKNOWN))
    known = is_known(text) or name in THROUGH
    if name not in PLAIN or not known or not arguments.complete or not all(map(is_known, arguments.everything())):
        return UNKNOWN
    if any(isinstance(value, int) and value > MAX_LENGTH for value in arguments.positional):
        return UNKNOWN
    if _grows(text, name, arguments):
        return UNKNOWN
    try:
        return getattr(text, name)(*arguments.positional, **arguments.keyword)
    except Exception:  # noqa: BLE001 - the migration would raise the same error
        return UNKNOWN


def _grows(text: Any, name: str, arguments: CallArguments) -> bool:
    """Whether the result would outgrow what a reading may build."""
    if name == "replace" and len(arguments.positional) > 1:
        old, new = arguments.positional[:2]
        return isinstance(old, type(text)) and hasattr(new, "__len__") and text.count(old) * len(new) > MAX_LENGTH
    if name == "expandtabs":
        width = arguments.get(0, "tabsize", 8)
        return isinstance(width, int) and text.count("\t" if isinstance(text, str) else b"\t") * width > MAX_LENGTH
    return name in {"encode", "hex"} and len(text) > MAX_LENGTH


def _join(separator: str, items: Value) -> Value:
    if isinstance(items, dict):
        items = list(items)
    if not isinstance(items, (list, tuple)) or any(isinstance(item, PossibleItem) for item in items):
        return HOLE
    return joined(separator, [to_text(item) for item in flatten(items)])


def joined(separator: str, parts: Sequence[str]) -> str:
    """Return the parts joined, or HOLE if that exceeds what a reading may build."""
    return separator.join(parts) if sum(map(len, parts)) + len(separator) * len(parts) <= MAX_LENGTH else HOLE


def bounded(text: str) -> str:
    """Return the text, or HOLE where it outgrows what a reading may build."""
    return text if len(text) <= MAX_LENGTH else HOLE
