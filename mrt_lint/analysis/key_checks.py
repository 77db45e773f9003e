"""Where MySQL and MariaDB check no foreign keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mrt_lint.model.ops import Op, Statement

_CHECKS = re.compile(r"\bforeign_key_checks\b\s*:?=\s*(\w+)", re.IGNORECASE)


def unchecked(operations: Iterable[Op]) -> Iterator[Op]:
    """Yield the operations of a function that come while foreign_key_checks is off."""
    off = False
    for op in operations:
        if off:
            yield op
        if isinstance(op, Statement) and (found := _CHECKS.search(op.text)):
            off = found[1].upper() in {"0", "OFF", "FALSE"}
