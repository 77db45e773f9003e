"""The first look at an old history, equal findings folded, and what is read with another finding."""

from __future__ import annotations

import json
import re
import shlex
import sys

import pytest

from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.values import SourceSpan
from mrt_lint.report import CheckReport, attachment, overview
from mrt_lint.report.grouping import group
from mrt_lint.report.style import TextStyle
from mrt_lint.report.table import render
from tests.lint.conftest import functions

INDEXES = "\n".join(f'op.create_index("ix_{number}", "users", ["c{number}"])' for number in range(12))
UNINDEXES = "\n".join(f'op.drop_index("ix_{number}", "users")' for number in reversed(range(12)))


@pytest.fixture
def old(project):
    """A history of twelve migrations: 36 indexes in three files, four dropped columns in others, the newest of them in a12."""
    parent = None
    for number in range(1, 13):
        body = functions("op.execute('SELECT 1')", "pass")
        if number in {2, 3, 4}:
            body = functions(INDEXES.replace("ix_", f"ix_{number}_"), UNINDEXES.replace("ix_", f"ix_{number}_"))
        if number in {1, 5, 6, 12}:
            body = functions(f'op.drop_column("users", "d{number}")', f'op.add_column("users", sa.Column("d{number}", sa.Text))')
        project.migration(f"a{number}", parent, body)
        parent = f"a{number}"
    return project


def test_the_first_check_of_an_old_history_is_an_overview(old):
    result = old.mrt("check", "versions")
    lines = result.out.splitlines()
    assert lines[:3] == [
        "12 migrations checked: 4 errors, 36 warnings.",
        "   4  rollback loses data (errors)",
        "  36  deploy blocks",
    ]
    assert "The newest 3 revisions with findings, in full:" in lines
    assert "versions/a12.py:10:5  MRT201 drop-column (error)" in lines
    assert "upgrade drops column 'users.d12'" in result.out
    assert "users.d1'" not in result.out
    rest = lines[lines.index("The rest, the worst first:") :]
    assert rest[1:5] == [
        "  rollback loses data",
        "    MRT201 drop-column (error) once, at versions/a1.py:10",
        "  deploy blocks",
        "    MRT407 index-without-concurrently 36 times in 3 files, the newest at",
    ]
    assert len(lines) < 60
    assert result.code == old.mrt("check", "versions", "--all").code == 1


def test_what_an_overview_proposes_runs(old):
    out = old.mrt("check", "versions", "--dialect", "postgresql").out
    commands = re.findall(r"mrt ((?:baseline|check) versions.*)", out)
    assert len(commands) == 4
    results = [old.mrt(*shlex.split(command)) for command in commands]
    assert [result.code for result in results] == [0, 0, 1, 1]
    assert results[1].out.startswith("12 migrations checked: nothing found")


def test_where_there_is_a_baseline_none_is_proposed(old):
    old.write("pyproject.toml", '[tool.mrt]\npaths = ["versions"]\nbaseline = "accepted.json"\n')
    without = old.mrt("check", "--no-baseline").out
    assert "mrt baseline\n" in without  # the file is not there yet
    old.mrt("baseline")
    out = old.mrt("check", "--no-baseline").out
    assert "mrt baseline" not in out
    assert re.findall(r"mrt check.*", out) == ["mrt check", "mrt check --no-baseline --all", "mrt check --no-baseline --statistics"]


@pytest.mark.parametrize(
    "options",
    [["--all"], ["--select", "MRT"], ["--since", "a1"], ["--baseline", "empty.json"], ["versions/a2.py", "versions/a3.py"]],
)
def test_whoever_asks_for_less_or_for_all_gets_no_overview(old, options):
    old.mrt("baseline", "versions", "--select", "MRT9", "--output", "empty.json")
    given = options if options[0].startswith("versions") else ["versions", *options]
    out = old.mrt("check", *given).out
    assert "What to do next" not in out
    assert "By consequence: " in out


def test_a_young_history_or_one_with_few_findings_is_shown_in_full(project):
    indexes = "\n".join(f'op.create_index("ix_{number}", "users", ["c{number}"])' for number in range(31))
    project.migration("a1", None, functions(indexes, 'op.drop_table("users")'))
    for number in range(2, 10):
        project.migration(f"a{number}", f"a{number - 1}", functions("op.execute('SELECT 1')", "pass"))
    young = project.mrt("check", "versions").out
    assert "9 migrations checked" in young
    assert "What to do next" not in young
    project.migration("b1", "a9", functions("op.execute('SELECT 1')", "pass"))
    assert "What to do next" in project.mrt("check", "versions").out
    project.migration("a1", None, functions(indexes.rpartition("\n")[0].rpartition("\n")[0], 'op.drop_table("users")'))
    assert "What to do next" not in project.mrt("check", "versions").out


def test_programs_get_every_finding(old):
    document = json.loads(old.mrt("check", "versions", "--format", "json").out)
    assert len(document["findings"]) == document["summary"]["errors"] + document["summary"]["warnings"] == 40


def test_equal_findings_of_a_file_are_folded_and_keep_their_lines(old):
    out = old.mrt("check", "versions/a2.py").out
    assert out.count("MRT407 index-without-concurrently") == 1
    assert "… and 11 more, lines 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, …" in " ".join(out.split())
    every = " ".join(old.mrt("check", "versions/a2.py", "--all").out.split())
    assert "… and 11 more, lines 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 " in every
    assert "1 migration checked: 0 errors, 12 warnings. By consequence: deploy blocks 12." in every


def test_two_equal_findings_are_both_shown_and_other_words_are_not_equal():
    two = [finding("drops 'a'", line=1), finding("drops 'b'", line=2)]
    assert [len(each.others) for each in group(two)] == [0, 0]
    three = [*two, finding("drops 'c'", line=3), finding("drops and keeps 'd'", line=4)]
    assert [len(each.others) for each in group(three)] == [2, 0]
    keys = [finding(f"adds it to table '{line}'", line=line, code="MRT422") for line in range(4)]
    cascade = finding("adds it to table '3'", line=3, code="MRT204")
    assert [(each.first.place.line, len(each.others)) for each in group([*keys, cascade])] == [(0, 2), (3, 0)]
    elsewhere = [*two, finding("drops 'c'", line=3, path="versions/b.py")]
    assert [len(each.others) for each in group(elsewhere)] == [0, 0, 0]


def finding(message: str, *, line: int = 1, path: str = "versions/a.py", code: str = "MRT201", **given) -> Finding:
    given = {"severity": Severity.ERROR, "consequence": Consequence.ROLLBACK_LOSES_DATA, **given}
    return Finding(
        path=path,
        place=SourceSpan(line, 5, line, 9),
        code=code,
        name="x",
        revision="a",
        message=message,
        instead="",
        **given,
    )


CASCADE = 'op.create_foreign_key("fk_{0}", "{0}", "orgs", ["org_id"], ["id"], ondelete="CASCADE")'
UNDO = 'op.drop_constraint("fk_{0}", "{0}", type_="foreignkey")'
KEY = 'op.create_foreign_key("fk_users", "users", "orgs", ["org_id"], ["id"])'
USERS = (
    'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))\n'
    'op.create_unique_constraint("uq_old", "users", ["name"])\nop.create_index("ix_old", "users", ["name"])'
)
ATTACHED = [
    pytest.param([(CASCADE.format("users"), UNDO.format("users"))], {"MRT204": "MRT422"}, id="one statement"),
    pytest.param(
        [('op.create_index("ix", "users", ["email"], unique=True)', 'op.drop_index("ix", "users")')],
        {"MRT407": "MRT406"},
        id="a unique index",
    ),
    pytest.param(
        [('op.execute("UPDATE users SET name = lower(name)")', "pass")], {"MRT103": "MRT102"}, id="an update and an empty downgrade"
    ),
    pytest.param(
        [
            ('op.create_table("users", sa.Column("id", sa.Integer), sa.Column("org_id", sa.Integer))', 'op.drop_table("users")'),
            (
                'op.create_table("orgs", sa.Column("id", sa.Integer, primary_key=True))\n' + KEY,
                'op.drop_constraint("users_fk", "users", type_="foreignkey")\nop.drop_table("orgs")',
            ),
        ],
        {"MRT112": "MRT116"},
        id="a foreign key that is not dropped first",
    ),
    pytest.param(
        [
            (USERS, 'op.drop_table("users")'),
            (
                'op.drop_constraint("uq_old", "users", type_="unique")\nop.create_unique_constraint("uq_new", "users", ["name"])',
                'op.drop_constraint("uq_nwe", "users", type_="unique")\nop.create_unique_constraint("uq_new", "users", ["name"])',
            ),
        ],
        {"MRT112": "MRT116"},
        id="a constraint that is there still, for it is dropped by a wrong name",
    ),
    pytest.param(
        [
            (USERS, 'op.drop_table("users")'),
            (
                'op.drop_index("ix_old", "users")\nop.create_index("ix_new", "users", ["name"])',
                'op.drop_index("ix_nwe", "users")\nop.create_index("ix_new", "users", ["name"])',
            ),
        ],
        {"MRT112": "MRT117"},
        id="an index that is there still, for it is dropped by a wrong name",
    ),
]


@pytest.mark.parametrize(("bodies", "expected"), ATTACHED)
def test_what_is_read_with_another_finding_names_it_for_programs_and_stands_below_it_for_people(project, bodies, expected):
    for number, (upgrade, downgrade) in enumerate(bodies, 1):
        project.migration(f"a{number}", f"a{number - 1}" if number > 1 else None, functions(upgrade, downgrade))
    findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
    with_others = [found for found in findings if "with" in found]
    assert {found["code"]: found["with"]["code"] for found in with_others} == expected
    places = {(found["code"], found["line"], found["column"]) for found in findings}
    assert all(tuple(found["with"].values()) in places for found in with_others)
    text = project.mrt("check", "versions").out
    ((code, leader),) = expected.items()
    assert re.search(rf":\d+:\d+  {leader} ", text)
    assert not re.search(rf":\d+:\d+  {code} ", text)
    assert f"    With it: {code} " in text
    sarif = json.loads(project.mrt("check", "versions", "--format", "sarif").out)
    results = {result["ruleId"]: result["properties"] for result in sarif["runs"][0]["results"]}
    assert results[code]["with"].startswith(f"{leader} at line ")
    alone = project.mrt("check", "versions", "--select", code)
    assert re.search(rf":\d+:\d+  {code} ", alone.out)
    assert "With it" not in alone.out


def test_another_table_or_another_order_is_not_attached(project):
    loop = 'for table in ("users", "teams"):\n    ' + CASCADE.replace('"{0}"', "table").replace('"fk_{0}"', '"fk_" + table')
    undo = 'for table in ("users", "teams"):\n    ' + UNDO.replace('"{0}"', "table").replace('"fk_{0}"', '"fk_" + table')
    project.migration("a1", None, functions(loop, undo))
    findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
    assert [found["code"] for found in findings if "with" in found] == ["MRT204", "MRT204"]
    one_place = [finding(f"adds it to table '{table}'", code=code) for table in "ab" for code in ("MRT422", "MRT204")]
    assert [(each.first, each.attached) for each in group(one_place)] == [
        (one_place[0], (one_place[1],)),
        (one_place[2], (one_place[3],)),
    ]
    two_places = [finding("adds it to table 'a'", line=line, code=code) for line, code in ((1, "MRT422"), (2, "MRT204"))]
    assert not any(each.attached for each in group(two_places))
    drops = [
        finding("downgrade fails here: a foreign key of table 'a' is dropped without a name", line=9, code="MRT116"),
        finding("downgrade fails here: an index of table 'c' is dropped without a name", line=9, code="MRT116"),
        finding("downgrade fails here: a foreign key of table 'a' still points to it", line=8, code="MRT112"),
        finding("downgrade fails here: a foreign key of table 'c' still points to it", line=10, code="MRT112"),
        finding("downgrade fails here: a foreign key of table 'b' still points to it", line=10, code="MRT112"),
    ]
    assert not any(each.attached for each in group(drops))


def test_a_newest_revision_that_is_too_long_is_counted_with_the_rest():
    findings = tuple(finding(f"{number} is {'x' * number}", line=number) for number in range(1, 40))
    report = CheckReport(files=tuple(f"versions/{name}.py" for name in "abcdefghij"), newest=("versions/a.py",), findings=findings)
    assert overview.is_needed(report)
    text = overview.render(report, TextStyle(), ["a folder"])
    assert "in full" not in text
    assert "39 times in one file, first at line 1 of versions/a.py" in " ".join(text.split())
    assert "mrt check 'a folder' --all" in text


def test_the_newest_revisions_are_those_at_the_heads(old):
    """Names of files say nothing about their order."""
    old.migration("Z9", "a12", functions('op.drop_column("users", "z")', 'op.add_column("users", sa.Column("z", sa.Text))'))
    old.migration("A0", "Z9", functions('op.drop_column("users", "y")', 'op.add_column("users", sa.Column("y", sa.Text))'))
    shown = re.findall(r"^versions/(\w+)\.py:\d+:\d+", old.mrt("check", "versions").out, re.MULTILINE)
    assert shown == ["A0", "Z9", "a12"]


def test_the_summary_counts_by_consequence_the_worst_first():
    findings = (
        finding("a", consequence=Consequence.HYGIENE, severity=Severity.WARNING),
        finding("b", consequence=Consequence.ROLLBACK_FAILS),
        finding("c", consequence=Consequence.ROLLBACK_FAILS),
    )
    text = render(CheckReport(files=("versions/a.py",), findings=findings), TextStyle())
    assert "By consequence: rollback fails 2, hygiene 1.\n" in text


def test_twice_the_findings_are_grouped_in_twice_the_steps():
    """A statement for each of many lines: comparing each with each would take minutes."""

    def steps(lines):
        findings = [
            finding(f"adds it to table 't{line}'", line=line, code=code) for line in range(lines) for code in ("MRT422", "MRT204")
        ]
        count = 0

        def note(_frame, event, _argument):
            nonlocal count
            count += event in {"call", "c_call"}

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            (made,) = group(findings)
        finally:
            sys.setprofile(before)
        assert len(made.others) == lines - 1
        return count

    assert steps(1000) < 2.2 * steps(500)


def test_no_finding_is_read_with_one_that_is_read_with_another():
    assert not attachment._LEADERS.keys() & attachment._FOLLOWERS.keys()
    assert {
        code for followed in attachment._FOLLOWERS.values() for codes, _ in followed for code in codes
    } == attachment._LEADERS.keys()
