"""The pages under docs/ say what the rules say."""

from pathlib import Path

import pytest

from mrt_lint import page
from mrt_lint.rules import all_rules

DOCS = Path(__file__).parents[2] / "docs"
PAGES = dict(page.pages(all_rules()))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_as_the_rules_would_write_it_now(path: str):
    assert (DOCS / path).read_text(encoding="utf-8") == PAGES[path], "stale: python -m mrt_lint.page docs"


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
