"""The base class of fixers, and the registry: fixers are found by walking `fixers`, so adding one touches no other file."""

from __future__ import annotations

import pkgutil
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import ClassVar

from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.proposed_fix import ProposedFix
from mrt_lint.model.finding import Finding


class Fixer(ABC):
    """Writes what a finding asks for; `codes` are the rules whose findings it takes."""

    codes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the fix of a finding. Raises NoFix, with the reason, where none is certain. Changes nothing."""


@cache
def fixers() -> Mapping[str, Fixer]:
    """Return the fixer of each code that has one."""
    from mrt_lint.fix import fixers as package  # noqa: PLC0415  they import this module

    found: dict[str, Fixer] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{entry.name}")
        for kind in vars(module).values():
            # not `Fixer` itself, which every one of them imports
            if isinstance(kind, ABCMeta) and issubclass(kind, Fixer) and kind.__module__ == module.__name__:
                fixer = kind()
                found |= dict.fromkeys(fixer.codes, fixer)
    return found
