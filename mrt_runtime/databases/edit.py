"""Changes of a statement's text at places that are known from its tokens, so that all the rest stays as it was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that takes the place of what is between two offsets.

    note: a sentence for the result, where the user has to know. taken: roles of a PostgreSQL server that get a stand-in.
    """

    start: int
    end: int
    text: str
    note: str = ""
    taken: frozenset[str] = frozenset()

    def doubled(self) -> Edit:
        """Return the same edit in a string, where every quote is written twice."""
        return replace(self, text=self.text.replace("'", "''"))


def apply_edits(edits: Iterable[Edit], text: str) -> str:
    """Return the text with its edits, the last first; of two that overlap, the one that begins first is made."""
    made: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not made or edit.start >= made[-1].end:
            made.append(edit)
    # from the end, so that the offsets of those before still hold
    for edit in reversed(made):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
