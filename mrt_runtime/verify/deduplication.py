"""Whether migrations look for rows that hold the same, change them or take them out, before they make a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from mrt_runtime.compare.blame import bare, has_word
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.migration_file import parse_file, read_migration

if TYPE_CHECKING:
    from mrt_lint.model.ops import Op, Update

IN_SQL = re.compile(
    r"\bHAVING\b|\bROW_NUMBER\b|(?<!\bNOT )\bDISTINCT\b(?!\s+FROM\b)|\bROWID\b|\bCTID\b|\bPARTITION\s+BY\b", re.IGNORECASE
)
"""What looks for rows of the same values, in a statement; NULLS NOT DISTINCT says of a key what its NULLs are."""
IN_CODE = re.compile(
    r"\.(?:having|distinct)\(|dup(?:e|licate)(?!_(?:object|table|column|schema|function))|\b(?:row_number|partition_by)\b",
    re.IGNORECASE,
)
DELETES = re.compile(r"\.delete\(")
HOLE = re.compile(r"%s|%\(\w+\)s|\{\w*\}")
"""Where a text may get the name of the table."""


@lru_cache(maxsize=64)
def thinks_of(step: HistoryStep, table: str, columns: frozenset[str], dialect: str, *, is_unique: bool = True) -> bool:
    """Whether a migration changes these columns in rows of a table, deletes some, or looks for those that hold the same.

    is_unique: whether it is asked what makes values differ: one that several rows get does not.
    """
    parsed = parse_file(step.file)
    if parsed is None:
        return True
    source, tree = parsed
    text = source.decode(errors="replace")
    names_it = has_word(text, table)
    if names_it and (IN_CODE.search(text) or any(looks_for_same(one, table) for one in find_texts(tree))):
        return True
    from mrt_lint.model.ops import Delete  # noqa: PLC0415 slow to import

    migration = read_migration(step.file, dialect)
    ops = migration.upgrade_ops if migration is not None else ()
    if any(changes_key(op, table, columns, is_unique=is_unique) for op in ops):
        return True
    known = [op for op in (*ops, *(migration.downgrade_ops if migration is not None else ())) if isinstance(op, Delete)]
    # some of them could not be read
    return names_it and len(DELETES.findall(text)) > len(known)


def changes(statement: str, table: str, columns: Collection[str], dialect: str) -> bool:
    """Whether a statement that was executed changes these columns in rows of a table, or takes rows out or puts some in."""
    if not has_word(statement, table):
        return False
    from mrt_lint.model.ops import Delete, Truncate, Update  # noqa: PLC0415 slow to import
    from mrt_lint.parse.sql.expand import read_sql  # noqa: PLC0415 as above

    ops = read_sql(statement, dialect)
    if looks_for_same(statement, table) or not any(isinstance(op, Delete | Truncate | Update) for op in ops):
        return True
    return any(changes_key(op, table, columns) for op in ops)


def changes_key(op: Op, table: str, columns: Collection[str], *, is_unique: bool = True) -> bool:
    """Whether an operation takes rows out of a table, or may make their values in these columns differ, or just changes them."""
    from mrt_lint.model.ops import Delete, Truncate, Update  # noqa: PLC0415 slow to import

    if not isinstance(op, Delete | Truncate | Update) or (isinstance(op.table, str) and bare(op.table) != table):
        return False
    if not isinstance(op, Update) or not isinstance(op.columns, tuple):
        return True
    return bool(set(op.columns) & set(columns) - (_alike(op) if is_unique else set()))


def _alike(op: Update) -> set[object]:
    """Return the columns in which an UPDATE writes one value to all rows of the same kind: that makes more of them alike."""
    by_key = any(name == "id" or str(name).endswith("_id") for name in op.conditions)
    return set() if by_key else {one.column for one in op.writes if one.value is not None}


def looks_for_same(text: str, table: str) -> bool:
    """Whether a statement, which may have holes for names, looks for rows of the same values in a table."""
    return IN_SQL.search(text) is not None and (has_word(text, table) or HOLE.search(text) is not None)


def find_texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts outside of downgrade(), with a hole for each value that is put into them."""
    pending: list[ast.AST] = [node for node in tree.body if getattr(node, "name", None) != "downgrade"]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr | ast.BinOp | ast.Constant):
            yield write_text(node)
        else:
            pending += ast.iter_child_nodes(node)


def write_text(node: ast.expr) -> str:
    """Return a text that code puts together, with a hole for each value that is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(write_text, node.values))
    return f"{write_text(node.left)}{write_text(node.right)}" if isinstance(node, ast.BinOp) else "{}"
