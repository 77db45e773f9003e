"""Whether other rows could make a step pass that failed: each look costs a run of the migration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mrt_runtime.compare.executed_upgrade import OF_A_BATCH
from mrt_runtime.compare.schema import Table
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.copied_nulls import find_copied
from mrt_runtime.seed.partial_joins import UPDATES
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.verdict import Outcome, RowRefusal
from mrt_runtime.verify.findings import RevisionFindings

COMPUTES = frozenset({"execute", "bulk_insert", "scalar", "scalars", "query", "Session", "sessionmaker"})
"""Words of a migration that does more than to change the schema."""
OF_OTHER_VALUES = (Adjustment.EDGES, Adjustment.LOOKUPS)
"""Without rows of these kinds, a column may hold no value that a statement cannot read."""
CONNECTS = frozenset({"get_bind", "get_context", "exec_driver_sql", "Computed"})
"""Further words of a migration in which what happens to the schema may depend on rows."""


def computes(code: CodeReading) -> bool:
    """Whether a migration does more than to change the schema."""
    return bool(code.statements or code.words & COMPUTES)


def may_help(
    adjustment: Adjustment,
    findings: RevisionFindings,
    code: CodeReading,
    *,
    refuses: bool,
    seeded: Seeded | None,
    has_targets: bool,
) -> bool:
    """Return whether a step that failed as in `findings` may pass with rows that are adjusted so.

    What ran out of time would take as long again. What only changes the schema reads no row of another table, and NULL is in its
    way only in a column that the cause names.
    refuses: whether its downgrade() does nothing else than to raise.
    """
    kind = findings.stopped_by.kind if findings.stopped_by is not None else None
    is_refusal = refuses and kind == Outcome.DOWNGRADE_FAILED.value
    if is_refusal or kind == Outcome.TIMED_OUT.value or is_whatever_the_rows(adjustment, findings, code):
        return False
    obstacle = findings.obstacle if findings.obstacle is None or not findings.obstacle.is_doubtful else None
    if adjustment in (Adjustment.GUARDED, Adjustment.REFUSED):
        return obstacle is not None and obstacle.is_guard and findings.first is None
    if adjustment is Adjustment.UNREADABLE:
        return obstacle is not None and not obstacle.is_guard
    if obstacle is not None and obstacle.is_of_database and not obstacle.is_guard and adjustment not in OF_OTHER_VALUES:
        return False  # other rows hold such values, too
    if adjustment is Adjustment.TARGETS:
        return has_targets
    if adjustment is Adjustment.UNMET:
        refusal = findings.stopped_by.refusal if findings.stopped_by is not None else None
        # MySQL and MariaDB say the same of NULL as of what is no number
        is_null = refusal.kind == "null" if refusal is not None else findings.obstacle is not None and findings.obstacle.is_doubtful
        return is_null and findings.first is None and any(map(UPDATES.search, code.statements))
    if adjustment is Adjustment.ORPHANS:
        return seeded is not None and any(seeded.orphans.values())
    if adjustment is Adjustment.EDGES:
        return seeded is not None and any(seeded.edges.values())
    if computes(code):
        return True
    words = words_of(findings)
    return adjustment is Adjustment.NULLS and any(
        column.nullable and column.name in words for table in tables_before(findings) for column in table.columns
    )


def is_whatever_the_rows(adjustment: Adjustment, findings: RevisionFindings, code: CodeReading) -> bool:
    """Whether the same step fails in the same way whichever rows there are.

    So does a change of the schema for which something is there already or is missing; and where a new column may not be NULL, every
    row is in its way, and not just those at the edge; nor is one that copies from another table what is NULL there. NULL in a
    column that allowed it is at no edge either, even where only such a row happens to hold it.
    """
    refusal = findings.stopped_by.refusal if findings.stopped_by is not None else None
    if computes(code) or code.words & CONNECTS:
        return adjustment is Adjustment.EDGES and refusal is not None and refusal.kind == "null" and copies(refusal, findings, code)
    if adjustment is Adjustment.EDGES and refusal is not None and refusal.kind == "null" and refusal.column is not None:
        words, tables = words_of(findings), tables_before(findings)
        named = [table for table in tables if words & {table.name, f"{OF_A_BATCH}{table.name}"}] or tables
        columns = [table.column(refusal.column) for table in named]
        return all(column is None or column.nullable for column in columns)
    return findings.is_about_existence


def copies(refusal: RowRefusal, findings: RevisionFindings, code: CodeReading) -> bool:
    """Whether the column that may not be NULL is new and gets values of another table as they are: NULL is at no edge there."""
    if findings.before is None or refusal.column is None:
        return False
    grammar = dialect_of(findings.before.schema.dialect).grammar
    copied = (
        one
        for table in findings.before.schema.tables
        if table.name in code.words and table.column(refusal.column) is None
        for one in find_copied(code, table.name, grammar)
    )
    return any(one.is_plain and one.column == refusal.column for one in copied)


def words_of(findings: RevisionFindings) -> set[str]:
    """Return the words of the cause, of which some may be names."""
    return set(re.findall(r"\w+", findings.stopped_by.message)) if findings.stopped_by is not None else set()


def tables_before(findings: RevisionFindings) -> Sequence[Table]:
    """Return the tables that there were before the upgrade."""
    return findings.before.schema.tables if findings.before is not None else ()
