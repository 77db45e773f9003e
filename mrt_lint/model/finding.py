"""What a rule reports. Standard library only."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from mrt_lint.escape import printable
from mrt_lint.model.lean import dataclass

if TYPE_CHECKING:
    from mrt_lint.model.values import SourceSpan


class Severity(str, enum.Enum):
    """An error loses data or breaks the rollback; a warning hurts in production or may."""

    ERROR = "error"
    WARNING = "warning"


class Consequence(str, enum.Enum):
    """What a rule's pattern comes to, the worst first. Each rule declares one; reports order and count by it."""

    ROLLBACK_FAILS = "rollback fails"
    ROLLBACK_LOSES_DATA = "rollback loses data"
    ROLLBACK_LEAVES_THINGS = "rollback leaves things"
    DEPLOY_FAILS = "deploy fails"
    DEPLOY_BLOCKS = "deploy blocks"
    OLD_RELEASE_BREAKS = "old release breaks"
    HYGIENE = "hygiene"

    @property
    def rank(self) -> int:
        """Return 0 for the worst, and one more for each that is less bad."""
        return list(Consequence).index(self)


class FixSafety(str, enum.Enum):
    """A safe fix keeps what the author meant; an unsafe one may change it, and is made only on request."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule reports: where, what happens to what, and what to write instead; `fix` is the kind of fix its rule has.

    `table_rows` is about how many rows the locked table has, where that is known, `size` the end of the message that says so.
    """

    path: str
    place: SourceSpan
    code: str
    name: str
    severity: Severity
    consequence: Consequence
    revision: str | None
    message: str
    instead: str
    fix: FixSafety | None = None
    table_rows: int | None = None
    size: str = ""

    def __str__(self) -> str:
        return printable(f"{self.path}:{self.place.line}:{self.place.column}: {self.code} {self.name}: {self.message}")
