"""flake8 and `mrt check` say the same about every fixture: code, line and column."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from flake8.main.cli import main as flake8

from mrt_lint.cli import main as mrt

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def test_flake8_and_the_command_say_the_same_about_every_fixture(tmp_path, monkeypatch, capsys):
    shutil.copytree(FIXTURES, tmp_path / "fixtures", ignore=shutil.ignore_patterns("__pycache__", ".mrt_cache"))
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    mrt(["check", "fixtures", "--format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    checked = {(finding["path"], finding["line"], finding["column"], finding["code"]) for finding in findings}

    flake8(["--isolated", "-j1", "--select", "MRT,E9", "--format", "%(path)s\t%(row)d\t%(col)d\t%(code)s", "fixtures"])
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    said = {(path, int(row), int(column), code) for path, row, column, code in rows}

    broken = {path for path, _, _, code in said if code.startswith("E9")}
    assert {path for path, _, _, code in checked if code == "MRT902"} <= broken
    assert {place for place in said if place[0] not in broken} == {place for place in checked if place[0] not in broken}
    assert len(checked) > 50
