"""`mrt report`, and `--report` of check and verify, from the command line to the file."""

from __future__ import annotations

import json
import sqlite3

import pytest

LOSES = "1 of 3 revisions loses data when it is rolled back"
CONFIRMED = "MRT201 confirmed:</strong> Column &#39;users.phone&#39;: 2/3 values lost after rollback"


def test_a_report_checks_and_verifies(example):
    result = example.mrt("report")
    assert result == (1, f"mrt-report.html: {LOSES}.\n", "")
    page = example.read("mrt-report.html")
    assert f"<h1>{LOSES}</h1>" in page
    assert CONFIRMED in page
    assert "Drop the phone number, which no one calls" in page
    assert page.count("<details") == 3


def test_a_report_in_json_has_what_the_run_says_of_each_finding(example):
    result = example.mrt("report", "--format", "json")
    assert (result.code, result.err) == (1, "")
    document = json.loads(result.out)
    assert document["headline"]["title"] == LOSES
    assert document["marks"] == {"confirmed": 1, "refuted": 0, "not_met": 0}
    [finding] = [one for revision in document["revisions"] for one in revision["findings"]]
    assert (finding["code"], finding["run"]["word"]) == ("MRT201", "confirmed")
    assert finding["run"]["why"] == "Column 'users.phone': 2/3 values lost after rollback"
    assert [revision["verdict"]["outcome"] for revision in document["revisions"]] == ["data-loss", "reversible", "reversible"]


def test_a_report_of_a_choice_leaves_the_rest_out(example):
    result = example.mrt("report", "--since", "002", "--format", "markdown")
    assert result.code == 1
    assert result.out.startswith("## ❌ The revision loses data when it is rolled back\n")
    assert "The static check: 1 error in 1 migration." in result.out
    assert example.mrt("report", "--since", "003", "--format", "markdown").out.startswith("## ⚠️ No revision was verified")


def test_a_report_without_a_run_runs_nothing(example):
    (example.root / "migrations/env.py").write_text("raise SystemExit('env.py was run')")
    for more in ((), ("-c", "alembic.ini")):
        assert example.mrt("report", "--no-verify", *more) == (1, "mrt-report.html: 1 error in 3 migrations.\n", "")
    assert "Revisions by verdict" not in example.read("mrt-report.html")


def test_check_and_verify_write_a_page_beside_their_own_output(example):
    plain = example.mrt("check")
    assert example.mrt("check", "--report", "check.html") == plain
    assert "<h1>1 error in 3 migrations</h1>" in example.read("check.html")
    checked = example.mrt("verify", "003", "--report", "verify.html")
    assert (checked.code, checked.err) == (1, "")
    assert "data loss detected" in checked.out
    page = example.read("verify.html")
    assert CONFIRMED in page
    assert "2 more revisions of the history were not asked for." in page


def test_verify_writes_markdown(example):
    result = example.mrt("verify", "002", "--format", "markdown")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[::2] == [
        "## ✅ The revision rolls back without loss",
        f"Verified on SQLite {sqlite3.sqlite_version}.",
        "A rollback that works on SQLite may fail elsewhere: verify on the database that you deploy to.",
    ]


def test_a_report_of_earlier_results_is_the_same(example):
    assert example.mrt("report", "-o", "now.html").code == 1
    (example.root / "migrations/env.py").write_text("raise SystemExit('env.py was run')")
    assert example.mrt("report", "--check", "check.json", "--verify", "verify.json", "-o", "saved.html").code == 1

    def without_time(name):
        lines = example.read(name).splitlines()
        return [line for line in lines if "<time" not in line and "verified in" not in line]

    assert without_time("saved.html") == without_time("now.html")


def test_earlier_results_are_enough_where_the_project_is_not(example, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".git").mkdir()
    monkeypatch.chdir(elsewhere)
    assert example.mrt("report", "--check", "../check.json", "--verify", "../verify.json").code == 1
    page = example.read("elsewhere/mrt-report.html")
    assert CONFIRMED in page
    assert page.count("<details") == 3
    assert example.mrt("report", "--verify", "../verify.json", "--format", "markdown").code == 1


def test_a_run_that_is_stopped_leaves_a_report_that_says_so(example):
    (example.root / "migrations/versions/002_create_orders.py").write_text(
        '"""x"""\nrevision = "002"\ndown_revision = "001"\n\n\ndef upgrade():\n    raise KeyboardInterrupt\n\n\ndef downgrade():\n    pass\n'
    )
    for arguments in (("report", "-o", "stopped.html"), ("verify", "--report", "stopped.html")):
        result = example.mrt(*arguments)
        assert result.code == 130
        assert result.err == f"mrt {arguments[0]}: interrupted; the scratch databases are dropped\n"
        assert "<p>The run ended before its last revision: interrupted.</p>" in example.read("stopped.html")
        (example.root / "stopped.html").unlink()


@pytest.mark.parametrize("command", ["check", "verify", "report"])
def test_a_page_that_cannot_be_written_is_told_before_the_work(example, command, monkeypatch):
    monkeypatch.setattr("mrt_lint.cli.inspection.prepare", pytest.fail)
    monkeypatch.setattr("mrt_runtime.cli.verify.open_run", pytest.fail)
    option = "--output" if command == "report" else "--report"
    result = example.mrt(command, option, "missing/page.html")
    assert result == (2, "", f"mrt {command}: The report cannot be written to missing/page.html: No such file or directory.\n")
    assert example.mrt(command, option, "migrations").err.endswith("to migrations: Is a directory.\n")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '"x"', '{"version": "2.0.0"}', '{"version": "2.0.0", "findings": [1]}', "\x00", "[" * 5000]
)
def test_a_file_that_is_none_of_ours_is_refused(example, content):
    (example.root / "other.json").write_text(content)
    for half in ("check", "verify"):
        assert example.mrt("report", f"--{half}", "other.json") == (
            2,
            "",
            f"mrt report: other.json is not what mrt {half} wrote: write it with mrt {half} --format json --output other.json\n",
        )
    assert not (example.root / "mrt-report.html").exists()


def test_each_half_is_told_from_the_other(example):
    assert "verify.json is not what mrt check wrote" in example.mrt("report", "--check", "verify.json").err
    assert "check.json is not what mrt verify wrote" in example.mrt("report", "--verify", "check.json").err


def test_a_file_of_another_version_is_refused(example):
    document = json.loads(example.read("check.json"))
    (example.root / "old.json").write_text(json.dumps({**document, "version": "1.9\x1b"}))
    assert example.mrt("report", "--check", "old.json").err == (
        "mrt report: old.json was written by pytest-mrt 1.9\\x1b, and this is 2.0.0: write it again with mrt check --format json.\n"
    )


def test_results_of_different_projects_are_refused(example):
    document = json.loads(example.read("check.json"))
    for found in document["findings"]:
        found["revision"] = "f00"
    (example.root / "other.json").write_text(json.dumps(document))
    assert example.mrt("report", "--check", "other.json", "--verify", "verify.json") == (
        2,
        "",
        "mrt report: other.json and verify.json have no revision in common: name results of the same project.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "--check", "none.json"), "none.json cannot be read: No such file or directory."),
        (("report", "--check", "check.json", "--since", "001"), "--since is for a run of now"),
        (("report", "--verify", "verify.json", "-c", "x.ini"), "-c is for a run of now"),
        (("report", "--verify", "verify.json", "--no-verify"), "--no-verify and --verify contradict each other"),
        (("report", "--since", "f00"), "f00"),
        (("report", "-c", "none.ini"), "There is no none.ini"),
        (("check", "--report", "x.html", "--fix"), "--report shows what a check finds"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(example, arguments, sentence):
    result = example.mrt(*arguments)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert result.err.count("\n") == 1
