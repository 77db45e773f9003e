"""Where a command's result goes."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from mrt_lint.report.style import Style
from mrt_lint.usage import UsageError


def style_of(options: Namespace) -> Style:
    """Give the style of where the result goes: a file is never painted."""
    return Style() if options.output else Style.of(sys.stdout)


def write(text: str, options: Namespace) -> None:
    """Write the result; UsageError where the file cannot be written."""
    if not options.output:
        sys.stdout.write(text)
        return
    try:
        Path(options.output).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{options.output} cannot be written: {error.strerror or error}") from None
