"""Which value a migration's Python code could not convert, and what it asks for, from the error and the calls that led to it."""

from __future__ import annotations

import ast
import decimal
import enum
import re
import sysconfig
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import FrameType

from sqlalchemy.orm import Mapper

from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.imported_values import is_enum
from mrt_runtime.seed.refused_value import RefusedValue
from mrt_runtime.seed.wanted_value import (
    ADDRESSES,
    BASE64,
    DATES,
    DOCUMENTS,
    HEXADECIMAL,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TIMES,
    TRUTHS,
    UUIDS,
    WantedValue,
    of_format,
    of_shape,
    one_of,
    with_key,
)

BY_WORDS: tuple[tuple[re.Pattern[str], tuple[WantedValue, ...]], ...] = (
    (re.compile(r"invalid literal for int\(\)"), (INTEGERS,)),
    (re.compile(r"could not convert string to float|ConversionSyntax"), (NUMBERS,)),
    (re.compile(r"Invalid isoformat string|month must be in|day is out of range|Unknown string format"), (DATES, MOMENTS, TIMES)),
    (re.compile(r"hexadecimal UUID"), (UUIDS,)),
    (re.compile(r"fromhex\(\)|[Nn]on-hexadecimal|Odd-length string"), (HEXADECIMAL,)),
    (re.compile(r"does not appear to be an IPv"), (ADDRESSES,)),
    (re.compile(r"[Ii]nvalid truth value"), (TRUTHS,)),
)
BY_MODULE: tuple[tuple[tuple[str, ...], tuple[WantedValue, ...]], ...] = (
    (("uuid",), (UUIDS,)),
    (("json", "simplejson", "yaml", "ast"), (DOCUMENTS,)),
    (("base64", "binascii"), (BASE64,)),
    (("dateutil", "_strptime", "datetime", "isodate", "iso8601", "pendulum", "arrow"), (MOMENTS, DATES)),
    (("ipaddress",), (ADDRESSES,)),
)
TIME_DATA = re.compile(r"time data '(?P<text>.*)' does not match format '(?P<form>.*)'", re.DOTALL)
IDENTITY = re.compile(r"No such polymorphic_identity ")
MOST_TEXTS, LONGEST = 60, 5000
SHAPES = (dict, list, str)
PLAIN = (int, float)
"""What else documents hold, with `True`, which is an integer to Python; what is nothing at all may be missing."""
ALREADY_READ = re.compile(r"^the JSON object must be str, bytes or bytearray, not (?:dict|list)$")
"""json.loads() got what is a document already: where the code asks for another shape before, that was no document for it."""
FOREIGN = frozenset({"site-packages", "dist-packages", "mrt_runtime"})
"""Folders of packages, which are no part of a project."""


def read_python_refusal(error: BaseException, frames: Sequence[FrameType], quoted: Sequence[str]) -> RefusedValue | None:
    """Return the value that could not be converted; None where the error is about none.

    frames: those of the calls, the one that failed last. quoted: what the error quotes.
    """
    if isinstance(error, KeyError) and error.args:
        return _of_key(error.args[0], frames)
    if isinstance(error, TypeError | AttributeError):
        return _of_shape(error, frames)
    if timed := TIME_DATA.search(str(error)):
        form = of_format(timed["form"])
        return RefusedValue((form,) if form is not None else (), (timed["text"],))
    if isinstance(error, AssertionError) and IDENTITY.match(str(error)):
        return _of_identity(frames)
    labels = _labels_of(frames)
    if labels:
        return RefusedValue((one_of("that are no label", labels),), (*quoted, *_texts(frames)))
    wanted = _wanted_by(error, frames)
    if not wanted:
        return None
    document = getattr(error, "doc", None)
    texts = (document,) if isinstance(document, str) else (*quoted, *_texts(frames))
    return RefusedValue(wanted, texts)


def _wanted_by(error: BaseException, frames: Sequence[FrameType]) -> tuple[WantedValue, ...]:
    """Return what is asked for, by the words of the error or else by the modules that its calls went through."""
    for words, wanted in BY_WORDS:
        if words.search(str(error)):
            return wanted
    if isinstance(error, decimal.InvalidOperation):
        return (NUMBERS,)
    modules = [type(error).__module__, *(str(frame.f_globals.get("__name__", "")) for frame in reversed(frames[1:]))]
    roots = [module.partition(".")[0] for module in modules]
    return next((wanted for root in roots for names, wanted in BY_MODULE if root in names), ())


def _texts(frames: Sequence[FrameType]) -> Iterator[str]:
    """Yield the texts in the variables of the calls, back to those of the migration, those of the one that failed first."""
    found: dict[str, None] = {}
    own = next((place for place in range(len(frames) - 1, -1, -1) if is_of_project(frames[place].f_code.co_filename)), 0)
    for frame in reversed(frames[own:]):
        for value in list(frame.f_locals.values()):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            if isinstance(text, str) and text and len(text) <= LONGEST:
                found.setdefault(text)
    yield from list(found)[:MOST_TEXTS]


def _labels_of(frames: Sequence[FrameType]) -> tuple[object, ...]:
    """Return the values of the enum that was asked for one that it lacks."""
    for frame in reversed(frames):
        kind = frame.f_locals.get("cls")
        if frame.f_globals.get("__name__") == "enum" and is_enum(kind):
            return tuple(member.value for member in kind)
    return ()


def _of_identity(frames: Sequence[FrameType]) -> RefusedValue | None:
    """Return the discriminator of a row for which SQLAlchemy knows no class."""
    held = frames[-1].f_locals
    mapper, met = held.get("mapper"), held.get("discriminator")
    labels = [label for label in mapper.polymorphic_map if label is not None] if isinstance(mapper, Mapper) else []
    return RefusedValue((one_of("that no class is mapped to", labels),), (str(met),)) if labels and met is not None else None


def _of_key(key: object, frames: Sequence[FrameType]) -> RefusedValue | None:
    """Return what lacks a key: a value that a mapping of the code does not know, or a document."""
    own = frames[-1]
    if (
        own.f_globals.get("__name__") == "enum"
        and isinstance(kind := own.f_locals.get("cls"), type)
        and issubclass(kind, enum.Enum)
    ):
        names = [member.name for member in kind]
        return RefusedValue((one_of("that are no name of a label", names),), (str(key),)) if names else None
    if not can_be_key(key):  # a package raises KeyError with what it likes
        return None
    asked = [found for found in _asked(own) if isinstance(found, dict) and key not in found]
    held = [value for value in list(own.f_locals.values()) if isinstance(value, dict) and key not in value]
    known = next((tuple(found) for found in asked if found and all(isinstance(one, str | int) for one in found)), ())
    wanted = (
        *([with_key(key)] if isinstance(key, str) else []),
        *([one_of("that it knows no equivalent of", known)] if known else []),
    )
    return RefusedValue(wanted, (str(key),), parts=(*asked, *held)) if wanted else None


def can_be_key(key: object) -> bool:
    """Whether a dictionary can be asked for a value."""
    try:
        hash(key)
    except TypeError:
        return False
    return True


def _asked(frame: FrameType) -> Iterator[object]:
    """Yield what the variables are that the line which failed takes an item of."""
    for name in _subscripted(frame.f_code.co_filename, frame.f_lineno):
        yield frame.f_locals.get(name, frame.f_globals.get(name))


@lru_cache(maxsize=8)
def _subscripted(filename: str, line: int) -> tuple[str, ...]:
    """Return the variables that a line of a file takes an item of."""
    parsed = parse_file(filename)
    nodes = ast.walk(parsed[1]) if parsed is not None else ()
    return tuple(
        node.value.id
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.lineno <= line <= (node.end_lineno or line)
    )


def _of_shape(error: TypeError | AttributeError, frames: Sequence[FrameType]) -> RefusedValue | None:
    """Return what is of the wrong shape: a text in place of an object, an object in place of a list."""
    own = frames[-1]
    shape: type | None
    words, held = str(error), [value for value in list(own.f_locals.values()) if isinstance(value, SHAPES) and value]
    if isinstance(error, AttributeError):
        met = getattr(error, "obj", None)
        name = str(getattr(error, "name", None) or "")
        shape = next((one for one in SHAPES if not isinstance(met, one) and hasattr(one, name)), None)
        parts: tuple[object, ...] = (met,) if isinstance(met, (*SHAPES, *PLAIN)) else ()
    elif ALREADY_READ.search(words):
        met = next((value for value in held if isinstance(value, list if words.endswith("list") else dict)), None)
        shape = next((one for one in find_tested(frames) if not isinstance(met, one)), None)
        parts = (met,) if met is not None else ()
    elif re.search(r"^(string|list) indices must be integers", words):
        kind = str if words.startswith("string") else list
        shape, parts = dict, tuple(value for value in (*_asked(own), *held) if isinstance(value, kind))
    else:
        return None
    return RefusedValue((of_shape(shape),), parts=parts) if shape is not None and parts else None


def find_tested(frames: Sequence[FrameType]) -> Iterator[type]:
    """Yield of which shape the code asks by isinstance() whether a value is, before it parses what is not."""
    own = next((frame for frame in reversed(frames) if is_of_project(frame.f_code.co_filename)), None)
    parsed = parse_file(own.f_code.co_filename) if own is not None else None
    if own is None or parsed is None:
        return
    calls = [node for node in ast.walk(parsed[1]) if isinstance(node, ast.Call) and node.args]
    read = {
        ast.dump(inner)
        for call in calls
        if call.lineno <= own.f_lineno <= (call.end_lineno or call.lineno)
        for inner in ast.walk(call.args[0])
        if isinstance(inner, ast.expr)
    }
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "isinstance" and ast.dump(call.args[0]) in read:
            names = {node.id for node in ast.walk(call.args[-1]) if isinstance(node, ast.Name)}
            yield from (shape for shape in (list, dict) if shape.__name__ in names)


def is_of_project(filename: str) -> bool:
    """Whether a file is neither Python's nor a package's."""
    is_of_python = filename.startswith(("<", sysconfig.get_paths()["stdlib"]))
    return not is_of_python and FOREIGN.isdisjoint(Path(filename).parts)
