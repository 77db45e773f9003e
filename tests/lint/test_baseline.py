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
