"""`mrt baseline`: accept what is found today, so that `mrt check --baseline` fails on what is new."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from mrt_lint.check.engine import shown
from mrt_lint.cli.inspection import as_given, inspect
from mrt_lint.cli.output import write
from mrt_lint.escape import printable
from mrt_lint.files.lock import entry_of
from mrt_lint.report.style import counted
from mrt_lint.suppress.baseline import BASELINE_FILE, NEVER_ACCEPTED, dumps


def run(options: Namespace) -> int:
    """Check, write the findings to the baseline, and say how many there are."""
    inspection = inspect(options)
    report = as_given(inspection)
    configured = inspection.settings.root / (inspection.settings.baseline or BASELINE_FILE)
    options.output = options.output or shown(configured)
    sources = (source for files in inspection.engine.histories(inspection.names) for source in files.values())
    revisions = [entry.revision for source in sources if (entry := entry_of(source, ""))]
    accepted = [finding for finding in report.findings if finding.code not in NEVER_ACCEPTED]
    write(dumps(accepted, revisions), options)
    file = printable(options.output)
    named = "" if inspection.settings.baseline and Path(options.output).absolute() == configured else f" --baseline {file}"
    sys.stdout.write(f"{file} accepts {counted(len(accepted), 'finding')}; mrt check{named} reports others only.\n")
    left = [finding for finding in report.findings if finding.code in NEVER_ACCEPTED]
    if left:
        codes = ", ".join(sorted({f"{finding.code} {finding.name}" for finding in left}))
        sys.stdout.write(
            f"Not accepted: {counted(len(left), 'finding')} which cannot be accepted, {codes}: fix what they report.\n"
        )
    return 0
