"""What an ALTER switches off and on: triggers, rules, row level security, keys, options of a table."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.history.schema import place
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AlterObject
from mrt_lint.model.values import UNKNOWN

_SWITCH: Final = re.compile(
    r"(?P<state>ENABLE(?: REPLICA| ALWAYS)?|DISABLE|NO FORCE|FORCE|(?:WITH (?:NO)?CHECK )?(?:NO)?CHECK|SET|RESET)\b\s*(?P<of>.*)"
)
_OPTION: Final = re.compile(r"([\w.]+)\s*(?:=[^,]*)?(?:,|$)")
_OPPOSITES: Final = {
    "ENABLE": "DISABLE",
    "ENABLE REPLICA": "DISABLE",
    "ENABLE ALWAYS": "DISABLE",
    "DISABLE": "ENABLE",
    "FORCE": "NO FORCE",
    "NO FORCE": "FORCE",
    "CHECK": "NOCHECK",
    "WITH CHECK CHECK": "NOCHECK",
    "WITH NOCHECK CHECK": "NOCHECK",
    "NOCHECK": "WITH CHECK CHECK",
    "SET": "RESET",
}
"""What ends each state; what an option was before RESET is not known."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """A state and what gets it: `ENABLE` and `TRIGGER USER`, `SET` and `(FILLFACTOR)`."""

    state: str
    of: str

    def is_ended_by(self, later: _Switch) -> bool:
        """Return whether another one brings back what was there before this one."""
        ends = _OPPOSITES.get(self.state)
        return self.of == later.of and ends is not None and (later.state == ends or _OPPOSITES.get(later.state) == self.state)


def opposite(op: AlterObject) -> str | None:
    """Return the action that takes back the one of an ALTER, None for one that switches nothing."""
    switch = _switch(op)
    state = _OPPOSITES.get(switch.state) if switch is not None else None
    return f"{state} {switch.of}".rstrip() if switch is not None and state is not None else None


def switches_back(case: MigrationCase, op: AlterObject) -> bool:
    """Return whether upgrade() ends with what it began with, for all that an ALTER switches.

    A name that could not be read is taken for the same one: each loop is over the same tables.
    """
    mine = _switch(op)
    if mine is None:
        return False
    same = [other for other in case.migration.upgrade_ops if isinstance(other, AlterObject) and _is_alike(op, other)]
    switches = [(other, switch) for other in same if (switch := _switch(other)) is not None and switch.of == mine.of]
    (first, before), (last, after) = switches[0], switches[-1]
    return before.is_ended_by(after) and (last.certain or not first.certain)


def _is_alike(op: AlterObject, other: AlterObject) -> bool:
    names = [place(each.schema, each.name) if isinstance(each.name, str) else UNKNOWN for each in (op, other)]
    return op.kind == other.kind and names[0] == names[1]


def _switch(op: AlterObject) -> _Switch | None:
    found = _SWITCH.fullmatch(" ".join(op.action.split())) if isinstance(op.action, str) else None
    if found is None:
        return None
    of = found["of"]
    if found["state"] in {"SET", "RESET"}:
        if not (of.startswith("(") and of.endswith(")")):
            return None
        of = f"({', '.join(sorted(_OPTION.findall(of[1:-1])))})"
    return _Switch(found["state"], of)
