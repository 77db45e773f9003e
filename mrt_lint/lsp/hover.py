"""What an editor shows of a rule: the beginning of its page, which `mrt explain` prints."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.model.rule import Rule
from mrt_lint.report import rule_page
from mrt_lint.report.location import page_of
from mrt_lint.rules import all_rules

_CODE: Final = re.compile(r"\bMRT\d{3}\b")
_LAST: Final = "\n## It stays silent when"
_LINK: Final = re.compile(r"\]\((MRT\d{3})\.md\)")


def code_at(line: str, column: int) -> str | None:
    """Return the code of a rule that is written at a column, counted in characters from 0."""
    return next((found[0] for found in _CODE.finditer(line) if found.start() <= column <= found.end()), None)


def explain(codes: list[str]) -> str:
    """Return the pages of these rules in Markdown; empty if none of them is a rule."""
    rules = {rule.code: rule for rule in all_rules()}
    return "\n\n---\n\n".join(_page(rules[code]) for code in dict.fromkeys(codes) if code in rules)


def _page(rule: Rule) -> str:
    text = rule_page.render(rule, is_brief=True).partition(_LAST)[0].rstrip()
    text = _LINK.sub(lambda found: f"]({page_of(found[1])})", text)
    return f"{text}\n\n[All of {rule.code}]({page_of(rule.code)})"
