"""How much a rule may ask of one migration: a few lines can describe more than can be computed in a few seconds."""

from __future__ import annotations

import math


class TooManyQuestionsError(Exception):
    """A rule asks more of a migration than can be computed in a few seconds."""


class QuestionBudget:
    """Counts the questions of a rule; without a grant there is no limit."""

    def __init__(self) -> None:
        self._granted = self._left = math.inf

    def grant(self, questions: int) -> None:
        """Allow so many more questions; the next one raises TooManyQuestionsError."""
        self._granted = self._left = questions

    def spend(self) -> None:
        """Count one question. Raises TooManyQuestionsError when none is left."""
        self._left -= 1
        if self._left < 0:
            raise TooManyQuestionsError

    @property
    def spent(self) -> int:
        """Return how many questions were asked since the last grant."""
        return int(self._granted - max(self._left, 0))
