"""Which statement of an upgrade took rows or values away, or made what a rollback finds changed, by what was executed.

Statements are read as the linter reads raw SQL. A table may be renamed on the way, or rebuilt: what it held is copied to a new
table, which then takes its name. Effects are followed through both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import CatalogueObject, Schema, Table, qualified

if TYPE_CHECKING:
    from typing_extensions import Self

    from mrt_lint.model.ops import Op

REMOVED, OVERWRITTEN, REPLACED, COPIED = range(4)
"""How an effect takes values away, the surest first: rows that were deleted may be written again, and copies may be whole."""
SURE = OVERWRITTEN
OF_A_BATCH = "_alembic_tmp_"  # how the tables begin to which batch mode copies rows
OF_ROWS = frozenset({"create_table", "insert", "update", "delete", "truncate", "drop_table"})


@dataclass(frozen=True, slots=True)
class Effect:
    """One operation of an executed statement, its line in the migration, and how many rows it changed."""

    line: int
    op: Op
    rows: int

    @property
    def kind(self) -> str:
        """The operation's name."""
        return self.op.op


@dataclass(frozen=True, slots=True)
class Culprit:
    """The line that brought something about; `is_sure` where no other operation comes into question."""

    line: int
    is_sure: bool = True


@dataclass(slots=True)
class TableLives:
    """Which tables bore a name one after the other, each with a number; 0 is the one that bore it before the upgrade.

    `heirs` are those numbers whose rows come from it, `acts` the effects on them, each with the number of the table.
    """

    name: str
    numbers: dict[str, int] = field(default_factory=dict)
    bore: dict[int, set[str]] = field(default_factory=dict)
    acts: list[tuple[int, Effect]] = field(default_factory=list)
    copies: dict[int, tuple[int, Effect]] = field(default_factory=dict)
    made: dict[int, Effect] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers, self.bore = {self.name: 0}, {0: {self.name}}

    def take(self, effect: Effect) -> None:
        """Follow one effect."""
        from mrt_lint.model.ops import RenameTable  # noqa: PLC0415  what read the statements has imported it

        op, name = effect.op, _name_of(effect.op)
        if isinstance(op, RenameTable) and name in self.numbers:
            new = str(op.new_table).lower()
            number = self.numbers[new] = self.numbers.pop(name)
            self.bore[number].add(new)
            return
        if effect.kind == "create_table" and name and name not in self.numbers:
            number = self.numbers[name] = len(self.bore)
            self.bore[number], self.made[number] = {name}, effect
        known = self.numbers.get(name)
        if known is None:
            return
        self.acts.append((known, effect))
        if effect.kind in {"create_table", "insert"}:
            self._note_copy(known, effect)
        elif effect.kind == "drop_table":
            del self.numbers[name]

    def _note_copy(self, target: int, effect: Effect) -> None:
        from mrt_lint.model.ops import CreateTable, Insert  # noqa: PLC0415  as above

        op = effect.op
        tables = op.source_tables if isinstance(op, CreateTable | Insert) else ()
        sources = [self.numbers.get(str(table).lower()) for table in tables]
        source = next((number for number in sources if number is not None and number != target), None)
        is_by_hand = isinstance(op, Insert) and not op.query
        if source is not None and target not in self.copies:
            self.copies[target] = source, effect
        # Python writes what it has read of the first table, which is still there
        elif is_by_hand and target and target not in self.copies and 0 in self.numbers.values():
            self.copies[target] = 0, effect

    @property
    def heirs(self) -> list[int]:
        """The numbers of the tables that hold the rows one after the other."""
        found = [0]
        for number in self.bore:
            if number in self.copies and self.copies[number][0] in found and self.name in self.bore[number]:
                found.append(number)
        return found


@dataclass(slots=True)
class ExecutedUpgrade:
    """What an upgrade executed: the most rows that each statement changed, by its line and text, in the order of execution.

    `tables` and `objects` are those that were there before it.
    """

    statements: Mapping[tuple[int, str], int]
    dialect: str
    tables: Collection[Table] = ()
    objects: Collection[CatalogueObject] = ()
    _lives: dict[str, TableLives] = field(default_factory=dict)
    _effects: list[Effect] | None = None

    @classmethod
    def of(cls, statements: Mapping[tuple[int, str], int], schema: Schema) -> Self:
        """Return what a step executed. schema: the one that it found."""
        return cls(statements, schema.dialect, schema.tables, schema.objects)

    @property
    def effects(self) -> list[Effect]:
        """What the statements did; they are read where that is asked for first."""
        if self._effects is None:
            from mrt_lint.parse.sql.expand import read_sql  # noqa: PLC0415  slow to import, and few revisions fail

            self._effects = [
                Effect(line, op, rows) for (line, text), rows in self.statements.items() for op in read_sql(text, self.dialect)
            ]
        return self._effects

    def follow(self, table: str) -> TableLives:
        """Return what became of a table."""
        name = table.lower()
        if name not in self._lives:
            lives = self._lives[name] = TableLives(name)
            for effect in self.effects:
                lives.take(effect)
        return self._lives[name]

    def find_loss(self, label: str, column: str | None) -> Culprit | None:
        """Return what took the values of a column, or without one the rows of a table. label: the table's, with its schema."""
        table = label.rpartition(".")[2]
        found = self._of_values(table, column.lower()) if column else self._of_rows(table)
        best = min(found, key=lambda one: one[0], default=None)
        if best is not None:
            return Culprit(best[1].line, is_sure=best[0] <= SURE or column is None)
        return self._find_cascade(label) if column is None else None

    def find_inserting(self, table: str) -> list[int]:
        """Return the lines that inserted rows into a table."""
        return sorted({one.line for one in self.effects if one.kind == "insert" and one.rows and _name_of(one.op) == table.lower()})

    def _of_rows(self, table: str) -> Iterator[tuple[int, Effect]]:
        lives = self.follow(table)
        heirs = lives.heirs
        for number, effect in lives.acts:
            if number not in heirs:
                continue
            is_removing = effect.kind == "truncate" or (effect.kind == "delete" and effect.rows)
            if is_removing or (effect.kind == "drop_table" and not self._is_inherited(lives, number, heirs)):
                yield REMOVED, effect
            elif number and effect is lives.copies[number][1]:
                yield COPIED, effect

    def _of_values(self, table: str, column: str) -> Iterator[tuple[int, Effect]]:
        from mrt_lint.model.ops import AlterColumn  # noqa: PLC0415  as above

        lives = self.follow(table)
        heirs = lives.heirs
        for number, effect in lives.acts:
            if number not in heirs:
                continue
            if number and effect is lives.copies[number][1]:
                rank, column = _copy(effect.op, column)
                yield rank, effect
            elif effect.kind == "drop_table" and not self._is_inherited(lives, number, heirs):
                yield REMOVED, effect
            elif effect.kind in {"delete", "truncate"} and effect.rows:
                yield REPLACED, effect
            elif effect.kind == "update" and effect.rows and _writes(effect.op, column, otherwise=False):
                yield OVERWRITTEN, effect
            elif effect.kind == "drop_column" and _column_of(effect.op) == column:
                yield REMOVED, effect
            elif isinstance(effect.op, AlterColumn) and _column_of(effect.op) == column:
                new = effect.op.new_column
                column = new.lower() if isinstance(new, str) else column

    def _is_inherited(self, lives: TableLives, number: int, heirs: Collection[int]) -> bool:
        """Whether the rows of a table that is dropped are in another one."""
        return any(other in heirs and lives.copies[other][0] == number for other in lives.copies)

    def _find_cascade(self, label: str) -> Culprit | None:
        """Return the only line that deletes rows which those of a table hang on."""
        deleting = [one for one in self.effects if one.kind == "truncate" or (one.kind == "delete" and one.rows)]
        needed = {parent.rpartition(".")[2].lower() for parent in self._find_needed(label)}
        lines = {effect.line for effect in deleting if _name_of(effect.op) in needed}
        return Culprit(min(lines)) if len(lines) == 1 else None

    def _find_needed(self, label: str) -> set[str]:
        """Return the labels of the tables that a table refers to, however many in between."""
        tables = {table.label: table for table in self.tables}
        found, pending = set[str](), [label]
        while pending:
            table = tables.get(pending.pop())
            keys = table.foreign_keys if table is not None else ()
            new = {qualified(key.referred_table, key.referred_schema) for key in keys} - found
            found |= new
            pending += new
        return found

    def find_rebuilding(self, table: str, names: Iterable[str]) -> Culprit | None:
        """Return what changed a table that was rebuilt by hand: what names one of its parts, or else what made the new one."""
        lives = self.follow(table)
        made = [lives.made[number] for number in lives.heirs[1:]]
        made = [effect for effect in made if not _name_of(effect.op).startswith(OF_A_BATCH)]
        if not made:
            return None
        wanted = {name.lower() for name in names}
        named = (
            effect
            for number, effect in lives.acts
            if number in lives.heirs and effect.kind not in OF_ROWS
            if wanted & {_column_of(effect.op), str(getattr(effect.op, "constraint", "")).lower()}
        )
        return Culprit(next(named, made[0]).line)

    def find_object(self, kind: str, label: str, *, is_left: bool) -> Culprit | None:
        """Return what made an object that is no table, or what dropped or changed it."""
        name = label.partition("(")[0].rpartition(".")[2].strip('"').lower()
        wanted = ("create",) if is_left else ("drop", "alter", "add", "rename", "create")
        named = [one for one in self.effects if name == str(getattr(one.op, "enum", "")).lower() or name == _bare_name(one.op)]
        found = [one for word in wanted for one in named if one.kind.startswith(f"{word}_")]
        alike = [one for one in found if getattr(one.op, "kind", kind) == kind]
        return next((Culprit(one.line) for one in (*alike, *found)), None if is_left else self._find_along(kind, label))

    def _find_along(self, kind: str, label: str) -> Culprit | None:
        """Return what dropped something with CASCADE that an object names which was there before."""
        definition = next((one.definition for one in self.objects if (one.kind, one.label) == (kind, label)), "")
        words = {word.lower() for word in re.findall(r"\w+", definition)}
        cascading = (one for one in self.effects if one.kind.startswith("drop_") and getattr(one.op, "cascade", False))
        return next((Culprit(one.line) for one in cascading if {_name_of(one.op), _bare_name(one.op)} & words), None)


def _bare_name(op: Op) -> str:
    """Return the name of the object that an operation is about; empty for one without."""
    return str(getattr(op, "name", "")).lower()


def _name_of(op: Op) -> str:
    """Return the table that an operation is about; empty without one."""
    table = getattr(op, "table", "")
    return table.lower() if isinstance(table, str) else ""


def _column_of(op: Op) -> str:
    """Return the one column that an operation is about; empty without one."""
    column = getattr(op, "column", "")
    return column.lower() if isinstance(column, str) else ""


def _copy(op: Op, column: str) -> tuple[int, str]:
    """Return what copying rows to another table does to the values of a column, and the name that they have there."""
    flows = getattr(op, "flows", None)
    if not isinstance(flows, tuple) or not flows:
        return COPIED if _writes(op, column, otherwise=True) else REMOVED, column
    found = [flow for flow in flows if str(flow.source).lower() == column]
    names = [str(flow.column).lower() for flow in found]
    name = column if column in names or not names else names[0]
    return COPIED if any(flow.copied for flow in found) else REMOVED, name


def _writes(op: Op, column: str, *, otherwise: bool) -> bool:
    """Whether an operation writes to a column. otherwise: where its columns are not known."""
    columns = getattr(op, "columns", ())
    if not isinstance(columns, tuple) or not columns or not all(isinstance(name, str) for name in columns):
        return otherwise
    return column in {name.lower() for name in columns}
