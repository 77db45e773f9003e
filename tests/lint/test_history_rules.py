"""The rules that look at the whole revision graph, on the folders of fixtures/histories."""

from pathlib import Path

import pytest

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from tests.lint.marked import marks, read

HISTORIES = Path(__file__).parents[2] / "fixtures" / "histories"
FOLDERS = sorted(folder.name for folder in HISTORIES.iterdir() if folder.is_dir())


def judge(folder: str, *independent: str) -> list[Finding]:
    files = sorted((HISTORIES / folder).glob("*.py"))
    history = History.of(read(file.read_text(), str(file)) for file in files)
    return list(rules.check_history(history, RuleContext(history=history, independent_branches=independent), rules.all_rules()))


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder != "independent_branches"])
def test_each_flaw_of_the_graph_is_found_at_the_marked_revisions(folder: str):
    expected = {(str(file), *mark) for file in (HISTORIES / folder).glob("*.py") for mark in marks(file.read_text())}
    assert {(finding.path, finding.place.line, finding.code) for finding in judge(folder)} == expected


def test_every_head_is_named_with_its_file():
    first, second = judge("two_heads")
    assert "002b (002_phones.py)" in first.message
    assert "002 (002_emails.py)" in second.message
    assert "alembic merge" in first.instead


def test_heads_of_labelled_branches_count_unless_they_are_declared_independent():
    assert {finding.revision for finding in judge("independent_branches")} == {"002", "102"}
    assert judge("independent_branches", "accounts", "billing") == []
    assert judge("independent_branches", "billing") == []
    assert {finding.revision for finding in judge("independent_branches", "shipping")} == {"002", "102"}


HEADER = "revision = {!r}\ndown_revision = {!r}\nbranch_labels = {!r}\ndepends_on = {!r}\n\n\ndef upgrade():\n    pass\n"


def of(*headers: tuple[object, ...]) -> list[Finding]:
    history = History.of(read(HEADER.format(*header), f"{header[0]}.py") for header in headers)
    return list(rules.check_history(history, RuleContext(history=history), rules.all_rules()))


def test_what_a_revision_depends_on_may_come_from_another_package_but_not_its_parent():
    [depends] = of(("a", None, None, "x"))
    assert (depends.code, depends.severity.value) == ("MRT903", "warning")
    assert "depends on 'x'" in depends.message
    [follows] = of(("a", "x", None, None))
    assert (follows.code, follows.severity.value) == ("MRT903", "error")


def test_branches_with_labels_and_bases_of_their_own_are_not_to_be_merged():
    advice = {found.revision: found.instead for found in of(("a", None, "x", None), ("b", None, "y", "a"), ("c", "b", None, None))}
    assert "alembic upgrade x@head" in advice["a"]
    assert "alembic upgrade y@head" in advice["c"]
    assert all("alembic merge" not in text for text in advice.values())
    split = of(("a", None, "x", None), ("b", "a", None, None), ("c", "a", None, None))
    assert all("alembic merge" in found.instead for found in split)
