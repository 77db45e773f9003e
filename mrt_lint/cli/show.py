"""`mrt show`: what a migration does, as it was read."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from mrt_lint.cli.output import style_of, write
from mrt_lint.engine import read_file
from mrt_lint.migration import Function, Migration, Unreadable
from mrt_lint.ops import Op
from mrt_lint.reading import Broken, Source, read
from mrt_lint.report.style import Style
from mrt_lint.settings import load_settings
from mrt_lint.usage import UsageError
from mrt_lint.values import UNKNOWN, Column, Constraint

_APART: Final = frozenset({"origin", "dialects", "certain"})


def run(options: Namespace) -> int:
    """Print one migration. Raises UsageError where the file is none, or does not parse."""
    path = Path(options.file)
    settings = load_settings(Path.cwd()).over(dialect=options.dialect)
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name one migration in it.")
    migration = read(Source(options.file, read_file(path), settings.target.dialect))
    if isinstance(migration, Broken):
        raise UsageError(f"{path}:{migration.place.line}:{migration.place.column} does not parse: {migration.reason}")
    if migration.revision is None:
        raise UsageError(f"{path} is no migration: it assigns no revision.")
    if options.format == "json":
        write(json.dumps(document(migration), indent=2) + "\n", options)
    else:
        write("\n".join(_lines(migration, style_of(options))) + "\n", options)
    return 0


def document(migration: Migration) -> dict[str, Any]:
    """Make the document that `--format json` prints.

    What could not be read is null, and named under "unknown"; what was not said is left out.
    """
    unknown = [name for name in ("revision", "down_revision") if getattr(migration, name) is UNKNOWN]
    return {
        "path": migration.path,
        "revision": migration.revision if isinstance(migration.revision, str) else None,
        "down_revision": list(migration.parents),
        **({"unknown": unknown} if unknown else {}),
        "upgrade": [_operation(op) for op in migration.upgrade_ops],
        "downgrade": [_operation(op) for op in migration.downgrade_ops],
        "unreadable": [_unreadable(unreadable, migration) for unreadable in migration.unreadable],
    }


def _operation(op: Op) -> dict[str, Any]:
    unknown: list[str] = []
    plain = {
        "op": op.op,
        "line": op.origin.line if op.origin else None,
        **_fields(op, "", unknown),
        "dialects": list(op.dialects) if op.dialects is not None else None,
        "certain": op.certain,
    }
    return {**plain, "unknown": unknown} if unknown else plain


def _unreadable(unreadable: Unreadable, migration: Migration) -> dict[str, Any]:
    place = unreadable.place
    return {
        "path": migration.path,
        "line": place.line,
        "column": place.column,
        "function": unreadable.function,
        "source": unreadable.source,
        "why": unreadable.why,
    }


def _fields(value: Any, where: str, unknown: list[str]) -> dict[str, Any]:
    """Give the fields that say something as JSON, and add the places of those that could not be read to `unknown`."""
    return {name: _plain(item, where + name, unknown) for name, item in _said(value)}


def _said(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields that differ from their defaults."""
    for field in fields(value):
        item = getattr(value, field.name)
        if field.name not in _APART and not (type(item) is type(field.default) and item == field.default):
            yield field.name, item


def _plain(value: Any, where: str, unknown: list[str]) -> Any:
    if value is UNKNOWN:
        unknown.append(where)
        return None
    if is_dataclass(value):
        return _fields(value, f"{where}.", unknown)
    if isinstance(value, (tuple, frozenset)):
        return [_plain(item, f"{where}[{index}]", unknown) for index, item in enumerate(value)]
    return value.value if isinstance(value, Enum) else value


def _lines(migration: Migration, style: Style) -> Iterator[str]:
    revision = migration.revision if isinstance(migration.revision, str) else "?"
    after = f"after {', '.join(migration.parents)}" if migration.parents else "the first of its history"
    if migration.down_revision is UNKNOWN:
        after = "after a revision that could not be read"
    yield f"{style.paint(migration.path, 'bold')}  revision {revision}, {after}"
    for name, function in (("upgrade", migration.upgrade), ("downgrade", migration.downgrade)):
        yield ""
        yield from _function(name, function, style)
    if migration.unreadable:
        yield f"\n{style.paint('could not be read', 'bold')}"
        for unreadable in migration.unreadable:
            source = style.paint(unreadable.source.strip(), "cyan")
            yield f"{unreadable.place.line:>6}  {source}  {style.paint(unreadable.why, 'dim')}"


def _function(name: str, function: Function | None, style: Style) -> Iterator[str]:
    if function is None:
        yield f"there is no {style.paint(f'{name}()', 'bold')}"
        return
    yield style.paint(f"{name}()", "bold") + ("" if function.ops or function.effect else "  does nothing")
    for op in function.ops:
        yield _op_line(op, style)


def _op_line(op: Op, style: Style) -> str:
    details = " ".join(f"{name}={_brief(item)}" for name, item in _said(op) if name not in {"sql", "batch"})
    remarks = [f"only on {', '.join(op.dialects)}"] if op.dialects is not None else []
    remarks += [] if op.certain else ["perhaps"]
    remark = style.paint(f"  ({'; '.join(remarks)})", "yellow") if remarks else ""
    line = "" if op.sql or op.origin is None else str(op.origin.line)
    return f"{line:>6}  {'  ' if op.sql else ''}{style.paint(op.op, 'cyan')} {details}".rstrip() + remark


def _brief(value: Any) -> str:
    """Write a value for people, columns and types as SQL would name them."""
    if value is UNKNOWN:
        return "?"
    if isinstance(value, tuple):
        return "(" + ", ".join(_brief(item) for item in value) + ")"
    if isinstance(value, Column):
        return f"{_brief(value.name)} {_brief(value.type)}"
    if isinstance(value, Constraint):
        name = f"{value.name} " if isinstance(value.name, str) else ""
        target = f" -> {_brief(value.referred_table)}{_brief(value.referred_columns)}" if value.referred_table else ""
        return f"{name}{value.kind}{_brief(value.columns)}{target}"
    return " ".join(str(value).split())
