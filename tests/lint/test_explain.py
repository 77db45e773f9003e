"""`mrt rules` and `mrt explain`."""

from __future__ import annotations

import json

import pytest

from mrt_lint.rules import all_rules


def test_every_rule_is_listed(project):
    out = project.mrt("rules").out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("MRT")] == [rule.code for rule in all_rules()]
    assert max(len(line) for line in out.splitlines()) <= 80
    document = json.loads(project.mrt("rules", "--format", "json").out)
    first = next(rule for rule in document if rule["code"] == "MRT201")
    assert {key: first[key] for key in ("name", "severity", "consequence", "default")} == {
        "name": "drop-column",
        "severity": "error",
        "consequence": "rollback loses data",
        "default": True,
    }
    assert first["summary"]


@pytest.mark.parametrize("name", ["MRT201", "mrt201", "drop-column", "Drop_Column"])
def test_a_rule_is_explained_by_code_or_name(project, name):
    out = project.mrt("explain", name).out
    assert out.splitlines()[0] == "MRT201 drop-column"
    assert "```" not in out
    assert '    op.drop_column("users", "phone")' in out or "drop_column" in out
    assert "Why it hurts" in out


def test_several_rules_are_explained_at_once(project):
    out = project.mrt("explain", "MRT201", "MRT202").out
    assert "MRT201 drop-column" in out
    assert "MRT202 drop-table" in out


@pytest.mark.parametrize("beginning", ["MRT2", "mrt21", "MRT"])
def test_the_beginning_of_codes_lists_the_rules_that_have_it(project, beginning):
    result = project.mrt("explain", beginning)
    group = [rule.code for rule in all_rules() if rule.code.startswith(beginning.upper())]
    assert len(group) > 1
    assert [line.split()[0] for line in result.out.splitlines() if line.startswith("MRT")] == group
    assert result.out.splitlines()[-1] == f"mrt explain {group[0]} shows the page of one."
    assert (result.code, result.err) == (0, "")


def test_a_list_and_a_page_stand_one_below_the_other(project):
    out = project.mrt("explain", "MRT2", "MRT408").out
    assert "mrt explain MRT201 shows the page of one.\n\n\nMRT408 drop-index\n" in out


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_page_can_be_shown(project, rule):
    assert project.mrt("explain", rule.code).out.startswith(f"{rule.code} {rule.name}\n")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("MRT2011", "There is no rule MRT2011; did you mean MRT201"),
        ("MRT6", "There is no rule MRT6"),
        ("drop-colum", "did you mean drop-column"),
        ("xyz", "mrt rules lists them."),
    ],
)
def test_an_unknown_rule_is_one_sentence(project, name, sentence):
    result = project.mrt("explain", name)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert result.err.count("\n") == 1


def test_quotes_and_links_of_a_page_are_plain_in_the_terminal(project):
    out = project.mrt("explain", "MRT201").out
    assert "\n  first release code that no longer uses phone" in out
    assert "* What holds for every rule holds here, too." in out
    assert "](" not in out


def test_one_example_of_each_kind_is_shown_and_all_on_request(project):
    rule = next(rule for rule in all_rules() if len(rule.bad) > 1 and len(rule.good) > 2)
    brief, whole = (project.mrt("explain", rule.code, *options).out for options in ((), ("--all",)))
    assert brief.count("def upgrade") == 2
    assert whole.count("def upgrade") >= len(rule.bad) + len(rule.good)
    assert brief.endswith(f"mrt explain {rule.code} --all shows {len(rule.bad) + len(rule.good) - 2} more examples.\n")
