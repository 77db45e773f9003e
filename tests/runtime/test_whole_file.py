"""A report that is asked for in a file is there whole, or what was there before is."""

import json
import os
import stat
from pathlib import Path

import pytest

from mrt_lint.cli import main
from mrt_runtime.config import ConfigurationError
from mrt_runtime.report.whole_file import WholeFile


@pytest.fixture
def enter(project, monkeypatch):
    monkeypatch.chdir(project.root)
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    (project.root / "report").write_text("before")
    return project


def files(project):
    return sorted(path.name for path in project.root.iterdir() if path.name.startswith((".", "report")))


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_run_that_cannot_end_leaves_the_older_file(enter, capsys, form):
    enter.add("a", upgrade="raise KeyboardInterrupt" if form == "table" else None)
    if form == "json":
        enter.env.write_text("raise RuntimeError('no')")
    assert main(["verify", "--format", form, "-o", "report"]) != 0
    capsys.readouterr()
    assert (enter.root / "report").read_text() == "before"
    assert files(enter) == ["report"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_run_that_ends_replaces_it_and_keeps_its_rights(enter, form):
    (enter.root / "report").chmod(0o640)
    enter.add("a")
    assert main(["verify", "--format", form, "-o", "report"]) == 0
    assert "reversible" in (enter.root / "report").read_text()
    assert stat.S_IMODE((enter.root / "report").stat().st_mode) == 0o640
    assert files(enter) == ["report"]


def test_an_interrupted_run_writes_json_that_says_so(enter):
    enter.add("a", upgrade="raise KeyboardInterrupt")
    assert main(["verify", "--format", "json", "-o", "report"]) == 130
    assert json.loads((enter.root / "report").read_text())["stopped"] == "interrupted"


def test_a_new_file_has_the_rights_of_new_files(tmp_path):
    (tmp_path / "usual").write_text("")
    WholeFile(tmp_path / "report").keep()
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "report")
    file = WholeFile(tmp_path / "link")
    file.write("x")
    file.keep()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "report").read_text() == "x"


def test_a_device_is_written_to():
    file = WholeFile(Path(os.devnull))
    file.write("x")
    file.keep()


@pytest.mark.parametrize("wrong", ["no/such/folder/file", "."])
def test_what_cannot_be_written_is_told_at_once(tmp_path, wrong):
    with pytest.raises(ConfigurationError, match="cannot be written"):
        WholeFile(tmp_path / wrong)
