"""`mrt rules`: list the rules."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from typing import Any

from mrt_lint.cli.output import style_of, write
from mrt_lint.model.finding import Severity
from mrt_lint.model.rule import Rule
from mrt_lint.report.style import TextStyle, text_width
from mrt_lint.rules import all_rules


def run(options: Namespace) -> int:
    """Print a line for each rule, or a JSON list."""
    if options.format == "json":
        write(json.dumps([_document(rule) for rule in all_rules()], indent=2) + "\n", options)
    else:
        style = style_of(options)
        write("".join(f"{line(rule, style)}\n" for rule in all_rules()), options)
    return 0


def summary(rule: Rule) -> str:
    """Return one sentence on what a rule finds."""
    return " ".join((rule.__doc__ or "").partition("\n\n")[0].split())


def _document(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "consequence": rule.consequence.value,
        "default": rule.default,
        "dialects": list(rule.dialects),
        "summary": summary(rule),
    }


def line(rule: Rule, style: TextStyle) -> str:
    """Write a rule's code, name, severity and consequence, and below what it finds."""
    colour = "red" if rule.severity is Severity.ERROR else "yellow"
    remark = f"{rule.severity.value}, {rule.consequence.value}" + ("" if rule.default else ", opt-in")
    what = textwrap.fill(summary(rule), text_width(), initial_indent="    ", subsequent_indent="    ")
    return f"{style.paint(rule.code, 'bold', colour)} {style.paint(rule.name, 'bold')}  {style.paint(remark, colour)}\n{what}"
