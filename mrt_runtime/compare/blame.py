"""Which line of a migration a failure comes from, as far as it can be read from the file."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrt_runtime.compare.executed_line import find_block, find_inserting
from mrt_runtime.migration_file import read_migration
from mrt_runtime.verdict import NEW_RELEASE, OLD_RELEASE, Failure, Outcome

if TYPE_CHECKING:
    from mrt_lint.model.migration import Migration
    from mrt_lint.model.ops import Op
    from mrt_runtime.compare.executed_upgrade import Culprit, ExecutedUpgrade

LOSING = ("drop_column", "drop_table", "alter_column", "update", "delete", "truncate", "rename_table")
OF_ROWS = ("insert", "bulk_insert", "update", "delete", "truncate")
INSERTS = frozenset({"insert", "bulk_insert"})
TAKES_NO_ROWS = frozenset({*INSERTS, "update", "add_column", "drop_column", "alter_column"})
ROWS_LOST = "rows lost after rollback"
LEFT_BEHIND = "left behind after rollback"
REMADE = re.compile(r" (?:became .*|changed) after rollback$", re.DOTALL)
OF_THE_SCHEMA = frozenset({OLD_RELEASE, NEW_RELEASE, Outcome.SCHEMA_NOT_RESTORED.value})
"""Kinds of failures that no change of rows brings about."""
ADDING = ("insert", "bulk_insert", "create_table", "add_column")
OF_A_TABLE = frozenset(
    {
        *("database", "table", "column", "primary key", "unique constraint", "check", "exclusion constraint", "foreign key"),
        "index",
    }
)
"""Kinds of objects that a table is made of, or that are no object of a schema."""


def locate(
    failure: Failure,
    file: str | None,
    name: str | None = None,
    dialect: str | None = None,
    function: str | None = None,
    *,
    executed: ExecutedUpgrade | None = None,
    of: str = "",
    parts: frozenset[str] = frozenset(),
) -> Failure:
    """Add the file and line of the operation that the failure is about; unchanged where that is not known.

    name: of the index, constraint or other object that the failure is about. dialect: of the database that it ran on, which a
    migration may have a branch for. function: "upgrade" or "downgrade", where it can only be from there. executed: what the upgrade
    executed, where that is known. of: the kind of object that the failure is about. parts: the columns that it is over.
    """
    if failure.line is not None or file is None:
        return failure
    culprit = _find_executed(failure, file, name, executed, of) if executed is not None else None
    made = _find_remaking(failure, file, name, dialect) if culprit is None or of not in OF_A_TABLE else None
    if made is not None and made.origin is not None:
        return replace(failure, file=shorten(file), line=made.origin.line)
    op = find_op(failure, file, name, dialect, function, parts=parts) if culprit is None or not culprit.is_sure else None
    if culprit is not None and (op is None or not _takes(op, failure)):
        return replace(failure, file=shorten(file), line=_refine(culprit.line, failure, file, name, dialect))
    if op is None or op.origin is None:
        return failure
    return replace(failure, file=shorten(file), line=op.origin.line)


def _find_executed(failure: Failure, file: str, name: str | None, executed: ExecutedUpgrade, of: str) -> Culprit | None:
    """Return the line of the upgrade that brought a failure about, by what it executed."""
    label = failure.table or ""
    if failure.kind == Outcome.DATA_LOSS.value:
        if failure.message.endswith(LEFT_BEHIND):
            return find_inserting(file, bare(label), executed)
        return executed.find_loss(label, failure.column)
    if failure.kind == Outcome.SCHEMA_NOT_RESTORED.value and of and of not in OF_A_TABLE:
        return executed.find_object(of, name or "", is_left="still exists" in failure.message)
    if failure.kind == Outcome.SCHEMA_NOT_RESTORED.value and label:
        return executed.find_rebuilding(bare(label), filter(None, (name, failure.column)))
    return None


def _find_remaking(failure: Failure, file: str, name: str | None, dialect: str | None) -> Op | None:
    """Return what makes an object again, and otherwise, in the downgrade; None where the upgrade did not drop it.

    That it was dropped is no fault.
    """
    if failure.kind != Outcome.SCHEMA_NOT_RESTORED.value or not REMADE.search(failure.message):
        return None
    name = (name or "").partition("(")[0]
    dropped, made = (find_op(failure, file, name, dialect, function) for function in ("upgrade", "downgrade"))
    wanted = failure.column or bare(name)
    is_pair = all(op is not None and wanted in set(written_names(op)) for op in (dropped, made))
    is_pair = is_pair and dropped is not None and dropped.op.startswith("drop_")
    return made if is_pair and made is not None and made.op.startswith(("create_", "add_")) else None


def _takes(op: Op, failure: Failure) -> bool:
    """Whether an operation by itself takes values of the column away that the failure is about."""
    return op.op in LOSING and failure.column in set(written_names(op))


def _refine(line: int, failure: Failure, file: str, name: str | None, dialect: str | None) -> int:
    """Return where an operation begins that executed something on this line: a batch does so where its block ends."""
    migration = read(file)
    block = find_block(file, line)
    if block is not None:
        inner = find_op(failure, file, name, dialect, within=block)
        return inner.origin.line if inner is not None and inner.origin is not None else line
    origins = [op.origin for op in migration.upgrade_ops if not op.batch] if migration is not None else []
    return next((origin.line for origin in origins if origin is not None and origin.line <= line <= origin.end_line), line)


def shorten(path: str) -> str:
    """Write a path below the current folder as people and editors do there."""
    try:
        short = os.path.relpath(path)
    except FileNotFoundError:  # a migration removed the current folder
        return path
    return path if short.startswith(os.pardir) else short


def place_of(file: str | os.PathLike[str] | None, line: int | None) -> str:
    """Return a place as a sentence ends with it, " (versions/a1.py:7)"; empty where the line is not known."""
    return f" ({shorten(os.fspath(file))}:{line})" if file and line else ""


def find_op(
    failure: Failure,
    file: str,
    name: str | None = None,
    dialect: str | None = None,
    function: str | None = None,
    *,
    within: range | None = None,
    parts: frozenset[str] = frozenset(),
) -> Op | None:
    """Find the operation that names most of what the failure names; upgrade's before downgrade's, earlier before later.

    An INSERT takes no rows away, nor does an UPDATE or what changes columns. within: the lines on which it can only be.
    parts: the columns that an object is over, with which it is dropped.
    """
    migration = read(file)
    if migration is None:
        return None
    wanted = {bare(name or ""): 4, bare(failure.table or ""): 2, failure.column or "": 3 if failure.table else 0}
    # what the failure does not name
    wanted.pop("", None)
    preferred = ADDING if LEFT_BEHIND in failure.message or "exists after" in failure.message else LOSING
    is_about_schema = failure.kind in OF_THE_SCHEMA
    is_of_lost_rows = failure.message.endswith(ROWS_LOST)
    is_of_lost_values = failure.kind == Outcome.DATA_LOSS.value and LEFT_BEHIND not in failure.message
    best, best_score = None, 1
    functions = {"upgrade": migration.upgrade_ops, "downgrade": migration.downgrade_ops}
    for op in (op for where, ops in functions.items() if function in {None, where} for op in ops):
        if not runs_on(op, dialect) or (within is not None and (op.origin is None or op.origin.line not in within)):
            continue
        if op.op in (TAKES_NO_ROWS if is_of_lost_rows else INSERTS if is_of_lost_values else ()):
            continue
        named = set(written_names(op))
        score = 4 * sum(weight for word, weight in wanted.items() if word in named)
        # the kind of operation decides only between those that name as much
        if score and is_about_schema:
            score += 2 * (op.op not in OF_ROWS) + 3 * (op.op == "drop_column" and getattr(op, "column", "") in parts)
        if score and failure.kind not in {OLD_RELEASE, NEW_RELEASE}:
            score += op.op in preferred and not (is_about_schema and op.op in OF_ROWS)
        if score > best_score:
            best, best_score = op, score
    return best


def runs_on(op: Op, dialect: str | None) -> bool:
    """Whether an operation may run on a database of this dialect; without one, whether it may run at all."""
    from mrt_lint.model.dialects import admits  # noqa: PLC0415  what reads a migration has imported it

    return dialect is None or admits(op.dialects, dialect)


def find_names(file: str) -> frozenset[str] | None:
    """Collect the names of everything that a migration mentions; None where some of it could not be read."""
    migration = read(file)
    if migration is None or migration.unreadable:
        return None
    return frozenset(names((migration.upgrade_ops, migration.downgrade_ops)))


def contains_word(file: str, name: str) -> bool:
    """Whether a migration that could not be read to the end contains the name as a word."""
    return has_word(Path(file).read_text(encoding="utf-8", errors="replace"), name)


def has_word(text: str, name: str) -> bool:
    """Whether a text contains the name as a word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


@lru_cache(maxsize=8)
def read(file: str) -> Migration | None:
    """Read a migration as the linter does, raw SQL included; None where that is impossible."""
    try:
        return read_migration(file)
    except Exception:  # noqa: BLE001 - a place is a courtesy: not finding one never costs the verdict
        return None


def names(value: Any) -> Iterator[str]:
    """Yield every string that an operation holds, at any depth: the tables, columns and objects it names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from names(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from names(getattr(value, field.name))


def written_names(op: Op) -> Iterator[str]:
    """Yield what an operation names, without what an UPDATE or an INSERT only reads."""
    from mrt_lint.model.ops import Insert, Update  # noqa: PLC0415  what reads a migration has imported it

    if isinstance(op, Insert | Update):
        yield from names((op.table, op.columns))
    else:
        yield from names(op)


def bare(label: str) -> str:
    """Take the schema off a label."""
    return label.rpartition(".")[2]
