"""The rules, one a file, found by walking this package: adding one touches no other file."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import HistoryRule, Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, opt-in ones too, sorted by code."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [
        rule
        for module in modules
        for rule in vars(module).values()
        if isinstance(rule, type) and issubclass(rule, Rule) and rule.__module__ == module.__name__ and not inspect.isabstract(rule)
    ]
    return tuple(sorted((rule() for rule in found), key=lambda rule: rule.code))


def check(migration: Migration, context: RuleContext, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Return what the rules find in one migration, in the order of the file."""
    case = MigrationCase(migration, context)
    found = {finding: None for rule in rules for finding in rule.check(case)}
    yield from sorted(found, key=lambda finding: (finding.place, finding.code))


def check_history(history: History, context: RuleContext, rules: Iterable[Rule]) -> Iterator[Finding]:
    """Return what the rules find in the revision graph."""
    for rule in rules:
        if isinstance(rule, HistoryRule):
            yield from rule.check_history(history, context)
