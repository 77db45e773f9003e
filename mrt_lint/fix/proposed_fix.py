"""What a fixer proposes, and the exception with which it declines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt_lint.model.finding import FixSafety
from mrt_lint.model.lean import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrt_lint.model.migration import Migration

__all__ = ["FixSafety", "NoFix", "ProposedFix", "TextEdit", "apply"]


class NoFix(Exception):  # noqa: N818 - a result, not an error
    """No fix is certain; the message is one clause with the reason."""


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """A range of a file's text, from offset to offset, and its replacement; lines end in a plain newline."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFix:
    """A fix of one finding.

    `edits` do not overlap. `safety` is that of this fix, which may be less safe than others of its rule; `why` is then one
    clause that the user has to agree to. `note` is what is left for the user to do. `keeps_upgrade` is True if upgrade() must do
    what it did; `proof` is called with the migration as read again, and raises NoFix where that does not do what was meant.
    `otherwise` is what to try where this one does not hold. `leaves` are codes of warnings that it may bring: what becomes
    shorter or unique again refuses rows written since, and yet that is the way back.
    """

    edits: tuple[TextEdit, ...]
    safety: FixSafety = FixSafety.SAFE
    why: str = ""
    note: str = ""
    keeps_upgrade: bool = False
    proof: Callable[[Migration], None] | None = None
    otherwise: ProposedFix | None = None
    leaves: frozenset[str] = frozenset()


def apply(text: str, edits: tuple[TextEdit, ...], newline: str) -> str:
    """Return the text with the edits made. Raises NoFix if they overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            raise NoFix("its edits overlap")
        parts += [text[at : edit.start], edit.text.replace("\n", newline)]
        at = edit.end
    return "".join([*parts, text[at:]])
