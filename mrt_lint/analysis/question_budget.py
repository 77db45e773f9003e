"""How much the rules may ask of one migration, so that a check of a very long one ends."""

from __future__ import annotations

import math


class TooManyQuestionsError(Exception):
    """A rule asks more of a migration than is answered in a few seconds."""


class QuestionBudget:
    """Counts questions; without a grant, as many are answered as are asked."""

    def __init__(self) -> None:
        self._granted = self._left = math.inf

    def grant(self, questions: int) -> None:
        """Allow so many questions from now on."""
        self._granted = self._left = questions

    def spend(self) -> None:
        """Count a question. Raises TooManyQuestionsError where none is left."""
        self._left -= 1
        if self._left < 0:
            raise TooManyQuestionsError

    @property
    def spent(self) -> int:
        """The questions since the last grant."""
        return int(self._granted - max(self._left, 0))
