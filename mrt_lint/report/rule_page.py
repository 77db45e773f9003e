"""A rule's page and the table of all rules, written from what the rules say of themselves.

`python -m mrt_lint.report.rule_page docs` writes them to docs/rules.md and docs/rules/.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from mrt_lint.model.advice import with_literals
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, FixSafety
from mrt_lint.model.rule import Example, Rule
from mrt_lint.online import page as online

_DIALECTS = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
_VERSIONS = {"mysql": "mysql_version", "mariadb": "mariadb_version"}
_FIXING = {FixSafety.SAFE: "mrt check --fix", FixSafety.UNSAFE: "mrt check --fix --unsafe-fixes"}
_GROUPS = {
    "1": "What downgrade() does not undo",
    "2": "What is lost",
    "3": "What changes its name or type",
    "4": "What is locked, rewritten or refused",
    "5": "Sequences",
    "7": "What a rolling deployment trips over",
    "8": "Hygiene",
    "9": "The history as a whole",
}

_CONSEQUENCES = {
    Consequence.ROLLBACK_FAILS: "`alembic downgrade` stops with an error, or does so once the table has rows.",
    Consequence.ROLLBACK_LOSES_DATA: "After upgrade and downgrade, values that were there before are gone.",
    Consequence.ROLLBACK_LEAVES_THINGS: "The downgrade succeeds, and the schema or the rows are not what they were.",
    Consequence.DEPLOY_FAILS: "`alembic upgrade` stops with an error, does so where rows are in its way, or makes something else.",
    Consequence.DEPLOY_BLOCKS: "While the upgrade runs, others wait for a table: it is locked, scanned or rewritten.",
    Consequence.OLD_RELEASE_BREAKS: "The release that still runs meets a schema that it does not expect.",
    Consequence.HYGIENE: "Nothing breaks today; the migration or its history is hard to trust later.",
}

_SAMPLE = {
    **dict.fromkeys(("table", "sql_table", "last"), "users"),
    **dict.fromkeys(("in_schema", "of_schema"), ""),
    "sql_backup": "users_backup_1975ea83b712",
    "sql_retired": "users_retired",
    **dict.fromkeys(("column", "sql_column", "columns"), "phone"),
    **dict.fromkeys(("constraint", "sql_constraint"), "uq_users_phone"),
    **dict.fromkeys(("options", "schema", "typed"), ""),
    "copy": "users_phone_backup_1975ea83b712",
    "values": "id, phone",
    "index": "ix_users_phone",
    "new_column": "mobile",
    "on": " ON users",
    **dict.fromkeys(("first", "before", "after", "behind", "how", "left_out", "own", "proved"), ""),
    "build": "with op.get_context().autocommit_block(): op.create_index(…, unique=True, postgresql_concurrently=True)",
    "moved": "then ",
    "take_over": 'op.execute("ALTER TABLE users ADD CONSTRAINT … USING INDEX …")',
    "constant": "; where a constant will do, make it the server_default",
    "kept": "CREATE TABLE users_backup_1975ea83b712 AS SELECT * FROM users",
    "keep": (
        'op.execute("CREATE TABLE IF NOT EXISTS users_backup_1975ea83b712 AS SELECT * FROM users WHERE 1 = 0"); '
        'op.execute("INSERT INTO users_backup_1975ea83b712 SELECT * FROM users")'
    ),
    "copies": "copy",
    "statement": ': op.execute("DELETE FROM users WHERE …")',
    "of_table": "of users",
    "and_kind": ", and drop it as what it is",
}
_ANCHOR = "what-holds-for-every-rule"
_EVERYWHERE = """## What holds for every rule

* A table that was created earlier in the same `upgrade()` is empty and not in use yet: nothing about locks, rewrites,
  duplicates, NOT NULL or lost data applies to it, and what belongs to a table that `downgrade()` drops counts as undone.
* A dialect guard is trusted, and so is a declared dialect. If none is declared, the rules about PostgreSQL apply.
* A finding of the consequence *deploy blocks* is not reported for the tables in `small_tables` of `[tool.mrt]`, nor for those that
  [`mrt stats`](checking.md#how-large-the-tables-are) found to be small.
* What could not be read raises no finding of its own; it is counted and listed.
* A check ends in seconds. What one migration has beyond 120,000 nodes of Python's syntax tree, 3,000 operations or a million
  characters of raw SQL in a function, or what takes more steps, memory or seconds than any migration needs, is left out and
  listed with the line from which on; a file of more than 6 MB beside its strings and comments is an error (MRT902).
"""


def render(rule: Rule, *, is_brief: bool = False) -> str:
    """Write a rule's page in Markdown: what, why, the safe way, what stays silent, how it is fixed or silenced, the manual.

    A brief one has the first example of what it finds only, and none of what it does not.
    """
    what, _, why = textwrap.dedent("    " + (rule.__doc__ or "")).partition("\n\n")
    sections = [f"# {rule.code} {rule.name}", f"{what.strip()} *({_kind(rule)})*", "## Why it hurts", why.strip()]
    if rule.bad:
        sections += ["## What it finds", *_examples(rule.bad[:1] if is_brief else rule.bad)]
    sections += ["## What to write instead", _advice(rule), *_examples(rule.good[:1])]
    sections += ["## It stays silent when", _exemptions(rule), *_examples(() if is_brief else rule.good[1:])]
    if rule.fix is not None:
        sections += ["## How it is fixed", f"`{_FIXING[rule.fix]}`. {rule.fixes}"]
    sections += ["## How to silence it", _silence(rule), "## What it rests on", "\n".join(f"* {source}" for source in rule.manual)]
    return "\n\n".join(section for section in sections if section) + "\n"


def table(rules: Iterable[Rule]) -> str:
    """Write the table of rules in Markdown, each linked to its page."""
    lines = ["| code | name | severity | consequence | finds |", "| --- | --- | --- | --- | --- |"]
    for rule in rules:
        what = (rule.__doc__ or "").partition("\n\n")[0].strip().rstrip(".")
        lines.append(
            f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {_severity(rule)} | {rule.consequence.value} | {what} |"
        )
    return "\n".join(lines) + "\n"


def pages(rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """Return every page as its path inside of docs/ and its text."""
    known = tuple(rules)
    groups = [(title, [rule for rule in known if rule.code[3] == digit]) for digit, title in _GROUPS.items()]
    sections = "\n".join(f"## {title}\n\n{table(group)}" for title, group in groups if group)
    intro = "# The rules\n\nAn error fails `mrt check`; a warning does so with `--strict`."
    yield "rules.md", f"{intro}\n\n{_consequences()}\n{_EVERYWHERE}\n{sections}"
    yield "online-ddl.md", online.render()
    for rule in known:
        yield f"rules/{rule.code}.md", render(rule)


def _consequences() -> str:
    lines = [f"| {consequence.value} | {_CONSEQUENCES[consequence]} |" for consequence in Consequence]
    intro = (
        "Every rule has one consequence; reports count by it, the worst first. A rule about both functions counts what fails in "
        "`upgrade()` as *deploy fails*, and what fails in `downgrade()` as *rollback fails*."
    )
    return "\n".join([intro, "", "| consequence | what happens |", "| --- | --- |", *lines, ""])


def _kind(rule: Rule) -> str:
    words = [_severity(rule), rule.consequence.value, *(_DIALECTS.get(dialect, dialect) for dialect in rule.dialects)]
    return ", ".join(words)


def _severity(rule: Rule) -> str:
    return rule.severity.value if rule.default else f"{rule.severity.value}, opt-in"


def _advice(rule: Rule) -> str:
    """Return the words that a finding advises, with sample names; nothing if they are different ones for each finding."""
    return "" if re.fullmatch(r"\{\w+\}", rule.instead) else f"> {with_literals(rule.instead.format_map(_SampleNames(_SAMPLE)))}"


def _exemptions(rule: Rule) -> str:
    """List when the rule is silent, and what holds for all that look at operations."""
    lines = [f"* {exemption}" for exemption in rule.exemptions]
    if rule.code.startswith("MRT9"):
        return "\n".join(lines) or "* There is no exception."
    return "\n".join([*lines, f"* [What holds for every rule](../rules.md#{_ANCHOR}) holds here, too."])


class _SampleNames(dict[str, str]):
    """Names for advice without a concrete operation; "…" if there is none."""

    def __missing__(self, name: str) -> str:
        return "…"


def _examples(examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        yield f"{example.title}{_target(example.target)}:"
        yield from (f"```python\n# an earlier revision\n{_code(body)}\n```" for body in example.before)
        yield from (f"```python\n# versions/{name}\n{_code(text)}\n```" for name, text in example.files)
        if example.source:
            yield f"```python\n{_code(example.source)}\n```"
        yield from (f"```python\n# a later revision\n{_code(body)}\n```" for body in example.after)


def _code(body: str) -> str:
    return textwrap.dedent(body).strip()


def _target(target: DatabaseTarget) -> str:
    if target.dialect is None:
        return ""
    chosen, usual = (getattr(each, _VERSIONS.get(target.dialect, "pg_version")) for each in (target, DatabaseTarget()))
    version = f" {'.'.join(map(str, chosen)).removesuffix('.0')}" if chosen != usual else ""
    return f" ({_DIALECTS[target.dialect]}{version})"


def _silence(rule: Rule) -> str:
    if not rule.default:
        return f"It applies only when selected: `--extend-select {rule.code}`."
    comment = f"`# noqa: {rule.code}` on a line of the statement, with the reason beside it"
    return f'{comment}; everywhere: `ignore = ["{rule.code}"]` in `[tool.mrt]` of pyproject.toml.'


def write_pages(root: Path) -> None:
    """Write the pages of all rules below a folder, and remove those of rules that are gone."""
    from mrt_lint.rules import all_rules  # noqa: PLC0415  the command line shows pages without all of them

    (root / "rules").mkdir(exist_ok=True)
    wanted = dict(pages(all_rules()))
    for stale in {path.relative_to(root).as_posix() for path in root.glob("rules/*.md")} - wanted.keys():
        (root / stale).unlink()
    for path, text in wanted.items():
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
