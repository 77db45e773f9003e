"""`mrt report merge`: the reports of several machines as one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mrt_lint.escape import printable
from mrt_runtime.cli.verify import open_output
from mrt_runtime.config import ConfigurationError
from mrt_runtime.report.json import render
from mrt_runtime.report.merge import merge, read
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.report.wording import name_database

EPILOG = """\
Exit codes, as of one run: 0 all reversible, 1 some are not, 2 the command or a shard did not come to its end.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Describe the command line to the parser of `mrt report merge`."""
    command.epilog = EPILOG
    command.add_argument(
        "files", nargs="+", metavar="FILE", type=Path, help="what mrt verify --format json wrote, one of each shard"
    )
    command.add_argument("--format", choices=("table", "json"), default="json", help="how to show the verdicts (default: json)")
    command.add_argument("-o", "--output", metavar="FILE", type=Path, help="write them there instead of to standard output")


def run(args: argparse.Namespace) -> int:
    """Merge, and return the exit code; what is wrong with the files is one sentence on standard error."""
    try:
        return write(args)
    except ConfigurationError as error:
        sys.stderr.write(f"mrt report merge: {printable(str(error))}\n")
        return 2


def write(args: argparse.Namespace) -> int:
    """Write the reports as one. Raises ConfigurationError where they are none."""
    merged = merge(map(read, args.files))
    stream, keep = open_output(args.output)
    if args.format == "json":
        stream.write(render(merged.verdicts, merged.facts, merged.stopped))
    else:
        picture = TerminalReport(stream)
        picture.begin()
        for verdict in merged.verdicts:
            picture.show(verdict)
        picture.end(merged.verdicts)
        stream.write("  " + name_database(merged.facts, "--db-url") + "\n\n")
    keep()
    if merged.stopped is not None:
        sys.stderr.write(f"mrt report merge: not every revision was verified: {printable(merged.stopped)}\n")
        return 2
    return 0 if all(verdict.passed for verdict in merged.verdicts) else 1
