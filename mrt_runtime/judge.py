"""What two looks at a database prove."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mrt_runtime.difference import ROLLBACK, SECOND_UPGRADE, Difference, Wording, diff
from mrt_runtime.findings import Findings
from mrt_runtime.look import Look
from mrt_runtime.loss import compare
from mrt_runtime.migrate import Step
from mrt_runtime.origin import find_names, locate
from mrt_runtime.verdict import Failure, Outcome


def restored(step: Step, before: Look, after: Look) -> Findings:
    """Compare the database before the upgrade with the one after the rollback: rows and values first, then the catalogue."""
    findings = compare_schemas(step, before, after, Outcome.SCHEMA_NOT_RESTORED, ROLLBACK)
    findings.failures[:0] = [locate(failure, step.file) for failure in compare(before.rows, after.rows)]
    return findings


def repeated(step: Step, first: Look, again: Look) -> Findings:
    """Compare the first time up with the second.

    Of the rows only their numbers: what an upgrade itself makes up (the time, a random key) is another each time, and the rollback
    in between is already proven to have brought everything back.
    """
    findings = compare_schemas(step, first, again, Outcome.REUPGRADE_FAILED, SECOND_UPGRADE)
    for table, rows in first.rows.tables.items():
        now = again.rows.tables.get(table)
        if now is not None and len(now.rows) != len(rows.rows):
            message = f"Table '{table}': {len(rows.rows)} rows after the first upgrade, {len(now.rows)} after the second"
            failure = Failure(kind=Outcome.REUPGRADE_FAILED.value, message=message, table=table)
            findings.failures.append(locate(failure, step.file))
    return findings


def compare_schemas(step: Step, before: Look, after: Look, outcome: Outcome, wording: Wording) -> Findings:
    """Turn the differences of two catalogues into failures, those that no query can notice into warnings."""
    findings = Findings()
    for difference in diff(before.schema, after.schema, wording):
        if difference.warning:
            findings.warnings.append(difference.message)
        else:
            findings.failures.append(as_failure(step, difference, outcome))
    return findings


def as_failure(step: Step, difference: Difference, outcome: Outcome) -> Failure:
    """Write a difference as a failure, with its place in the migration where that can be told."""
    failure = Failure(
        kind=outcome.value,
        message=difference.message,
        table=difference.table,
        column=difference.column,
        evidence=difference.evidence,
    )
    return locate(failure, step.file, difference.name)


def survived(step: Step, before: Look, after: Look, written: Iterable[str]) -> Findings:
    """Compare as `restored` does, where rows were written between: what is left of those is no failure."""
    findings = restored(step, before, after)
    tables = set(written)
    findings.failures = [
        after_writes(failure)
        for failure in findings.failures
        if not (failure.table in tables and "left behind" in failure.message)
    ]
    findings.warnings = []
    return findings


def after_writes(failure: Failure) -> Failure:
    """Say that a failure takes rows which were written after the upgrade."""
    return replace(failure, message=f"With rows written after the upgrade: {failure.message}")


def proven(step: Step, before: Look, first: Look, unseeded: Mapping[str, str]) -> Findings:
    """Fail for each table without rows that the revision touches: nothing was there to be lost."""
    findings = Findings()
    for table in touched(step, before, first, unseeded):
        message = f"Table '{table}' could not be seeded, so nothing proves that its rows survive: {unseeded[table]}"
        findings.failures.append(Failure(kind=Outcome.UNPROVEN.value, message=message, table=table))
    return findings


def touched(step: Step, before: Look, first: Look, tables: Iterable[str]) -> Iterator[str]:
    """Yield those of the tables that the upgrade changed in the catalogue, or that its file speaks of."""
    labels = list(tables)
    if not labels:
        return
    changed = {difference.table for difference in diff(before.schema, first.schema)}
    named = find_names(step.file)
    for label in labels:
        name = label.rpartition(".")[2]
        if label in changed or (name in named if named is not None else speaks_of(step.file, name)):
            yield label


def speaks_of(file: str, name: str) -> bool:
    """Whether a migration that could not be read to the end contains the name as a word."""
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
