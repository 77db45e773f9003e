"""What a rehearsal found. Standard library only, but for what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from mrt_runtime.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedRevision:
    """One revision: the verdict on its rollback, with what each of its steps took."""

    verdict: Verdict
    doc: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """The copy: the revisions that it was found at, what it holds, and what making it took.

    shows_locks: whether the database shows which locks migrations take. traffic: whether there was any, None where it was not
    asked for. subset: how many rows of each table were copied, with what they refer to; None where all were.
    """

    heads: tuple[str, ...]
    tables: int
    rows: int
    size: int
    seconds: float
    shows_locks: bool
    traffic: bool | None = None
    database: dict[str, str] = field(default_factory=dict)
    subset: int | None = None
