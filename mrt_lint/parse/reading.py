"""What became of reading one file, as a value that can be kept and sent."""

from __future__ import annotations

import inspect
import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mrt_lint.cache.codec import Codec
from mrt_lint.model import migration, ops, values
from mrt_lint.model.migration import Migration, UnparsableError
from mrt_lint.model.values import Place

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file that could not be read: `place` is where, `reason` one clause saying why."""

    place: Place
    reason: str


Reading: TypeAlias = Migration | Broken


class Source(NamedTuple):
    """One file to read: its path as it is shown, its bytes, and the dialect that raw SQL is read in."""

    path: str
    content: bytes
    dialect: str | None


def read(source: Source) -> Migration | Broken:
    """Read one migration, raw SQL included; whatever a file holds, this returns."""
    from mrt_lint.parse.python import lift  # noqa: PLC0415  brings the parser
    from mrt_lint.parse.sql import expand  # noqa: PLC0415  brings the SQL parser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python's parser has to say of an escape is said to its author elsewhere
            return expand(lift(source.content, source.path), source.dialect)
    except UnparsableError as error:
        return Broken(place=error.place, reason=error.reason)
    except (RecursionError, MemoryError) as error:
        return Broken(place=Place(1, 1, 1, 1), reason=f"it is nested too deeply or too large ({type(error).__name__})")
    except Exception as error:  # noqa: BLE001  one file that trips the reader must not hide the others
        return Broken(place=Place(1, 1, 1, 1), reason=f"reading it failed ({type(error).__name__}: {error})")


def prepare() -> None:
    """Import what reading needs, which takes longer than reading fifty migrations."""
    import_module("mrt_lint.parse.python")
    import_module("mrt_lint.parse.sql")
    codec()


def read_text(source: Source) -> str:
    """Read one migration and write what was read as one line."""
    return codec().dumps(read(source))


@cache
def codec() -> Codec:
    """Give the codec of readings."""
    classes = (cls for module in (values, ops, migration) for _, cls in inspect.getmembers(module, inspect.isclass))
    return Codec([Broken, *classes])
