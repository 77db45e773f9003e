"""`mrt rehearse`: the pending revisions, run on a copy of a real database."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from mrt_runtime.cli.command import run_command, say_stop
from mrt_runtime.cli.verify import configure, count_from_one, open_output
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.report.progress import Progress

EPILOG = """\
The database in --from is only read: the work happens on a copy of it, which is dropped at the end. Values of its rows are shown
with --show-values only. Exit codes: 0 all pending revisions are reversible, or none is pending; 1 some are not; 2 the command
or its configuration is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line to the parser of `mrt rehearse`."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("--from", dest="source", metavar="URL", required=True, help="the database to copy, such as staging's")
    add("--db-url", metavar="URL", help="a server to make the copy on (default: the one in --from)")
    add("--revisions", metavar="REV", nargs="+", default=[], help="what to rehearse of what is pending (default: all)")
    add("--subset", metavar="N", type=count_from_one, help="copy only N rows of each table, and all rows that they refer to")
    add("--show-values", action="store_true", help="show values of rows that differ: they are users' data")
    add("-c", "--alembic-ini", metavar="PATH", help="the project's alembic.ini (default: [tool.mrt], ./alembic.ini)")
    add("--engine", metavar="NAME", help="which of the databases that alembic.ini names (multidb template)")
    add("--format", choices=("table", "json"), default="table", help="how to show the results (default: table)")
    add("-o", "--output", metavar="FILE", type=Path, help="write them there, all at the end, instead of to standard output")
    add("--timeout", type=float, metavar="SECONDS", help="how long one upgrade or downgrade may take (default: as long as it does)")
    add(
        "--half-way", action="store_true", default=None, help="stop each migration wherever that leaves something, and run it again"
    )
    add("--old-code", action="store_true", default=None, help="try what the older release executes on the upgraded schema")
    add("--with-traffic", action="store_true", help="read and write the tables meanwhile, and show how long that waits")
    add("-x", action="append", metavar="ARG", dest="x_arguments", help="what `alembic -x` would pass to env.py")
    parser.set_defaults(seed_rows=None, after_writes=None, merge_order=None, locks=None)


def run(args: argparse.Namespace) -> int:
    """Rehearse, report, and return the exit code; what is wrong with the command itself is one sentence on standard error."""
    return run_command("mrt rehearse", lambda: rehearse(args), lambda error: f"{say_stop(error)}; the copy is dropped")


def rehearse(args: argparse.Namespace) -> int:
    """Rehearse what the arguments ask for and write the report. Raises ConfigurationError where that cannot be done."""
    config = configure_copy(args)
    stream, keep = open_output(args.output)
    from mrt_runtime.rehearse.session import RehearsalSession  # noqa: PLC0415  a wrong command need not wait for Alembic
    from mrt_runtime.report import rehearsal_json  # noqa: PLC0415  as well
    from mrt_runtime.report.rehearsal import RehearsalReport  # noqa: PLC0415  as well

    asked = {"shows_values": args.show_values, "with_traffic": args.with_traffic, "subset": args.subset}
    with RehearsalSession(args.source, config, **asked) as session:
        steps, found = session.select(args.revisions), []
        progress = Progress(sys.stderr, len(steps), "rehearsing")
        picture = RehearsalReport(stream) if args.format == "table" else None
        if picture:
            picture.begin()
            picture.introduce(session.facts)
        try:
            for revision in session.rehearse(steps, progress.start):
                found.append(revision)
                progress.clear()
                if picture:
                    picture.show(revision.verdict)
        except (ConfigurationError, KeyboardInterrupt) as error:
            progress.clear()
            if not picture and found:
                stream.write(rehearsal_json.render(found, session.facts, say_stop(error)))
                keep()
            raise
        verdicts = [revision.verdict for revision in found]
        if picture:
            picture.end_with(verdicts, session.facts)
        else:
            stream.write(rehearsal_json.render(found, session.facts))
    keep()
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def configure_copy(args: argparse.Namespace) -> MRTConfig:
    """Return the project's configuration for a copy: no made-up test database, and no limit in time unless one is given."""
    if not args.source.strip():
        raise ConfigurationError("--from is empty and names no database: give the URL of the one to copy.")
    # any URL does: the test database of the project is none of this command's business
    found = configure(argparse.Namespace(**{**vars(args), "db_url": args.db_url or args.source}))
    return dataclasses.replace(found, db_url=args.db_url, migration_timeout=args.timeout)
