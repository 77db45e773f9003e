"""Which values a column holds before an upgrade that its downgrade looks for: an application wrote them, or only may have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table
from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import find_listed, parse_statements, read_condition
from mrt_runtime.seed.statement_conditions import find_conditions
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Raw

if TYPE_CHECKING:
    from sqlglot import exp

UPDATES = re.compile(r"\bUPDATE\b", re.IGNORECASE)


@dataclass(frozen=True)
class HeldValues:
    """What an upgrade writes to the columns of a table and asks of them, and what earlier migrations say of the same columns.

    earlier: the files before it.
    """

    table: Table
    reading: CodeReading
    grammar: str
    earlier: Sequence[str] = ()

    @cached_property
    def written(self) -> dict[str, list[Raw]]:
        """The constants that each column is given."""
        found: dict[str, list[Raw]] = {}
        names = {column.name.lower(): column.name for column in self.table.columns}
        pairs = [*_read_updates(self.reading, self.table, self.grammar), *self.reading.assigned]
        for name, constant in pairs:
            if name.lower() in names:
                found.setdefault(names[name.lower()], []).append(constant)
        return found

    @cached_property
    def _conditions(self) -> list[str]:
        return list(dict.fromkeys(find_conditions(self.reading, self.table, self.grammar)))

    @cached_property
    def _asked(self) -> set[tuple[str, str]]:
        """Each column with the constants that rows are chosen by, as texts."""
        listed = [pair for one in self._conditions for pair in find_listed(one, self.grammar).items()]
        found = {(name.lower(), str(constant)) for name, constants in listed for constant in constants}
        return found | {(name.lower(), str(constant)) for name, constant in self.reading.compared}

    @cached_property
    def _choosing(self) -> set[str]:
        """The columns by which rows are chosen that hold a certain value."""
        names = [column.name for column in self.table.columns]
        read = (read_condition(one, names, self.grammar) for one in self._conditions)
        found = {name.lower() for one in read if one.constants for name in one.columns}
        return found | {name for name, _ in self._asked}

    def is_shown(self, name: str, value: Value, *, deletes: bool) -> bool:
        """Whether migrations show that a column holds the value before the upgrade.

        The upgrade chooses rows by it, an earlier migration names it, or it fills other rows with it, as with a default; where
        it writes the value in place of a certain other one, or not at all, the value may be a new one. A number is one of many,
        unless the downgrade only deletes it.
        """
        column = self.table.column(name)
        if column is None or (name.lower(), str(value)) in self._asked:
            return True
        if not isinstance(value, str):
            return not deletes or name in self.written
        is_filled = name.lower() not in self._choosing and value in self.written.get(name, ())
        is_default = value in re.findall(r"'([^']*)'", column.default or "")
        return is_filled or is_default or any(_names(file, self.table.name, name, value) for file in self.earlier)


def _names(file: str, *words: str) -> bool:
    """Whether a file holds a table, a column and, in quotes, a value."""
    parsed = parse_file(file)
    source = parsed[0].decode(errors="replace") if parsed is not None else ""
    *names, value = words
    return all(name in source for name in names) and any(f"{mark}{value}{mark}" in source for mark in "'\"")


def _read_updates(reading: CodeReading, table: Table, grammar: str) -> Iterator[tuple[str, Raw]]:
    """Yield each column of the table with the constant that an UPDATE writes to it."""
    for tree in parse_statements(reading.statements, UPDATES, table.name, grammar):
        if type(tree).__name__ == "Update" and tree.this.name.lower() == table.name.lower():
            for one in tree.expressions:
                constants = list(_read_constants(one.expression))
                if len(constants) == 1:
                    yield one.this.name, constants[0]


def _read_constants(node: exp.Expr | None) -> Iterator[Raw]:
    """Yield the constant that an expression is."""
    kind = type(node).__name__
    if node is not None and kind == "Literal":
        yield node.name if node.is_string else _as_number(node.name)
    elif node is not None and kind == "Boolean":
        yield bool(node.this)


def _as_number(text: str) -> Raw:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def name_set(reading: CodeReading, table: Table, grammar: str) -> Collection[str]:
    """Return the lower-case names of what UPDATE statements on the table, or Python, write to."""
    trees = parse_statements(reading.statements, UPDATES, table.name, grammar)
    found = {one.this.name.lower() for tree in trees if type(tree).__name__ == "Update" for one in tree.expressions}
    return found | {name.lower() for name, _ in reading.assigned}
