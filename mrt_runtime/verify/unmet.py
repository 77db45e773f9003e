"""Statements of a data migration that changed nothing: about them the rows that there were prove nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.databases.sentences import cut
from mrt_runtime.migrate import HistoryStep, Migrator
from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.obstacle import fill
from mrt_runtime.verdict import UnmetStatement
from mrt_runtime.verify.findings import ADVICE
from mrt_runtime.verify.same_values import find_same
from mrt_runtime.verify.sent_later import Change, find_sent
from mrt_runtime.verify.unseen import describe_caught, find_driver_connections, is_excused

MENTIONS = re.compile(rb"\bUPDATE\b|\bDELETE\b|\bINSERT\b|\.update\(|\.delete\(|\bsetattr\(|\.\w+\s*=[^=]", re.IGNORECASE)
"""What may change rows: SQL, a method, an attribute of an object that was read from a row."""
BLOCKS = ("body", "orelse", "finalbody")
PLACEHOLDER = re.compile(r"%s|\?")
# of a statement in a message
LONGEST = 80


def find_unmet(step: HistoryStep, migrator: Migrator, before: Snapshot, after: Snapshot) -> list[UnmetStatement]:
    """Return each line of the upgrade just made whose statement changed no row, or that no row made it execute."""
    file, changed, dialect = step.file, migrator.changed_rows, before.schema.dialect
    found: dict[int, str] = {}
    unseen = {line: describe_caught(one) for line, one in changed.caught.items() if one.is_own}
    foreseen = read_changes(file, dialect) if has_more(file, changed.lines) else ()
    of_objects, sent = find_sent(file, foreseen, changed.lines, dialect)
    for one in (one for one in foreseen if one not in sent and not any(map(one.covers, changed.lines))):
        caught = [(line, error) for line, error in changed.caught.items() if one.covers(line)]
        if caught:
            unseen.update((line, describe_caught(error, one.table)) for line, error in caught)
        elif is_excused(file, one.first):
            unseen[one.first] = (
                f"its change of '{one.table}' was not executed, and an error caught there may be why: nothing is proved about it"
            )
        elif one in of_objects:
            what = "was deleted by" if one.deletes else "got another value from"
            found[one.first] = f"no row of '{one.table}' {what} {_quote(file, one)}"
        else:
            found[one.first] = f"no row made the upgrade come to {_quote(file, one)}, which changes '{one.table}'"
    met = {statement for counts in changed.lines.values() for statement, rows in counts.items() if rows}
    for line, counts in changed.lines.items():
        unmet = [statement for statement in counts if statement not in met]
        same = [part for statement in counts if statement in met for part in find_same(statement, dialect, before, after)]
        if unmet:
            found[line] = f"no row met {_name([_write(one, changed.values.get((line, one))) for one in unmet])}"
        elif same:
            found[line] = f"no row has another value after {_name(same)}"
    said = {line: f"{what}, so nothing is proved about it{ADVICE}" for line, what in found.items()} | unseen
    said |= {line: what for line, what in find_driver_connections(file) if line not in said}
    return [UnmetStatement(line=line, message=f"Line {line}: {said[line]}") for line in sorted(said)]


def _write(statement: str, values: object) -> str:
    """Return a statement with the values that its condition was given; those that it sets are left out."""
    head, where, condition = " ".join(statement.split()).partition(" WHERE ")
    if isinstance(values, tuple):
        values = values[len(PLACEHOLDER.findall(head)) :]
    return head + where + fill(condition, values)


def _name(statements: Sequence[str]) -> str:
    """Return the first statement, shortened to one line in what it sets rather than in its condition, and count the others."""
    first = " ".join(statements[0].split())
    more = len(statements) - 1
    others = f" (nor {more} more statement{'s' if more > 1 else ''} of this line)" if more else ""
    head, where, condition = first.partition(" WHERE ")
    if len(first) > LONGEST and where:
        condition = cut(condition, LONGEST // 2)
        first = cut(head, LONGEST - len(where) - len(condition)) + where + condition
    return cut(first, LONGEST) + others


def _quote(file: str, change: Change) -> str:
    """Return the code of a change, shortened to one line."""
    parsed = parse_file(file)
    lines = parsed[0].decode(errors="replace").splitlines()[change.first - 1 : change.last] if parsed is not None else ()
    return f"`{cut(' '.join(' '.join(lines).split()), LONGEST)}`"


def has_more(file: str, executed: Collection[int]) -> bool:
    """Whether a migration may change rows on lines that were not executed, so that it is worth importing the linter's reader."""
    parsed = parse_file(file)
    if parsed is None:
        return True
    source, tree = parsed
    lines = source.splitlines()
    return any(
        MENTIONS.search(b"\n".join(lines[first - 1 : last])) and not any(first <= line <= last for line in executed)
        for first, last in _statements(tree)
    )


def _statements(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each statement but docstrings and downgrade(); of a block, those of its head."""
    found = [node for node in tree.body if getattr(node, "name", None) != "downgrade"]
    while found:
        node = found.pop()
        inner = [child for block in BLOCKS for child in getattr(node, block, ())]
        inner += [child for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())) for child in handler.body]
        found += inner
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            last = min((child.lineno - 1 for child in inner), default=node.end_lineno or node.lineno)
            yield node.lineno, max(node.lineno, last)


@lru_cache(maxsize=8)
def read_changes(file: str, dialect: str) -> tuple[Change, ...]:
    """Return each change of rows in upgrade(); nothing where there is none to read."""
    try:
        source = Path(file).read_bytes()
    except OSError:
        return ()
    return tuple(_read(file, dialect)) if MENTIONS.search(source) else ()


def _read(file: str, dialect: str) -> Iterator[Change]:
    # The linter's model is slow to import, and few migrations change rows.
    from mrt_lint.model.dialects import admits  # noqa: PLC0415 slow to import
    from mrt_lint.model.ops import Delete, Insert, Update  # noqa: PLC0415 slow to import

    migration = read_migration(file, dialect)
    for op in migration.upgrade_ops if migration is not None else ():
        if not isinstance(op, Update | Delete | Insert) or (isinstance(op, Insert) and not op.query):
            continue
        if op.origin is not None and isinstance(op.table, str) and admits(op.dialects, dialect):
            known = op.columns if isinstance(op, Update) and isinstance(op.columns, tuple) else ()
            columns = tuple(name for name in known if isinstance(name, str))
            yield Change(op.origin.line, op.origin.end_line, op.table, columns, deletes=isinstance(op, Delete))
