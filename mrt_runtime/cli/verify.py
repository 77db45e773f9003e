"""`mrt verify`: the verification without pytest."""

from __future__ import annotations

import argparse
import dataclasses
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mrt_runtime.cli.command import run_command, say_stop
from mrt_runtime.cli.verdict_document import VerdictDocument, VerdictFile, open_page
from mrt_runtime.compare.blame import shorten
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.config_discovery import AFTER_WRITES, URL_VARIABLE, UnconfiguredError, find, settle
from mrt_runtime.report.progress import Progress
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.report.whole_file import WholeFile
from mrt_runtime.report.wording import name_database
from mrt_runtime.shard import WHOLE, Shard
from mrt_runtime.verdict import Verdict
from mrt_runtime.verify.idle_process import LEAST, count_files, idle_processes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mrt_runtime.verify.run import Run

FALLBACKS = f"[tool.mrt] db_url, {URL_VARIABLE} or an embedded database"
EPILOG = """\
The database in the URL is not written to: the work happens in scratch databases beside it, dropped at the end. Without a URL
an embedded database serves. Exit codes: 0 all reversible, 1 some are not, 2 the command or its configuration is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line to the parser of `mrt verify`."""
    parser.epilog = EPILOG
    parser.add_argument("revisions", nargs="*", metavar="REV", help="what to verify (default: every revision)")
    add_run_options(parser)
    parser.add_argument(
        "--shard", metavar="I/N", type=Shard.parse, help="only the Ith of N parts, for N machines; see mrt report merge"
    )
    parser.add_argument(
        "--format", choices=("table", "json", "markdown"), default="table", help="how to show the verdicts (default: table)"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write them there, all at the end, instead of to standard output"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="only what did not pass or is warned of: nothing where all is well"
    )
    parser.add_argument("--report", metavar="FILE", help="write a page for people there, too: HTML that needs nothing else")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Describe what says how to verify, to the parser of each command that does."""
    parser.add_argument("--since", metavar="REV", help="only revisions that a database at this one has not run yet")
    parser.add_argument(
        "--diff-base",
        metavar="GITREF",
        help="only revisions whose files were added or changed since git's merge base with this, e.g. origin/main",
    )
    parser.add_argument("-j", "--jobs", metavar="N", type=count_from_one, default=1, help="processes to verify with (default: 1)")
    parser.add_argument("--db-url", metavar="URL", help=f"the test database (default: [tool.mrt] db_url, {URL_VARIABLE}, embedded)")
    parser.add_argument(
        "-c", "--alembic-ini", metavar="PATH", help="the project's alembic.ini (default: [tool.mrt], ./alembic.ini)"
    )
    parser.add_argument("--engine", metavar="NAME", help="which of the databases that alembic.ini names (multidb template)")
    parser.add_argument("--seed-rows", type=int, metavar="N", help="rows made up for each table (default: 3)")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long one upgrade or downgrade may take (default: 60)")
    parser.add_argument(
        "--locks", action="store_true", default=None, help="list the time, locks and rewrites of each line (locks: PostgreSQL)"
    )
    parser.add_argument(
        "--merge-order", choices=AFTER_WRITES, help="what it means when the order of merged branches matters (default: off)"
    )
    parser.add_argument(
        "--half-way", action="store_true", default=None, help="stop each migration wherever that leaves something, and run it again"
    )
    parser.add_argument(
        "--old-code", action="store_true", default=None, help="try what the older release executes on the upgraded schema"
    )
    parser.add_argument("-x", action="append", metavar="ARG", dest="x_arguments", help="what `alembic -x` would pass to env.py")
    parser.add_argument(
        "--after-writes", choices=AFTER_WRITES, help="what it means when new rows break the rollback (default: warn)"
    )


def run(args: argparse.Namespace) -> int:
    """Verify, report, and return the exit code; what is wrong with the command itself is one sentence on standard error."""
    return run_command("mrt verify", lambda: verify(args), say_dropped)


def verify(args: argparse.Namespace) -> int:
    """Verify what the arguments ask for and write the report. Raises ConfigurationError where that cannot be done."""
    config = configure(args)
    stream, keep = open_output(args.output)
    documents: list[VerdictDocument] = [VerdictFile(args.format, stream, keep)] if args.format != "table" else []
    documents += [open_page(args.report, config)] if args.report else []
    with open_run(config, args) as run:
        verdicts = list[Verdict]()
        try:
            picture = TerminalReport(stream, is_quiet=args.quiet) if args.format == "table" else None
            check(run, verdicts, picture, is_quiet=args.quiet)
        except (ConfigurationError, KeyboardInterrupt) as error:
            if verdicts or isinstance(error, KeyboardInterrupt):
                for document in documents:
                    document.write(verdicts, run, say_stop(error))
            raise
        if picture:
            picture.close(name_database(run.facts, "--db-url"))
            keep()
        for document in documents:
            document.write(verdicts, run)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


@contextmanager
def open_run(config: MRTConfig, args: argparse.Namespace) -> Iterator[Run]:
    """Open what checks the revisions that the arguments choose. Raises ConfigurationError where there is none to check.

    It is none only where all were asked for: nothing may be new, and there may be more shards than revisions.
    """
    with idle_processes(count_early(config, args)) as idle:
        from mrt_runtime.revision_choice import RevisionChoice  # noqa: PLC0415  a wrong command need not wait for it
        from mrt_runtime.verify.parallel_run import count_jobs, open_parallel  # noqa: PLC0415  as well

        choice = RevisionChoice(revisions=args.revisions, since=args.since, diff_base=args.diff_base, shard=args.shard or WHOLE)
        jobs = len(idle) or count_jobs(config, choice, args.jobs)
        opened: AbstractContextManager[Run]
        if jobs > 1:
            opened = open_parallel(config, choice, jobs, idle)
        else:
            from mrt_runtime.verify.run import open_single  # noqa: PLC0415  brings Alembic

            opened = open_single(config, choice)
        with opened as run:
            if not run.revisions and not choice.may_be_empty:
                raise ConfigurationError(f"There is no migration in the history of {shorten(config.alembic_ini)}.")
            yield run


def count_early(config: MRTConfig, args: argparse.Namespace) -> int:
    """Return how many processes are started before it is known how many pay: none where less than a whole history is asked for."""
    is_whole = not (args.revisions or args.since or args.diff_base or args.shard)
    return args.jobs if is_whole and args.jobs > 1 and count_files(config.alembic_ini) >= args.jobs * LEAST else 0


def check(run: Run, verdicts: list[Verdict], picture: TerminalReport | None, *, is_quiet: bool = False) -> None:
    """Check the revisions, drawing each as soon as it and those before it are done; `verdicts` are added to."""
    progress = Progress(io.StringIO() if is_quiet else sys.stderr, len(run.revisions))
    if picture:
        picture.begin()
    try:
        for verdict in run.check(progress.start):
            verdicts.append(verdict)
            progress.clear()
            if picture:
                picture.show(verdict)
    finally:
        progress.clear()
        if picture:
            picture.flush()
    if picture:
        picture.end(verdicts)


def count_from_one(text: str) -> int:
    """Return a whole number from 1; what argparse shows where it is none."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def say_dropped(error: BaseException) -> str:
    """Describe why a run ended, and what became of its databases."""
    return f"{say_stop(error)}; the scratch databases are dropped"


def configure(args: argparse.Namespace) -> MRTConfig:
    """Override the project's settings by the arguments. Raises ConfigurationError where either is invalid."""
    if args.db_url is not None and not args.db_url.strip():
        raise ConfigurationError(f"--db-url is empty and names no database: give a URL, or leave it out for {FALLBACKS}.")
    named = {
        "alembic_ini": args.alembic_ini and str(Path(args.alembic_ini).resolve()),
        "db_url": args.db_url,
        "seed_rows": args.seed_rows,
        "migration_timeout": args.timeout,
        "x_arguments": args.x_arguments and tuple(args.x_arguments),
        "after_writes": args.after_writes,
        "engine": args.engine,
        "observe_locks": args.locks,
        "half_way": args.half_way,
        "merge_order": args.merge_order,
        "old_code": args.old_code,
    }
    given = {name: value for name, value in named.items() if value is not None}
    try:
        folders = list(find_folders(Path.cwd()))
    except FileNotFoundError:
        raise ConfigurationError("The current folder is not there any more: change to the project's, and run again.") from None
    if args.alembic_ini:
        folders.append(Path(args.alembic_ini).resolve().parent)
    try:
        found = find(folders)
    except UnconfiguredError:
        if not args.alembic_ini:
            raise ConfigurationError(
                "There is no alembic.ini and no [tool.mrt] in this folder or above it in its repository: "
                "name the project's with -c PATH."
            ) from None
        found = MRTConfig()
    if found.old_code == "fail":  # the option turns it on, which it is
        given.pop("old_code", None)
    return settle(dataclasses.replace(found, **given), folders)


def find_folders(folder: Path) -> Iterator[Path]:
    """Return a folder and those above it in its git repository; the folder alone where it is in none."""
    above = next((count for count, parent in enumerate((folder, *folder.parents)) if (parent / ".git").exists()), 0)
    yield from (folder, *folder.parents[:above])


def open_output(path: Path | None) -> tuple[TextIO, Callable[[], object]]:
    """Return what to write to, and what is called once the report is whole: standard output where no file is named.

    Raises ConfigurationError where the file cannot be written.
    """
    if path is None:
        return sys.stdout, sys.stdout.flush
    file = WholeFile(path)
    return file, file.keep
