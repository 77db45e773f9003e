"""`mrt show --at REV`: the schema at a revision, replayed from the migrations."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine
from mrt_lint.cli.files import find
from mrt_lint.cli.output import style_of, write
from mrt_lint.history import History, revision_name
from mrt_lint.history.schema import QualifiedName, place
from mrt_lint.history.schema_at import SchemaAtRevision, schema_at
from mrt_lint.parse.outline import history_of
from mrt_lint.parse.reading import BrokenFile, ReadResult
from mrt_lint.settings import Settings, load_settings, nearest
from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:
    """Print the schema. Raises UsageError for a revision or table that no history has, or that several have."""
    settings = load_settings(Path.cwd()).over(dialect=options.dialect)
    engine = CheckEngine(settings, cache=DiskCache(settings.root), jobs=None)
    replayed = _schema_at(options.at, engine.readings(find(options.paths, settings, f"show --at {options.at}")))
    chosen = {_place(name, replayed) for name in options.table} if options.table else None
    if options.format == "json":
        from mrt_lint.report.show import schema_json  # noqa: PLC0415  only when asked for

        write(schema_json.render(replayed, chosen), options)
    else:
        from mrt_lint.report.show import schema  # noqa: PLC0415  only when asked for

        write(schema.render(replayed, chosen, style_of(options)), options)
    return 0


def _schema_at(wanted: str, histories: Iterable[tuple[dict[str, bytes], dict[str, ReadResult], Settings]]) -> SchemaAtRevision:
    """Find the one history that has a revision, and let it run so far."""
    identifiers: list[str] = []
    found: list[tuple[History, tuple[str, ...], dict[str, ReadResult]]] = []
    for sources, readings, settings in histories:
        history = history_of(sources, readings, settings.target)
        identifiers += history.migrations
        revisions = revision_name.find(wanted, history.graph)
        if revisions is not None:
            found.append((history, revisions, readings))
    if not found:
        raise revision_name.unknown_revision(wanted, identifiers)
    if len(found) > 1:
        folders = sorted({str(Path(path).parent) for _, _, readings in found for path in readings})
        raise UsageError(f"{wanted} is in {len(found)} histories: name the folder of one after it, {' or '.join(folders)}.")
    [(history, revisions, readings)] = found
    broken = {path: reading.reason for path, reading in readings.items() if isinstance(reading, BrokenFile)}
    return schema_at(history, wanted, revisions, broken)


def _place(name: str, replayed: SchemaAtRevision) -> QualifiedName:
    """Find the table of a name, with its schema or without. Raises UsageError if the history has none."""
    schema, _, table = name.rpartition(".")
    wanted = place(schema or None, table)
    known = dict(replayed.schema.tables_by_place.items()) | dict.fromkeys(replayed.mentioned())
    here = {where for where, _ in replayed.tables()} | replayed.mentioned().keys()
    if wanted in here:
        return wanted
    elsewhere = [where for where in here if where[1] == wanted[1] and not schema]
    if len(elsewhere) == 1:
        return elsewhere[0]
    # it was there once, and a name that was mistyped never was
    if wanted in known:
        raise UsageError(f"There is no table {name} at {replayed.wanted}: a migration before it drops or renames it.")
    likely = nearest(name, (".".join(part for part in where if part) for where in here))
    raise UsageError(f"No migration up to {replayed.wanted} mentions a table {name}{likely or '.'}")
