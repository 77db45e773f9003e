"""A name that is not UTF-8, a folder that is gone, few open files: a check ends with its result or in a sentence."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lint.conftest import DROP

pytestmark = pytest.mark.exhaustive

ODD = os.fsdecode(b"versions/a\xff\xc3(.py")
MRT = [sys.executable, "-m", "mrt_lint"]


@pytest.fixture
def odd(project):
    path = project.migration("1", None, DROP)
    try:
        path.rename(ODD)
    except OSError:
        pytest.skip("the file system takes only names in UTF-8")
    return project


@pytest.mark.parametrize("form", ["table", "concise", "json", "github", "gitlab", "junit", "sarif"])
def test_a_name_that_is_not_utf8_is_reported_in_every_format(odd, form):
    result = odd.mrt("check", "versions", "--format", form)
    assert result.code == 1
    assert "MRT201" in result.out
    assert result.err == ""
    assert odd.mrt("check", "versions", "--format", form, "-o", os.fsdecode(b"out\xfe")).code == 1
    text = Path(os.fsdecode(b"out\xfe")).read_text(encoding="utf-8")
    assert ("a%FF%C3%28.py" if form == "sarif" else r"a\udcff\udcc3(.py") in text


def test_sarif_gives_the_bytes_of_a_name_as_a_uri(odd):
    run = json.loads(odd.mrt("check", "versions", "--format", "sarif").out)["runs"][0]
    assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]} == {"versions/a%FF%C3%28.py"}


@pytest.mark.parametrize(
    "command",
    [
        ["check", "versions", "--statistics"],
        ["check", ODD, "--diff", "--unsafe-fixes"],
        ["show", ODD, "--format", "json"],
        ["show", "--at", "head", "versions"],
        ["history", "versions", "--files"],
        ["lock", "versions"],
        ["baseline", "versions"],
    ],
    ids=repr,
)
def test_a_name_that_is_not_utf8_trips_no_command(odd, command):
    run = subprocess.run([*MRT, *command], capture_output=True, timeout=120, check=False)
    assert run.returncode in {0, 1}
    assert b"Traceback" not in run.stderr
    run.stdout.decode("utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "check versions",
        "check {here}/versions",
        "check {here}/versions --format sarif",
        "check {here}/versions --diff",
        "check {here}/versions --watch",
        "history {here}/versions",
        "show --at head {here}/versions",
        "show {here}/versions/1.py",
        "baseline {here}/versions",
        "lock {here}/versions",
        "verify",
    ],
)
def test_a_current_folder_that_is_gone_is_said_in_a_sentence(project, command):
    project.migration("1", None, DROP)
    words = command.format(here=project.root).split()
    script = "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); from mrt_lint.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr == f"mrt {words[0]}: The current folder is not there any more: change to the project's, and run again.\n"


@pytest.mark.parametrize("command", ["rules", "explain MRT201", "--version"])
def test_what_needs_no_folder_works_without_one(project, command):
    script = "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); from mrt_lint.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", script, *command.split()], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [(), ("--jobs", "1"), ("--jobs", "30", "--no-cache")])
@pytest.mark.parametrize("files", [8])
def test_few_open_files_are_enough(project, arguments, files):
    for number in range(100):
        project.migration(f"r{number}", f"r{number - 1}" if number else None, DROP + "# long enough for several processes\n" * 20)
    run = subprocess.run(
        [*MRT, "check", "versions", "--format", "json", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    assert run.stderr == ""
    document = json.loads(run.stdout)
    assert len({finding["path"] for finding in document["findings"]}) == 100


@pytest.mark.parametrize("how", ["error", "always"])
def test_warnings_of_pythons_parser_are_nobodys_concern(project, how):
    """They would go to the terminal with a character of the file, or end the reading where warnings are errors."""
    project.migration("1", None, DROP + 'X = "\\d"\nY = 1 is 1\n')
    run = subprocess.run(
        [sys.executable, "-W", how, *MRT[1:], "check", "versions", "--no-cache"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1
    assert "MRT902" not in run.stdout
    assert run.stderr == ""
