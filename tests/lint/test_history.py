"""The revision graph: whatever the files declare, it is read in linear time and its flaws are data."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrt_lint.history import GraphFlaw, History
from mrt_lint.model.migration import Migration
from mrt_lint.model.values import UNKNOWN


def migration(revision, *parents, path=None, **fields):
    down_revision = parents if parents != (UNKNOWN,) else UNKNOWN
    return Migration(path=path or f"{revision}.py", revision=revision, down_revision=down_revision, **fields)


def history(*migrations):
    return History.of(migrations)


def flaws(found):
    return [(problem.flaw, problem.migration.path, problem.revisions) for problem in found.problems()]


def test_branches_and_merges_are_followed():
    found = history(
        migration("a"), migration("b", "a"), migration("c", "a"), migration("d", "b", "c"), migration("x"), migration("y", "x")
    )
    assert found.heads == ("d", "y")
    assert found.bases == ("a", "x")
    assert found.children("a") == ("b", "c")
    assert found.parents("d") == ("b", "c")
    assert found.ancestors("d") == {"a", "b", "c"}
    assert found.order.index("a") < found.order.index("b") < found.order.index("d")
    assert flaws(found) == []


def test_a_dependency_runs_before_but_is_no_parent():
    found = history(migration("a"), migration("x"), migration("b", "a", depends_on=("x",)))
    assert found.heads == ("x", "b")
    assert found.ancestors("b") == {"a", "x"}
    assert found.parents("b") == ("a",)


@pytest.mark.parametrize("wanted", ["x1234", "x12", "extra", "extra@head", "main@x1234"])
def test_a_dependency_may_be_named_by_label_or_by_the_beginning_of_its_identifier(wanted):
    found = history(migration("x1234", branch_labels=("extra",)), migration("x9"), migration("b", depends_on=(wanted,)))
    assert found.ancestors("b") == {"x1234"}
    assert flaws(found) == []


def test_an_ambiguous_beginning_is_missing():
    found = history(migration("x1"), migration("x2"), migration("b", depends_on=("x",)))
    assert flaws(found) == [(GraphFlaw.MISSING_PARENT, "b.py", ("x",))]


def test_a_missing_parent_is_named_with_the_file_that_wants_it():
    found = history(migration("a"), migration("b", "gone"))
    assert flaws(found) == [(GraphFlaw.MISSING_PARENT, "b.py", ("gone",))]
    assert found.heads == ("a", "b")
    assert found.bases == ("a",)


def test_a_parent_that_is_named_in_part_is_followed_and_reported_for_alembic_does_not_find_it():
    found = history(migration("abc123"), migration("b", "abc"))
    assert found.parents("b") == ("abc123",)
    assert flaws(found) == [(GraphFlaw.MISSING_PARENT, "b.py", ("abc",))]


def test_two_files_with_one_revision_are_a_duplicate_and_the_first_stands():
    first, second = migration("a", path="one.py"), migration("a", path="two.py")
    found = history(first, second)
    assert found.migrations == {"a": first}
    [problem] = found.problems()
    assert (problem.flaw, problem.migration, problem.others) == (GraphFlaw.DUPLICATE, second, (first,))


def test_a_cycle_is_one_problem_and_what_hangs_on_it_is_no_part_of_it():
    found = history(migration("a", "c"), migration("b", "a"), migration("c", "b"), migration("d", "c"), migration("z"))
    assert flaws(found) == [(GraphFlaw.CYCLE, "a.py", ("a", "c", "b"))]
    assert found.heads == ("d", "z")
    assert found.order == ("z",)
    assert found.before("d").table("t") is UNKNOWN


def test_a_revision_that_is_its_own_parent_is_a_cycle():
    assert flaws(history(migration("a", "a"))) == [(GraphFlaw.CYCLE, "a.py", ("a",))]


def test_what_declares_no_readable_revision_is_left_out():
    found = history(migration(None), migration(UNKNOWN), migration("a", UNKNOWN))
    assert list(found.migrations) == ["a"]
    assert found.bases == ()
    assert found.heads == ("a",)


def test_an_unknown_revision_has_no_past():
    found = history(migration("a"))
    assert found.ancestors("nope") == frozenset()
    assert found.children("nope") == found.parents("nope") == ()
    assert found.before("nope").table("t") is UNKNOWN


def test_two_thousand_revisions_are_read_in_no_time():
    chain = [migration("0")]
    for number in range(1, 2_000):
        parents = {str(number - 1), str(max(number - 7, 0))} if number % 5 == 0 else {str(number - 1)}
        chain.append(migration(str(number), *sorted(parents)))
    started = time.process_time()
    found = History.of(chain)
    assert found.heads == ("1999",)
    assert not list(found.problems())
    for revision in found.migrations:
        found.before(revision)
    assert time.process_time() - started < 2


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.lists(st.sampled_from("abcdefg"), max_size=3),
            st.lists(st.sampled_from("abcg"), max_size=2),
        ),
        max_size=8,
    )
)
def test_any_graph_is_read(edges):
    found = History.of(
        Migration(path=f"{index}", revision=r, down_revision=tuple(p), depends_on=tuple(d)) for index, (r, p, d) in enumerate(edges)
    )
    for problem in found.problems():
        assert problem.revisions
    for revision in found.migrations:
        found.at(revision)
        found.ancestors(revision)
        assert set(found.parents(revision)) <= set(found.migrations)
    on_cycles = {revision for problem in found.problems() if problem.flaw is GraphFlaw.CYCLE for revision in problem.revisions}
    assert not on_cycles & set(found.order)
    assert on_cycles or set(found.order) == set(found.migrations)
