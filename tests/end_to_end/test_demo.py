"""`mrt demo`, the README's first command, shows what README shows, and fails where a half of pytest-mrt notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import mrt_lint.cli
from mrt_lint.setup.demo_project import FILES

ROOT = Path(__file__).parents[2]


def without_blank_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("MRT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/elsewhere")  # not asked for here


def test_its_project_is_that_of_the_fixtures():
    assert {name: (ROOT / "fixtures/projects/example" / name).read_text(encoding="utf-8") for name in FILES} == FILES


def test_it_shows_what_the_readme_shows(capsys):
    assert mrt_lint.cli.main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for block in (ROOT / "README.md").read_text(encoding="utf-8").split("```console\n")[1:3]:
        assert without_blank_lines(block.partition("```")[0]) in without_blank_lines(out)


@pytest.mark.parametrize(("half", "code"), [("check", 0), ("verify", 2)])
def test_it_fails_where_a_half_does_not_notice(monkeypatch, capsys, half, code):
    call = mrt_lint.cli.call
    monkeypatch.setattr(mrt_lint.cli, "call", lambda options: code if options.command == half else 1)
    assert call(mrt_lint.cli.parse_command(["demo"])) == 1
    assert capsys.readouterr().err.startswith(f"mrt demo: mrt {half} ended with {code}, where 1 is expected")
