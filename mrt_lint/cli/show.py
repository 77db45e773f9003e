"""`mrt show`: what a migration does, as it was read; with `--at` the schema that all of them leave."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from mrt_lint.check.engine import read_file
from mrt_lint.cli.output import style_of, write
from mrt_lint.model.migration import Migration, UnreadableCall
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.reading import BrokenFile, MigrationSource, read
from mrt_lint.report.show.migration import render
from mrt_lint.report.show.plain import plain_fields
from mrt_lint.settings import load_settings
from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:
    """Print one migration. Raises UsageError if the file is none, or does not parse."""
    if options.at is not None:
        from mrt_lint.cli import schema  # noqa: PLC0415  only when asked for

        return schema.run(options)
    if options.table:
        raise UsageError("--table narrows a schema: say which, mrt show --at head --table users")
    if len(options.paths) != 1:
        what = "no file" if not options.paths else f"{len(options.paths)} files"
        raise UsageError(f"{what} given, where one migration is expected: mrt show FILE, or mrt show --at head for the schema.")
    [file] = options.paths
    path = Path(file)
    settings = load_settings(Path.cwd()).over(dialect=options.dialect)
    if not path.suffix and not path.exists():
        raise UsageError(f"There is no file {file}; for the schema at a revision, mrt show --at {file}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name one migration in it.")
    migration = read(MigrationSource(file, read_file(path), settings.target.dialect))
    if isinstance(migration, BrokenFile):
        raise UsageError(f"{path}:{migration.place.line}:{migration.place.column} does not parse: {migration.reason}")
    if migration.revision is None:
        raise UsageError(f"{path} is no migration: it assigns no revision.")
    if options.format == "json":
        write(json.dumps(document(migration), indent=2) + "\n", options)
    else:
        write(render(migration, style_of(options)), options)
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
        **plain_fields(op, "", unknown),
        "dialects": list(op.dialects) if op.dialects is not None else None,
        "certain": op.certain,
    }
    return {**plain, "unknown": unknown} if unknown else plain


def _unreadable(unreadable: UnreadableCall, migration: Migration) -> dict[str, Any]:
    place = unreadable.place
    return {
        "path": migration.path,
        "line": place.line,
        "column": place.column,
        "function": unreadable.function,
        "source": unreadable.source,
        "why": unreadable.why,
    }
