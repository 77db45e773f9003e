"""`mrt demo`: check and verify a small project that loses data, and see that both notice."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mrt_lint.setup.demo_project import FILES

_COMMANDS: Final = {"mrt check": ["check", "--no-cache"], "mrt verify": ["verify", "--db-url", "sqlite://"]}
_FOUND: Final = 1


def run(options: Namespace) -> int:  # noqa: ARG001  all commands are called so
    """Show both halves at work; 0 if both end as they are to where data is lost, 1 if one does not."""
    with TemporaryDirectory(prefix="mrt-demo-") as folder:
        for name, text in FILES.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        here = Path.cwd()
        os.chdir(folder)
        try:
            return _show()
        finally:
            os.chdir(here)


def _show() -> int:
    from mrt_lint.cli import call, parse_command  # noqa: PLC0415  it imports this module

    sys.stdout.write("A project with three migrations, in a folder that is removed afterwards.\n")
    codes = {}
    for shown, command in _COMMANDS.items():
        sys.stdout.write(f"\n$ {shown}\n")
        sys.stdout.flush()
        codes[shown] = call(parse_command(command))
    wrong = [f"{shown} ended with {code}" for shown, code in codes.items() if code != _FOUND]
    if wrong:
        sys.stderr.write(f"mrt demo: {' and '.join(wrong)}, where 1 is expected: rolling back 003 loses data.\n")
        return 1
    sys.stdout.write("Both found that rolling back 003 loses the phone numbers. In a project of your own: mrt init\n")
    return 0
