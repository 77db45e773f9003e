"""`mrt lock` writes down what revisions are; `mrt check` notices when one is edited, re-pointed or deleted."""

from __future__ import annotations

import json
import subprocess

import pytest
from flake8.main.cli import main as flake8

from mrt_lint import flake8_plugin
from tests.lint.conftest import DROP, UPDATE


def check(project, *arguments: str) -> list[tuple[str, int, str]]:
    result = project.mrt("check", "--select", "MRT907", "--format", "json", *(arguments or ("versions",)))
    assert result.err == ""
    return [(finding["path"], finding["line"], finding["message"]) for finding in json.loads(result.out)["findings"]]


@pytest.fixture
def locked(history):
    result = history.mrt("lock", "versions")
    assert result == (0, "mrt.lock locks 3 revisions (3 new).\n", "")
    return history


def test_what_is_as_it_was_locked_is_silent(locked):
    assert check(locked) == []
    locked.migration("a4", "a3", UPDATE)
    assert check(locked) == []


def test_an_edited_revision_is_found(locked):
    locked.migration("a2", "a1", DROP.replace("phone", "fax"))
    assert check(locked) == [
        ("versions/a2.py", 5, "revision a2 is locked, and its file was edited: databases that have run it keep what it was")
    ]
    assert locked.mrt("check", "versions", "--select", "MRT907").code == 1


def test_a_revision_with_another_parent_is_found(locked):
    locked.migration("a3", "a1", UPDATE)
    locked.migration("a1", "a0")
    assert [(path, message.split(":")[0]) for path, _, message in check(locked)] == [
        ("versions/a1.py", "revision a1 is locked, and it follows a0 now, where it followed nothing"),
        ("versions/a3.py", "revision a3 is locked, and it follows a1 now, where it followed a2"),
    ]


def test_a_deleted_revision_is_found_in_the_lock_file(locked):
    (locked.root / "versions/a2.py").unlink()
    lines = (locked.root / "mrt.lock").read_text().splitlines()
    ((path, line, message),) = check(locked)
    assert path == "mrt.lock"
    assert '"revision": "a2"' in lines[line - 1]
    assert message.startswith("revision a2 is locked, and no file declares it any more, versions/a2.py did")
    assert check(locked, "versions/a1.py") == [(path, line, message)]
    assert check(locked, "versions", "--since", "a1") == [(path, line, message)]


def test_a_deletion_is_reported_however_little_is_chosen(locked):
    (locked.root / ".git").rmdir()
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=locked.root, check=True, capture_output=True)
    (locked.root / "versions/a3.py").unlink()
    locked.migration("a2", "a1", UPDATE)
    assert [path for path, _, _ in check(locked, "versions", "--diff-base", "main")] == ["mrt.lock", "versions/a2.py"]


def test_line_ends_and_file_names_may_change(locked):
    for name in ("a1", "a2", "a3"):
        file = locked.root / f"versions/{name}.py"
        locked.write(f"versions/renamed_{name}.py", file.read_bytes().replace(b"\n", b"\r\n"))
        file.unlink()
    assert check(locked) == []


def test_other_histories_are_not_missed(locked):
    locked.migration("z1", None, folder="more/versions")
    assert check(locked, "more/versions") == []
    (locked.root / "versions/a2.py").unlink()
    assert check(locked, "more/versions") == []
    assert len(check(locked, "more/versions", "versions")) == 1


def test_an_edit_is_seen_in_spite_of_what_is_remembered(locked):
    before = (locked.root / "mrt.lock").read_bytes()
    assert check(locked) == []
    locked.write("mrt.lock", before.replace(b'"content": "', b'"content": "0'))
    assert len(check(locked)) == 3
    (locked.root / "mrt.lock").unlink()
    assert check(locked) == []


def test_locking_again_accepts_what_there_is_and_says_so(locked, monkeypatch):
    locked.migration("a2", "a1", UPDATE)
    locked.migration("a4", "a2", UPDATE)
    (locked.root / "versions/a3.py").unlink()
    monkeypatch.chdir(locked.root / "versions")
    assert locked.mrt("lock", ".").out == "mrt.lock locks 3 revisions (1 new, 1 changed, 1 gone).\n"
    monkeypatch.chdir(locked.root)
    assert check(locked) == []
    assert not (locked.root / "versions/mrt.lock").exists()


def test_a_revision_that_cannot_be_read_is_left_out_and_said(project):
    project.migration("a1", None)
    project.write("versions/a2.py", "revision = make()\ndown_revision = 'a1'\n")
    assert project.mrt("lock", "versions").out.splitlines() == [
        "mrt.lock locks 1 revision (1 new).",
        "1 left out: what they assign to revision is no plain string.",
    ]


def test_the_lock_is_an_entry_a_line_in_a_fixed_order(locked):
    lines = (locked.root / "mrt.lock").read_text().splitlines()
    entries = [json.loads(line.rstrip(",")) for line in lines if '"revision"' in line]
    assert [(entry["revision"], entry["parents"], entry["path"]) for entry in entries] == [
        ("a1", [], "versions/a1.py"),
        ("a2", ["a1"], "versions/a2.py"),
        ("a3", ["a2"], "versions/a3.py"),
    ]


def test_flake8_finds_edited_revisions_too(locked, capsys):
    locked.migration("a2", "a1", UPDATE)
    flake8_plugin._engine_for.cache_clear()
    assert flake8(["--isolated", "-j1", "--select", "MRT907", "--format", "%(path)s:%(row)d", "versions"]) == 1
    assert capsys.readouterr().out == "versions/a2.py:5\n"


DAMAGED = "mrt.lock is no lock file, or is damaged: restore it, or write it again with mrt lock."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", DAMAGED),
        (b"\xff", DAMAGED),
        (b"<<<<<<< HEAD\n{}", DAMAGED),
        (b"[" * 100_000, DAMAGED),
        (b'{"mrt_lock": 1, "revisions": [{}]}', DAMAGED),
        (b'{"mrt_lock": 1, "revisions": [{"revision": 1, "parents": [], "path": "", "content": ""}]}', DAMAGED),
        (b'{"mrt_lock": 7}', "mrt.lock has format 7, where this mrt knows 1: write it again with mrt lock."),
    ],
)
def test_a_lock_file_that_cannot_be_meant_is_one_sentence(history, capsys, text, sentence):
    assert check(history) == []
    history.write("mrt.lock", text)
    result = history.mrt("check", "versions")
    assert result == (2, "", f"mrt check: {sentence}\n")
    flake8_plugin._engine_for.cache_clear()
    with pytest.raises(SystemExit) as end:
        flake8(["--isolated", "-j1", "versions"])
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err
    assert history.mrt("lock", "versions").code == 0
    assert check(history) == []
