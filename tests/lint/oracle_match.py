"""Whether what was lifted is what was recorded, UNKNOWN and HOLE standing for anything."""

import dataclasses
import re

from mrt_lint.model import ops
from mrt_lint.model.values import HOLE, UNKNOWN

MARKS = frozenset(
    [
        "origin",
        "dialects",
        "certain",
        "autocommit",
        "sql",
        "batch",
        "batch_number",
        "rebuild",
        "complete",
        "caught",
        "caught_too_early",
        "elsewhere",
        "savepoint",
        "datetime",
        "repeated",
        "bound",
        "checks_first",
        "options",
        "restarts",
    ]
)
"""Fields that say how something was read or under which guard it stands."""

UNTOLD = frozenset(
    [
        *("texts", "source_columns", "conditions", "tests", "source_tables", "query", "source", "sqlite_autoincrement"),
        *("values", "writes"),
    ]
)
"""Fields that the recording does not hold."""


def fits(lifted, recorded):
    """Whether a lifted value may be the recorded one."""
    if lifted is UNKNOWN or recorded is UNKNOWN:
        return True
    if isinstance(lifted, str) and isinstance(recorded, str):
        if HOLE in lifted:
            return re.fullmatch(".*".join(map(re.escape, lifted.split(HOLE))), str(recorded), re.DOTALL) is not None
        return lifted == str(recorded)
    if isinstance(lifted, tuple) and isinstance(recorded, tuple):
        return len(lifted) == len(recorded) and all(map(fits, lifted, recorded))
    if dataclasses.is_dataclass(lifted) and type(lifted) is type(recorded):
        return not list(differences(lifted, recorded))
    return type(lifted) is type(recorded) and lifted == recorded


def differences(lifted, recorded):
    """The fields in which two operations differ."""
    if type(lifted) is not type(recorded):
        yield f"{type(lifted).__name__} is not {type(recorded).__name__}"
        return
    incomplete = isinstance(lifted, ops.CreateTable) and not lifted.complete
    for spec in dataclasses.fields(lifted):
        if spec.name in MARKS or spec.name in UNTOLD or (incomplete and spec.name in ("columns", "constraints")):
            continue
        one, other = getattr(lifted, spec.name), getattr(recorded, spec.name)
        if spec.name == "constraints" and other is not UNKNOWN:
            one, other = sorted(one, key=repr), sorted(other, key=repr)
            one, other = tuple(one), tuple(other)
        if not fits(one, other):
            yield f"{spec.name}: {one!r} is not {other!r}"


def disagreement(lifted, recorded, dialect, *, blind=False):
    """The first thing in which a function's lifted operations and its recording differ, or None.

    Every recorded operation must have been lifted, in order; every certain lifted one must have been recorded. `blind` says that some
    calls could not be read, so that more may have been recorded than lifted.
    """
    mine = [op for op in lifted if (op.dialects is None or dialect in op.dialects) and not op.sql and not _is_silent(op, dialect)]
    reached = _align(mine, recorded, blind=blind)
    if reached is None:
        return None
    at, left = reached
    if at == len(recorded):
        return f"lifted but not recorded: {mine[left]}" if left < len(mine) else "the order differs"
    if left == len(mine):
        return f"recorded but not lifted: {recorded[at]}"
    return f"{mine[left]} beside {recorded[at]}: {'; '.join(differences(mine[left], recorded[at]))}"


def _is_silent(op, dialect):
    """A batch is no operation to Alembic, and an enum type is an object of its own on PostgreSQL alone: elsewhere it is nothing."""
    return isinstance(op, ops.BatchAlterTable) or (
        dialect != "postgresql" and isinstance(op, (ops.CreateObject, ops.DropObject)) and op.kind == "enum"
    )


def _align(mine, recorded, *, blind):
    """None where the two fit; otherwise how far they do (furthest recorded, furthest lifted)."""
    furthest = (0, 0)
    seen = set()
    stack = [(0, 0)]
    while stack:
        at, left = stack.pop()
        if (at, left) in seen:
            continue
        seen.add((at, left))
        furthest = max(furthest, (at, left))
        if at == len(recorded) and left == len(mine):
            return None
        if left < len(mine) and (not mine[left].certain or isinstance(mine[left], ops.Raise | ops.InvalidCall)):
            stack.append((at, left + 1))
        if blind and at < len(recorded):
            stack.append((at + 1, left))
        if at < len(recorded) and left < len(mine) and not list(differences(mine[left], recorded[at])):
            stack.append((at + 1, left + 1))
            if not mine[left].certain:
                stack.append((at + 1, left))
    return furthest
