"""`mrt baseline`: accept what is found today, so that `mrt check --baseline` fails on what is new."""

from __future__ import annotations

import sys
from argparse import Namespace

from mrt_lint.baseline import dumps
from mrt_lint.cli.check import examine
from mrt_lint.cli.output import write


def run(options: Namespace) -> int:
    """Check, write the findings to the baseline, and say how many there are."""
    report = examine(options)
    write(dumps(report.findings), options)
    count = len(report.findings)
    what = "1 finding" if count == 1 else f"{count} findings"
    sys.stdout.write(f"{options.output} accepts {what}; mrt check --baseline {options.output} speaks of others only.\n")
    return 0
