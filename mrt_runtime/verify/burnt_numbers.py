"""Numbers that an upgrade took and its rollback left unused: a second upgrade in the same run is to hand them out again.

Otherwise the rows that migrations insert would have other keys for each revision that was verified before, and a later one that
names them by these would be judged in another way than alone.
"""

from __future__ import annotations

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.verify.moved_position import read_numbers


def find_burnt(before: Rows, after: Rows) -> dict[tuple[str, ...], int]:
    """Return the number that each position had before the upgrade, by its key, where it went on and no row has one since."""
    now = {position.key: position for position in after.positions}
    pairs = ((old, now[old.key]) for old in before.positions if old.key in now)
    return {old.key: old.next for old, new in pairs if _is_burnt(old, new, after)}


def _is_burnt(old: SequencePosition, new: SequencePosition, after: Rows) -> bool:
    if new.step < 1 or new.next <= old.next:
        return False
    span = range(old.next, new.next)
    return not any(number in span for number in read_numbers(new, after))
