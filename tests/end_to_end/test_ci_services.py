"""action.yml and templates/gitlab.yml: their scripts, run by a shell with the environment that GitHub and GitLab set."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "templates/gitlab.yml").read_text(encoding="utf-8"))["mrt"]
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
PIP = '#!/bin/sh\necho "$@" >> "$PIP_LOG"\n'


def git(folder: Path, *arguments: str) -> str:
    settings = (
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    )
    return subprocess.run(["git", *settings, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def shell_environment(folder: Path, **more: str) -> dict[str, str]:
    """The machine's environment with this Python's commands, and a pip that only writes down what it was asked."""
    commands = folder / "commands"
    commands.mkdir(exist_ok=True)
    (commands / "python").write_text(PIP)
    (commands / "python").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MRT_", "GITHUB_", "CI"))}
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), kept["PATH"]])
    return {**kept, "PATH": path, "PIP_LOG": str(folder / "pip.log"), "CI": "true", **more}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository whose last commit, that of the pull request, adds a revision that loses data."""
    root = tmp_path_factory.mktemp("repository")
    project = root / "back end"
    shutil.copytree(ROOT / "fixtures/projects/example", project)
    new = project / "migrations/versions/003_drop_phone.py"
    text = new.read_text()
    new.unlink()
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "main")
    new.write_text(text)
    git(root, "add", ".")
    git(root, "commit", "-qm", "pull request")
    return root


class ActionRun:
    """Runs the action's steps, each expression replaced by what it means."""

    def __init__(self, root: Path, folder: Path, base: str, **inputs: str) -> None:
        self.root = root
        self.folder = folder
        self.values = {f"inputs.{name}": str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        self.values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        self.values |= {"github.event.pull_request.base.sha": base, "github.action_path": "the action", "runner.temp": str(folder)}
        self.summary = folder / "summary.md"

    def resolve(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            return next((one for name in found[1].split(" || ") if (one := self.values.get(name, ""))), "")

        return EXPRESSION.sub(value, text)

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        step = STEPS[name]
        output = self.folder / "output"
        output.write_text("")
        own = {key: self.resolve(value) for key, value in step.get("env", {}).items()}
        github = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary), "RUNNER_TEMP": str(self.folder)}
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.root / self.resolve(step.get("working-directory", ".")),
            env=shell_environment(self.folder, GITHUB_ACTIONS="true", **github, **own),
            capture_output=True,
            text=True,
            check=False,
        )
        for line in output.read_text().splitlines():
            key, _, text = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{key}"] = text
        return done


@pytest.fixture(scope="module")
def pull_request(repository, tmp_path_factory):
    """The action on the pull request, its steps run in order: the codes with which they ended."""
    run = ActionRun(
        repository,
        tmp_path_factory.mktemp("action"),
        git(repository, "rev-parse", "HEAD~1"),
        working_directory="back end",
        extras="postgres",
    )
    run.done = {name: run.step(name) for name, step in STEPS.items() if "run" in step}
    return run


@pytest.mark.slow
def test_a_pull_request_is_judged_by_what_it_adds(pull_request, repository):
    codes = {name: one.returncode for name, one in pull_request.done.items()}
    errors = "".join(one.stderr for one in pull_request.done.values())
    assert codes == {**dict.fromkeys(codes, 0), "Result": 1}, errors
    assert pull_request.done["Result"].stdout == "mrt check: exit code 1; mrt verify: 1\n"
    (annotation,) = [line for line in pull_request.done["Check"].stdout.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error file=back end/migrations/versions/003_drop_phone.py,line=13,")
    assert (
        pull_request.folder / "pip.log"
    ).read_text() == "-m pip install --quiet --disable-pip-version-check the action[postgres]\n"


@pytest.mark.slow
def test_its_summary_and_page_are_about_both_halves(pull_request):
    summary = pull_request.summary.read_text(encoding="utf-8")
    assert summary.startswith("## ❌ The revision loses data when it is rolled back\n")
    assert "The run: **confirmed**, Column 'users.phone': 2/3 values lost after rollback" in summary
    page = Path(pull_request.values["steps.report.outputs.page"])
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (run,) = json.loads((pull_request.folder / "mrt/mrt.sarif").read_text())["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["MRT201"]
    assert run["automationDetails"] == {"id": "mrt-check/back end/"}
    assert (
        pull_request.resolve(STEPS["Send the findings to code scanning"]["with"]["sarif_file"])
        == f"{pull_request.folder}/mrt/mrt.sarif"
    )


def test_a_shallow_checkout_is_deepened_and_without_a_base_all_is_new(repository, tmp_path):
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), str(shallow))
    base = git(repository, "rev-parse", "HEAD~1")
    for known, expected in ((base, base), ("0" * 40, ""), ("", ""), ("f" * 40, "")):
        run = ActionRun(shallow, tmp_path, known)
        done = run.step("Find what is new")
        assert (done.returncode, run.values["steps.base.outputs.base"]) == (0, expected), done.stderr
        assert ("::warning" in done.stdout) == (known == "f" * 40)


def test_no_input_is_ever_a_part_of_a_script():
    assert not [name for name, step in STEPS.items() if "${{" in step.get("run", "")]
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert used == ACTION["inputs"].keys()
    assert all(one["description"] for one in ACTION["inputs"].values())
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step["uses"]) for step in STEPS.values() if "uses" in step)
    assert all(step["shell"] == "bash" for step in STEPS.values() if "run" in step)


@pytest.mark.slow
def test_the_job_of_gitlab_keeps_a_page_and_the_code_quality(repository, tmp_path):
    project = tmp_path / "build s"
    shutil.copytree(repository, project)
    variables = {**GITLAB["variables"], "MRT_FOLDER": "back end", "MRT_INSTALL": "echo installed >> $PIP_LOG"}
    given = {"CI_PROJECT_DIR": str(project), "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(repository, "rev-parse", "HEAD~1")}
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(GITLAB["before_script"] + GITLAB["script"])],
        cwd=project,
        env=shell_environment(tmp_path, **variables, **given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "MRT201 drop-column" in done.stdout
    assert (tmp_path / "pip.log").read_text().splitlines() == [
        "-m pip install --quiet --disable-pip-version-check pytest-mrt",
        "installed",
    ]
    (found,) = json.loads((project / GITLAB["artifacts"]["reports"]["codequality"]).read_text())
    assert found["location"]["path"] == "back end/migrations/versions/003_drop_phone.py"
    (page,) = GITLAB["artifacts"]["paths"]
    assert "MRT201 confirmed" in (project / page).read_text(encoding="utf-8")


def test_the_page_about_ci_names_every_input_with_its_default():
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (?:`([^`]*)`)? ?\|", page, re.MULTILINE))
    assert rows == {name: one["default"] for name, one in ACTION["inputs"].items()}
    assert {name for name in GITLAB["variables"] if name.startswith("MRT_")} <= set(re.findall(r"MRT_\w+", page))
