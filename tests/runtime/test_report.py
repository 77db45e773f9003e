"""Reports say what the guide shows, in the same words everywhere."""

import io
import json
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from mrt_lint.report.status_line import CLEAR
from mrt_runtime.report.json import render
from mrt_runtime.report.progress import Progress
from mrt_runtime.report.terminal import TerminalReport
from mrt_runtime.report.wording import CONCLUSIONS, conclude, explain
from mrt_runtime.verdict import Failure, Outcome, Verdict

LOST = Failure(kind="data-loss", message="Table 'users': 3/3 rows lost after rollback", table="users", file="m/003.py", line=14)
GOOD = [Verdict(revision=revision, outcome=Outcome.REVERSIBLE) for revision in ("001", "002", "003")]
BAD = Verdict(revision="003", down_revision=("002",), outcome=Outcome.DATA_LOSS, failures=(LOST,), seconds=0.12345)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _no_colour_wishes(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def draw(verdicts, stream=None):
    stream = stream or io.StringIO()
    picture = TerminalReport(stream)
    picture.begin()
    for verdict in verdicts:
        picture.show(verdict)
    picture.end(verdicts)
    return stream.getvalue()


def test_the_picture_of_a_safe_project_is_the_guides():
    assert draw(GOOD) == (
        "\n"
        "  ──────────── MRT — Migration Rollback Test ────────────\n"
        "\n"
        "  ✓  001  reversible\n"
        "  ✓  002  reversible\n"
        "  ✓  003  reversible\n"
        "\n"
        "  ╭──────────────────────────────────────────╮\n"
        "  │  All 3 migration(s) are safely reversible│\n"
        "  ╰──────────────────────────────────────────╯\n"
        "\n"
    )


def test_the_picture_of_an_unsafe_project_is_the_guides():
    lines = draw([*GOOD[:2], BAD]).splitlines()
    assert lines[5:] == [
        "  ✗  003  data loss detected",
        "     └─ Table 'users': 3/3 rows lost after rollback",
        "        m/003.py:14",
        "",
        "  ╭──────────────────────────────────────────────────╮",
        "  │  1 migration(s) will cause data loss on rollback │",
        "  ╰──────────────────────────────────────────────────╯",
        "",
    ]


def test_colour_is_for_terminals_and_obeys_no_color(monkeypatch):
    assert "\x1b[" not in draw(GOOD)
    assert "\x1b[32m✓\x1b[0m" in draw(GOOD, Terminal())
    assert "\x1b[31m✗\x1b[0m" in draw([BAD], Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in draw(GOOD, Terminal())


def test_a_stream_without_these_letters_gets_plain_ones():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    lost = Failure(kind="data-loss", message="Table 'zażółć': 3/3 rows lost after rollback")
    picture = TerminalReport(stream)
    picture.show(Verdict(revision="003", outcome=Outcome.DATA_LOSS, failures=(lost,)))
    assert raw.getvalue().decode("cp1252").replace("\r\n", "\n") == (
        "  x  003  data loss detected\n     `- Table 'za\\u017c\\xf3\\u0142\\u0107': 3/3 rows lost after rollback\n".replace(
            "\\xf3", "ó"
        )
    )


def test_every_outcome_is_drawn_in_words_of_its_own():
    lines = [draw([Verdict(revision="a", outcome=outcome)]).splitlines()[3] for outcome in Outcome]
    assert len(set(lines)) == len(Outcome)


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ([Outcome.REVERSIBLE, Outcome.SKIPPED], "All 1 migration(s) are safely reversible, 1 skipped"),
        ([Outcome.SKIPPED], "No migration was checked, 1 skipped"),
        ([Outcome.DATA_LOSS, Outcome.DATA_LOSS], "2 migration(s) will cause data loss on rollback"),
        ([Outcome.DOWNGRADE_FAILED, Outcome.REUPGRADE_FAILED], "2 migration(s) cannot be rolled back safely"),
        ([Outcome.UPGRADE_FAILED, Outcome.TIMED_OUT], "1 migration(s) failed to upgrade, 1 migration(s) timed out"),
        ([Outcome.UNPROVEN, Outcome.NOT_REACHED], "1 migration(s) could not be proven, 1 migration(s) could not be reached"),
        ([Outcome.OVER_BUDGET], "1 migration(s) went over the budget"),
        (
            [Outcome.DATA_LOSS, Outcome.SCHEMA_NOT_RESTORED, Outcome.UNPROVEN],
            "1 migration(s) will cause data loss on rollback, 1 migration(s) cannot be rolled back safely, 1 migration(s) could not be proven",
        ),
        ([], "No migration was checked"),
    ],
)
def test_the_conclusion_counts_what_happened(outcomes, line):
    assert conclude([Verdict(revision="a", outcome=outcome) for outcome in outcomes]) == line


def test_every_outcome_that_fails_is_concluded_in_words_of_its_own_kind():
    concluded = [outcome for outcomes in CONCLUSIONS.values() for outcome in outcomes]
    assert sorted(concluded, key=str) == sorted(set(Outcome) - {Outcome.REVERSIBLE, Outcome.SKIPPED}, key=str)


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_the_box_is_closed(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    wide = Failure(
        kind="data-loss", message="Table '顧客': 3/3 rows lost after rollback 🚚 " * 3, evidence=("電話番号 " * 30, "x" * 150)
    )
    verdicts = [
        replace(BAD, failures=(wide,), warnings=("the table 注文 was empty, so nothing is known of its rows " * 2,)),
        Verdict(revision="004", outcome=Outcome.NOT_REACHED, reason="the upgrade of 003 fails on an empty database too"),
        Verdict(revision="005", outcome=Outcome.UPGRADE_FAILED),
        Verdict(revision="006", outcome=Outcome.UNPROVEN),
    ]
    lines = draw(verdicts, Terminal()).splitlines()
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert max(map(cell_len, plain)) <= columns
    top = next(index for index, line in enumerate(plain) if "╭" in line)
    assert len({cell_len(line) for line in plain[top : plain.index("", top)]}) == 1
    assert "".join(plain).count("電話番号") == 30


def test_a_quiet_picture_shows_only_what_did_not_pass_or_is_warned_of():
    def draw_quietly(verdicts):
        picture = TerminalReport(stream := io.StringIO(), is_quiet=True)
        picture.begin()
        for verdict in verdicts:
            picture.show(verdict)
        picture.end(verdicts)
        picture.close("Verified on SQLite.")
        return stream.getvalue()

    assert draw_quietly(GOOD) == ""
    assert draw_quietly([replace(GOOD[0], warnings=("an empty table",))]).splitlines() == [
        "  ✓  001  reversible",
        "     └─ warning: an empty table",
    ]
    assert draw_quietly([*GOOD[:2], BAD]).splitlines()[0] == "  ✗  003  data loss detected"
    assert "1 migration(s) will cause data loss" in draw_quietly([*GOOD[:2], BAD])


def test_revisions_in_a_row_behind_the_same_one_are_a_single_line():
    def block(revision, behind, reason=""):
        words = reason or f"behind {behind}"
        return Verdict(revision=revision, outcome=Outcome.NOT_REACHED, behind=behind, reason=words, shares_reason=not reason)

    first = block("002", "001", "the upgrade of 001 fails, on an empty database too")
    lines = draw([first, *(block(name, "001") for name in ("003", "004", "005")), block("007", "006"), GOOD[0]]).splitlines()
    assert lines[3:7] == [
        "  -  002  not reached: the upgrade of 001 fails, on an empty database too",
        "  -  003 to 005  not reached: 3 revisions behind 001",
        "  -  007  not reached: behind 006",
        "  ✓  001  reversible",
    ]
    assert "  -  003 to 004  not reached: 2 revisions behind 001\n" in draw([block("003", "001"), block("004", "001")])


def test_revisions_in_a_row_that_are_too_old_are_a_single_line():
    def skip(revision, agreed=""):
        words = agreed or "at or before minimum_downgrade_revision 003"
        return Verdict(revision=revision, outcome=Outcome.SKIPPED, reason=words, shares_reason=not agreed)

    agreed = "at or before the release, as agreed"
    lines = draw([skip("001"), skip("002"), skip("003"), skip("004", agreed), skip("005", agreed), GOOD[0]]).splitlines()
    assert lines[3:7] == [
        "  -  001 to 003  skipped: 3 revisions at or before minimum_downgrade_revision 003",
        "  -  004  skipped: at or before the release, as agreed",
        "  -  005  skipped: at or before the release, as agreed",
        "  ✓  001  reversible",
    ]


def test_elsewhere_a_line_stays_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert "     └─ Table 'users': 3/3 rows lost after rollback\n" in draw([BAD])


def test_a_failure_summary_is_the_guides_line():
    assert BAD.failure_summary() == "  - Table 'users': 3/3 rows lost after rollback\n    m/003.py:14"
    assert GOOD[0].failure_summary() == ""


def test_a_verdict_in_a_failed_assertion_says_what_was_found():
    lost = replace(BAD, failures=(*BAD.failures, *BAD.failures))
    assert repr(lost) == f"<{BAD.revision} data-loss: Table 'users': 3/3 rows lost after rollback (and 1 more)>"
    assert repr(GOOD[0]) == f"<{GOOD[0].revision} reversible>"


def test_the_message_of_a_failed_test_lists_revisions_failures_and_places():
    blocked = Verdict(revision="004", outcome=Outcome.NOT_REACHED, reason="the upgrade of 003 fails on an empty database too")
    assert explain([*GOOD[:2], BAD, blocked]) == (
        "revision 003: Table 'users': 3/3 rows lost after rollback\n"
        "  m/003.py:14\n"
        "revision 004: not reached: the upgrade of 003 fails on an empty database too\n"
        "1 migration(s) will cause data loss on rollback, 1 migration(s) could not be reached"
    )


def test_json_has_the_documented_shape():
    database = {"dialect": "sqlite", "version": "3.45", "url": "sqlite:///test.db"}
    skipped = Verdict(revision="000", outcome=Outcome.SKIPPED, reason="reviewed")
    document = json.loads(render([skipped, *GOOD[:2], BAD], database))
    assert document["database"] == database
    assert document["version"]
    assert document["summary"] == {"reversible": 2, "failed": 1, "unproven": 0, "skipped": 1}
    last = document["revisions"][-1]
    assert {name: last[name] for name in ("revision", "down_revision", "outcome", "passed", "seconds", "warnings", "unseeded")} == {
        "revision": "003",
        "down_revision": ["002"],
        "outcome": "data-loss",
        "passed": False,
        "seconds": 0.123,
        "warnings": [],
        "unseeded": {},
    }
    [failure] = last["failures"]
    assert failure["kind"] == "data-loss"
    assert failure["message"] == "Table 'users': 3/3 rows lost after rollback"
    assert (failure["table"], failure["column"], failure["file"], failure["line"]) == ("users", None, "m/003.py", 14)


def test_progress_is_for_terminals_only():
    file, terminal = io.StringIO(), Terminal()
    for stream in (file, terminal):
        progress = Progress(stream, 2)
        progress.start("001")
        progress.clear()
    assert file.getvalue() == ""
    assert "1/2  verifying 001" in terminal.getvalue()


def test_progress_tells_the_time_left_once_it_can_and_fits_in_its_line(monkeypatch):
    clock = iter([0.0, 0.0, 2.0, 3.0, 6.0, 60.0, 600.0])
    monkeypatch.setattr("mrt_runtime.report.progress.time.monotonic", lambda: next(clock, 0.0))
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    progress = Progress(terminal, 100)
    for number in range(6):
        progress.start(f"{number:04}_顧客" * 9)
    shown = terminal.getvalue().split(CLEAR)[1:]
    assert [line.partition("verifying")[0].strip() for line in shown] == [
        "1/100",
        "2/100",
        "3/100",
        "4/100  3 min left",
        "5/100  24 min left",
        "6/100  3 h 10 min left",
    ]
    assert max(map(cell_len, shown)) < 40
    monkeypatch.setenv("TERM", "dumb")
    dumb = Terminal()
    Progress(dumb, 2).start("001")
    assert dumb.getvalue() == ""
