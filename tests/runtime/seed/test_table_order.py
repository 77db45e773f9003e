"""Parents before children."""

from hypothesis import given
from hypothesis import strategies as st

from mrt_runtime.compare.schema import ForeignKey, Table
from mrt_runtime.seed.table_order import components, order_tables


def table(name, *parents):
    keys = tuple(ForeignKey(name=None, columns=("x",), referred_table=parent, referred_columns=("id",)) for parent in parents)
    return Table(name=name, foreign_keys=keys)


def names(groups):
    return [[table.name for table in group] for group in groups]


def test_parents_come_first():
    assert names(order_tables([table("a", "b"), table("b", "c"), table("c")])) == [["c"], ["b"], ["a"]]


def test_a_table_that_points_at_itself_or_at_nothing_stands_alone():
    assert names(order_tables([table("a", "a", "gone")])) == [["a"]]


def test_a_circle_stays_together():
    groups = names(order_tables([table("a", "b"), table("b", "c"), table("c", "a", "d"), table("d"), table("e", "a")]))
    assert groups[0] == ["d"]
    assert sorted(groups[1]) == ["a", "b", "c"]
    assert groups[2] == ["e"]


def test_a_long_chain_needs_no_deep_stack():
    chain = [table(f"t{n:05}", f"t{n + 1:05}") for n in range(5000)]
    assert len(list(order_tables(chain))) == 5000


GRAPHS = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4), min_size=1, max_size=13)


@given(GRAPHS)
def test_every_node_stands_once_and_after_what_it_points_at(drawn):
    graph = {str(node): [str(other) for other in ahead if other in drawn] for node, ahead in drawn.items()}
    groups = list(components(graph))
    assert sorted(node for group in groups for node in group) == sorted(graph)
    place = {node: number for number, group in enumerate(groups) for node in group}
    reach = {node: reachable(graph, node) for node in graph}
    for node in graph:
        for other in reach[node]:
            assert place[other] <= place[node]
            assert (place[other] == place[node]) == (node in reach[other] or node == other)


def reachable(graph, start):
    found, ahead = set(), [start]
    while ahead:
        for other in graph[ahead.pop()]:
            if other not in found:
                found.add(other)
                ahead.append(other)
    return found


def test_a_table_that_refers_to_a_partitioned_one_comes_after_its_partitions():
    part = Table(name="part", parents=("whole",), bounds="FOR VALUES IN (1)")
    below = Table(name="below", parents=("part",), bounds="FOR VALUES IN (1)")
    known = {one.label: one for one in (table("whole"), part, below, table("a", "whole"))}
    assert names(order_tables([known["a"], known["below"]], known)) == [["below"], ["a"]]
