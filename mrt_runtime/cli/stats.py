"""`mrt stats`: how large the tables of a database are, in a file that `mrt check` reads."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from mrt_lint.escape import printable
from mrt_lint.files.statistics_file import STATISTICS_FILE, dumps, loads, settle
from mrt_lint.model.table_size import TableStatistics
from mrt_lint.settings import Settings, load_settings
from mrt_lint.usage import UsageError
from mrt_runtime.cli.command import run_command
from mrt_runtime.compare.blame import shorten
from mrt_runtime.config import ConfigurationError
from mrt_runtime.report.whole_file import WholeFile

EPILOG = """\
Read are the statistics that the server keeps, and the revisions in alembic_version, in a transaction that may only read; of a
SQLite file rows are counted, a million of a table at most. The file holds names of tables and rounded figures: no rows, no host,
no user.
Exit codes: 0 written, or as it was; 2 it could not be.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line to the parser of `mrt stats`."""
    parser.epilog = EPILOG
    parser.add_argument("url", metavar="URL", help="the database to look at, such as production's replica or staging's")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help=f"write it there (default: [tool.mrt] stats, or {STATISTICS_FILE})"
    )


def run(args: argparse.Namespace) -> int:
    """Write the file and return the exit code; what is wrong is one sentence on standard error."""
    return run_command("mrt stats", lambda: write_statistics(args), lambda _: "interrupted; nothing was written")


def write_statistics(args: argparse.Namespace) -> int:
    """Read the statistics and write them, unless the file says the same already; ConfigurationError where that cannot be done."""
    settings = load_settings(Path.cwd())
    if not args.url.strip():
        raise ConfigurationError("The URL is empty and names no database.")
    path = args.output or settings.root / (settings.stats or STATISTICS_FILE)
    file, earlier = WholeFile(path), read_earlier(path)
    from mrt_runtime.databases import read_statistics  # noqa: PLC0415  a wrong command need not wait for SQLAlchemy

    found = read_statistics(args.url, settings.target.dialect)
    read = TableStatistics(
        date=dt.datetime.now(dt.timezone.utc).date().isoformat(),
        dialect=found.dialect,
        server=found.server,
        revisions=tuple(sorted(found.revisions)),
        tables=found.tables,
    )
    settled = settle(read, earlier)
    if settled is not earlier:
        file.write(dumps(settled))
        file.keep()
    report(settled, path, is_new=settled is not earlier, is_used=is_used(path, settings))
    if found.unknown:
        from mrt_runtime.databases.sentences import name_some  # noqa: PLC0415  see above

        names = printable(name_some(list(found.unknown)))
        sys.stderr.write(f"mrt stats: the server has no statistics of {names}: left out until ANALYZE has run there\n")
    return 0


def read_earlier(path: Path) -> TableStatistics | None:
    """Return what an earlier file says; None where there is none, or it is damaged, and so is to be written again.

    Raises ConfigurationError for a file of another kind, which must not be overwritten.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # WholeFile has said whether it can be written
        return None
    if text.strip() and "mrt_stats" not in text:
        raise ConfigurationError(f"{path} holds something else than sizes of tables: delete it, or name another file with -o.")
    try:
        return loads(text, path)
    except UsageError:
        return None


def is_used(path: Path, settings: Settings) -> bool:
    """Return whether `mrt check` reads a file."""
    return path.resolve() == (settings.root / (settings.stats or STATISTICS_FILE)).resolve()


def report(statistics: TableStatistics, path: Path, *, is_new: bool, is_used: bool) -> None:
    """Write on standard output what is in the file now."""
    count = f"{len(statistics.tables)} table{'' if len(statistics.tables) == 1 else 's'}"
    content = f"{shorten(str(path))}: {count}" if is_new else f"{shorten(str(path))} is as it was: {count}, no size changed much"
    advice = "" if is_used else f"; for mrt check to read it, set stats under [tool.mrt] to its path, or name it {STATISTICS_FILE}"
    sys.stdout.write(f"{printable(content)}{advice}\n")
