"""Whether a finding of the linter says why a rollback failed as the runtime saw it fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import AlterColumn, RenameTable
from mrt_runtime.compare.blame import names, read
from mrt_runtime.verdict import Failure

CODES = {
    r"^Downgrade failed": "101 110 112 113 114 115 116 117 119 120 201 202 205 207 208 215 301 302 303 304 402 403 "
    "408 409 501 502 503",
    r"rows lost after": "102 104 113 202 203 214 217 301",
    r"rows? left behind": "102 103 104 106",
    r"values (lost|changed) after": "102 103 104 113 201 208 215 302 303 305",
    r"exists after": "102 104 110 111 114 301 302 304 409 501 502 503",
    r"missing after": "102 104 111 113 119 201 202 205 207 208 301 302 304 408 409",
    r"(became|changed) .*after": "102 104 110 111 119 205 207 215 303 304 402 403 408 409 501",
}
"""Which codes can explain a failure of these words. What downgrade() lacks altogether explains everything that stays as it is."""
WHOLE = frozenset({"MRT101", "MRT102", "MRT115"})
"""Findings about the whole of downgrade(): they need not name what they explain."""
OF_TABLES = frozenset(
    {
        "MRT103",
        "MRT104",
        "MRT106",
        "MRT110",
        "MRT112",
        "MRT113",
        "MRT116",
        "MRT117",
        "MRT119",
        "MRT202",
        "MRT203",
        "MRT214",
        "MRT217",
        "MRT301",
    }
)
"""Findings that explain what becomes of a table's columns and of all else that hangs on it, where they name the table."""


def explains(finding: Finding, failure: Failure, file: str | None) -> bool:
    """Return whether a finding says why the rollback failed so: its code can, and it names what the failure names."""
    if not can_explain(finding, failure):
        return False
    if finding.code in WHOLE or (failure.line is not None and finding.place.line == failure.line):
        return True
    return names_same(finding, failure, file)


def can_explain(finding: Finding, failure: Failure) -> bool:
    """Return whether findings of this code can explain failures of these words."""
    return any(re.search(words, failure.message) and finding.code[3:] in codes.split() for words, codes in CODES.items())


def names_same(finding: Finding, failure: Failure, file: str | None) -> bool:
    """Return whether a finding names what the failure names."""
    own, tables = named(failure, file)
    words_of_finding = set(re.findall(r"\w+", f"{finding.message} {finding.instead}".lower()))
    return not words_of_finding.isdisjoint(own | tables if finding.code in OF_TABLES or not own else own)


def find_quoted(message: str) -> list[str]:
    """Return the names that a message has in quotes, in lower case."""
    return [name.lower() for name in re.findall(r"'([^']+)'", message)]


def named(failure: Failure, file: str | None) -> tuple[set[str], set[str]]:
    """Collect what a failure names: objects and columns, and tables."""
    quoted = [part for name in find_quoted(failure.message) for part in re.findall(r"\w+", name)]
    listed = [word.lower() for names in re.findall(r"\(([\w, ]+)\)", failure.message) for word in names.split(", ")]
    own, tables = {*quoted, *listed}, {(failure.table or "").rpartition(".")[2].lower()}
    migration = read(file) if file else None
    if failure.kind == "downgrade-failed" and migration is not None:
        at = [op for op in migration.downgrade_ops if op.origin is not None and op.origin.line == failure.line]
        tables |= {str(getattr(op, "table", "")).lower() for op in at}
        known = {
            word.lower() for text in names((migration.upgrade_ops, migration.downgrade_ops)) for word in re.findall(r"\w+", text)
        }
        mentioned = {word.lower() for word in re.findall(r"\w+", failure.message)} & known
        own |= mentioned | {text.lower() for op in at for text in names(op)}
    if migration is not None:
        own, tables = ({*found, *renamed(found, migration)} for found in (own, tables))
    noise = {"", "id", "none"}
    return own - tables - noise, tables - noise


def renamed(found: set[str], migration: Migration) -> Iterator[str]:
    """Yield the names that upgrade() gives to what had these names before."""
    known = set(found)
    for op in migration.upgrade_ops:
        if isinstance(op, RenameTable) and str(op.table).lower() in known:
            known.add(str(op.new_table).lower())
        if isinstance(op, AlterColumn) and isinstance(op.new_column, str) and str(op.column).lower() in known:
            known.add(op.new_column.lower())
    yield from known - found
