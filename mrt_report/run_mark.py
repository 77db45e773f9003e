"""What a run says about a finding."""

from __future__ import annotations

from typing import Final, NamedTuple

CONFIRMED: Final = "confirmed"
REFUTED: Final = "refuted"
NOT_MET: Final = "not met"


class RunMark(NamedTuple):
    """One of the three words, and why in a clause."""

    word: str
    why: str
