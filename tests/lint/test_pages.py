"""The pages under docs/ say what the rules say."""

from pathlib import Path

import pytest

from mrt_lint.report import rule_page
from mrt_lint.rules import all_rules

DOCS = Path(__file__).parents[2] / "docs"
PAGES = dict(rule_page.pages(all_rules()))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_as_the_rules_would_write_it_now(path: str):
    assert (DOCS / path).read_text(encoding="utf-8") == PAGES[path], "stale: python -m tests.readme"


def test_no_page_is_left_of_a_rule_that_is_gone():
    assert {file.relative_to(DOCS).as_posix() for file in DOCS.glob("rules/*.md")} == PAGES.keys() - {"rules.md", "online-ddl.md"}


def test_every_rule_stands_in_the_table_once():
    assert [PAGES["rules.md"].count(f"rules/{rule.code}.md") for rule in all_rules()] == [1] * len(all_rules())


def test_a_page_tells_what_why_the_safe_way_the_exemptions_and_how_to_silence_it():
    text = PAGES["rules/MRT201.md"]
    order = ["# MRT201 drop-column", "## Why it hurts", "## What it finds", "op.drop_column", "## What to write instead"]
    order += ["## It stays silent when", "added earlier in the same upgrade", "## How to silence it", "# noqa: MRT201", "https://"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_page_has_every_section_with_something_in_it(rule):
    text = PAGES[f"rules/{rule.code}.md"]
    titles = [
        "Why it hurts",
        "What it finds",
        "What to write instead",
        "It stays silent when",
        "How to silence it",
        "What it rests on",
    ]
    sections = dict(section.split("\n", 1) for section in text.split("\n## ")[1:])
    assert [title for title in sections if title != "How it is fixed"] == titles
    assert all(body.strip() for body in sections.values())
    assert "```python" in sections["What it finds"]
    assert "```python" in sections["What to write instead"]
    assert "{" not in sections["What to write instead"].partition("```")[0]


def test_an_advice_is_given_with_names_and_an_ellipsis_where_there_is_none():
    assert (
        "> first release code that no longer uses phone and keep its values (CREATE TABLE users_phone_backup"
        in PAGES["rules/MRT201.md"]
    )
    assert 'sa.Enum(name="…").drop(' in PAGES["rules/MRT114.md"]
