"""Standard output that is closed, full, or no longer read: one sentence, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mrt_lint.cli.streams import GuardedStream, OutputError

pytestmark = pytest.mark.exhaustive

MIGRATION = 'revision = "a"\ndown_revision = None\n\n\ndef upgrade():\n    op.drop_table("t")\n\n\ndef downgrade():\n    pass\n'
NO_SPACE = "the output cannot be written: No space left on device\n"
CLOSED = "the output cannot be written: standard output is closed\n"
COMMANDS = (
    "check --no-cache versions",
    "check --no-cache --diff versions",
    "show versions/a.py",
    "history --no-cache versions",
    "rules",
    "explain MRT2",
)

needs_shell = pytest.mark.skipif(os.name == "nt", reason="this system has no such shell")
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@pytest.fixture
def mrt(tmp_path):
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "a.py").write_text(f"from alembic import op\n\n{MIGRATION}", encoding="utf-8")

    def run(words):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.run(
            ["sh", "-c", f'"{sys.executable}" -m mrt_lint {words}'],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@needs_shell
@pytest.mark.parametrize("command", [*COMMANDS, "verify"])
def test_a_closed_output_is_one_sentence(mrt, command):
    done = mrt(f"{command} >&-")
    assert (done.returncode, done.stderr) == (2, f"mrt {command.split()[0]}: {CLOSED}")


@needs_shell
@needs_full
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_output_is_one_sentence(mrt, command):
    done = mrt(f"{command} >/dev/full")
    assert (done.returncode, done.stderr) == (2, f"mrt {command.split()[0]}: {NO_SPACE}")


@needs_shell
@needs_full
def test_help_into_a_full_output_is_one_sentence(mrt):
    done = mrt("--help >/dev/full")
    assert (done.returncode, done.stderr) == (2, f"mrt: {NO_SPACE}")


@needs_shell
@pytest.mark.parametrize(("command", "file"), [("lock", "mrt.lock"), ("baseline --no-cache", "mrt-baseline.json")])
def test_what_goes_to_a_file_needs_no_output(mrt, tmp_path, command, file):
    assert mrt(f"{command} versions").returncode == 0
    written = (tmp_path / file).read_bytes()
    (tmp_path / file).unlink()
    done = mrt(f"{command} versions >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / file).read_bytes() == written


@needs_shell
def test_a_report_to_a_file_needs_no_output(mrt, tmp_path):
    done = mrt("check --no-cache -o report.txt versions <&- >&-")
    assert (done.returncode, done.stderr) == (1, "")
    assert "MRT202" in (tmp_path / "report.txt").read_text(encoding="utf-8")


@needs_shell
@needs_full
@pytest.mark.parametrize("trouble", ["2>&-", "2>/dev/full"])
def test_what_is_only_said_beside_the_result_may_be_lost(mrt, trouble):
    done = mrt(f"check --no-cache versions {trouble}")
    assert done.returncode == 1
    assert "MRT202" in done.stdout
    assert mrt(f"check --no-cache nowhere {trouble}").returncode == 2


@needs_shell
def test_a_reader_that_has_seen_enough_is_no_trouble(mrt):
    done = mrt("explain MRT 2>err | true; cat err")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_another_trouble_is_not_taken_for_one_of_the_output():
    class Stream:
        def write(self, _):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="the output cannot be written: No space left on device"):
        GuardedStream(Stream()).write("x")
    assert GuardedStream(Stream(), needed=False).write("x") == 1
    with pytest.raises(ValueError, match="other"), GuardedStream(Stream(), needed=False):
        raise ValueError("other")
