"""`mrt baseline`: accept what is found today, so that `mrt check --baseline` fails on what is new."""

from __future__ import annotations

import sys
from argparse import Namespace

from mrt_lint.cli.inspection import examine
from mrt_lint.cli.output import write
from mrt_lint.escape import printable
from mrt_lint.report.style import counted
from mrt_lint.suppress.baseline import dumps

NEVER_ACCEPTED = frozenset({"MRT902", "MRT903", "MRT904", "MRT905", "MRT907"})
"""Broken files and histories, and changed locked revisions: these cannot be accepted."""


def run(options: Namespace) -> int:
    """Check, write the findings to the baseline, and say how many there are."""
    report = examine(options)
    accepted = [finding for finding in report.findings if finding.code not in NEVER_ACCEPTED]
    write(dumps(accepted), options)
    file = printable(options.output)
    sys.stdout.write(f"{file} accepts {counted(len(accepted), 'finding')}; mrt check --baseline {file} reports others only.\n")
    left = [finding for finding in report.findings if finding.code in NEVER_ACCEPTED]
    if left:
        codes = ", ".join(sorted({f"{finding.code} {finding.name}" for finding in left}))
        sys.stdout.write(
            f"Not accepted: {counted(len(left), 'finding')} which cannot be accepted, {codes}: fix what they report.\n"
        )
    return 0
