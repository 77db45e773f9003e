"""`mrt explain`: the page of a rule."""

from __future__ import annotations

import re
import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterator

from mrt_lint.cli.rules import line
from mrt_lint.model.rule import Rule
from mrt_lint.report import rule_page
from mrt_lint.report.style import TextStyle, counted, text_width
from mrt_lint.rules import all_rules
from mrt_lint.settings import nearest
from mrt_lint.usage import UsageError

# `mrt explain MRT4` lists a group
_BEGINNING = re.compile(r"MRT\d{0,2}")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def run(options: Namespace) -> int:
    """Print the pages that were asked for, a list for the prefix of codes (MRT2). Raises UsageError if no rule matches."""
    style = TextStyle.of(sys.stdout)
    width = text_width()
    texts = [
        _list(group, style) if (group := begun_with(name)) else _page(find(name), style, width, options) for name in options.rules
    ]
    sys.stdout.write("\n\n\n".join(texts) + "\n")
    return 0


def begun_with(name: str) -> list[Rule]:
    """Return the rules whose codes begin with what is shorter than a code, in any case; none for everything else."""
    beginning = name.strip().upper()
    return [rule for rule in all_rules() if rule.code.startswith(beginning)] if _BEGINNING.fullmatch(beginning) else []


def find(name: str) -> Rule:
    """Find a rule by its code or name, in any case. Raises UsageError if there is none."""
    rules = {key: rule for rule in all_rules() for key in (rule.code, rule.name)}
    wanted = name.strip().lower().replace("_", "-")
    for key, rule in rules.items():
        if key.lower() == wanted:
            return rule
    likely = nearest(name.upper(), rules) or nearest(wanted, rules)
    raise UsageError(f"There is no rule {name}{likely or '; mrt rules lists them.'}")


def _list(rules: list[Rule], style: TextStyle) -> str:
    return "\n".join([*(line(rule, style) for rule in rules), "", f"mrt explain {rules[0].code} shows the page of one."])


def _page(rule: Rule, style: TextStyle, width: int, options: Namespace) -> str:
    page = "\n".join(_lines(rule_page.render(rule, is_brief=not options.all), style, width)).strip()
    left = max(len(rule.bad) - 1, 0) + max(len(rule.good) - 1, 0)
    return page if options.all or not left else f"{page}\n\nmrt explain {rule.code} --all shows {counted(left, 'more example')}."


def _lines(markdown: str, style: TextStyle, width: int) -> Iterator[str]:
    """Format a page for the terminal: headings are bold, code is indented, text is wrapped."""
    # text and code take turns: every second block is code
    for index, block in enumerate(markdown.split("```")):
        if index % 2:
            yield from (style.paint(f"    {code}", "cyan") if code else "" for code in block.splitlines()[1:])
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
