"""Code of the project that ends the process, or takes its streams away, is told; the run and its report go on."""

import os
import subprocess
import sys

import pytest

from mrt_runtime import databases
from mrt_runtime.migrate import MigrationError, Migrator

pytestmark = pytest.mark.exhaustive


def verify(project, *options):
    return subprocess.run(
        [sys.executable, "-m", "mrt_lint", "verify", *options],
        cwd=project.root,
        env=os.environ | {"TMPDIR": str(project.root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("os._exit(0)", "os._exit(0)"),
        ("os.abort()", "os.abort()"),
        ("os.execl('/bin/true', 'true')", "os.execv('/bin/true')"),
        ("os.execvpe('true', ['true'], {})", "os.execve("),
        ("os.kill(os.getpid(), 9)", "os.kill(os.getpid(), SIGKILL)"),
        ("from os import _exit; _exit(3)", "os._exit(3)"),
    ],
)
def test_a_migration_that_ends_the_process_fails_and_the_next_one_is_verified(project, code, said):
    file = project.add("a", upgrade=f"import os; {code}")
    project.add("b")
    done = verify(project)
    assert done.returncode == 1
    assert f"Upgrade failed: it called {said}" in done.stdout
    assert ", which would have ended the whole run" in done.stdout
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if code in text)
    assert f"{file.relative_to(project.root)}:{line}\n" in done.stdout
    assert "✓  b  reversible" in done.stdout
    assert not list(project.root.glob("mrt-*"))


def test_an_env_py_that_ends_the_process_is_told_with_its_line(project):
    project.add("a")
    project.env.write_text("import os\nos._exit(0)\n")
    done = verify(project)
    assert done.returncode == 2
    assert "env.py: it called os._exit(0)" in done.stderr
    assert "env.py:2" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("leaving", ["os._exit(0)", "sys.exit(0)", "raise ValueError"])
def test_a_forked_child_leaves_the_scratch_database_and_the_report_to_its_parent(project, leaving):
    project.add(
        "a",
        upgrade=f"import os, sys\n    if not (child := os.fork()):\n        {leaving}\n    os.waitpid(child, 0)",
        downgrade="pass",
    )
    project.add("b", "a")
    done = verify(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("reversible") == 3
    assert not list(project.root.glob("mrt-*"))


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "sys.__stdout__.close(); sys.__stderr__.close()",
        "os.close(1); os.close(2)",
        "os.close(0); os.close(1); os.close(2)",
        "sys.stdout = sys.stderr = None",
        "sys.stdout = open(os.devnull, 'w')",
        "sys.stdout = open('elsewhere', 'w'); os.dup2(sys.stdout.fileno(), 1)",
        "sys.stdout.buffer.write(b'x'); sys.stdout.reconfigure(encoding='latin-1'); sys.stdout.detach()",
        "sys.stdout.buffer.close()",
        "print('printed', file=sys.__stdout__)",
    ],
)
@pytest.mark.parametrize("where", ["env", "migration"])
def test_the_report_appears_whatever_is_done_to_the_standard_streams(project, code, where):
    project.add("a", upgrade=f"import os, sys; {code}" if where == "migration" else "pass", downgrade="pass")
    project.add("b", "a")
    if where == "env":
        project.env.write_text(f"import os, sys\n{code}\n" + project.env.read_text())
    done = verify(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓  a  reversible\n  ✓  b  reversible\n" in done.stdout
    assert "printed" not in done.stdout


def test_what_is_printed_is_kept_for_the_error(project, sqlite_url):
    project.add("a", upgrade="import sys; print('one'); sys.stdout.buffer.write(b'two'); raise ValueError")
    with databases.connect(sqlite_url).make_scratch() as scratch, pytest.raises(MigrationError) as failed:
        Migrator(project.config(), scratch).upgrade("a")
    assert failed.value.output == "one\ntwo"


def test_other_threads_may_end_the_process_and_the_functions_are_given_back(project, sqlite_url):
    before = os._exit, os.kill, os.execv
    project.add("a", upgrade="import os; os.kill(os.getpid(), 0)")
    with databases.connect(sqlite_url).make_scratch() as scratch:
        Migrator(project.config(), scratch).upgrade("a")
    assert (os._exit, os.kill, os.execv) == before
