"""`mrt explain`: the page of a rule."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterator

from mrt_lint import page
from mrt_lint.report.style import Style
from mrt_lint.rule import Rule
from mrt_lint.rules import all_rules
from mrt_lint.settings import nearest
from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:
    """Print the pages that were asked for. Raises UsageError for a code or name that no rule has."""
    style = Style.of(sys.stdout)
    width = min(shutil.get_terminal_size().columns, 100)
    texts = ("\n".join(_lines(page.render(find(name)), style, width)).strip() for name in options.rules)
    sys.stdout.write("\n\n\n".join(texts) + "\n")
    return 0


_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def find(name: str) -> Rule:
    """Find a rule by its code or name, in any case. Raises UsageError where there is none."""
    rules = {key: rule for rule in all_rules() for key in (rule.code, rule.name)}
    wanted = name.strip().lower().replace("_", "-")
    for key, rule in rules.items():
        if key.lower() == wanted:
            return rule
    likely = nearest(name.upper(), rules) or nearest(wanted, rules)
    raise UsageError(f"There is no rule {name}{likely or '; mrt rules lists them.'}")


def _lines(markdown: str, style: Style, width: int) -> Iterator[str]:
    """Set a page for the terminal: headings stand out, code is indented, text is wrapped."""
    for index, block in enumerate(markdown.split("```")):
        if index % 2:
            yield from (style.paint(f"    {line}", "cyan") if line else "" for line in block.splitlines()[1:])
            continue
        for paragraph in re.split(r"\n\n+|\n(?=\* )", block.strip("\n")):
            if paragraph.startswith("#"):
                yield f"\n{style.paint(paragraph.lstrip('# '), 'bold')}"
            elif paragraph:
                item, quote = paragraph.startswith("* "), paragraph.startswith("> ")
                yield from [] if item else [""]
                indent = "  " if item or quote else ""
                text = _LINK.sub(r"\1", paragraph.removeprefix("> "))
                first = "  " if quote else ""
                yield textwrap.fill(
                    text,
                    width,
                    initial_indent=first,
                    subsequent_indent=indent,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
