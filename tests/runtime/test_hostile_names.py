"""Whatever names, rows, messages and files hold, no text of a run makes a terminal or a CI service obey."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytestmark = pytest.mark.exhaustive

ESC = "\x1b[2J\x07"
EVIL = f"x{ESC}\r\n::error::owned\n##[error]owned \u202e\u2028\x9b31m\u200b"
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2028\u2029\ud800-\udfff]|^\s*::|##\[", re.MULTILINE)
MIGRATION = """revision = {revision!r}
down_revision = {parent!r}
from alembic import op
import sqlalchemy as sa

EVIL = {evil!r}


def ascii_of(text):
    return text.encode('ascii', 'ignore').decode()  # old servers' own character set is latin1


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""
TABLE = """op.create_table(EVIL, sa.Column('id', sa.Integer, primary_key=True), sa.Column(EVIL + 'c', sa.String(200)))
    op.get_bind().execute(sa.text('INSERT INTO ' + q(EVIL) + ' VALUES (1, :v)'), {'v': ascii_of(EVIL)})"""
REVISION = f"a{ESC}\nowned"
QUOTE = "q = op.get_bind().dialect.identifier_preparer.quote\n    "


@pytest.fixture
def hostile(project):
    """A project that has control characters wherever a person can write something."""

    def add(name, revision, parent, upgrade, downgrade="pass"):
        text = MIGRATION.format(revision=revision, parent=parent, evil=EVIL, upgrade=QUOTE + upgrade, downgrade=QUOTE + downgrade)
        (project.versions / name).write_text(text)

    add("a.py", REVISION, None, TABLE, "op.drop_table(EVIL)")
    add("b.py", "b", REVISION, "op.execute('DELETE FROM ' + q(EVIL))")
    add(f"c{ESC}\n::error::file\n.py", "c", "b", "raise RuntimeError(EVIL)")
    add("d.py", "d", "b", "op.execute('SELECT 1 FROM ' + q(EVIL + 'missing'))")
    return project


def run(project, *command, **variables):
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project.root,
        env=os.environ | {"TMPDIR": str(project.root)} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def obeyed(text):
    return [line for line in re.split(r"\n(?!\s*::)", text) if OBEYED.search(line)]


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.mark.parametrize(("url", "form"), [("sqlite", "json"), ("postgres", "table"), ("mysql", "json")], indirect=["url"])
def test_mrt_verify_obeys_nobody(hostile, url, form):
    done = run(hostile, "mrt_lint", "verify", "--format", form, "--db-url", url)
    assert done.returncode == 1, done.stderr
    assert obeyed(done.stdout + done.stderr) == []
    assert "owned" in done.stdout
    if form == "json":
        found = json.loads(done.stdout)["revisions"]
        assert found[0]["revision"] == REVISION
        assert any(EVIL[:9] in failure["message"] for verdict in found for failure in verdict["failures"])
    else:
        assert r"x\x1b[2J\x07\r\n::error::owned" in done.stdout, done.stdout


@pytest.mark.parametrize("options", [("--mrt", "-v"), ("--mrt", "-n1"), ("test_it.py",)])
def test_pytest_obeys_nobody(hostile, sqlite_url, options):
    (hostile.root / "test_it.py").write_text("def test_all(mrt):\n    mrt.assert_all_reversible()\n")
    done = run(hostile, "pytest", "-p", "no:cacheprovider", "--junitxml=junit.xml", *options, MRT_DATABASE_URL=sqlite_url)
    assert done.returncode == 1
    assert obeyed(done.stdout + done.stderr) == []
    assert "owned" in done.stdout
    report = (hostile.root / "junit.xml").read_text()
    ET.fromstring(report)
    assert obeyed(report) == []


def test_one_revision_with_a_name_of_control_characters_is_a_test_of_its_own(hostile, sqlite_url):
    done = run(hostile, "pytest", "-p", "no:cacheprovider", "--mrt", "-v", "-k", "owned", MRT_DATABASE_URL=sqlite_url)
    assert "1 passed" in done.stdout or "1 failed" in done.stdout


@pytest.mark.parametrize("arguments", [("-c", f"no{EVIL}.ini"), (f"no{EVIL}",), ("--db-url", f"no{EVIL}"), ("-o", f"no{EVIL}/x")])
def test_a_wrong_command_is_one_line_whatever_it_holds(hostile, arguments):
    done = run(hostile, "mrt_lint", "verify", *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert obeyed(done.stderr) == []


def test_an_env_py_that_raises_with_control_characters_is_one_line(hostile):
    hostile.env.write_text(f"raise RuntimeError({EVIL!r})")
    done = run(hostile, "mrt_lint", "verify")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert obeyed(done.stderr) == []


def test_a_file_name_that_is_no_utf8_is_reported_in_every_format(project, tmp_path):
    name = os.fsencode(project.versions) + b"/\xff\xfe.py"
    text = MIGRATION.format(revision="a", parent=None, evil="", upgrade="raise ValueError", downgrade="pass")
    Path(os.fsdecode(name)).write_text(text)
    for options in (("--format", "json"), ("--format", "json", "-o", "out"), (), ("-o", "out")):
        done = run(project, "mrt_lint", "verify", *options)
        assert (done.returncode, done.stderr) == (1, ""), options
        assert "ValueError" in (done.stdout or (project.root / "out").read_text())
