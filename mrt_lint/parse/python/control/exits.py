"""How a statement may be left, as bits, and what two ways through the code leave behind."""

from __future__ import annotations

from typing import Final

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import is_same
from mrt_lint.parse.python.objects import NameScope, Value

FALL: Final = 1
RETURN: Final = 2
BREAK: Final = 4
CONTINUE: Final = 8
RAISE: Final = 16
LEAVES: Final = RETURN | BREAK | CONTINUE
"""What casts doubt on the statements that follow; an exception does not, for it ends the migration."""


def join(scope: NameScope, others: list[dict[str, Value]]) -> None:
    """Leave in a scope what several ways through the code agree on; the rest is unknown."""
    first, *rest = others
    names = dict(first)
    for other in rest:
        for name in names.keys() | other.keys():
            if name not in names or name not in other or not is_same(names[name], other[name]):
                names[name] = UNKNOWN
    scope.names = names
