"""Text of files and databases in Markdown as GitHub and GitLab draw it, so that none of it is taken for more than text."""

from __future__ import annotations

import html
import re

from mrt_lint.escape import printable

PUNCTUATION = re.compile(r"[\\`*_{}\[\]|~$]|(?<=http):|(?<=https):|(?<=www)\.")
"""What a backslash keeps from meaning something in the middle of a line (CommonMark 0.31, 2.4; GitHub's tables, math and links)."""
SHORTHAND = re.compile(r"@(?=\w)|#(?=\d)|:(?=[\w+-]+:)")
"""What GitHub and GitLab look for after Markdown was read, so that no backslash helps: people, issues, pictures."""
LEADING = re.compile(r"^(\s*)([-+#=]|\d+(?=[.)]))")
"""What begins a list, a heading or a line below one at the beginning of a line."""
BACKTICKS = re.compile(r"`+")


def text(raw: str) -> str:
    """Return a line that shows just these characters: no tag, no link, no emphasis, no list, no mention of a user."""
    harmless = PUNCTUATION.sub(lambda found: f"\\{found[0]}", html.escape(printable(raw), quote=False))
    return LEADING.sub(_escape_leading, _cut_shorthand(harmless))


def _escape_leading(found: re.Match[str]) -> str:
    return f"{found[1]}&#{ord(found[2])};" if not found[2].isdigit() else f"{found[1]}{found[2]}<!-- -->"


def code(raw: str) -> str:
    """Return a code span, longer quoted than any backticks in it; empty for nothing."""
    shown = printable(raw)
    if not shown.strip():
        return ""
    fence = "`" * (_longest(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(lines: list[str], language: str = "text") -> str:
    """Return a code block of these lines."""
    shown = "\n".join(printable(line, keep="\t") for line in lines)
    fence = "`" * max(_longest(shown) + 1, 3)
    return f"{fence}{language}\n{shown}\n{fence}"


def tag_text(raw: str) -> str:
    """Return text for between two tags of HTML, where Markdown is not read."""
    return _cut_shorthand(html.escape(printable(raw)))


def _cut_shorthand(shown: str) -> str:
    return SHORTHAND.sub(lambda found: f"{found[0]}<!-- -->", shown)


def _longest(shown: str) -> int:
    return max((len(found) for found in BACKTICKS.findall(shown)), default=0)
