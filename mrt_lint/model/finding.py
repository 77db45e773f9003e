"""What a rule says. Standard library only."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from mrt_lint.escape import printable

if TYPE_CHECKING:
    from dataclasses import dataclass

    from mrt_lint.model.values import Place
else:
    from mrt_lint.model.lean import dataclass


class Severity(str, enum.Enum):
    """An error loses data or breaks the rollback; a warning hurts in production or may."""

    ERROR = "error"
    WARNING = "warning"


class Fix(str, enum.Enum):
    """A safe fix keeps what the author meant; an unsafe one may change it, and is made only where the user says so."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says: where, what happens to whom, and what to write instead; `fix` is the kind of fix its rule has."""

    path: str
    place: Place
    code: str
    name: str
    severity: Severity
    revision: str | None
    message: str
    instead: str
    fix: Fix | None = None

    def __str__(self) -> str:
        return printable(f"{self.path}:{self.place.line}:{self.place.column}: {self.code} {self.name}: {self.message}")
