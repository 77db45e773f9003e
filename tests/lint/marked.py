"""Migrations whose lines say which findings they deserve: `# MRT201`, or `# MRT201 MRT407`."""

import re
import textwrap
from collections import Counter

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import Example, HistoryRule, Rule
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.sql.expand import expand_sql

_HEADER = """\
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {parent!r}
"""
_MARK = re.compile(r"#\s*((?:MRT\d{3}\s*)+)$")


def marks(source: str) -> Counter[tuple[int, str]]:
    """Give how often each code is expected on each line; a line may name one code more than once."""
    found: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(source.splitlines(), 1):
        if mark := _MARK.search(line):
            found.update((number, code) for code in mark[1].split())
    return found


def read(source: str, path: str = "versions/example.py", dialect: str | None = None) -> Migration:
    """Lift a migration, raw SQL included."""
    return expand_sql(parse_migration(source.encode(), path), dialect)


def write(example: Example) -> list[str]:
    """Give the whole files of an example in the order of its history."""
    bodies = [*example.before, example.source, *example.after]
    ids = [f"{number:03}" for number in range(1, len(bodies) + 1)]
    headers = [_HEADER.format(revision=own, parent=parent) for own, parent in zip(ids, [None, *ids], strict=False)]
    return [header + "\n\n" + textwrap.dedent(body).strip() + "\n" for header, body in zip(headers, bodies, strict=True)]


def judge_all(example: Example) -> tuple[str, list[Finding]]:
    """Give the source of an example's own file and what all default rules say about it."""
    return _judge(example, [rule for rule in rules.all_rules() if rule.default and not isinstance(rule, HistoryRule)])


def judge(example: Example, rule: Rule) -> tuple[str, list[Finding]]:
    """Give the source of an example's own file and what a rule says about it."""
    return _judge(example, [rule])


def _judge(example: Example, chosen: list[Rule]) -> tuple[str, list[Finding]]:
    sources = write(example)
    migrations = [read(source, f"versions/{number}.py", example.target.dialect) for number, source in enumerate(sources)]
    history = History.of(migrations, example.target.dialect)
    own = len(example.before)
    return sources[own], list(rules.check(migrations[own], RuleContext(target=example.target, history=history), chosen))


def lines(findings: list[Finding]) -> Counter[tuple[int, str]]:
    """Give how often each code was found on each line."""
    return Counter((finding.place.line, finding.code) for finding in findings)


__all__ = ["DatabaseTarget", "judge", "lines", "marks", "read", "write"]
