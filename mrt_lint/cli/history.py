"""`mrt history`: the revisions as a graph, each with the mark of what `mrt check` finds in it."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path

from mrt_lint.cli.inspection import prepare
from mrt_lint.cli.output import style_of, write
from mrt_lint.history.graph import RevisionGraph
from mrt_lint.history.revision_log import log
from mrt_lint.model.finding import Finding
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.outline import outline_here
from mrt_lint.report import CheckReport
from mrt_lint.report.history.chronicle import HistoryReport
from mrt_lint.report.verdict import FileVerdict
from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:
    """Draw every history that the files belong to. Raises UsageError if the options, the settings or a file cannot be read."""
    if options.limit is not None and options.limit < 1:
        raise UsageError(f"--limit is {options.limit}, where at least 1 is expected.")
    settings, names, engine = prepare(options)
    histories = engine.histories(names)
    chosen: Collection[str] | None = None
    if options.since is not None:
        from mrt_lint.files.since import after  # noqa: PLC0415  only when asked for

        chosen = after(options.since, histories)
    report = engine.check(Path.cwd() / path for sources in histories for path in sources)
    chronicles = [_chronicle(sources, report, settings.target.dialect).only(chosen, options.limit) for sources in histories]
    write(_render(chronicles, options), options)
    return 0


def _chronicle(sources: dict[str, bytes], report: CheckReport, dialect: str | None) -> HistoryReport:
    migrations = outline_here(sources, dialect)
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.path, []).append(finding)
    return HistoryReport(
        folders=tuple(sorted({str(Path(path).parent) for path in sources})),
        entries=tuple(log(RevisionGraph(migrations.values()))),
        verdicts={path: FileVerdict.of(findings) for path, findings in found.items()},
        unplaced=tuple(path for path, migration in migrations.items() if migration.revision is UNKNOWN),
    )


def _render(chronicles: list[HistoryReport], options: Namespace) -> str:
    """Write the histories in the form that was asked for; each is a module of its own, so that none pays for another."""
    if options.format == "json":
        from mrt_lint.report.history import graph_json  # noqa: PLC0415  see above

        return graph_json.render(chronicles)
    if options.format == "mermaid":
        from mrt_lint.report.history import mermaid  # noqa: PLC0415  see above

        edges = mermaid.count_edges(chronicles)
        if edges > mermaid.MOST_EDGES:
            sys.stderr.write(
                f"mrt history: {edges} lines, and GitHub draws {mermaid.MOST_EDGES}: --since or --limit make it fewer.\n"
            )
        return mermaid.render(chronicles)
    from mrt_lint.report.history import graph  # noqa: PLC0415  see above

    is_terminal = not options.output and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    drawing = graph.GraphDrawing(style_of(options), unicode=_can_write(graph.SAMPLE, options), width=width, files=options.files)
    return drawing.render(chronicles)


def _can_write(text: str, options: Namespace) -> bool:
    """Return whether what is written can have these characters: a file can, a terminal may not."""
    try:
        text.encode("utf-8" if options.output else sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True
