"""The engine: histories, memory, and files that break whoever reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mrt_lint.cache.store import FOLDER, DiskCache
from mrt_lint.check.engine import CheckEngine, check_paths
from mrt_lint.parse import reading
from mrt_lint.settings import Settings
from tests.lint.conftest import CREATE, DROP, HEADER, UPDATE, functions


@pytest.fixture
def check(project):
    """Check the folder `versions` with a new engine, and give the report and how many files had to be read."""

    def check(cache: bool = True, jobs: int = 1, **choice):
        engine = CheckEngine(Settings(root=project.root, **choice), cache=DiskCache(project.root if cache else None), jobs=jobs)
        read = []
        original = reading.read
        reading.read = lambda source: read.append(source.path) or original(source)
        try:
            return engine.check(sorted((project.root / "versions").glob("*.py"))), read
        finally:
            reading.read = original

    return check


def test_what_was_read_once_is_read_again_only_where_it_changed(history, check):
    first, read = check()
    assert len(read) == 3
    again, read = check()
    assert (again, read) == (first, [])
    history.migration("a3", "a2", UPDATE.replace("lower", "upper"))
    changed, read = check()
    assert read == ["versions/a3.py"]
    assert changed.findings == first.findings
    assert check(cache=False)[0] == changed


def test_a_moved_file_is_known_by_its_content(history, check):
    check()
    (history.root / "versions/a2.py").rename(history.root / "versions/renamed.py")
    report, read = check()
    assert read == []
    assert [finding.path for finding in report.findings if finding.code == "MRT201"] == ["versions/renamed.py"]


def test_other_settings_make_another_report(history, check):
    check()
    report, read = check(ignore=("MRT2",))
    assert read == []
    assert "MRT201" not in {finding.code for finding in report.findings}
    assert "MRT201" in {finding.code for finding in check()[0].findings}


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x80\x04\x95pickle."])
def test_a_damaged_cache_changes_nothing(history, check, damage):
    first, _ = check()
    for drawer in (history.root / FOLDER).iterdir():
        drawer.write_bytes(damage)
    again, read = check()
    assert again == first
    assert len(read) == 3
    assert check()[1] == []


def test_two_runs_at_once_do_not_disturb_each_other(history):
    command = [
        sys.executable,
        "-c",
        "import sys; from mrt_lint.cli import main; sys.exit(main())",
        "check",
        "versions",
        "--format",
        "json",
    ]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True, check=False), range(4)))
    assert {(run.returncode, run.stderr) for run in runs} == {(1, "")}
    assert len({run.stdout for run in runs}) == 1
    assert {entry.name.partition("-")[0] for entry in os.scandir(history.root / FOLDER)} == {
        ".gitignore",
        "CACHEDIR.TAG",
        "readings",
        "report",
    }


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_several_processes_find_the_same(history, check, monkeypatch):
    monkeypatch.setattr("mrt_lint.check.workers._may_fork", lambda: hasattr(os, "fork"))
    assert check(cache=False, jobs=3)[0] == check(cache=False, jobs=1)[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_file_that_kills_its_reader_is_a_finding_and_hides_no_other(history, check, monkeypatch):
    monkeypatch.setattr("mrt_lint.check.workers._may_fork", lambda: True)
    original = reading.read_text
    monkeypatch.setattr(
        "mrt_lint.check.readings.read_text", lambda source: os._exit(9) if source.path.endswith("a2.py") else original(source)
    )
    report, _ = check(jobs=2)
    broken = [finding for finding in report.findings if finding.code == "MRT902"]
    assert [(finding.path, finding.revision) for finding in broken] == [("versions/a2.py", "a2")]
    assert "MRT103" in {finding.code for finding in report.findings}
    assert not [finding for finding in report.findings if finding.code in {"MRT901", "MRT903"}]


PLAIN = HEADER.format(revision="a1", parent=None) + DROP
ENDLESS = functions("op.drop_column('users', 'phone')\nwhile True:\n    op.execute('SELECT 1')", "op.execute('SELECT 2')")
CIRCLE = "def a():\n    b()\n\n\ndef b():\n    a()\n\n\n" + functions("a()\nop.drop_column('users', 'phone')", "b()")
ODD = {
    "a byte order mark": "\ufeff" + PLAIN,
    "carriage returns": PLAIN.replace("\n", "\r\n"),
    "tabs": PLAIN.replace("    ", "\t"),
    "latin-1": b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + PLAIN.encode(),
    "deep nesting": f"{PLAIN}x = {'(' * 90}1{')' * 90}\n",
    "an endless loop": HEADER.format(revision="a1", parent=None) + ENDLESS,
    "helpers in a circle": HEADER.format(revision="a1", parent=None) + CIRCLE,
    "a string of 5 MB": f"{PLAIN}BIG = {'x' * 5_000_000!r}\n",
    "3,000 lines": f"{PLAIN}def data():\n" + "    rows = [1, 2, 3]\n" * 3_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_files_are_read_in_bounded_time(project, check, text):
    project.write("versions/a1.py", text)
    report, _ = check(cache=False)
    assert "MRT201" in {finding.code for finding in report.findings}


BROKEN = {
    "no Python": b"def upgrade(:\n",
    "no encoding": b"# coding: nonsense\n",
    "no UTF-8": b"x = '\xff'\n",
    "a zero byte": b"x = 1\0\n",
    "nesting beyond every stack": b"x = " + b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_file_that_does_not_parse_is_a_finding_and_the_rest_is_checked(history, text):
    source = HEADER.format(revision="a4", parent="a3").encode()
    history.write("versions/a4.py", text + source if text.startswith(b"#") else source + text)
    result = history.mrt("check", "versions", "--format", "json")
    found = {(finding["path"], finding["code"]) for finding in json.loads(result.out)["findings"]}
    assert found == {("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT103"), ("versions/a4.py", "MRT902")}
    assert (result.code, result.err) == (1, "")


MADE = 'op.create_table("t", sa.Column("a", sa.String(200)))'
AGAIN = functions('op.drop_table("t")', 'op.create_table("t", sa.Column("a", sa.String(80)))')
USED = functions("op.execute('SELECT 1')", 'op.drop_index("ix_t_a", table_name="t")')


@pytest.mark.parametrize(("body", "code"), [(AGAIN, "MRT111"), (USED, "MRT117")], ids=["another definition", "made by nobody"])
@pytest.mark.parametrize("parent", ["a2", "a1"], ids=["before", "beside"])
def test_what_a_file_that_does_not_parse_does_is_nobodys_guilt(project, body, code, parent):
    project.migration("a1", None, functions(MADE, 'op.drop_table("t")'))
    project.migration("a3", parent, body)
    accused = {}
    for end in ("", "def (:\n"):
        project.migration("a2", "a1", functions("op.execute('SELECT 1')", "op.execute('SELECT 1')") + end)
        findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
        accused[end] = {finding["code"] for finding in findings if finding["path"] == "versions/a3.py"}
    assert code in accused[""]
    assert (code in accused["def (:\n"]) is (code == "MRT111" and parent == "a1")  # on the other branch the table is what it was


def test_a_template_in_a_string_is_no_migration(history, check):
    history.write(
        "versions/make.py", "TEMPLATE = '''\n" + HEADER.replace('"""', "").format(revision="x1", parent="x0") + CREATE + "'''\n"
    )
    report, read = check()
    assert "versions/make.py" in read
    assert "versions/make.py" not in report.files
    assert "versions/make.py" not in {finding.path for finding in report.findings}


def test_a_rule_that_trips_over_a_file_says_so_and_hides_no_other(history, check, monkeypatch):
    from mrt_lint.rules.drop_column import DropColumn

    monkeypatch.setattr(DropColumn, "check", lambda _self, case: 1 / 0 if case.migration.revision == "a2" else iter(()))
    report, _ = check(cache=False)
    assert [(finding.path, finding.code) for finding in report.findings] == [
        ("versions/a2.py", "MRT902"),
        ("versions/a3.py", "MRT103"),
    ]
    assert report.findings[0].message.startswith("mrt failed on this file (ZeroDivisionError: ")
    assert "correct it" not in report.findings[0].instead


def test_a_reader_that_trips_over_a_file_does_not_blame_the_file(history, check, monkeypatch):
    monkeypatch.setattr(
        "mrt_lint.parse.sql.expand.expand_sql", lambda migration, _: 1 / 0 if migration.revision == "a2" else migration
    )
    report, _ = check(cache=False)
    (finding,) = (finding for finding in report.findings if finding.code == "MRT902")
    assert (finding.path, finding.message.partition(" (")[0]) == ("versions/a2.py", "mrt failed on this file")
    assert "correct it" not in finding.instead


def test_paths_are_checked_as_the_command_does(history):
    findings = check_paths([history.root / "versions"])
    assert [(finding.path, finding.code) for finding in findings] == [("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT103")]
    assert [finding.severity for finding in findings] == ["error", "warning"]
    assert str(findings[0]).startswith("versions/a2.py:10:5: MRT201 drop-column: ")
    assert check_paths([history.root / "versions/a1.py"]) == []
