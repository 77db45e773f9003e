"""What is generated: the outputs in README.md and docs/checking.md, and the pages of the rules. `python -m tests.readme` writes all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from mrt_lint.report import rule_page

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "checking.md")
EXAMPLE = ROOT / "fixtures" / "projects" / "example"
_OUTPUT = re.compile(r"(<!-- output: mrt (.*?) -->\n```console\n\$ mrt .*?\n).*?(```\n)", re.DOTALL)


def render(text: str) -> str:
    """Return a page with what its commands print."""
    return _OUTPUT.sub(lambda match: match[1] + run(match[2]) + match[3], text)


def run(arguments: str) -> str:
    """Return what `mrt` prints in the example project."""
    command = [sys.executable, "-m", "mrt_lint", *arguments.split()]
    plain = {key: value for key, value in os.environ.items() if key not in {"FORCE_COLOR", "TEST_DATABASE_URL", "MRT_DATABASE_URL"}}
    environment = plain | {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stdout.strip("\n") + "\n"


if __name__ == "__main__":
    rule_page.write_pages(ROOT / "docs")
    for page in PAGES:
        page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")
