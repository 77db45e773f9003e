"""What became of a migration that was stopped half way and run again. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfWayStop:
    """One stop: after the statement on `line` and before the one on `next_line`, which is None where no other one follows.

    failure: the error of running it again, empty where it ran through; `failed_line` is where. differences: how what it left
    then differs from what one run leaves.
    """

    line: int | None
    next_line: int | None
    statement: str = ""
    failure: str = ""
    failed_line: int | None = None
    differences: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether running it again came to what one run leaves."""
        return not self.failure and not self.differences

    @property
    def is_complete(self) -> bool:
        """Whether everything was done, and only not recorded: `alembic stamp` is all that is missing then."""
        return self.next_line is None


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfWayStep:
    """One function of a migration, stopped again and again. places: where a stop leaves something, as far as is known.

    reason: why none was tried, where that is not for want of such places.
    """

    name: str
    file: str = ""
    statements: int = 0
    places: int = 0
    stops: tuple[HalfWayStop, ...] = ()
    reason: str = ""

    @property
    def stuck(self) -> tuple[HalfWayStop, ...]:
        """The stops in the middle after which running it again does not come to where it should."""
        return tuple(stop for stop in self.stops if not stop.finished and not stop.is_complete)
