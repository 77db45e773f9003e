"""What became of the rows of one table, by reading two databases side by side in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mrt_runtime.compare.json_value import is_json_column
from mrt_runtime.compare.row_difference import REWRITTEN, SAMPLES, WIDTH, Excuse, ValueChange
from mrt_runtime.compare.rows import form_of
from mrt_runtime.compare.schema import Table
from mrt_runtime.verdict import Failure

StreamedRow: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...]]
WHEN = "after rollback"


@dataclass(slots=True)
class MergedRows:
    """What was counted so far, and the first of each kind in words."""

    total: int = 0
    lost: int = 0
    extra: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add_sample(self, what: tuple[str, str], text: str) -> None:
        """Keep the words for one of the first rows of a kind."""
        kept = self.samples.setdefault(what, [])
        if len(kept) < SAMPLES:
            kept.append(text)


@dataclass(frozen=True, slots=True)
class RowMerge:
    """Compares the rows of `table` as they were, in `columns`, with those that are there now in `shared`.

    excuse: what explains a change that is no loss. shows_values: whether rows are quoted, which are users' data.
    """

    table: Table
    key: Sequence[str]
    columns: Sequence[str]
    shared: Sequence[str]
    excuse: Excuse
    shows_values: bool = False

    def compare(self, old: Iterable[StreamedRow], new: Iterable[StreamedRow]) -> tuple[list[Failure], list[str]]:
        """Return the failures and the notes; both streams are read once and are never kept."""
        found = MergedRows()
        mine, others = iter(old), iter(new)
        was, now = next(mine, None), next(others, None)
        while was is not None or now is not None:
            if now is None or (was is not None and was[0] < now[0]):
                assert was is not None  # noqa: S101  one of the two is a row
                found.total += 1
                found.lost += 1
                found.add_sample(("", "lost"), self._name(was[1], self.columns))
                was = next(mine, None)
            elif was is None or now[0] < was[0]:
                found.extra += 1
                found.add_sample(("", "extra"), self._name(now[1], self.shared))
                now = next(others, None)
            else:
                found.total += 1
                self._pair(found, was[1], now[1])
                was, now = next(mine, None), next(others, None)
        return list(self._failures(found)), list(self._note(found))

    def _pair(self, found: MergedRows, was: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        here = dict(zip(self.shared, now, strict=True))
        for column, value in zip(self.columns, was, strict=True):
            other = here.get(column)
            if value is other or repr(value) == repr(other):
                continue
            excuse = self._explain(column, value, other)
            if excuse is not None:
                found.notes[column, excuse] += 1
                continue
            what = (column, "lost" if other is None else "changed")
            found.changes[what] += 1
            found.add_sample(what, f"{self._name(was, self.columns)}: {shorten(value)} → {shorten(other)}")

    def _explain(self, column: str, was: Any, now: Any) -> str | None:
        definition = self.table.column(column)
        is_json = definition is not None and is_json_column(definition, self.table)
        if form_of(was, is_json=is_json) == form_of(now, is_json=is_json):
            return "" if is_json else REWRITTEN
        return self.excuse(ValueChange(self.table.label, column, was, now)) if column in self.shared else None

    def _name(self, values: Sequence[Any], columns: Sequence[str]) -> str:
        """Return the words for a row: its key, or else all of it."""
        named = dict(zip(columns, values, strict=True))
        return ", ".join(f"{name} = {shorten(named[name])}" for name in (self.key or columns) if name in named)

    def _failures(self, found: MergedRows) -> Iterator[Failure]:
        label = self.table.label
        if found.lost:
            yield self._fail(found, ("", "lost"), f"Table '{label}': {found.lost}/{found.total} rows lost {WHEN}")
        if found.extra:
            rows = "row" if found.extra == 1 else "rows"
            yield self._fail(found, ("", "extra"), f"Table '{label}': {found.extra} {rows} left behind {WHEN}")
        for column in self.columns:
            for what in ("lost", "changed"):
                count = found.changes[column, what]
                if count:
                    message = f"Column '{label}.{column}': {count}/{found.total} values {what} {WHEN}"
                    yield self._fail(found, (column, what), message)

    def _fail(self, found: MergedRows, what: tuple[str, str], message: str) -> Failure:
        evidence = tuple(found.samples.get(what, ())) if self.shows_values else ()
        return Failure(kind="data-loss", message=message, table=self.table.label, column=what[0] or None, evidence=evidence)

    def _note(self, found: MergedRows) -> Iterator[str]:
        for (column, words), count in found.notes.items():
            if words:
                yield f"Column '{self.table.label}.{column}': {count}/{found.total} values {words} {WHEN}"


def shorten(value: object) -> str:
    """Return a value as a report shows it."""
    text = "NULL" if value is None else repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}… ({len(text)} characters)"
