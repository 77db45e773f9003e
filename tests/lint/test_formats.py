"""The forms of `mrt check` that other programs read, each held to what its reader demands."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.values import SourceSpan
from mrt_lint.report import CheckReport, UnreadCall, github, gitlab, junit, sarif
from tests.lint.conftest import DROP, functions

# What the SARIF 2.1.0 standard says of each object that is written: the properties that must be there, and those that may.
# No object of the standard may have others (its schema has "additionalProperties": false throughout, save in property bags).
SARIF = {
    "sarifLog": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"automationDetails", "columnKind", "invocations", "results"}),
    "driver": ({"name"}, {"version", "informationUri", "rules"}),
    "rule": ({"id"}, {"name", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration", "properties"}),
    "invocation": ({"executionSuccessful"}, {"toolExecutionNotifications"}),
    "notification": ({"message"}, {"level", "locations"}),
    "result": ({"message"}, {"ruleId", "ruleIndex", "level", "locations", "partialFingerprints", "properties"}),
    "artifactLocation": (set(), {"uri", "uriBaseId"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn"}),
}
URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def assert_sarif(kind: str, thing: dict) -> None:
    required, optional = SARIF[kind]
    assert required <= thing.keys() <= required | optional, (kind, thing.keys())


def assert_location(location: dict) -> None:
    assert location.keys() == {"physicalLocation"}
    assert location["physicalLocation"].keys() == {"artifactLocation", "region"}
    artifact, region = location["physicalLocation"]["artifactLocation"], location["physicalLocation"]["region"]
    assert_sarif("artifactLocation", artifact)
    assert URI.fullmatch(artifact["uri"])
    assert_sarif("region", region)
    assert all(isinstance(number, int) and number >= 1 for number in region.values())


def finding(message="a, b: c", *, line=3, end_line=3, path="versions/a1.py", severity=Severity.ERROR, **given) -> Finding:
    given = {
        "code": "MRT201",
        "name": "drop-column",
        "revision": "a1",
        "instead": "do not",
        "consequence": Consequence.ROLLBACK_LOSES_DATA,
        **given,
    }
    return Finding(path=path, place=SourceSpan(line, 5, end_line, 9), severity=severity, message=message, **given)


@pytest.fixture
def mixed(history):
    """An error, a warning, a statement of several lines, a call that cannot be read, a path that needs escaping."""
    body = 'op.drop_column(\n    "users",\n    "e-mail%",\n)\nop.execute(build_sql())'
    history.migration("a4", "a3", functions(body, "pass"), folder="versions/odd, ünd: 100%")
    return history


def test_concise_is_a_clickable_line_for_each_finding(history):
    result = history.mrt("check", "versions", "--format", "concise")
    first, second, summary = result.out.splitlines()
    assert first.startswith("versions/a2.py:10:5: MRT201 drop-column: upgrade drops column 'users.phone': ")
    assert second.startswith("versions/a3.py:10:5: MRT103 update-not-undone: ")
    assert summary == "3 migrations checked: 1 error, 1 warning."
    assert result.code == 1


def test_statistics_count_each_code(history):
    history.migration("a4", "a3", DROP.replace("phone", "fax"))
    out = history.mrt("check", "versions", "--statistics").out
    assert out.splitlines() == [
        "2  MRT201 drop-column  error",
        "1  MRT103 update-not-undone  warning",
        "4 migrations checked: 2 errors, 1 warning.",
    ]
    assert history.mrt("check", "versions/a1.py", "--statistics").out == "1 migration checked: nothing found.\n"


def test_statistics_are_not_for_programs(history):
    result = history.mrt("check", "versions", "--statistics", "--format", "sarif")
    assert (result.code, result.out) == (2, "")
    assert result.err == "mrt check: --statistics is for people: it cannot be written as sarif.\n"


def test_sarif_has_the_shape_of_the_standard(mixed):
    result = mixed.mrt("check", "versions", "--format", "sarif")
    log = json.loads(result.out)
    assert_sarif("sarifLog", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert_sarif("run", run)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"].keys() == {"driver"}
    assert run["automationDetails"] == {"id": "mrt-check/"}
    driver = run["tool"]["driver"]
    assert_sarif("driver", driver)
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for rule in driver["rules"]:
        assert_sarif("rule", rule)
        assert rule["help"].keys() == {"text", "markdown"}
        assert all(rule[text]["text"] for text in ("shortDescription", "fullDescription", "help"))
        assert URI.fullmatch(rule["helpUri"])
        assert rule["defaultConfiguration"]["level"] in {"error", "warning"}
        # of a property bag the standard says only that tags are different strings; the others are GitHub's
        tags = rule["properties"]["tags"]
        assert len(set(tags)) == len(tags) <= 20
        assert {"alembic", "database", "migration", rule["properties"]["consequence"].replace(" ", "-")} <= set(tags)
        assert rule["properties"]["problem.severity"] == rule["defaultConfiguration"]["level"]
        assert rule["properties"]["precision"] == {"error": "high", "warning": "medium"}[rule["defaultConfiguration"]["level"]]
    for one in run["results"]:
        assert_sarif("result", one)
        assert one["message"].keys() == {"text"}
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in {"error", "warning"}
        assert all(isinstance(value, str) for value in one["partialFingerprints"].values())
        (location,) = one["locations"]
        assert_location(location)
    (invocation,) = run["invocations"]
    assert_sarif("invocation", invocation)
    (notification,) = invocation["toolExecutionNotifications"]
    assert_sarif("notification", notification)
    assert notification["level"] == "note"
    assert_location(notification["locations"][0])
    assert result.code == 1


def test_sarif_names_every_finding_and_where_it_is(mixed):
    found = {(one["code"], one["line"]) for one in json.loads(mixed.mrt("check", "versions", "--format", "json").out)["findings"]}
    results = json.loads(mixed.mrt("check", "versions", "--format", "sarif").out)["runs"][0]["results"]
    places = [(one["ruleId"], one["locations"][0]["physicalLocation"]) for one in results]
    assert {(code, place["region"]["startLine"]) for code, place in places} == found
    wide = [place["region"] for code, place in places if code == "MRT201" and "odd" in place["artifactLocation"]["uri"]]
    assert wide == [{"startLine": 10, "startColumn": 5, "endLine": 13, "endColumn": 6}]
    assert {place["artifactLocation"]["uri"] for _, place in places} >= {
        "versions/a2.py",
        "versions/odd%2C%20%C3%BCnd%3A%20100%25/a4.py",
    }
    assert all(place["artifactLocation"]["uriBaseId"] == "%SRCROOT%" for _, place in places)


def test_a_file_outside_of_any_repository_is_a_whole_uri_in_sarif(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (run,) = json.loads(sarif.render(CheckReport(findings=(finding(path="/no repository/a1.py"),))))["runs"]
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///no%20repository/a1.py"}


def test_github_gets_a_command_for_each_finding_with_everything_escaped(mixed):
    lines = mixed.mrt("check", "versions", "--format", "github").out.splitlines()
    assert lines[0].startswith(
        "::error file=versions/a2.py,line=10,col=5,endColumn=37,endLine=10,title=MRT201 drop-column::upgrade"
    )
    assert "%0AInstead: " in lines[0]
    assert lines[1].startswith("::warning file=versions/a3.py,line=10,col=5,")
    (wide,) = [line for line in lines if "MRT201" in line and "odd" in line]
    assert wide.startswith("::error file=versions/odd%2C ünd%3A 100%25/a4.py,line=10,endLine=13,title=MRT201 drop-column::")
    assert "users.e-mail%25" in wide
    assert lines[-1].startswith("::notice title=mrt check::1 call could not be read")


def test_no_text_can_break_out_of_a_github_command():
    evil = finding("100%\r\n::error::x", path="a,b:c.py", name="x:y,z", instead="")
    assert github.render(CheckReport(findings=(evil,))) == (
        "::error file=a%2Cb%3Ac.py,line=3,col=5,endColumn=9,endLine=3,title=MRT201 x%3Ay%2Cz::100%25\\r\\n::error::x\n"
    )


def test_paths_start_at_the_root_of_the_repository(history, monkeypatch):
    history.migration("a1", None, DROP, folder="backend/versions")
    monkeypatch.chdir(history.root / "backend")
    for form, start in (("github", "::error file=backend/versions/a1.py,"), ("concise", "versions/a1.py:10:5: ")):
        assert history.mrt("check", "versions", "--format", form).out.startswith(start)
    (run,) = json.loads(history.mrt("check", "versions", "--format", "sarif").out)["runs"]
    assert run["automationDetails"] == {"id": "mrt-check/backend/"}


def test_gitlab_gets_what_its_code_quality_report_demands(mixed):
    issues = json.loads(mixed.mrt("check", "versions", "--format", "gitlab").out)
    assert {issue["severity"] for issue in issues} == {"critical", "minor", "info"}
    assert all(issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"} for issue in issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    first = issues[0]
    assert first["description"].startswith("MRT201 drop-column: upgrade drops column 'users.phone'")
    assert (first["check_name"], first["location"]) == ("MRT201", {"path": "versions/a2.py", "lines": {"begin": 10, "end": 10}})
    assert mixed.mrt("check", "versions/a1.py", "--format", "gitlab").out == "[]\n"


def test_a_fingerprint_survives_moved_lines_and_nothing_else():
    twice = [finding(line=3), finding(line=8)]
    moved = [finding(line=30), finding(line=80)]
    others = [finding("other"), finding(code="MRT202"), finding(revision="a2"), finding(revision=None)]

    def names(findings):
        return [issue["fingerprint"] for issue in json.loads(gitlab.render(CheckReport(findings=tuple(findings))))]

    assert names(twice) == names(moved)
    assert len({*names(twice), *names(others)}) == 6


def test_junit_has_a_case_for_each_finding_and_each_clean_migration(mixed):
    suites = ET.fromstring(mixed.mrt("check", "versions", "--format", "junit").out)
    (suite,) = suites
    assert suites.tag == "testsuites"
    cases = {(case.get("classname"), case.get("name")): case for case in suite}
    assert suite.get("tests") == str(len(suite)) == str(len(cases))
    failed = [case for case in suite if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed))
    drop = cases["versions/a2.py", "MRT201 drop-column"]
    assert (drop.get("file"), drop.get("line")) == ("versions/a2.py", "10")
    assert drop.find("failure").get("type") == "MRT201"
    assert drop.find("failure").get("message").startswith("upgrade drops column 'users.phone'")
    warned = cases["versions/a3.py", "MRT103 update-not-undone"]
    assert [part.tag for part in warned] == ["system-out"]
    assert list(cases["versions/a1.py", "nothing found"]) == []


def test_junit_fails_warnings_where_the_command_does(history):
    result = history.mrt("check", "versions/a3.py", "--strict", "--format", "junit")
    assert result.code == 1
    (suite,) = ET.fromstring(result.out)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0].find("failure").get("type") == "MRT103"


def test_junit_is_xml_whatever_a_message_holds():
    text = 'a <b> & "c" \x00\x1b\ud800 ]]>'
    (suite,) = ET.fromstring(junit.render(CheckReport(findings=(finding(text),))))
    assert suite[0].find("failure").get("message") == 'a <b> & "c" \\x00\\x1b\\ud800 ]]>'


def test_calls_that_could_not_be_read_fail_no_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    unread = tuple(UnreadCall(path="a.py", line=line, column=1, source="x", why="y") for line in (1, 2))
    assert github.render(CheckReport(unreadable=unread)).startswith("::notice title=mrt check::2 calls could not be read")
    assert {issue["severity"] for issue in json.loads(gitlab.render(CheckReport(unreadable=unread)))} == {"info"}
    (suite,) = ET.fromstring(junit.render(CheckReport(unreadable=unread, files=("a.py",))))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "2")


PLACES = {
    "table": "versions/a1.py:10:5  the statement is not a literal",
    "concise": "versions/a1.py:10:5: note: could not be read: op.execute(build_sql()) (the statement is not a literal)",
    "gitlab": "could not be read, so nothing is said about it: op.execute(build_sql()) (the statement is not a literal)",
    "junit": "could not be read: op.execute(build_sql()) (line 10, 5)",
    "sarif": "could not be read, so nothing is said about it: op.execute(build_sql()) (the statement is not a literal)",
    "github": "::notice title=mrt check::1 call could not be read, so nothing is said about it: mrt check lists what it was",
    "markdown": "- `versions/a1.py:10` `op.execute(build_sql())` the statement is not a literal",
    "json": '"source": "op.execute(build_sql())"',
}


@pytest.mark.parametrize("form", PLACES)
def test_no_format_is_silent_of_what_could_not_be_read(project, form):
    project.migration("a1", None, functions("op.execute(build_sql())", "pass"))
    result = project.mrt("check", "versions", "--format", form)
    assert PLACES[form] in result.out
    counted = project.mrt("check", "versions", "--statistics").out
    assert "1 call could not be read; without --statistics, mrt check lists it." in counted


def test_a_note_is_another_issue_than_a_like_one():
    unread = tuple(UnreadCall(path=path, line=1, column=1, source="x", why="y") for path in ("a.py", "a.py", "b.py"))
    moved = tuple(UnreadCall(path=path, line=9, column=1, source="x", why="y") for path in ("a.py", "a.py", "b.py"))
    names, others = (
        [issue["fingerprint"] for issue in json.loads(gitlab.render(CheckReport(unreadable=calls)))] for calls in (unread, moved)
    )
    assert names == others
    assert len(set(names)) == 3
