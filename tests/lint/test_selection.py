"""What is reported on: revisions after another, and files that a branch has touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.lint.conftest import DROP, UPDATE, functions


def found(result) -> list[tuple[str, str]]:
    return [(finding["path"], finding["code"]) for finding in json.loads(result.out)["findings"]]


def git(project, *arguments: str) -> None:
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=project.root, check=True, capture_output=True)


@pytest.fixture
def branches(project):
    """a1 ← a2 ← a3 and a1 ← b2 that depends on x1, each but a1 with a finding."""
    project.migration("a1", None)
    project.migration("a2", "a1", DROP)
    project.migration("a3", "a2", UPDATE)
    project.migration("x1", None, "branch_labels = ('x',)\n\n\n" + UPDATE)
    project.migration("b2", "a1", "depends_on = 'x1'\n\n\n" + DROP)
    return project


@pytest.mark.parametrize(
    ("revision", "files"),
    [
        ("a1", ["a2", "a3", "b2", "x1"]),
        ("a2", ["a3", "b2", "x1"]),
        ("a3", ["b2", "x1"]),
        ("b2", ["a2", "a3"]),
        ("x", ["a2", "a3", "b2"]),
    ],
)
def test_since_reports_what_a_database_at_that_revision_has_not_run(branches, revision, files):
    result = branches.mrt("check", "versions", "--since", revision, "--ignore", "MRT901", "--format", "json")
    assert [path for path, _ in found(result)] == [f"versions/{file}.py" for file in files]


def test_since_knows_the_whole_history(project):
    project.migration("a1", None)
    project.migration(
        "a2", "a1", 'def upgrade():\n    op.alter_column("users", "id", type_=sa.BigInteger())\n\n\ndef downgrade():\n    pass\n'
    )
    project.migration("a3", "a2", DROP)
    result = project.mrt("check", "versions", "--since", "a2", "--format", "json")
    assert json.loads(result.out)["summary"]["files"] == 1
    assert found(result) == [("versions/a3.py", "MRT201")]
    assert project.mrt("check", "versions", "--since", "a3").out == "0 migrations checked: nothing found.\n"


@pytest.mark.parametrize(("revision", "files"), [("base", 3), ("base+1", 2), ("head-1", 1), ("-1", 1), ("head", 0), ("heads", 0)])
def test_since_understands_a_revision_as_alembic_does(history, revision, files):
    result = history.mrt("check", "versions", f"--since={revision}", "--format", "json")
    assert json.loads(result.out)["summary"]["files"] == files


def test_since_leaves_other_histories_out(history):
    history.migration("z1", None, DROP, folder="more/versions")
    assert found(history.mrt("check", ".", "--since", "a1", "--format", "json")) == [
        ("versions/a2.py", "MRT201"),
        ("versions/a3.py", "MRT103"),
    ]


def test_since_stands_a_broken_file_and_a_circle(project):
    project.migration("a1", "a2")
    project.migration("a2", "a1", DROP)
    project.write("versions/a3.py", "revision = 'a3'\ndown_revision = 'a2'\ndef upgrade(:\n")
    assert found(project.mrt("check", "versions", "--since", "a1", "--format", "json")) == [("versions/a3.py", "MRT902")]


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("a22", "There is no revision a22; did you mean a2?"),
        ("qqqqqq", "There is no revision qqqqqq."),
        ("a", "a is the beginning of several revisions: a1, a2, a3."),
        ("", "There is no revision ."),
    ],
)
def test_since_an_unknown_revision_is_one_sentence(history, revision, sentence):
    result = history.mrt("check", "versions", "--since", revision)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt check: {sentence}")
    assert result.err.count("\n") == 1


@pytest.fixture
def repository(history):
    """The history on main, and a branch `work` that has been left by main since."""
    (history.root / ".git").rmdir()
    git(history, "init", "-q", "-b", "main")
    git(history, "add", ".")
    git(history, "commit", "-q", "-m", "first")
    git(history, "branch", "work")
    history.migration("m4", "a3", DROP)
    history.migration("a2", "a1", UPDATE)
    git(history, "add", ".")
    git(history, "commit", "-q", "-m", "main goes on")
    git(history, "checkout", "-q", "work")
    return history


def test_diff_base_reports_what_the_branch_added_or_changed(repository):
    assert found(repository.mrt("check", "versions", "--diff-base", "main", "--format", "json")) == []
    repository.migration("b4", "a3", DROP.replace("phone", "fax"))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "work")
    repository.migration("ü 5", "b4", DROP.replace("phone", "e-mail"))  # not yet added
    repository.migration("a2", "a1", UPDATE)  # not yet committed
    (repository.root / "versions/a3.py").rename(repository.root / "versions/moved.py")
    git(repository, "add", "-A", "versions/a3.py", "versions/moved.py")
    result = repository.mrt("check", "versions", "--diff-base", "main", "--format", "json")
    assert found(result) == [("versions/a2.py", "MRT103"), ("versions/b4.py", "MRT201"), ("versions/ü 5.py", "MRT201")]


def test_diff_base_serves_from_a_folder_below_and_beside_since(repository, monkeypatch):
    repository.migration("a2", "a1", UPDATE)
    repository.migration("b4", "a3", DROP)
    monkeypatch.chdir(repository.root / "versions")
    assert found(repository.mrt("check", ".", "--diff-base", "main", "--since", "a3", "--format", "json")) == [("b4.py", "MRT201")]


@pytest.mark.parametrize("reference", ["gone", "-x", "--output=x", "HEAD:versions", ""])
def test_diff_base_with_an_unknown_reference_is_one_sentence(repository, reference):
    result = repository.mrt("check", "versions", f"--diff-base={reference}")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"mrt check: git knows no commit {reference}: fetch it first, or name another.\n"


def test_diff_base_without_a_common_commit_is_one_sentence(repository):
    git(repository, "checkout", "-q", "--orphan", "other")
    git(repository, "commit", "-q", "-m", "other")
    result = repository.mrt("check", "versions", "--diff-base", "main")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("mrt check: main and HEAD have no commit in common here")


def test_diff_base_outside_of_a_repository_is_one_sentence(history, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(history.root.parent))
    result = history.mrt("check", "versions", "--diff-base", "main")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("mrt check: --diff-base needs a git repository, and git says: ")
    assert result.err.count("\n") == 1


def test_diff_base_for_files_of_another_place_is_one_sentence(repository, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a1.py"
    shutil.copy(repository.root / "versions/a1.py", elsewhere)
    result = repository.mrt("check", str(elsewhere), "--diff-base", "main")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt check: {elsewhere} is not in the git repository {os.path.realpath(repository.root)}")


def test_diff_base_without_git_is_one_sentence(history, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = history.mrt("check", "versions", "--diff-base", "main")
    assert (result.code, result.out) == (2, "")
    assert result.err == "mrt check: --diff-base asks git what has changed, and there is no git on the PATH.\n"


def test_only_the_files_of_the_branch_are_fixed(repository):
    empty = functions('op.add_column("users", sa.Column("a", sa.Text))', "pass")
    old = repository.migration("a3", "a2", empty)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "old")
    git(repository, "branch", "-f", "main")
    new = repository.migration("a4", "a3", empty.replace('"a"', '"b"'))
    repository.mrt("check", "versions", "--diff-base", "main", "--fix")
    assert "pass" in old.read_text()
    assert 'op.drop_column("users", "b")' in new.read_text()
