"""Only what is new is verified, where that is asked for."""

import json
import subprocess
import sys

import pytest

from mrt_lint.cli import main


@pytest.fixture
def history(project, monkeypatch):
    """Two branches of two revisions over one base, in a git repository that knows the first three."""
    monkeypatch.chdir(project.root)
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    git("init", "-q", "-b", "main")
    for revision, parent in (("base1", None), ("left1", "base1"), ("right1", "base1")):
        project.add(revision, parent)
    git("add", "-A")
    git("commit", "-q", "-m", "start")
    git("checkout", "-q", "-b", "topic")
    project.add("left2", "left1")
    file = project.versions / "right1.py"
    file.write_text(file.read_text() + "# changed\n")
    return project


def git(*arguments):
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


CHOICES = {
    ("--since", "base1"): ["left1", "left2", "right1"],
    ("--since", "left1"): ["left2", "right1"],
    ("--since", "base"): ["base1", "left1", "left2", "right1"],
    ("--diff-base", "main"): ["left2", "right1"],
    ("--diff-base", "main", "--since", "right1"): ["left2"],
    ("left2", "base1", "--since", "base1"): ["left2"],
    ("--since", "left2", "left1"): [],
}


@pytest.mark.parametrize("arguments", CHOICES)
def test_mrt_verify_checks_only_these(history, capsys, arguments):
    assert main(["verify", "--format", "json", *arguments]) == 0
    assert sorted(one["revision"] for one in json.loads(capsys.readouterr().out)["revisions"]) == CHOICES[arguments]


def test_nothing_new_is_no_mistake(history, capsys):
    assert main(["verify", "--diff-base", "HEAD", "left1"]) == 0
    assert "No migration was checked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--since", "nope"], "no revision 'nope'"), (["--diff-base", "nope"], "git knows no commit nope")]
)
def test_what_does_not_exist_is_one_sentence(history, capsys, arguments, said):
    assert main(["verify", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "wanted"),
    [("--mrt-since=left1", 2), ("--mrt-diff-base=main", 2), pytest.param("--mrt-since=base", 4, marks=pytest.mark.exhaustive)],
)
def test_pytest_collects_only_these(history, option, wanted):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--mrt", option, "--collect-only", "-q"]
    result = subprocess.run(command, cwd=history.root, capture_output=True, text=True, check=True)
    assert result.stdout.count("alembic.ini::") == wanted


def test_a_revision_that_is_named_is_checked_before_the_minimum_too_and_a_range_says_how(history, capsys):
    (history.root / "pyproject.toml").write_text('[tool.mrt]\nminimum_downgrade_revision = "left1"\n')
    assert main(["verify", "left1"]) == 0
    assert "left1  reversible" in capsys.readouterr().out
    assert main(["verify", "--since", "base1"]) == 0
    reason = "at or before minimum_downgrade_revision left1; to check it all the same: mrt verify left1"
    assert f"left1  skipped: {reason}\n" in capsys.readouterr().out
