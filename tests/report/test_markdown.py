"""Markdown for pull requests, read by a reader of Markdown as GitHub's does."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from mrt_lint.model.finding import Consequence, Severity
from mrt_report.markdown import LONGEST, NONE, render
from mrt_report.markdown.escape import text
from mrt_report.page import render_page
from mrt_runtime.verdict import Outcome
from tests.report.results import HOSTILE, LOST, POSTGRESQL, finding, hostile, logged, long_history, put_together, verdict

SOURCE = MarkdownIt("gfm-like", {"html": True, "linkify": False})


def test_both_halves_in_one_document():
    findings = [
        finding(),
        finding("MRT110", "leaves index", line=15, severity=Severity.WARNING, consequence=Consequence.DEPLOY_BLOCKS),
    ]
    document = render(
        put_together(findings, [verdict("002"), verdict("003", "002", failures=(LOST,))], [logged("003", "002"), logged("002")])
    )
    lines = document.splitlines()
    assert lines[0] == "## ❌ 1 of 2 revisions loses data when it is rolled back"
    assert "Verified on PostgreSQL 15.4: 1 reversible, 1 data loss detected." in lines
    assert f"| rollback loses data | 1 | {NONE} | 1 |" in lines
    assert f"| deploy blocks | {NONE} | 1 | {NONE} |" in lines
    assert "<details open><summary><b><code>003</code></b> Change something — data loss detected, MRT201, MRT110</summary>" in lines
    assert "The run: **confirmed**, Column 'users.phone': 2/3 values lost after rollback" in lines
    assert "002" not in document
    html = SOURCE.render(document)
    assert html.count("<table>") == 2
    assert "<h2>❌ 1 of 2" in html
    assert "<code class=\"language-text\">id = 1: '11' → NULL" in html


def test_nothing_found_is_said_in_a_few_lines():
    assert render(put_together([])) == "## ✅ Nothing found in 1 migration\n"
    assert render(put_together(None, [verdict("001"), verdict("002")])).splitlines() == [
        "## ✅ All 2 revisions roll back without loss",
        "",
        "Verified on PostgreSQL 15.4.",
    ]
    on_sqlite = {**POSTGRESQL, "dialect": "sqlite"}
    rehearsed = render(put_together(None, [verdict("001")], database=on_sqlite, copied="9 tables with 2,000 rows"))
    assert rehearsed.splitlines()[2:] == ["Rehearsed on SQLite 15.4, on a copy of 9 tables with 2,000 rows."]
    assert render(put_together(None, [], stopped=None)).startswith("## ⚠️ No revision was verified")


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in {Outcome.REVERSIBLE, Outcome.SKIPPED}])
def test_every_bad_outcome_is_in_the_heading(outcome):
    document = render(put_together(None, [verdict("001"), verdict("002", outcome=outcome)]))
    assert re.match(r"## (❌|⚠️) 1 of 2 revisions \w", document)


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        (
            "data-loss downgrade-failed downgrade-failed",
            "3 of 4 revisions cannot be rolled back safely: 1 loses data, 2 fail to roll back",
        ),
        ("data-loss upgrade-failed", "2 of 3 revisions failed: 1 loses data, 1 fails to upgrade"),
        ("upgrade-failed not-reached not-reached", "1 of 4 revisions fails to upgrade; 2 could not be reached"),
        ("not-reached not-reached", "2 of 3 revisions could not be reached"),
    ],
)
def test_the_heading_counts_all_that_failed(outcomes, title):
    judged = [verdict(str(number), outcome=Outcome(one)) for number, one in enumerate(["reversible", *outcomes.split()])]
    assert render(put_together(None, judged)).splitlines()[0].endswith(f" {title}")


def test_what_failed_is_open_and_what_was_not_reached_is_folded():
    outcomes = ["downgrade-failed", "data-loss", *["not-reached"] * 3]
    judged = [verdict(str(number), outcome=Outcome(one)) for number, one in enumerate(outcomes)]
    assert re.findall(r"<details open><summary><b><code>(\w)", render(put_together(None, judged))) == ["1", "0"]
    assert re.findall(r"<details open>\s*<summary>.*?class=\"id\">(\w)", render_page(put_together(None, judged))) == ["1", "0"]
    assert "<details open>" not in render(put_together(None, judged[2:]))


def test_equal_findings_of_a_file_are_folded():
    alike = [finding(message=f"upgrade drops column 'users.c{number}'", line=number) for number in range(20, 25)]
    document = render(put_together(alike))
    assert document.count("**MRT201**") == 1
    assert "… and 4 more like it, at lines 21, 22, 23, 24" in document


def test_no_text_of_files_and_databases_is_more_than_text():
    html = SOURCE.render(render(hostile()))
    tags = set(re.findall(r"<(/?\w+)", html))
    assert not tags & {"script", "img", "a", "li", "ul", "em", "h1"}
    prose = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)  # in code nobody is looked for
    assert "@ada" not in prose
    assert "#12" not in prose
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("<details") == html.count("</details>") == 1


@pytest.mark.parametrize(
    "line", ["- a", "1. a", "# a", "+ a", "=====", "    a", "> a", "* a", "_a_", "a | b", "$x$", "~~a~~", "[a]: b", "<b>"]
)
def test_a_line_shows_its_characters(line):
    html = SOURCE.render(f"before\n{text(line)}\nafter")
    assert set(re.findall(r"<(\w+)", html)) == {"p"}
    shown = re.sub(r"<!-- -->", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("\n", " ")
    assert f"before {line.strip()} after" in shown.replace("  ", " ")


def test_a_comment_is_never_longer_than_github_takes():
    document = render(long_history(2000))
    assert len(document.encode("utf-16-le")) // 2 <= LONGEST < 65_536
    assert re.search(r"^\d+ more revisions with findings: left out", document, re.MULTILINE)
    assert document.count("<details") == document.count("</details>") > 50


def test_hostile_text_has_what_it_takes():
    assert all(part in HOSTILE for part in ("</script>", "{{", "`", "|", "@", "#1", "\x1b"))
