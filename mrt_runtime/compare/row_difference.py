"""Which rows and values a rollback did not bring back, in sentences. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mrt_runtime.compare.rows import Fingerprint, Row, Rows, TableRows, fingerprinted, form_of
from mrt_runtime.verdict import Failure, RowExample

REWRITTEN = "written in another way as the same JSON"
NULLED = "changed from NULL to the JSON value null, so that IS NULL no longer finds them,"
EMPTIED = "changed from the JSON value null to NULL, so that IS NULL now finds them,"
SAMPLES = 3  # rows shown as evidence
Pair: TypeAlias = tuple[Row, Row]

WIDTH = 60  # characters shown of a value
LIKENESSES = 40_000  # pairs of rows without a key that are weighed; beyond it the search would cost more than it shows


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that is not as it was."""

    table: str
    column: str
    was: Any
    now: Any


Excuse: TypeAlias = Callable[[ValueChange], str | None]
"""Returns what became of values whose change is a note and no loss ("became the time of this run"), "" for one that is not even a
note; None for all others."""


def compare(before: Rows, after: Rows, when: str = "after rollback") -> tuple[Failure, ...]:
    """Compare two readings of one database on what was there before; equal ones yield nothing.

    A table that was not there before is the schema's difference, not this one's. `when` ends the sentences.
    """
    return compare_excusing(before, after, lambda _: None, when)[0]


def compare_excusing(
    before: Rows, after: Rows, excuse: Excuse, when: str = "after rollback"
) -> tuple[tuple[Failure, ...], tuple[str, ...]]:
    """Compare as `compare` does, and return the failures, and what changed without a loss: by an excuse, or as the same JSON."""
    failures: list[Failure] = []
    notes: list[str] = []
    for label, old in before.tables.items():
        new = after.tables.get(label)
        if new is not old:
            for found in _table(old, new, excuse, when):
                if isinstance(found, Failure):
                    failures.append(found)
                else:
                    notes.append(found)
    return tuple(failures), tuple(notes)


def _table(old: TableRows, new: TableRows | None, excuse: Excuse, when: str) -> Iterator[Failure | str]:
    total = len(old.rows)
    if new is None:
        if total:
            yield _lost(old, old.rows, total, when)
        return
    # the table grew or shrank over the limit in between
    if old.hashed != new.hashed:
        old, new = fingerprinted(old), fingerprinted(new)
    pairs, lost, extra = _pairs(old, new)
    if lost:
        yield _lost(old, lost, total, when)
    if extra:
        message = f"Table '{old.table}': {len(extra)} {'row' if len(extra) == 1 else 'rows'} left behind {when}"
        examples = tuple(RowExample(before=None, after=_shown_row(new, row)) for row in extra[:SAMPLES])
        yield Failure(kind="data-loss", message=message, table=old.table, evidence=tuple(_samples(new, extra)), examples=examples)
    for column in old.columns:
        yield from _column(old, new, column, pairs, excuse=excuse, when=when)


def _lost(table: TableRows, rows: Sequence[Row], total: int, when: str) -> Failure:
    message = f"Table '{table.table}': {len(rows)}/{total} rows lost {when}"
    examples = tuple(RowExample(before=_shown_row(table, row), after=None) for row in rows[:SAMPLES])
    return Failure(kind="data-loss", message=message, table=table.table, evidence=tuple(_samples(table, rows)), examples=examples)


def _pairs(old: TableRows, new: TableRows) -> tuple[list[Pair], list[Row], list[Row]]:
    """Pair each old row with what became of it; the rest are lost, or were not there before."""
    shared = [name for name in old.columns if name in new.columns]
    pairs, lost, extra = _match(old, new, shared, old.rows, new.rows)
    if lost and extra:
        found, lost, extra = _match(old, new, shared, lost, extra, by_meaning=True)
        pairs += found
    if not lost or not extra:
        return pairs, lost, extra
    key = next((key for key in (old.key, new.key) if key and set(key) <= set(shared)), None)
    if key is not None:
        found, lost, extra = _match(old, new, key, lost, extra)
        is_made_again = not pairs and not found and len(lost) == len(extra)
        # rows that were moved away and back may have a new key, and everything else as it was
        others = [name for name in shared if name not in key]
        again, lost, extra = _match(old, new, others, lost, extra) if lost and extra and others else ([], lost, extra)
        found += again
        for name in key if lost and extra else ():
            # what was overwritten may be a part of the key
            kept = [other for other in shared if other != name]
            again, lost, extra = (
                _match(old, new, kept, lost, extra) if _tell_apart(old, new, kept, lost, extra) else ([], lost, extra)
            )
            found += again
        if lost and is_made_again:
            again, lost, extra = _match_anew(old, new, others, lost, extra)
            found += again
    elif len(lost) * len(extra) <= LIKENESSES:
        found, lost, extra = _most_alike(old, new, shared, lost, extra)
    else:
        found = []
    return pairs + found, lost, extra


def _match(
    old: TableRows, new: TableRows, names: Sequence[str], olds: Iterable[Row], news: Iterable[Row], *, by_meaning: bool = False
) -> tuple[list[Pair], list[Row], list[Row]]:
    """Pair rows that are equal in these columns, as often as they occur; `by_meaning` as JSON where they are JSON."""
    left, right = _places(old, names), _places(new, names)
    waiting: dict[str, list[Row]] = defaultdict(list)
    for row in news:
        waiting[repr(_forms(old, row, names, right) if by_meaning else [row[at] for at in right])].append(row)
    pairs, lost = [], []
    for row in olds:
        found = waiting[repr(_forms(old, row, names, left) if by_meaning else [row[at] for at in left])]
        if found:
            pairs.append((row, found.pop()))
        else:
            lost.append(row)
    return pairs, lost, [row for rows in waiting.values() for row in rows]


def _match_anew(
    old: TableRows, new: TableRows, names: Sequence[str], lost: list[Row], extra: list[Row]
) -> tuple[list[Pair], list[Row], list[Row]]:
    """Pair rows that all have another key now: by the columns that hold what they held, or else the most alike."""
    left, right = (dict(zip(names, _places(table, names), strict=True)) for table in (old, new))
    kept = [
        name for name in names if Counter(repr(row[left[name]]) for row in lost) == Counter(repr(row[right[name]]) for row in extra)
    ]
    if _tell_apart(old, new, kept, lost, extra):
        return _match(old, new, kept, lost, extra)
    return _most_alike(old, new, names, lost, extra) if len(lost) ** 2 <= LIKENESSES else ([], lost, extra)


def _tell_apart(old: TableRows, new: TableRows, names: Sequence[str], lost: Sequence[Row], extra: Sequence[Row]) -> bool:
    """Whether no two of the lost rows are equal in these columns, and no two of the others."""
    sides = ((lost, _places(old, names)), (extra, _places(new, names)))
    return bool(names) and all(len({repr([row[at] for at in places]) for row in rows}) == len(rows) for rows, places in sides)


def _most_alike(
    old: TableRows, new: TableRows, names: Sequence[str], lost: list[Row], extra: list[Row]
) -> tuple[list[Pair], list[Row], list[Row]]:
    """Pair rows that share the values of more than half of the columns, the most alike first."""
    left, right = _places(old, names), _places(new, names)
    texts = [_forms(old, row, names, right) for row in extra]
    likeness = []
    for one, row in enumerate(lost):
        values = _forms(old, row, names, left)
        for other, candidates in enumerate(texts):
            shared = sum(value == candidate for value, candidate in zip(values, candidates, strict=True))
            if shared * 2 > len(names):
                likeness.append((-shared, one, other))
    pairs: dict[int, int] = {}
    # most alike first; of equals the first rows, so that two runs report the same
    for _, one, other in sorted(likeness):
        if one not in pairs and other not in pairs.values():
            pairs[one] = other
    taken = set(pairs.values())
    return (
        [(lost[one], extra[other]) for one, other in pairs.items()],
        [row for at, row in enumerate(lost) if at not in pairs],
        [row for at, row in enumerate(extra) if at not in taken],
    )


def _places(table: TableRows, names: Sequence[str]) -> list[int]:
    return [table.columns.index(name) for name in names]


def _forms(table: TableRows, row: Row, names: Sequence[str], places: Sequence[int]) -> list[str]:
    return [form_of(row[at], is_json=name in table.json) for name, at in zip(names, places, strict=True)]


def _column(
    old: TableRows, new: TableRows, column: str, pairs: Sequence[Pair], *, excuse: Excuse, when: str
) -> Iterator[Failure | str]:
    """Compare the paired rows in one column: what is lost or changed, and in a sentence each what is so without a loss."""
    at, place = old.columns.index(column), new.columns.index(column) if column in new.columns else None
    changes: dict[str, list[tuple[Row, str, str]]] = {"lost": [], "changed": []}
    notes: Counter[str] = Counter()
    for row, now in pairs:
        was, value = row[at], None if place is None else now[place]
        if was is value or repr(was) == repr(value) or (was is None and place is None):
            continue
        if form_of(was, is_json=column in old.json) == form_of(value, is_json=column in old.json):
            said = NULLED if was is None else EMPTIED if value is None else "" if column in old.json else REWRITTEN
            notes[said] += 1
        elif (words := excuse(ValueChange(old.table, column, was, value))) is not None:
            notes[words] += 1
        else:
            changes["lost" if value is None else "changed"].append((row, _shown(was, old, column), _shown(value, new, column)))
    for what, rows in changes.items():
        if rows:
            message = f"Column '{old.table}.{column}': {len(rows)}/{len(old.rows)} values {what} {when}"
            evidence = [f"{_called(old, row)}: {was} → {now}" for row, was, now in rows[:SAMPLES]]
            examples = [_changed(old, row, column, was, now) for row, was, now in rows[:SAMPLES]]
            yield Failure(
                kind="data-loss",
                message=message,
                table=old.table,
                column=column,
                evidence=(*evidence, *_more(rows)),
                examples=tuple(examples),
            )
    yield from (
        f"Column '{old.table}.{column}': {n}/{len(old.rows)} values {words} {when}" for words, n in notes.items() if n and words
    )


def _samples(table: TableRows, rows: Sequence[Row]) -> Iterator[str]:
    for row in rows[:SAMPLES]:
        yield ", ".join(f"{name} = {text}" for name, text in _shown_row(table, row).items())
    yield from _more(rows)


def _more(rows: Sequence[object]) -> Iterator[str]:
    if len(rows) > SAMPLES:
        yield f"… and {len(rows) - SAMPLES} more"


def _called(table: TableRows, row: Row) -> str:
    """Return the words for a row: by its key, else by its first value that is not NULL."""
    return (
        ", ".join(f"{name} = {text}" for name, text in _shown_row(table, row, _identifying(table, row)).items()) or "a row of NULLs"
    )


def _identifying(table: TableRows, row: Row) -> tuple[str, ...]:
    """Return the columns that identify a row."""
    return table.key or next(((name,) for name, value in zip(table.columns, row, strict=True) if value is not None), ())


def _changed(table: TableRows, row: Row, column: str, was: str, now: str) -> RowExample:
    """Show one value of a row before and after."""
    identifying = _shown_row(table, row, _identifying(table, row))
    return RowExample(before={**identifying, column: was}, after={**identifying, column: now})


def _shown_row(table: TableRows, row: Row, names: Iterable[str] | None = None) -> dict[str, str]:
    """Show some of a row's values, without names all of them."""
    chosen = table.columns if names is None else names
    return {name: _shown(row[table.columns.index(name)], table, name) for name in chosen}


def _shown(value: object, table: TableRows, column: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Fingerprint):
        return f"a value ({value!r})"
    text = str(value) if column in table.numbers else repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}… ({len(text)} characters)"
