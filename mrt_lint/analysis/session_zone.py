"""The time zone of PostgreSQL's session, which decides what a TIMESTAMP is that gets or loses a zone."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.ops import AlterColumn, Op, Statement
from mrt_lint.model.values import SqlType

_ZONE: Final = re.compile(r"\bAT\s+TIME\s+ZONE\b|\btimezone\s*\(", re.IGNORECASE)
_MICROSECONDS: Final = 6
_SETS: Final = re.compile(r"\bSET\s+(LOCAL\s+|SESSION\s+)?TIME\s*ZONE\b|\bset_config\s*\(\s*'timezone'", re.IGNORECASE)
_UTC: Final = re.compile(r"'?\b(Etc/)?(UTC|GMT|UCT|Zulu|Greenwich|Universal)\b'?", re.IGNORECASE)
"""Zones that are never off UTC, for which PostgreSQL keeps the rows as they are: TimestampTimestampTzRequiresRewrite()."""


def sets_session_zone(case: MigrationCase, op: Op, *, to_utc: bool = False) -> bool:
    """Return whether the function that contains an operation sets the session's time zone before; `to_utc`: to UTC."""
    earlier = takewhile(lambda other: other is not op, case.function_of(op))
    settings = [other.text for other in earlier if isinstance(other, Statement) and _SETS.search(other.text)]
    return bool(settings) and (not to_utc or _UTC.search(settings[-1]) is not None)


def changes_zone(former: SqlType, new: SqlType) -> bool:
    """Return whether a TIMESTAMP has a time zone in one of two types only."""
    return former.name == new.name == "TIMESTAMP" and (former.timezone is True) != (new.timezone is True)


def keeps_moments(former: SqlType, new: SqlType) -> bool:
    """Return whether only the time zone changes, for which PostgreSQL rewrites nothing where the session's is UTC.

    Digits of a second that the new type cuts off make it write every row again.
    """
    return changes_zone(former, new) and new.args in {(), (_MICROSECONDS,)}


def names_zone(op: AlterColumn) -> bool:
    """Return whether USING says in which time zone the values are, so that the way back finds each of them again."""
    return isinstance(op.using, str) and _ZONE.search(op.using) is not None
