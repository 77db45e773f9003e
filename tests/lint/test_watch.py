"""`mrt check --watch`: check again whenever something changes that a check would read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mrt_lint.files.snapshot import difference, take
from tests.lint.conftest import DROP, Result

FOOT = re.compile(r"\nWatching [\d,]+ files?\. Ctrl-C ends it\.\n")


class Clock:
    """Stands in for the module `time`: each pause is the next thing that somebody does, and after the last comes Ctrl-C."""

    def __init__(self, steps: tuple[Callable[[], object], ...]) -> None:
        self.steps = list(steps)
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()

    def strftime(self, _form: str) -> str:
        return "14:02:07"

    def perf_counter(self) -> float:
        return 1.0


@pytest.fixture
def watch(project, monkeypatch):
    """Run `mrt check --watch` while steps are taken, and give the result and what each check printed."""

    def run(arguments: list[str], *steps: Callable[[], object]) -> tuple[Result, list[str]]:
        clock = Clock(steps)
        monkeypatch.setattr("mrt_lint.cli.watch.time", clock)
        result = project.mrt("check", "--watch", *arguments)
        assert not clock.steps
        return result, FOOT.split(result.out)[:-1]

    return run


def test_a_changed_a_new_and_a_deleted_file_are_checked_and_named(history, watch):
    result, rounds = watch(
        ["versions", "--select", "MRT2"],
        lambda: None,
        lambda: history.migration("a3", "a2", DROP.replace("phone", "fax")),
        lambda: history.migration("a4", "a3", DROP.replace("phone", "mail")),
        (history.root / "versions/a2.py").unlink,
    )
    assert (result.code, result.err) == (130, "")
    assert [one.count("MRT201") for one in rounds] == [1, 2, 3, 2]
    assert rounds[0].startswith("versions/a2.py:10:5  MRT201")
    assert rounds[1].startswith("14:02:07  versions/a3.py changed\n\nversions/a2.py:10:5  MRT201")
    assert rounds[2].startswith("14:02:07  versions/a4.py added\n\n")
    assert rounds[3].startswith("14:02:07  versions/a2.py deleted\n\n")
    assert "3 migrations checked" in rounds[3]


def test_the_line_of_code_is_the_one_that_stands_there_now(history, watch):
    path = history.root / "versions/a2.py"
    _, rounds = watch(["versions"], lambda: path.write_text(path.read_text().replace("phone", "telephone")))
    assert '     10 | op.drop_column("users", "phone")' in rounds[0]
    assert '     10 | op.drop_column("users", "telephone")' in rounds[1]


def test_a_half_written_file_is_a_finding(history, watch):
    result, rounds = watch(
        ["versions"],
        lambda: history.write("versions/a3.py", "revision = 'a3'\ndown_revision = 'a2'\ndef upgrade(:\n"),
        lambda: history.write("versions/a3.py", ""),
        lambda: history.migration("a3", "a2"),
    )
    assert [("MRT902" in one, "migrations checked" in one) for one in rounds] == [
        (False, True),
        (True, True),
        (False, True),
        (False, True),
    ]
    assert "Traceback" not in result.err


def test_a_configuration_that_is_being_edited_is_said_and_the_watching_goes_on(history, watch):
    history.write("alembic.ini", "[alembic]\nscript_location = .\n")
    result, rounds = watch(
        [],
        lambda: history.write("pyproject.toml", "[tool.mrt]\nign"),
        lambda: history.write("pyproject.toml", '[tool.mrt]\nignore = ["MRT"]\n'),
        lambda: history.write("alembic.ini", "[alembic]\nscript_location = elsewhere\n"),
        lambda: history.write("alembic.ini", "[alembic]\nscript_location = .\n"),
    )
    assert result.code == 130
    named = [re.findall(r"^14:02:07  (\S+)", one) for one in rounds]
    assert named == [[], ["pyproject.toml"], ["pyproject.toml"], ["alembic.ini"], ["alembic.ini"]]
    assert ["checked" in one for one in rounds] == [True, False, True, False, True]
    first, second = result.err.splitlines()
    assert first.startswith("mrt check: ")
    assert "pyproject.toml is not TOML" in first
    assert second == "mrt check: alembic.ini names the folder elsewhere/versions, which does not exist."


def test_while_the_configuration_is_broken_the_files_are_watched_still(history, watch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "versions").mkdir()
    (history.root / "versions/a2.py").rename(elsewhere / "versions/a2.py")
    history.write("alembic.ini", f"[alembic]\nscript_location = {elsewhere}\n")
    _, rounds = watch(
        [],
        lambda: history.write("alembic.ini", "[alem"),
        lambda: (elsewhere / "versions/a2.py").write_text(""),
    )
    assert rounds[2].startswith(f"14:02:07  {elsewhere}/versions/a2.py changed\n")


def test_what_is_missing_at_first_may_come(project, watch):
    result, rounds = watch(["versions"], lambda: project.migration("a1", None, DROP))
    assert result.err == "mrt check: versions does not exist.\n"
    assert "14:02:07  versions/a1.py added" in rounds[1]
    assert "MRT201" in rounds[1]


def test_a_changed_neighbour_baseline_and_lock_are_noticed(history, watch):
    history.mrt("baseline", "versions")
    history.mrt("lock", "versions")
    baseline = history.root / "mrt-baseline.json"
    lock = history.root / "mrt.lock"
    _, rounds = watch(
        ["versions/a2.py", "--baseline", "mrt-baseline.json"],
        lambda: history.migration("b2", "a1"),
        lambda: baseline.write_text(baseline.read_text().replace("MRT201", "MRT202")),
        lambda: lock.write_text(lock.read_text() + "\n"),
    )
    assert [re.findall(r"^14:02:07  (.*)$", one, re.MULTILINE) for one in rounds] == [
        [],
        ["versions/b2.py added"],
        ["mrt-baseline.json changed"],
        ["mrt.lock changed"],
    ]
    assert "1 accepted" in rounds[0]
    assert "MRT201" in rounds[2]


def test_what_no_check_reads_makes_none(history, watch):
    _, rounds = watch(
        ["versions"],
        lambda: history.write("app/models.py", "x = 1\n"),
        lambda: history.write("versions/notes.txt", "x"),
        lambda: history.write("versions/.hidden/a9.py", "x"),
        lambda: history.write("versions/__pycache__/a1.cpython-311.pyc", "x"),
    )
    assert len(rounds) == 1


def test_a_terminal_is_cleared_before_each_result(history, watch, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    _, rounds = watch(["versions"], lambda: history.migration("a4", "a3"))
    assert [one.startswith("\x1b[2J\x1b[H") for one in rounds] == [True, True]
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in watch(["versions"])[0].out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "json"], "--watch is for people: it cannot be written as json."),
        (["--format", "sarif"], "--watch is for people: it cannot be written as sarif."),
        (["--output", "out.txt"], "--watch shows each result on the terminal: leave out --output."),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(history, watch, arguments, sentence):
    result, _ = watch(["versions", *arguments])
    assert (result.code, result.out, result.err) == (2, "", f"mrt check: {sentence}\n")


def test_looking_takes_a_small_share_of_the_time(history, monkeypatch):
    """However long it takes to look at the files, the pause is at least sixty times as long."""
    clock = Clock(())
    times = iter([0.0, 0.1])
    clock.perf_counter = lambda: next(times)
    monkeypatch.setattr("mrt_lint.cli.watch.time", clock)
    assert history.mrt("check", "--watch", "versions").code == 130
    assert clock.pauses == [pytest.approx(6.0)]


def test_a_file_moved_into_the_place_of_another_is_another(tmp_path):
    one, two = tmp_path / "a.py", tmp_path / "b.txt"
    one.write_text("x = 1\n")
    two.write_text("x = 2\n")
    before = take([str(tmp_path)], [])
    os.utime(two, ns=(one.stat().st_atime_ns, one.stat().st_mtime_ns))
    two.replace(one)
    assert difference(before, take([str(tmp_path)], [])) == f"{one} changed"


def test_a_difference_names_three_and_counts_the_rest():
    before = {f"{index}.py": (0, 0, 0) for index in range(5)}
    assert difference(before, before) == ""
    assert difference(before, {}) == "0.py deleted, 1.py deleted, 2.py deleted and 2 more"


def test_a_real_process_notices_a_real_change_and_ends_with_ctrl_c(history):
    command = [sys.executable, "-u", "-m", "mrt_lint", "check", "--watch", "versions"]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]), "NO_COLOR": "1"}
    with subprocess.Popen(
        command, cwd=history.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            until(process, "Ctrl-C ends it.")
            history.migration("a4", "a3", DROP)
            assert "versions/a4.py added" in until(process, "Ctrl-C ends it.")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def until(process: subprocess.Popen[str], words: str) -> str:
    """Read what a process prints up to a line with these words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"the process ended before it said {words!r}: {''.join(lines)}")
