"""What a user calls a revision, as on Alembic's command line."""

from __future__ import annotations

import pytest
from alembic.script.revision import Revision, RevisionError, RevisionMap

from mrt_lint.history.graph import RevisionGraph
from mrt_lint.history.revision_name import find
from mrt_lint.model.migration import Migration
from mrt_lint.usage import UsageError

# base0 ← root01 ← left01 (billing) ← left02 ┐
#              └── right1 ─────────────────┴ merge1 ← last01        other1 (audit) ← other2
TREE = (
    ("base0", (), (), ()),
    ("root01", ("base0",), (), ()),
    ("left01", ("root01",), ("billing",), ()),
    ("left02", ("left01",), (), ()),
    ("right1", ("root01",), (), ()),
    ("merge1", ("left02", "right1"), (), ()),
    ("last01", ("merge1",), (), ()),
    ("other1", (), ("audit",), ("left02",)),
    ("other2", ("other1",), (), ()),
)


def graph(tree=TREE) -> RevisionGraph:
    return RevisionGraph(
        Migration(path=f"{name}.py", revision=name, down_revision=parents, branch_labels=labels, depends_on=needs)
        for name, parents, labels, needs in tree
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("left02", ("left02",)),
        ("left02@left02", ("left02",)),
        ("root", ("root01",)),
        ("base", ()),
        ("heads", ("last01", "other2")),
        ("audit@head", ("other2",)),
        ("billing@head", ("last01",)),
        ("right@heads", ("last01",)),
        ("audit", ("other1",)),
        ("audit@base", ()),
        ("audit@head-1", ("other1",)),
        ("audit@-1", ("other1",)),
        ("last01-1", ("merge1",)),
        ("billing@merge1-1", ("left02",)),
        ("left01-2", ("base0",)),
        ("left01-3", ()),
        ("audit@base+2", ("other2",)),
        ("base0+1", ("root01",)),
        ("billing@root01+1", ("left01",)),
        ("left01+2", ("merge1",)),
        ("left01+0", ("left01",)),
        ("nothing", None),
        ("nothing-1", None),
        ("nothing@head", None),
        ("", None),
    ],
)
def test_a_name_means_these_revisions(wanted, found):
    assert find(wanted, graph()) == found


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("head", "head may be any of 2 heads: name last01 or other2, or write heads."),
        ("head-1", "head-1 may be any of 2 heads: name last01 or other2, or write heads."),
        ("heads-1", "heads-1 cannot be counted from several heads: name last01 or other2 instead of heads."),
        ("left", "left is the beginning of several revisions: left01, left02."),
        ("merge1-1", "merge1-1 may be left02 or right1: name one."),
        ("root01+1", "root01+1 may be left01 or right1: name one."),
        ("base+1", "base+1 may be base0 or other1: name one."),
        ("left01-4", "left01-4 leads out of the history: it ends after 3 steps."),
        ("merge1+2", "merge1+2 leads out of the history: it ends after 1 step."),
        ("audit@left02", "left02 is not on the branch that audit@left02 names."),
    ],
)
def test_what_may_be_several_or_leads_nowhere_is_one_sentence(wanted, sentence):
    with pytest.raises(UsageError) as caught:
        find(wanted, graph())
    assert str(caught.value) == sentence


def test_a_distance_over_a_missing_parent_is_not_the_base():
    tree = (("a2", ("a1",), (), ()), ("a3", ("a2",), (), ()))
    assert find("a3-1", graph(tree)) == ("a2",)
    with pytest.raises(UsageError, match="what a2 follows is in no file"):
        find("head-2", graph(tree))


def test_a_circle_has_no_head():
    with pytest.raises(UsageError, match=r"There is no head: no revision is the last\."):
        find("head", graph((("a1", ("a2",), (), ()), ("a2", ("a1",), (), ()))))


NAMES = [
    "left02",
    "root0",
    "heads",
    "audit@head",
    "billing@head",
    "right@heads",
    "audit",
    "audit@head-1",
    "last01-1",
    "left01-2",
    "base0+1",
    "billing@root01+1",
    "left01+2",
    "head",
    "left",
    "root01+1",
    "merge1+2",
    "audit@left02",
    "nothing",
]


@pytest.mark.parametrize("wanted", NAMES)
def test_alembic_understands_the_same(wanted):
    """What Alembic takes for a target is what is found here; what it refuses is refused."""
    revisions = RevisionMap(
        lambda: [Revision(name, parents, needs or None, labels or None) for name, parents, labels, needs in TREE]
    )
    try:
        if wanted[-2:-1] == "-":
            theirs = {revisions._parse_downgrade_target("last01", wanted, True)[1].revision}
        else:
            theirs = {revision.revision for revision in revisions._parse_upgrade_target("base", wanted, True)}
    except (RevisionError, AttributeError):
        theirs = None
    try:
        mine = find(wanted, graph())
    except UsageError:
        mine = None
    assert (None if mine is None else set(mine)) == theirs
