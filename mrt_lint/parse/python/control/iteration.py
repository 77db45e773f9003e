"""What a loop runs over."""

from __future__ import annotations

from mrt_lint.model.values import HOLE
from mrt_lint.parse.python.convert import CONTAINERS
from mrt_lint.parse.python.library.elements import OrmRow, OrmRows, SelectElement
from mrt_lint.parse.python.objects import EnumMember, GeneratorCall, LocalClass, PossibleItem, Value
from mrt_lint.parse.python.run import MAX_TURNS, FunctionRun


def iterate(run: FunctionRun, value: Value) -> list[Value] | None:
    """Return the turns of a loop over `value`, a Maybe for each that may not come; None if the sequence cannot be read."""
    if isinstance(value, (*CONTAINERS, str, range)):
        if len(value) > MAX_TURNS or (isinstance(value, str) and HOLE in value):
            return None
        # a set has no order of its own: without this one, two runs would list the operations differently
        return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else list(value)
    if isinstance(value, LocalClass) and value.inherits("Enum", "IntEnum", "StrEnum"):
        return [member for member in value.scope.names.values() if isinstance(member, EnumMember)]
    if isinstance(value, OrmRows):
        return [PossibleItem(value.row)]
    if isinstance(value, SelectElement) and value.query and value.rows:
        return [PossibleItem(OrmRow(value.tables[0], value.nulls))]
    if isinstance(value, GeneratorCall):
        turns: list[Value] = []
        run.produce(run, value, turns.append)
        return turns
    return None
