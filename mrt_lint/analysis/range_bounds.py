"""Values that become bounds of ranges and are taken out of them again."""

from __future__ import annotations

from typing import Final

from mrt_lint.history.schema import fold
from mrt_lint.model.values import SqlType, ValueFlow

_HELD: Final = {
    "tstzrange": frozenset({"TIMESTAMP"}),
    "tsrange": frozenset({"TIMESTAMP"}),
    "numrange": frozenset({"SMALLINT", "INTEGER", "BIGINT", "NUMERIC"}),
}
"""The types of which a range of a function holds every value as it is."""


def is_taken_out(former: object, there: list[ValueFlow], back: list[ValueFlow]) -> bool:
    """Return whether a range keeps the values of a column of a type, and all that come back are the bound that they became."""
    if len(there) != 1 or not back or not isinstance(former, SqlType):
        return False
    function, _, bound = there[0].bound.partition(" ")
    # a time with a zone that becomes one without goes by the zone of the session
    is_held = former.name in _HELD.get(function, ()) and (
        former.name != "TIMESTAMP" or former.timezone is (function == "tstzrange")
    )
    target = fold(str(there[0].column))
    return is_held and all(flow.bound == bound and fold(str(flow.source)) == target for flow in back)
