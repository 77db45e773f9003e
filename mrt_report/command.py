"""`mrt report`: check and verify, or read what these wrote, and write one page about it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.usage import UsageError
from mrt_report.report_file import ReportFile
from mrt_report.reported_revision import HistoryResults, assemble
from mrt_report.results import VerifyResults
from mrt_runtime.cli import merge, verify
from mrt_runtime.cli.command import run_command, say_stop
from mrt_runtime.config import ConfigurationError
from mrt_runtime.verdict import Verdict

EPILOG = """\
Without --check and --verify the project is checked and verified now. Exit codes: 0 nothing found and all reversible, 1 otherwise,
2 the command or its configuration is wrong.
"""
PAGE: Final = "mrt-report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line to the parser of `mrt report`."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("-o", "--output", metavar="FILE", help=f"the page (default: {PAGE}); Markdown and JSON go to standard output without it")
    add("--format", choices=("html", "markdown", "json"), default="html", help="a page, Markdown for a pull request, or JSON")
    add("--check", metavar="FILE", type=Path, help="what mrt check --format json wrote, in place of a check now")
    add(
        "--verify", metavar="FILE", type=Path, help="what mrt verify --format json or mrt report merge wrote, in place of a run now"
    )
    add("--no-verify", action="store_true", help="only check: run no migration")
    verify.add_run_options(parser)
    parser.set_defaults(revisions=[], shard=None)
    actions = parser.add_subparsers(dest="action", metavar="merge")
    merge.add_arguments(actions.add_parser("merge", help="put the reports of all shards of mrt verify --shard I/N together"))


def run(args: argparse.Namespace) -> int:
    """Write the report, and return the exit code; what is wrong with the command itself is one sentence on standard error."""
    if args.action == "merge":
        return merge.run(args)
    return run_command("mrt report", lambda: report(args), verify.say_dropped)


def report(args: argparse.Namespace) -> int:
    """Write what the arguments ask for. Raises UsageError or ConfigurationError where that cannot be done."""
    require_one_source(args)
    path = args.output or (PAGE if args.format == "html" else None)
    file = ReportFile(path) if path else None
    if args.check or args.verify:
        results, fails = read(args)
        return finish(results, args.format, file, fails=fails)
    return make(args, file)


def require_one_source(args: argparse.Namespace) -> None:
    """Raise UsageError where options say how to run what is not to be run."""
    run_options = ("since", "diff_base", "db_url", "alembic_ini", "engine", "seed_rows", "timeout", "x_arguments", "after_writes")
    given = next((name for name in run_options if getattr(args, name) is not None), None)
    named = {"alembic_ini": "-c", "x_arguments": "-x"}
    if (args.check or args.verify) and given:
        option = named.get(given, f"--{given.replace('_', '-')}")
        raise UsageError(f"{option} is for a run of now, and --check and --verify read what earlier ones wrote: leave out either.")
    if args.no_verify and args.verify:
        raise UsageError("--no-verify and --verify contradict each other: leave out either.")


def make(args: argparse.Namespace, file: ReportFile | None) -> int:
    """Check and verify now; what a run found until it was stopped is written too."""
    from mrt_report import static_check  # noqa: PLC0415  a wrong command need not wait for it
    from mrt_runtime.cli.verdict_document import collect  # noqa: PLC0415  as well
    from mrt_runtime.migrate import read_graph  # noqa: PLC0415  brings Alembic

    if args.no_verify and not args.alembic_ini:
        found = static_check.check(since=args.since, diff_base=args.diff_base)
        return finish(found.with_run(None), args.format, file, fails=found.fails)
    config = verify.configure(args)
    found = static_check.check((step.file for step in read_graph(config)), since=args.since, diff_base=args.diff_base)
    if args.no_verify:
        return finish(found.with_run(None), args.format, file, fails=found.fails)
    with verify.open_run(config, args) as opened:
        verdicts: list[Verdict] = []
        try:
            verify.check(opened, verdicts, None)
        except (ConfigurationError, KeyboardInterrupt) as error:
            if verdicts or isinstance(error, KeyboardInterrupt):
                finish(found.with_run(collect(verdicts, opened, say_stop(error))), args.format, file, fails=True)
            raise
        results = collect(verdicts, opened, None)
    fails = found.fails or not all(verdict.passed for verdict in verdicts)
    return finish(found.with_run(results), args.format, file, fails=fails)


def read(args: argparse.Namespace) -> tuple[HistoryResults, bool]:
    """Return what earlier runs found, with the history of the project here if it is theirs, and whether that fails."""
    from mrt_report import saved_results, static_check  # noqa: PLC0415  only when asked for

    check = saved_results.read_check(args.check) if args.check else None
    run = saved_results.read_verify(args.verify) if args.verify else None
    fails = bool(check and check.errors) or bool(run and (run.stopped or not all(verdict.passed for verdict in run.verdicts)))
    history = static_check.find_history()
    known = {entry.revision for entry in history}
    verified = {verdict.revision for verdict in run.verdicts} if run else set()
    found = {finding.revision for finding in check.findings if finding.revision} if check else set()
    if verified and found and not (verified | parents(run)) & found and not (verified | found) <= known:
        raise UsageError(f"{args.check} and {args.verify} have no revision in common: name results of the same project.")
    is_here = verified | found <= known
    looked_at = [entry.key for entry in history] if check is not None else []
    return assemble(check, run, history if is_here else (), looked_at), fails


def parents(run: VerifyResults | None) -> set[str]:
    """Return the revisions that those of a run follow."""
    return {parent for verdict in run.verdicts for parent in verdict.down_revision} if run else set()


def finish(results: HistoryResults, form: str, file: ReportFile | None, *, fails: bool) -> int:
    """Write the report, say where it is, and return the exit code."""
    from mrt_report.headline import summarize  # noqa: PLC0415  see above

    if form == "markdown":
        from mrt_report.markdown import render  # noqa: PLC0415  one form is enough
    elif form == "json":
        from mrt_report.json import render  # noqa: PLC0415  as well
    else:
        from mrt_report.page import render_page as render  # noqa: PLC0415  as well
    text = render(results)
    if file is None:
        sys.stdout.write(text)
    else:
        file.write(text)
        sys.stdout.write(f"{printable(file.path)}: {printable(summarize(results).title)}.\n")
    return int(fails)
