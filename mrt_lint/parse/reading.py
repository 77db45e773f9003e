"""What became of reading one file, as a value that can be kept and sent."""

from __future__ import annotations

import inspect
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TypeAlias

from mrt_lint.cache.codec import JsonCodec
from mrt_lint.model import migration, ops, values
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration, UnparsableError
from mrt_lint.model.values import SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    """A file that could not be read: `place` is where, `reason` one clause saying why; with `defect` it is not the file's fault."""

    place: SourceSpan
    reason: str
    defect: bool = False


ReadResult: TypeAlias = Migration | BrokenFile


class MigrationSource(NamedTuple):
    """One file to read: its path as it is shown, its bytes, and the dialect that raw SQL is read in."""

    path: str
    content: bytes
    dialect: str | None


def read(source: MigrationSource) -> Migration | BrokenFile:
    """Read one migration, raw SQL included; whatever a file holds, this returns."""
    from mrt_lint.parse.python import parse_migration  # noqa: PLC0415  brings the parser
    from mrt_lint.parse.sql.expand import expand_sql  # noqa: PLC0415  brings the SQL parser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python's parser warns of concerns no database
            folder = Path(source.path).absolute().parent
            return expand_sql(parse_migration(source.content, source.path, folder), source.dialect)
    except UnparsableError as error:
        return BrokenFile(place=error.place, reason=error.reason)
    except (RecursionError, MemoryError) as error:
        return BrokenFile(place=SourceSpan(1, 1, 1, 1), reason=f"it is nested too deeply or too large ({type(error).__name__})")
    except Exception as error:  # noqa: BLE001  one file that cannot be read must not hide the others
        return BrokenFile(place=SourceSpan(1, 1, 1, 1), reason=f"{type(error).__name__}: {error}", defect=True)


def prepare() -> None:
    """Import what reading needs, which takes longer than reading fifty migrations."""
    import_module("mrt_lint.parse.python")
    import_module("mrt_lint.parse.sql")
    codec()


def read_text(source: MigrationSource) -> str:
    """Read one migration and write what was read as one line."""
    return codec().dumps(read(source))


@cache
def codec() -> JsonCodec:
    """Return the codec of readings."""
    classes = (cls for module in (values, ops, migration) for _, cls in inspect.getmembers(module, inspect.isclass))
    return JsonCodec([BrokenFile, *classes])
