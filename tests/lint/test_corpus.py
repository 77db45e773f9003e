"""Realistic histories: fixtures/migrations says on its lines what is found there, fixtures/migrations/clean stays silent."""

from collections import Counter
from pathlib import Path

import pytest

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from tests.lint.marked import marks, read

ROOT = Path(__file__).parents[2] / "fixtures" / "migrations"
DEFAULT = [rule for rule in rules.all_rules() if rule.default]


def load(folder: Path) -> dict[Path, Migration]:
    return {path: read(path.read_text(), str(path)) for path in sorted(folder.glob("*.py"))}


MARKED, CLEAN = load(ROOT), load(ROOT / "clean")


def judge(migration: Migration, neighbours: dict[Path, Migration]) -> list[Finding]:
    return list(rules.check(migration, RuleContext(history=History.of(neighbours.values())), DEFAULT))


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_exactly_the_marked_lines_are_found(path: Path):
    found = Counter((finding.place.line, finding.code) for finding in judge(MARKED[path], MARKED))
    assert found == marks(path.read_text())


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_a_clean_migration_gives_no_finding(path: Path):
    assert judge(CLEAN[path], CLEAN) == []


def test_the_corpus_has_a_line_for_every_rule_that_looks_at_one_migration():
    expected = {code for path in MARKED for _, code in marks(path.read_text())}
    elsewhere = {
        "MRT119",
        "MRT439",
        "MRT440",
        "MRT441",
        "MRT442",
        "MRT443",
        "MRT445",
        "MRT405",
        "MRT902",
        "MRT906",
        "MRT804",
        "MRT990",
    } | {rule.code for rule in DEFAULT if isinstance(rule, rules.HistoryRule)}
    assert {rule.code for rule in DEFAULT} - expected <= elsewhere
