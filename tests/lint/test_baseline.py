"""`mrt baseline` accepts what there is; `mrt check --baseline` fails on what is new."""

from __future__ import annotations

import json

import pytest

from tests.lint.conftest import DROP, UPDATE, functions


def found(result) -> list[tuple[str, str]]:
    return [(finding["path"], finding["code"]) for finding in json.loads(result.out)["findings"]]


def check(project, *arguments: str):
    return project.mrt("check", "versions", "--strict", "--baseline", "mrt-baseline.json", *arguments)


@pytest.fixture
def accepted(history):
    result = history.mrt("baseline", "versions")
    assert (result.code, result.err) == (0, "")
    assert result.out == ("mrt-baseline.json accepts 2 findings; mrt check --baseline mrt-baseline.json reports others only.\n")
    return history


def test_what_is_accepted_fails_nothing_and_is_counted(accepted):
    result = check(accepted)
    assert (result.code, result.out) == (0, "3 migrations checked: nothing found, 2 accepted.\n")
    assert json.loads(check(accepted, "--format", "json").out)["summary"]["suppressed"] == 2
    assert accepted.mrt("check", "versions").code == 1


def test_what_is_new_fails(accepted):
    accepted.migration("a4", "a3", DROP)
    result = check(accepted, "--format", "json")
    assert result.code == 1
    assert found(result) == [("versions/a4.py", "MRT201")]


def test_moved_lines_and_renamed_files_stay_accepted(accepted):
    text = (accepted.root / "versions/a2.py").read_text()
    (accepted.root / "versions/a2.py").unlink()
    accepted.write("versions/renamed.py", text.replace("def upgrade", "# one more line\n\n\ndef upgrade"))
    assert check(accepted).code == 0


def test_the_second_of_a_kind_is_new(accepted):
    twice = 'op.execute("UPDATE users SET name = lower(name)")\n' * 2
    accepted.migration("a3", "a2", functions(twice, 'op.execute("UPDATE alembic_version SET version_num = 1")'))
    assert found(check(accepted, "--format", "json")) == [("versions/a3.py", "MRT103")]


def test_a_baseline_is_an_entry_a_line_in_a_fixed_order(accepted):
    first = (accepted.root / "mrt-baseline.json").read_text()
    accepted.mrt("baseline", "versions", "--output", "again.json")
    assert (accepted.root / "again.json").read_text() == first
    entries = [line for line in first.splitlines() if line.startswith("    {")]
    assert [json.loads(line.rstrip(","))["where"] for line in entries] == ["a2", "a3"]


def test_a_file_without_a_revision_is_known_by_its_path(project):
    project.write("versions/a1.py", "revision = make()\ndown_revision = None\n\n\ndef upgrade():\n    op.drop_table('users')\n")
    project.mrt("baseline", "versions")
    assert '"where": "versions/a1.py"' in (project.root / "mrt-baseline.json").read_text()
    assert check(project).code == 0


def test_a_baseline_of_nothing_accepts_nothing(project):
    project.migration("a1", None)
    assert project.mrt("baseline", "versions").out.startswith("mrt-baseline.json accepts 0 findings;")
    project.migration("a2", "a1", UPDATE)
    assert found(check(project, "--format", "json")) == [("versions/a2.py", "MRT103")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "There is no baseline mrt-baseline.json: mrt baseline --output mrt-baseline.json writes it."),
        (
            b"<<<<<<< HEAD\n",
            "mrt-baseline.json is no baseline, or is damaged: mrt baseline --output mrt-baseline.json writes it again.",
        ),
        (b"[]", "mrt-baseline.json is no baseline, or is damaged"),
        (b'{"mrt_baseline": 1}', "mrt-baseline.json is no baseline, or is damaged"),
        (b'{"mrt_baseline": 1, "accepted": [{"where": 1, "code": "", "message": "", "count": 1}]}', "mrt-baseline.json is no"),
        (b'{"mrt_baseline": 1, "accepted": [{"where": "", "code": "", "message": "", "count": "1"}]}', "mrt-baseline.json is no"),
        (b"[" * 100_000, "mrt-baseline.json is no baseline, or is damaged"),
        (b"\xff", "mrt-baseline.json cannot be read: "),
        (
            b'{"mrt_baseline": 2, "accepted": 5}',
            "mrt-baseline.json is a baseline of format 2, where this mrt knows 1: mrt baseline",
        ),
    ],
)
def test_a_baseline_that_cannot_be_meant_is_one_sentence(history, text, sentence):
    if text is not None:
        history.write("mrt-baseline.json", text)
    result = check(history)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt check: {sentence}")
    assert result.err.count("\n") == 1


def test_a_baseline_that_cannot_be_written_is_one_sentence(history):
    result = history.mrt("baseline", "versions", "-o", "nowhere/b.json")
    assert (result.code, result.out) == (2, "")
    assert result.err == "mrt baseline: nowhere/b.json cannot be written: No such file or directory\n"


def test_nobody_can_accept_a_file_that_does_not_parse_or_a_history_that_does_not_run(history):
    history.write("versions/b1.py", 'revision = "b1"\ndown_revision = "a3"\n\ndef upgrade(:\n')
    history.migration("b2", "nowhere")
    result = history.mrt("baseline", "versions")
    assert result.code == 0
    assert result.out.splitlines()[1] == (
        "Not accepted: 2 findings which cannot be accepted, MRT902 unparsable-file, MRT903 missing-parent: fix what they report."
    )
    assert {code for _, code in found(check(history, "--format", "json"))} >= {"MRT902", "MRT903"}


def test_a_file_that_does_not_parse_is_named_though_its_rule_was_not_asked_for(history):
    history.write("versions/b1.py", 'revision = "b1"\ndown_revision = "a3"\n\ndef upgrade(:\n')
    result = history.mrt("check", "versions/b1.py", "--select", "MRT2")
    assert result.out.startswith(
        "1 place could not be read, so nothing is said about it:\n  versions/b1.py:4:13  the file does not parse"
    )
    assert "nothing found in what could be read" in result.out
    assert (
        "does not parse"
        not in history.mrt("check", "versions/b1.py", "--select", "MRT902", "--format", "json").out.partition("unreadable")[2]
    )


LOCK = functions('op.create_index("ix_users_name", "users", ["name"])', 'op.drop_index("ix_users_name", "users")')
BOTH = functions(
    'op.drop_column("users", "phone")\nop.create_index("ix_users_email", "users", ["email"])',
    'op.drop_index("ix_users_email", "users")\nop.add_column("users", sa.Column("phone", sa.String(20)))',
)


@pytest.fixture
def deployed(project):
    """A history whose first two revisions are older than the baseline."""
    project.write("pyproject.toml", '[tool.mrt]\npaths = ["versions"]\ndialect = "postgresql"\nlock_warnings = "since-baseline"\n')
    project.migration("a1", None)
    project.migration("a2", "a1", BOTH)
    assert project.mrt("baseline").code == 0
    project.migration("a3", "a2", LOCK)
    return project


def test_locks_are_warned_of_since_the_baseline_only_and_losses_always(deployed):
    result = deployed.mrt("check", "--format", "json")
    assert found(result) == [("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT407")]
    assert json.loads(result.out)["summary"]["suppressed"] == 1
    everything = [("versions/a2.py", "MRT201"), ("versions/a2.py", "MRT407"), ("versions/a3.py", "MRT407")]
    assert found(deployed.mrt("check", "--no-baseline", "--format", "json")) == everything
    deployed.write("pyproject.toml", '[tool.mrt]\npaths = ["versions"]\ndialect = "postgresql"\n')
    assert found(deployed.mrt("check", "--format", "json")) == everything


def test_the_baseline_of_the_configuration_holds_without_an_option(deployed):
    text = '[tool.mrt]\npaths = ["versions"]\ndialect = "postgresql"\nbaseline = "mrt-baseline.json"\n'
    deployed.write("pyproject.toml", text)
    assert found(deployed.mrt("check", "--format", "json")) == [("versions/a3.py", "MRT407")]
    assert len(found(deployed.mrt("check", "--no-baseline", "--format", "json"))) == 3


def test_the_baseline_of_the_configuration_is_written_without_an_option(deployed):
    deployed.write("pyproject.toml", '[tool.mrt]\npaths = ["versions"]\nbaseline = "accepted.json"\n')
    assert deployed.mrt("baseline").out.startswith("accepted.json accepts 3 findings; mrt check reports others only.")
    assert deployed.mrt("check", "--strict").code == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "There is no baseline"),
        ('{"mrt_baseline": 1, "accepted": []}', "is older than lock_warnings and names no revisions: mrt baseline -o"),
        ('{"mrt_baseline": 1, "accepted": [], "revisions": [1]}', "is no baseline, or is damaged"),
    ],
)
def test_without_its_baseline_lock_warnings_are_refused(deployed, content, why):
    (deployed.root / "mrt-baseline.json").unlink()
    if content:
        deployed.write("mrt-baseline.json", content)
    result = deployed.mrt("check")
    assert (result.code, result.out) == (2, "")
    assert why in result.err


def test_lock_warnings_have_two_values(project):
    project.write("pyproject.toml", '[tool.mrt]\nlock_warnings = "never"\n')
    assert "lock_warnings is 'never', where 'always' or 'since-baseline' is expected." in project.mrt("check").err
