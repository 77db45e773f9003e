"""`mrt history`: the graph drawn, with what a check finds in each revision; as JSON and as a Mermaid flowchart."""

from __future__ import annotations

import html
import io
import json
import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mrt_lint.escape import printable
from mrt_lint.history.graph import RevisionGraph
from mrt_lint.history.revision_log import log
from mrt_lint.model.migration import Migration
from mrt_lint.report.history.mermaid import escape
from tests.lint.conftest import CREATE, DROP, UPDATE

HARMLESS = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"


@pytest.fixture
def tree(project):
    """Two branches that meet, a second history that needs one of them, an error and a warning."""
    project.migration("a1", None, CREATE)
    project.migration("b1", "a1", 'branch_labels = ("billing",)\n\n\n' + DROP)
    project.migration("b2", "b1", UPDATE)
    project.migration("c1", "a1", HARMLESS)
    project.migration("m1", ("b2", "c1"), HARMLESS)
    project.migration("x1", None, 'depends_on = "billing"\n\n\n' + HARMLESS)
    return project


def test_the_drawing(tree):
    assert tree.mrt("history", "versions", "--ignore", "MRT901").out == (
        "●  m1  Change something  (head)\n"
        "├─╮\n"
        "▲ │  b2  Change something  MRT103\n"
        "│ ●  c1  Change something\n"
        "│ │ ●  x1  Change something  (head, base, needs b1)\n"
        "✗ │  b1  Change something  (branch billing)  MRT201\n"
        "├─╯\n"
        "●  a1  Change something  (base)\n"
        "\n"
        "6 revisions: 1 ✗ with errors, 1 ▲ with warnings, 4 ● with nothing found. mrt check says what was found.\n"
    )


def test_the_marks_are_those_of_the_check(tree):
    document = json.loads(tree.mrt("history", "versions", "--format", "json", "--select", "MRT1,MRT2").out)
    findings = json.loads(tree.mrt("check", "versions", "--format", "json", "--select", "MRT1,MRT2").out)["findings"]
    [history] = document["histories"]
    assert {one["revision"]: (one["mark"], one["codes"]) for one in history["revisions"] if one["codes"]} == {
        "b1": ("error", {"MRT201": 1}),
        "b2": ("warning", {"MRT103": 1}),
    }
    assert sum(one["errors"] + one["warnings"] for one in history["revisions"]) == len(findings)


def test_the_document_has_the_promised_shape(tree):
    document = json.loads(tree.mrt("history", "versions", "--format", "json", "--ignore", "MRT901").out)
    assert list(document) == ["version", "histories"]
    [history] = document["histories"]
    assert list(history) == ["folders", "revisions", "omitted", "unplaced"]
    assert (history["folders"], history["omitted"], history["unplaced"]) == (["versions"], 0, [])
    revisions = {one["revision"]: one for one in history["revisions"]}
    assert list(revisions) == ["m1", "b2", "c1", "x1", "b1", "a1"]
    assert revisions["b1"] == {
        "revision": "b1",
        "path": "versions/b1.py",
        "message": "Change something",
        "down_revision": ["a1"],
        "depends_on": [],
        "branch_labels": ["billing"],
        "head": False,
        "base": False,
        "mark": "error",
        "errors": 1,
        "warnings": 0,
        "codes": {"MRT201": 1},
        "problems": [],
    }
    assert (revisions["m1"]["down_revision"], revisions["m1"]["head"]) == (["b2", "c1"], True)
    assert (revisions["x1"]["depends_on"], revisions["x1"]["base"]) == (["billing"], True)


def test_a_part_of_it_leaves_its_lines_open(tree):
    out = tree.mrt("history", "versions", "-n", "2", "--files").out
    assert out.startswith(
        "✗  m1  Change something  (head)  MRT901  versions/m1.py\n"
        "├─╮\n"
        "▲ │  b2  Change something  MRT103  versions/b2.py\n"
        "┆ ┆\n"
        "… 4 more revisions\n"
    )
    since = tree.mrt("history", "versions", "--since", "m1-0", "--ignore", "MRT901").out
    assert since.startswith("●  x1  Change something  (head, base, needs billing)\n… 5 more revisions\n")


def test_where_the_terminal_cannot_there_is_ascii(tree, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    tree.mrt("history", "versions", "--ignore", "MRT901")
    stream.seek(0)
    assert stream.read().startswith("o  m1  Change something  (head)\n+-.\n! |  b2  Change something  MRT103\n| o  c1")


def test_what_goes_to_a_file_is_neither_cut_nor_painted_nor_ascii(tree, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in tree.mrt("history", "versions").out
    assert tree.mrt("history", "versions", "-o", "out.txt").out == ""
    text = (tree.root / "out.txt").read_text(encoding="utf-8")
    assert "✗ │  b1  Change something  (branch billing)  MRT201\n" in text


def test_on_a_terminal_the_message_gives_way(project, monkeypatch):
    project.migration("a1", None, DROP)
    long = "A message that says more than there is room for on one line of the terminal that it is shown in"
    path = project.root / "versions/a1.py"
    path.write_text(path.read_text(encoding="utf-8").replace("Change something", long), encoding="utf-8")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    line = project.mrt("history", "versions").out.splitlines()[0]
    assert len(line) == 80
    assert line.startswith("✗  a1  A message that says more")
    assert line.endswith("…  (head, base)  MRT201")


def test_a_broken_history_is_drawn_and_what_is_wrong_is_named(project):
    project.migration("c1", "c2", HARMLESS)
    project.migration("c2", "c1", HARMLESS)
    project.migration("d1", "c2", HARMLESS)
    project.migration("m1", "gone", HARMLESS)
    project.write("versions/m2.py", "revision = 'm2'\ndown_revision = 'm1'\ndef upgrade(:\n")
    project.write("versions/m3.py", "'''Again'''\nrevision = 'm2'\ndown_revision = 'm1'\n" + HARMLESS)
    project.write("versions/n1.py", "revision = make()\ndown_revision = None\ndef upgrade(:\n")
    project.write("versions/o1.py", "revision = make()\ndown_revision = 'm1'\n" + HARMLESS)
    project.write("versions/p1.py", "revision = 'p1'\ndown_revision = make()\n" + HARMLESS)
    project.write("versions/q1.py", "ONE = 'm1'\nrevision = 'q1'\ndown_revision = ONE\n" + HARMLESS)
    out = project.mrt("history", "versions", "--ignore", "MRT901").out
    lines = {line.split("  ")[1]: line for line in out.splitlines() if "  " in line}
    assert "follows d1" not in out
    assert "which follows it: a circle" in lines["c1"] or "which follows it: a circle" in lines["c2"]
    assert "(head)" in lines["d1"]
    assert "follows or needs gone, which is in no file" in lines["m1"]
    assert "  m2  Again  MRT904  versions/m2.py claims this revision, too\n" in out
    assert re.search(r"\?  m2 .* MRT902.* versions/m3.py claims this revision, too\n", out)
    assert lines["p1"].endswith("what it follows could not be read")
    assert "in no place, for what they assign to revision could not be read\n  versions/n1.py  MRT902\n  versions/o1.py\n" in out
    assert "1 ? in a file that does not parse" in out
    [history] = json.loads(project.mrt("history", "versions", "--format", "json").out)["histories"]
    assert {one["revision"]: one["down_revision"] for one in history["revisions"]}["q1"] == ["m1"]
    assert project.mrt("history", "versions", "--format", "mermaid").code == 0


def test_several_histories_stand_apart(project):
    project.migration("a1", None, HARMLESS, folder="one/versions")
    project.migration("a1", None, HARMLESS, folder="two/versions")
    out = project.mrt("history", ".").out
    assert out.startswith("one/versions\n●  a1  Change something  (head, base)\n\ntwo/versions\n●  a1  ")
    assert "\n  end\n" in project.mrt("history", ".", "--format", "mermaid").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["versions", "--limit", "0"], "--limit is 0, where at least 1 is expected."),
        (["versions", "--since", "q9"], "There is no revision q9"),
        (["gone"], "gone does not exist."),
        (["versions", "--select", "XYZ"], "There is no rule XYZ"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(tree, arguments, sentence):
    result = tree.mrt("history", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt history: {sentence}")
    assert result.err.count("\n") == 1


NODE = re.compile(r'  (\w+)\["([\w ,…▲✗?]|<br/>|#\d+;|[^\x00-\x7f])*"\](:::(error|warning|broken|missing))?')
EDGE = re.compile(r"  (\w+) (-->|-\.->) (\w+)")
STYLE = re.compile(r"  classDef \w+ [\w#:,-]+")


def test_mermaid_has_every_revision_and_every_edge(tree):
    out = tree.mrt("history", "versions", "--format", "mermaid", "--ignore", "MRT901").out
    first, *lines = out.splitlines()
    assert first == "flowchart BT"
    assert all(NODE.fullmatch(line) or EDGE.fullmatch(line) or STYLE.fullmatch(line) for line in lines)
    names = {match[1]: re.split(r'["<]', line)[1].lstrip("▲✗ ") for line in lines if (match := NODE.fullmatch(line))}
    edges = {(names[match[1]], match[2], names[match[3]]) for line in lines if (match := EDGE.fullmatch(line))}
    solid = {("a1", "b1"), ("b1", "b2"), ("a1", "c1"), ("b2", "m1"), ("c1", "m1")}
    assert edges == {(parent, "-->", child) for parent, child in solid} | {("b1", "-.->", "x1")}
    assert '["✗ b1<br/>Change something<br/>#40;branch billing#41;<br/>MRT201"]:::error' in out


def test_mermaid_of_a_part_shows_where_it_was_cut(tree):
    lines = tree.mrt("history", "versions", "--format", "mermaid", "-n", "2").out.splitlines()
    assert sum(line.endswith('["…"]:::missing') for line in lines) == 2
    assert all(NODE.fullmatch(line) or EDGE.fullmatch(line) or STYLE.fullmatch(line) for line in lines[1:])


def test_mermaid_says_when_github_will_not_draw_it(tree, monkeypatch):
    monkeypatch.setattr("mrt_lint.report.history.mermaid.MOST_EDGES", 5)
    result = tree.mrt("history", "versions", "--format", "mermaid")
    assert (result.code, result.out.partition("\n")[0]) == (0, "flowchart BT")
    assert result.err == "mrt history: 6 lines, and GitHub draws 5: --since or --limit make it fewer.\n"


@given(st.text(max_size=50))
def test_a_label_holds_any_text_and_means_nothing_else(text):
    label = escape(text)
    assert re.fullmatch(r"(?:[A-Za-z0-9 ,]|#\d+;|[^\x00-\x7f])*", label)
    assert html.unescape(label.replace("#", "&#")) == printable(text)


@st.composite
def histories(draw) -> list[Migration]:
    """Revisions with any parents at all: merges, circles, missing ones, identifiers taken twice."""
    names = st.sampled_from([f"r{index}" for index in range(12)])
    few = st.lists(names, max_size=3, unique=True).map(tuple)
    made = draw(st.lists(st.tuples(names, few, few), max_size=14))
    return [
        Migration(path=f"{index:02}.py", revision=name, down_revision=parents, depends_on=needs)
        for index, (name, parents, needs) in enumerate(made)
    ]


BELOW_A_CIRCLE = [
    Migration(path="0.py", revision="r0"),
    Migration(path="1.py", revision="r1", down_revision=("r0", "r2")),
    Migration(path="2.py", revision="r2", down_revision=("r1",)),
]

CIRCLE_BELOW_A_CIRCLE = [
    Migration(path="0.py", revision="r4", depends_on=("r4",)),
    Migration(path="1.py", revision="r0", down_revision=("r0", "r4")),
]


@given(histories())
@example(BELOW_A_CIRCLE)
@example(CIRCLE_BELOW_A_CIRCLE)
@settings(max_examples=100, deadline=None)
def test_every_file_has_its_place_in_the_log_whatever_the_graph(migrations):
    graph = RevisionGraph(migrations)
    entries = log(graph)
    assert sorted(entry.key for entry in entries) == [migration.path for migration in migrations]
    place = {entry.key: index for index, entry in enumerate(entries)}
    for entry in entries:
        upwards = {parent for parent in entry.parents if place[parent] <= place[entry.key]}
        assert upwards == entry.above or upwards == entry.above | {entry.key}
        assert bool(entry.above) <= any("a circle" in problem for problem in entry.problems)
        if not graph.duplicates:  # only what lies on a circle comes before what follows it
            above = [one.revision for one in entries if one.key in entry.above]
            assert all(entry.revision in graph.ancestors(parent) | {parent} for parent in above)
        if entry.revision in graph.ranks and not graph.duplicates.get(entry.revision):
            assert not entry.above
