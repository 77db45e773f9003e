"""The plugin through real flake8: the same findings as `mrt check`, next to no cost for other files."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from flake8.main.cli import main as flake8

from mrt_lint import flake8_plugin
from mrt_lint.rules.drop_column import DropColumn
from tests.lint.conftest import DROP, UPDATE, functions

LINE = "%(path)s:%(row)d:%(col)d:%(code)s"
COMMENTS = (("  # noqa", "", ""), ("", "  # noqa: MRT2", ""), ("", "", "  # noqa: MRT201"), ("", "  # noqa: E501", ""))


@pytest.fixture
def lint(project, capsys):
    """Run flake8 in this process and give the places that it reports."""

    def lint(*arguments: str) -> set[str]:
        flake8_plugin._engine_for.cache_clear()
        code = flake8(["--isolated", "-j1", "--select", "MRT", "--format", LINE, *arguments])
        out = capsys.readouterr().out.splitlines()
        assert code == int(bool(out))
        return {line.removeprefix("./") for line in out}

    return lint


def checked(project, *arguments: str) -> set[str]:
    result = project.mrt("check", "--format", "json", *arguments)
    findings = json.loads(result.out)["findings"]
    return {f"{finding['path']}:{finding['line']}:{finding['column']}:{finding['code']}" for finding in findings}


def test_both_say_the_same(history, lint):
    history.migration("b2", "a1", DROP)
    history.write("app/model.py", "revision = 1\n")
    said = lint(".")
    assert said == checked(history, "versions")
    assert {"versions/a2.py:10:5:MRT201", "versions/a3.py:10:5:MRT103", "versions/b2.py:10:5:MRT201"} <= said


def test_both_are_silenced_by_the_same_comments(history, lint, project):
    call = 'op.drop_column(\n    "users",\n    "phone",{0}\n){1}\nop.drop_column("users", "fax"){2}'
    body = functions(call, 'op.add_column("users", sa.Column("phone", sa.String(20)))')
    for number, comments in enumerate(COMMENTS):
        history.migration(f"b{number}", f"b{number - 1}" if number else "a3", body.format(*comments))
    history.migration("c1", "b3", "# flake8: noqa\n" + DROP)
    said = lint("versions")
    assert said == checked(history, "versions")
    assert {place for place in said if "/b" in place and "MRT201" in place} == {
        "versions/b0.py:14:5:MRT201",
        "versions/b1.py:14:5:MRT201",
        "versions/b2.py:10:5:MRT201",
        "versions/b3.py:10:5:MRT201",
        "versions/b3.py:14:5:MRT201",
    }
    assert lint("--disable-noqa", "versions") > said


def test_both_name_a_comment_that_silences_nothing(history, lint):
    text = history.root.joinpath("versions/a2.py").read_text()
    history.write("versions/a2.py", text.replace('"phone")\n', '"phone")  # noqa: MRT201, MRT301, MRT703\n', 1))
    said = lint("versions/a2.py")
    assert said == checked(history, "versions/a2.py") == {"versions/a2.py:10:55:MRT990"}
    assert lint("--extend-select", "MRT703", "versions/a2.py") == {"versions/a2.py:10:55:MRT990", "versions/a2.py:10:63:MRT990"}


def test_the_message_names_code_and_rule(history, capsys):
    flake8_plugin._engine_for.cache_clear()
    assert flake8(["--isolated", "-j1", "--select", "MRT", "versions/a2.py"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("versions/a2.py:10:5: MRT201 drop-column: ")
    assert out.count("\n") == 1


def test_flake8_chooses_the_codes(history, lint):
    assert lint("versions", "--extend-ignore", "MRT2") == {place for place in lint("versions") if "MRT2" not in place}


def test_flake8_wakes_opt_in_rules_by_more_than_their_first_letters(history, lint, monkeypatch):
    monkeypatch.setattr(DropColumn, "default", False)
    assert lint("versions") == lint("versions", "--extend-select", "MRT") == {"versions/a3.py:10:5:MRT103"}
    for selected in ("MRT2", "MRT201", "MRT201,MRT799"):
        assert lint("versions", "--extend-select", selected) == {"versions/a2.py:10:5:MRT201", "versions/a3.py:10:5:MRT103"}


def test_options_reach_the_rules_from_the_command_line_and_the_configuration(project, lint, capsys):
    project.migration("a1", None)
    index = 'def upgrade():\n    op.create_index("i", "users", ["a"])\n\n\ndef downgrade():\n    op.drop_index("i")\n'
    project.migration("a2", "a1", index)
    assert "versions/a2.py:10:5:MRT407" in lint("versions")
    assert "versions/a2.py:10:5:MRT407" not in lint("versions", "--mrt-dialect", "sqlite")
    project.write("setup.cfg", "[flake8]\nmrt-dialect = sqlite\nselect = MRT\n")
    flake8(["-j1", "versions"])
    assert "MRT407" not in capsys.readouterr().out
    project.write("setup.cfg", "")
    project.write("pyproject.toml", '[tool.mrt]\ndialect = "sqlite"\n')
    assert "versions/a2.py:10:5:MRT407" not in lint("versions")


@pytest.mark.parametrize(
    ("arguments", "pyproject", "sentence"),
    [
        (["--mrt-dialect", "postgres"], "", "dialect is 'postgres', which is none of"),
        (["--mrt-pg-version", "new"], "", "pg_version is 'new', where a version like 14 or 10.6 is expected."),
        (["--mrt-mysql-version", "new"], "", "mysql_version is 'new', where a version like 14 or 10.6 is expected."),
        (["--mrt-mariadb-version", "new"], "", "mariadb_version is 'new', where a version like 14 or 10.6 is expected."),
        ([], "[tool.mrt\n", "is not TOML"),
        ([], '[tool.mrt]\nignore = ["MRT9999"]\n', "There is no rule MRT9999"),
        ([], '[tool.mrt]\nextend-select = ["MRT209"]\n', "There is no rule MRT209"),
        ([], '[tool.mrt.files."versions/*.py"]\nignore = ["MRT299"]\nreason = "old"\n', "There is no rule MRT299"),
    ],
)
def test_a_wrong_option_is_one_sentence(project, capsys, arguments, pyproject, sentence):
    project.write("pyproject.toml", pyproject)
    with pytest.raises(SystemExit) as end:
        flake8(["--isolated", *arguments, "."])
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_an_editors_buffer_is_read_in_the_place_of_the_file(history, capsys):
    text = (history.root / "versions/a3.py").read_text()
    command = [
        sys.executable,
        "-m",
        "flake8",
        "--isolated",
        "--select",
        "MRT",
        "--format",
        LINE,
        "--stdin-display-name",
        "versions/a3.py",
        "-",
    ]
    run = subprocess.run(command, input="\n\n" + text, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["versions/a3.py:12:5:MRT103"]


def test_a_buffer_without_a_name_is_read_by_itself(history):
    text = (history.root / "versions/a2.py").read_text()
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "MRT201", "--format", LINE, "-"]
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("stdin:10:5:MRT201\n", "")


def test_several_processes_say_the_same(history, lint):
    for number in range(12):
        history.migration(f"b{number}", f"b{number - 1}" if number else "a3", DROP if number % 2 else UPDATE)
    command = [sys.executable, "-m", "flake8", "--isolated", "-j2", "--select", "MRT", "--format", LINE, "versions"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert set(run.stdout.splitlines()) == lint("versions") == checked(history, "versions")


def test_files_that_do_not_parse_are_flake8s_own_affair_and_hide_no_others(history, lint):
    history.write("versions/a4.py", 'revision = "a4"\ndown_revision = "a3"\n\n\ndef upgrade(:\n')
    assert lint("versions") == {place for place in checked(history, "versions") if "MRT902" not in place}


@pytest.mark.parametrize("text", ["\ufeff{}", "# coding: latin-1\n# \xe9\n{}", "{}# \u2028 \x0c\n"])
def test_encodings_and_odd_line_ends_move_nothing(history, lint, text):
    source = text.format((history.root / "versions/a2.py").read_text())
    history.write("versions/a2.py", source.encode("latin-1" if "latin-1" in source else "utf-8"))
    assert lint("versions/a2.py") == checked(history, "versions/a2.py") != set()
    history.write("versions/a2.py", source.replace("\n", "\r\n").encode("latin-1" if "latin-1" in source else "utf-8"))
    assert lint("versions/a2.py") == checked(history, "versions/a2.py") != set()
