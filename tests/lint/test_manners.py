"""How the commands behave on a terminal and in a shell: quiet, as wide as there is room, and complete."""

from __future__ import annotations

import io
import re
import subprocess

import pytest
from rich.cells import cell_len

from mrt_lint.cli import describe_all
from mrt_lint.cli.completion import SHELLS, _commands
from mrt_lint.report import CheckReport, UnreadCall, table
from mrt_lint.report.cells import cut_cells, wrap_cells
from mrt_lint.report.style import TextStyle
from tests.lint.conftest import CREATE, functions


def test_every_command_says_in_its_help_what_its_exit_codes_mean():
    silent = [
        command.prog for command in _commands(describe_all()) if not re.search(r"Exit codes\b[^.]*: 0 ", command.epilog or "")
    ]
    assert silent == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_told_every_command_and_option(project, shell):
    result = project.mrt("completion", shell)
    assert result.code == 0
    for word in ("check", "verify", "rehearse", "diff-base", "unsafe-fixes", "seed-rows"):
        assert word in result.out


def test_bash_completes_commands_options_and_files(project):
    script = project.mrt("completion", "bash").out
    project.write("versions/a1.py", "")

    def complete(*words: str) -> list[str]:
        asked = " ".join(f"'{word}'" for word in words)
        ask = f"\nCOMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}; _shtab_mrt; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        run = subprocess.run(["bash", "-c", script + ask], cwd=project.root, capture_output=True, text=True, check=True)
        return run.stdout.split()

    assert complete("mrt", "he") == []
    assert complete("mrt", "bas") == ["baseline"]
    assert complete("mrt", "check", "--unsafe") == ["--unsafe-fixes"]
    assert "versions" in "".join(complete("mrt", "check", "vers"))


def test_quiet_leaves_findings_and_says_nothing_where_all_is_well(history, project):
    found = project.mrt("check", "--quiet", "versions")
    assert found.code == 1
    assert "MRT201" in found.out
    assert "checked:" not in found.out
    assert "mrt explain" not in found.out
    project.migration("a1", None, folder="clean/versions", body=CREATE)
    assert project.mrt("check", "--quiet", "clean/versions") == (0, "", "")
    unread = functions("op.execute(name())", "pass")
    project.migration("a1", None, folder="unread/versions", body=f"from other import name\n\n\n{unread}")
    assert "could not be read" in project.mrt("check", "-q", "--ignore", "MRT1", "unread/versions").out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_report_is_no_wider_than_the_terminal(history, project, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    folder = "services/orders/migrations/versions"
    column = "電話番号" * 3
    project.migration("2026_11_28_add_the_phone", None, CREATE, folder=folder)
    drop = f'op.drop_column("users", "{column}")  # {"🚚" * 60}'
    path = project.migration("2026_11_29_drop_the_phone", "2026_11_28_add_the_phone", functions(drop, "pass"), folder=folder)
    report = checked(path)
    unread = UnreadCall(path=report.findings[0].path, line=1, column=1, source="x" * 300, why="the statement is not a literal")
    style = TextStyle(is_terminal=True)
    text = table.render(report + CheckReport(unreadable=(unread,)), style)
    # a path is not broken: it is what people click on
    lines = [line for line in text.splitlines() if not re.fullmatch(r" *services/\S+", line)]
    assert max(map(cell_len, lines)) <= columns
    assert any("電話番号" in line for line in lines)


def checked(path):
    from mrt_lint.cache.store import DiskCache
    from mrt_lint.check.engine import CheckEngine
    from mrt_lint.settings import Settings

    return CheckEngine(Settings(), cache=DiskCache(None)).check([path])


def test_wide_letters_are_counted_as_two_cells():
    assert wrap_cells("電話 番号", 5) == ["電話", "番号"]
    assert wrap_cells("電話番号", 5) == ["電話", "番号"]
    assert wrap_cells("", 5) == [""]
    assert cut_cells("電話番号", 5) == "電話…"
    assert cut_cells("phone", 5) == "phone"


def test_colour_obeys_no_color_over_force_color(monkeypatch):
    for no_color, force_color, painted in ((None, None, False), (None, "1", True), ("1", "1", False)):
        for name, value in (("NO_COLOR", no_color), ("FORCE_COLOR", force_color)):
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        assert TextStyle.of(io.StringIO()).colour == painted
