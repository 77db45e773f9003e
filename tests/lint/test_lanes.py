"""A graph drawn in characters can be read again: every edge, and no other."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from mrt_lint.report.history.lanes import ASCII, UNICODE, LaneDrawing
from tests.lint.drawing import Drawing

NAMES = [chr(0x4E00 + index) for index in range(400)]
"""Names of one character each, to be put where the nodes are."""
ALL = "".join(NAMES)


def drawn(nodes, *, unicode: bool = True) -> list[str]:
    rows = []
    for row in LaneDrawing(unicode=unicode).draw(nodes):
        text = list(row.text)
        if row.node is not None:
            text[row.place] = row.node
        rows.append("".join(text))
    return rows


@st.composite
def graphs(draw) -> list[tuple[str, list[str]]]:
    """Nodes in the order in which they are drawn, each with up to five that come later: branches, merges, several heads and bases."""
    count = draw(st.integers(1, 24))
    nodes = []
    for index in range(count):
        later = st.lists(st.integers(index + 1, count - 1), max_size=5, unique=True) if index + 1 < count else st.just([])
        nodes.append((NAMES[index], [NAMES[target] for target in draw(later)]))
    return nodes


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_edge_can_be_traced(nodes):
    assert Drawing(drawn(nodes), ALL).edges() == {(node, target) for node, targets in nodes for target in targets}


@given(graphs(), st.integers(1, 23))
@settings(max_examples=50, deadline=None)
def test_what_leads_out_of_a_cut_drawing_leads_to_its_end(nodes, shown):
    names = {node for node, _ in nodes[:shown]}
    wanted = {(node, target if target in names else "┆") for node, targets in nodes[:shown] for target in targets}
    assert Drawing(drawn(nodes[:shown]), ALL).edges() == wanted


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_ascii_says_the_same(nodes):
    """Each ASCII character stands where the line of the same verticals stands, so a horizontal and the ends of lanes are told apart."""
    translated = {UNICODE[arms]: ASCII[arms] for arms in UNICODE} | {"┆": ":"}
    assert drawn(nodes, unicode=False) == [
        "".join(translated.get(character, character) for character in row) for row in drawn(nodes)
    ]
    verticals = {arms: arms & 3 for arms in ASCII if arms not in {0, 1, 2, 4, 8}}
    assert {ASCII[arms] for arms, vertical in verticals.items() if vertical == 1} == {"'"}
    assert {ASCII[arms] for arms, vertical in verticals.items() if vertical == 2} == {"."}


def test_a_star_and_a_comb_stay_narrow():
    star = [(name, [NAMES[300]]) for name in NAMES[:300]] + [(NAMES[300], [])]
    assert max(map(len, drawn(star))) == 3
    trunk = [NAMES[index : index + 2] for index in range(0, 200, 2)]
    comb = [
        pair
        for index, (head, here) in enumerate(trunk)
        for pair in ((head, [here]), (here, trunk[index + 1][1:] if index < 99 else []))
    ]
    assert max(map(len, drawn(comb))) == 3
    assert Drawing(drawn(comb), ALL).edges() == {(node, target) for node, targets in comb for target in targets}


def test_what_is_long_stays_left_and_a_lane_that_is_free_is_used_again():
    nodes = [("x", "a"), ("q", "w"), ("y", "b"), ("w", ""), ("a", "b"), ("h", "k"), ("i", "k"), ("k", ""), ("j", ""), ("b", "")]
    assert drawn((node, list(targets)) for node, targets in nodes) == [
        "x",
        "│ q",
        "│ │ y",
        "│ w │",
        "a   │",
        "├───╯",
        "│ h",
        "│ │ i",
        "│ ├─╯",
        "│ k",
        "│",
        "│ j",
        "b",
    ]


def test_a_line_of_many_is_drawn_in_linear_time():
    def cost(count: int) -> float:
        nodes = [(str(index), [str(index + 1), str(index + 2)]) for index in range(count)]
        start = time.process_time()
        assert sum(1 for _ in LaneDrawing().draw(nodes)) >= 2 * count
        return time.process_time() - start

    cost(1000)
    assert cost(20_000) < 30 * max(cost(2000), 0.01)
