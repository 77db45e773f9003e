"""`mrt check --fix` and `--diff` as commands: what they report, what they print, and what keeps a fix from being made."""

from __future__ import annotations

import json

import pytest

from mrt_lint.fix.diff import unified
from mrt_lint.fix.fixer import fixers
from mrt_lint.fix.proposed_fix import NoFix, ProposedFix, TextEdit
from mrt_lint.rules import all_rules
from tests.lint.conftest import functions
from tests.lint.fixing import ADD, fix


def test_every_fixer_has_its_rule_and_every_rule_that_promises_a_fix_has_its_fixer():
    promised = [rule for rule in all_rules() if rule.fix is not None]
    assert [rule.code for rule in promised] == sorted(fixers())
    assert all(rule.fixes for rule in promised)


def test_a_diff_ends_names_with_blanks_by_a_tab():
    assert unified("a b.py", b"1\n", b"2\n").startswith("--- a b.py\t\n+++ a b.py\t\n")
    assert unified("ab.py", b"1\n", b"2\n").startswith("--- ab.py\n+++ ab.py\n")


def test_fix_reports_what_is_left_and_says_what_was_fixed(users):
    users.migration(
        "a2", "a1", functions('op.drop_column("users", "level")', 'op.add_column("users", sa.Column("level", sa.Integer))')
    )
    users.migration("a3", "a2", ADD)
    result = users.mrt("check", "versions", "--fix")
    assert result.code == 1
    assert "MRT201" in result.out
    assert "\n\nFixed 1 finding in 1 file:\n  versions/a3.py: MRT102 noop-downgrade\n" in result.out
    assert result.err == ""


def test_nothing_left_is_exit_code_zero_and_the_cache_tells_the_truth(users):
    users.migration("a2", "a1", ADD)
    assert users.mrt("check", "versions").code == 1
    assert users.mrt("check", "versions", "--fix").code == 0
    assert users.mrt("check", "versions").code == 0


def test_the_summary_stays_out_of_what_programs_read(users):
    users.migration("a2", "a1", ADD)
    result = users.mrt("check", "versions", "--fix", "--format", "json")
    assert json.loads(result.out)["findings"] == []
    assert result.err == "Fixed 1 finding in 1 file:\n  versions/a2.py: MRT102 noop-downgrade\n"


def test_diff_prints_what_fix_would_write_and_writes_nothing(users):
    path = users.migration("a2", "a1", ADD.rstrip("\n"))
    before = path.read_bytes()
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, path.read_bytes()) == (1, before)
    assert result.out == (
        "--- versions/a2.py\n+++ versions/a2.py\n@@ -11,4 +11,4 @@\n \n \n def downgrade():\n-    pass\n"
        '\\ No newline at end of file\n+    op.drop_column("users", "a")\n\\ No newline at end of file\n'
    )
    assert result.err == "Would fix 1 finding in 1 file:\n  versions/a2.py: MRT102 noop-downgrade\n"
    users.mrt("check", "versions", "--fix")
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, result.out) == (0, "")


def test_diff_fails_where_an_error_remains_that_nothing_can_fix(users):
    users.migration(
        "a2", "a1", functions('op.drop_column("users", "level")', 'op.add_column("users", sa.Column("level", sa.Integer))')
    )
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, result.out) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [("--ignore", "MRT1"), ("--select", "MRT2"), ("--since", "a2"), ("--baseline", "base.json")],
)
def test_what_would_not_be_reported_is_not_fixed(users, arguments):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()
    users.mrt("baseline", "versions", "--output", "base.json")
    users.mrt("check", "versions", "--fix", *arguments)
    assert path.read_bytes() == before


def test_what_noqa_silences_is_not_fixed(users):
    body = ADD.replace("def downgrade():", "def downgrade():  # noqa: MRT102")
    assert fix(users, body) == body


def test_a_locked_revision_is_not_touched(users):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()
    assert users.mrt("lock", "versions").code == 0
    assert "MRT102: mrt.lock holds this revision as it is" in users.mrt("check", "versions", "--fix").out
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--unsafe-fixes",), "--unsafe-fixes says which fixes are made: write it beside --fix or --diff."),
        (("--fix", "--watch"), "--watch only looks: leave it out, or --fix and --diff."),
        (("--diff", "--format", "json"), "--diff prints a diff: leave out --format and --statistics, or --diff."),
    ],
)
def test_options_that_cannot_be_meant_are_one_sentence(users, arguments, said):
    result = users.mrt("check", "versions", *arguments)
    assert (result.code, result.err) == (2, f"mrt check: {said}\n")


def test_the_report_promises_no_fix_that_was_not_tried(users):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions("op.execute('DELETE FROM users')", "pass"))
    said = users.mrt("check", "versions").out
    assert "Rules may fix up to 1 of these: mrt check --diff shows what --fix would write.\n" in said
    said += users.mrt("check", "versions", "--format", "concise").out
    assert "[*]" not in said
    assert "Its rule may fix it: mrt check --diff" in users.mrt("check", "versions/a2.py").out
    assert "may fix" not in users.mrt("check", "versions", "--select", "MRT214").out


def fixes_of(users, *arguments):
    """Give the fix of each finding in the JSON, by revision and code."""
    found = json.loads(users.mrt("check", "versions", "--format", "json", *arguments).out)["findings"]
    return sorted(((finding["revision"], finding["code"], finding.get("fix")) for finding in found), key=lambda found: found[:2])


def test_json_offers_a_fix_where_one_is_made_and_nowhere_else(users):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions("op.execute('DELETE FROM users')", "pass"))
    users.migration("a4", "a3", functions('op.create_index("ix", "users", ["level"])', 'op.drop_index("ix")'))
    users.migration("a5", "a4", functions('for one in ["a"]:\n    op.create_index("ix2", "users", [one])', 'op.drop_index("ix2")'))
    assert fixes_of(users, "--dialect", "postgresql") == [
        ("a2", "MRT102", "safe"),
        ("a3", "MRT102", None),
        ("a3", "MRT214", None),
        ("a4", "MRT407", "safe"),
        ("a5", "MRT407", None),
    ]
    assert users.mrt("check", "versions", "--dialect", "postgresql", "--diff").err.startswith("Would fix 2 findings in 2 files:\n")


@pytest.mark.parametrize("cached", [(), ("--no-cache",)])
def test_json_says_which_fixes_are_unsafe_and_again_from_the_cache(users, cached):
    users.migration("a2", "a1", functions('op.add_column("users", sa.Column("b", sa.Text, nullable=False))', "pass"))
    users.migration("a3", "a2", functions('op.drop_column("users", "email")', "pass"))
    expected = [("a2", "MRT102", "safe"), ("a2", "MRT401", None), ("a3", "MRT102", "unsafe"), ("a3", "MRT201", None)]
    for _ in range(2):
        assert fixes_of(users, *cached) == expected


def test_a_json_report_after_fixing_offers_what_only_unsafe_fixes_do(users):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions('op.drop_column("users", "email")', "pass"))
    assert fixes_of(users, "--fix") == [("a3", "MRT102", "unsafe"), ("a3", "MRT201", None)]


def test_what_the_lock_file_holds_is_not_offered_in_json(users):
    users.migration("a2", "a1", ADD)
    assert fixes_of(users) == [("a2", "MRT102", "safe")]
    assert users.mrt("lock", "versions").code == 0
    assert fixes_of(users) == [("a2", "MRT102", None)]


def test_a_fix_that_trips_is_said_and_keeps_no_other_from_being_made(users, monkeypatch):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions('op.create_index("ix", "users", ["level"])', 'op.drop_index("ix", "users")'))

    def trip(*_):
        raise KeyError("x")

    monkeypatch.setattr(fixers()["MRT102"], "propose", trip)
    result = users.mrt("check", "versions", "--fix")
    assert "  MRT102: trying failed (KeyError: 'x')\n" in result.out
    assert "  versions/a3.py: MRT407 index-without-concurrently\n" in result.out


def test_a_long_list_of_files_is_cut_short(users):
    for number in range(2, 55):
        users.migration(f"a{number}", f"a{number - 1}", ADD.replace('"a"', f'"a{number}"'))
    result = users.mrt("check", "versions", "--fix")
    assert "Fixed 53 findings in 53 files:\n" in result.out
    assert result.out.endswith("  … and 3 more files\n")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("pass", "pass  # touched", "the finding would stay"),
        ("pass", "op.drop_column(", "what is to be written cannot be read: "),
        ("pass", "op.execute(text)", "what is to be written cannot be read in full"),
        ("pass", 'op.drop_column("staff", "x")', "it would raise MRT"),
        ('sa.Column("a"', 'sa.Column("b"', "it would change what upgrade() does"),
        ('"a2"', '"a9"', "it would change the revision's place in the history"),
        ("pass", 'op.drop_column("users", "a")', "what was meant is something else"),
        ("a", "b", "its edits overlap"),
    ],
)
def test_what_does_not_hold_when_it_is_read_again_is_not_written(users, monkeypatch, old, new, why):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def propose(context, _):
        at = context.text.text.index(old)
        edits = [TextEdit(at, at + len(old), new)]
        if "upgrade()" in why:
            down = context.text.text.rindex("pass")
            edits.append(TextEdit(down, down + 4, 'op.drop_column("users", "b")'))
        if "overlap" in why:
            edits *= 2
        return ProposedFix(edits=tuple(edits), keeps_upgrade=True, proof=refuse if "meant" in why else None)

    def refuse(_):
        raise NoFix(why)

    monkeypatch.setattr(fixers()["MRT102"], "propose", propose)
    result = users.mrt("check", "versions", "--fix")
    assert f"MRT102: {why}" in result.out
    assert path.read_bytes() == before
