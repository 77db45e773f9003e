"""What keeps an operation from running at its place, as a value whose kind rules look at."""

from __future__ import annotations

from enum import Enum

from mrt_lint.model.lean import dataclass


class ConflictKind(Enum):
    """Why a database refuses an operation."""

    ABSENT = "what it needs is not there"
    NEEDED = "something else needs what it takes away or changes"
    MISFIT = "the columns of a foreign key differ in their types"
    NO_KEY = "a foreign key points to columns of which no key ever was"
    UNREFRESHABLE = "a materialized view has no unique index to be refreshed by"
    EXISTING = "what it makes is there"
    EXISTING_TYPE = "an enum type that create_table makes along with its table is there"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One clause that says why an operation fails, and its kind; `enum` is the type of an `EXISTING_TYPE`."""

    kind: ConflictKind
    clause: str
    enum: str = ""
