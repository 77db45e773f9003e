"""What `[tool.mrt.files]` and `[tool.mrt.revisions]` accept, and that each has a reason."""

from __future__ import annotations

import json

import pytest
from flake8.main.cli import main as flake8

from mrt_lint import flake8_plugin
from tests.lint.conftest import DROP, UPDATE


def found(result) -> list[tuple[str, str]]:
    return [(finding["path"], finding["code"]) for finding in json.loads(result.out)["findings"]]


def excuse(project, table: str, codes: str = '["MRT2"]') -> None:
    project.write("pyproject.toml", f'[tool.mrt.{table}]\nignore = {codes}\nreason = "before the project had users"\n')


BOTH = [("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT103")]


@pytest.mark.parametrize(
    ("table", "codes", "left"),
    [
        ('files."versions/a2.py"', '["MRT201"]', BOTH[1:]),
        ('files."a2.py"', '"MRT201"', BOTH[1:]),
        ('files."versions/a*.py"', '["MRT2"]', BOTH[1:]),
        ('files."versions/*"', '["MRT1", "MRT2"]', []),
        ('files."2.py"', '["MRT201"]', BOTH),
        ('files."versions/b*.py"', '["MRT201"]', BOTH),
        ('files."versions/a2.py"', '["MRT3"]', BOTH),
        ("revisions.a2", '["MRT201"]', BOTH[1:]),
        ("revisions.a", '["MRT201"]', BOTH),
        ("revisions.a3", '["MRT201"]', BOTH),
    ],
)
def test_an_exemption_is_for_its_codes_in_its_place_only(history, table, codes, left):
    excuse(history, table, codes)
    assert found(history.mrt("check", "versions", "--format", "json")) == left


def test_what_is_exempt_is_counted(history):
    excuse(history, "revisions.a2")
    assert history.mrt("check", "versions/a2.py").out == "1 migration checked: nothing found, 1 accepted.\n"
    assert json.loads(history.mrt("check", "versions/a2.py", "--format", "json").out)["summary"]["suppressed"] == 1


def test_patterns_start_at_the_project_from_wherever_it_is_checked(history, monkeypatch):
    excuse(history, 'files."versions/a2.py"')
    monkeypatch.chdir(history.root / "versions")
    assert history.mrt("check", ".").code == 0
    assert history.mrt("check", str(history.root / "versions")).code == 0


def test_findings_of_the_history_can_be_exempt(history):
    history.migration("b2", "a1")
    excuse(history, "revisions.b2", '["MRT901"]')
    assert found(history.mrt("check", "versions", "--select", "MRT9", "--format", "json")) == [("versions/a3.py", "MRT901")]


def test_a_comment_that_silences_what_is_exempt_is_not_called_useless(history):
    excuse(history, "revisions.a2")
    text = history.root.joinpath("versions/a2.py").read_text().replace('"phone")\n', '"phone")  # noqa: MRT201\n', 1)
    history.write("versions/a2.py", text)
    assert found(history.mrt("check", "versions/a2.py", "--format", "json")) == []


def test_flake8_knows_the_same_exemptions(history, capsys):
    history.migration("b2", "a1", DROP)
    history.migration("b3", "a1", UPDATE)
    excuse(history, 'files."versions/b*.py"', '["MRT2", "MRT9"]')
    flake8_plugin._engine_for.cache_clear()
    arguments = ["--isolated", "-j1", "--select", "MRT", "--format", "%(path)s %(code)s", "versions"]
    assert flake8(arguments) == 1
    said = [tuple(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert said == found(history.mrt("check", "versions", "--format", "json"))
    assert {("versions/a2.py", "MRT201"), ("versions/b3.py", "MRT103")} <= set(said)
    assert not {("versions/b2.py", "MRT201"), ("versions/b2.py", "MRT901")} & set(said)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[tool.mrt.revisions.a2]\nignore = ["MRT201"]\n', "revisions.a2 has no reason: say why MRT201 may be ignored there"),
        ('[tool.mrt.files."a*"]\nignore = ["MRT201"]\nreason = " "\n', "files.a* has no reason"),
        ('[tool.mrt.files."a*"]\nreason = "x"\n', "files.a* names no codes to ignore"),
        ('[tool.mrt.files."a*"]\nignore = [""]\nreason = "x"\n', "files.a* names no codes to ignore"),
        ('[tool.mrt.files."a*"]\nignore = 5\nreason = "x"\n', "files.a*.ignore is 5, where a list of strings is expected."),
        ('[tool.mrt.files."a*"]\ncodes = ["MRT201"]\n', "files.a* is {'codes': ['MRT201']}, where a table of ignore and reason"),
        ("[tool.mrt]\nfiles = ['a*']\n", "files is ['a*'], where tables like [tool.mrt.files."),
        ("[tool.mrt]\nrevisions = {a2 = 'x'}\n", "revisions.a2 is 'x', where a table of ignore and reason is expected."),
        ('[tool.mrt.revisions.a2]\nignore = ["MRT2011"]\nreason = "x"\n', "There is no rule MRT2011; did you mean MRT201"),
    ],
)
def test_an_exemption_that_cannot_be_meant_is_one_sentence(history, text, sentence):
    history.write("pyproject.toml", text)
    result = history.mrt("check", "versions")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert result.err.count("\n") == 1
