"""The rules, one a file, found by walking this package: adding one touches no other file."""

from __future__ import annotations

import inspect
import pkgutil
from abc import ABCMeta
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.question_budget import TooManyQuestionsError
from mrt_lint.analysis.table_size import with_size
from mrt_lint.history import History
from mrt_lint.model.advice import as_file_calls
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.lean import replace
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import HistoryRule, Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, opt-in ones too, sorted by code."""
    # rules are of ABCMeta; to Python 3.10, an alias such as tuple[str, str] is a type as well
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [
        rule
        for module in modules
        for rule in vars(module).values()
        if isinstance(rule, ABCMeta)
        and issubclass(rule, Rule)
        and rule.__module__ == module.__name__
        and not inspect.isabstract(rule)
    ]
    return tuple(sorted((rule() for rule in found), key=lambda rule: rule.code))


MAX_QUESTIONS: Final = 1_000_000
"""Questions that one rule may ask of a migration: two seconds' worth. One of a hundred operations is asked some thousand."""
MAX_ALTOGETHER: Final = 3 * MAX_QUESTIONS


def check(migration: Migration, context: RuleContext, rules: Iterable[Rule], stopped: list[str] | None = None) -> Iterator[Finding]:
    """Return what the rules find in one migration, in the order of the file.

    The code of a rule that takes too long is added to `stopped`, and what it found until then counts; without, all may take long.
    """
    case = MigrationCase(migration, context)
    found: dict[Finding, None] = {}
    left, bound, questions = MAX_ALTOGETHER, dict(migration.bound), case.questions
    for rule in rules:
        if stopped is not None:
            questions.grant(min(MAX_QUESTIONS, left))
        try:
            for finding in rule.check(case):
                called = replace(finding, instead=as_file_calls(finding.instead, bound))
                found[with_size(called, case)] = None
        except TooManyQuestionsError:
            if stopped is not None:
                stopped.append(rule.code)
        if stopped is not None:
            left -= questions.spent
    yield from sorted(found, key=lambda finding: (finding.place, finding.code))


def check_history(history: History, context: RuleContext, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Return what the rules find in the revision graph."""
    for rule in rules:
        if isinstance(rule, HistoryRule):
            yield from rule.check_history(history, context)
