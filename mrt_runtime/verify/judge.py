"""What two looks at a database prove."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mrt_runtime.compare.blame import ROWS_LOST, contains_word, find_names, locate
from mrt_runtime.compare.elsewhere import describe_elsewhere, find_elsewhere
from mrt_runtime.compare.executed_upgrade import ExecutedUpgrade
from mrt_runtime.compare.row_difference import compare, compare_excusing
from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema_difference import ROLLBACK, SECOND_UPGRADE, DifferenceWording, SchemaDifference, diff
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.migrate import HistoryStep
from mrt_runtime.verdict import Failure, Outcome
from mrt_runtime.verify.findings import RevisionFindings
from mrt_runtime.verify.moved_position import find_moved
from mrt_runtime.verify.stamp import Disturbed, find_stamps

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
MADE_BY_ROLLBACK = f" exists {ROLLBACK.when}, which was not there before"
A_DAY = timedelta(days=1)  # between clocks of different zones


def restored(
    step: HistoryStep,
    before: Snapshot,
    first: Snapshot,
    after: Snapshot,
    written: Mapping[str, int],
    *,
    disturbed: Disturbed = frozenset(),
    ignore: Collection[str] = (),
    executed: ExecutedUpgrade | None = None,
) -> RevisionFindings:
    """Compare the database before the upgrade with the one after the rollback: rows and values first, then the catalogue.

    first: the look after the upgrade. written: how many rows were written to each table since then; those that the rollback
    left there are none of its doing. disturbed: the tables and columns that this changed in other rows.
    ignore: what is not compared, as in the configuration. executed: what the upgrade executed.
    """
    findings = compare_rollback(step, before, after, ignore, executed, first=first)
    now = without_written(after.rows, before.rows, first.rows, written)
    lost, notes = compare_excusing(before.rows, now, find_stamps(before.schema, first.schema, disturbed))
    elsewhere = find_elsewhere(lost, before.rows, now)
    findings.failures = list(describe_elsewhere(findings.failures, elsewhere))
    lost = tuple(describe_elsewhere(lost, elsewhere))
    # lost values come first: they are what a verdict is named after
    kept = find_kept(lost, before.rows, first.rows)
    findings.failures[:0] = [
        locate(one, step.file, dialect=before.schema.dialect, function="downgrade")
        if one in kept
        else locate(one, step.file, dialect=before.schema.dialect, executed=executed)
        for one in lost
    ]
    findings.warnings += notes
    moved = find_moved(before.rows, first.rows, after.rows, step.file)
    # a table that lost rows has its counter elsewhere, too, and one failure says it
    reported = {failure.table for failure in lost}
    if "positions" not in ignore:
        apart = (failure for failure in moved if failure.table is None or failure.table not in reported)
        findings.failures += [locate(failure, step.file, dialect=before.schema.dialect) for failure in apart]
    return findings


def find_kept(lost: Sequence[Failure], before: Rows, first: Rows) -> list[Failure]:
    """Return those of the lost rows that were all there after the upgrade, so that the rollback took them."""
    gone = [one for one in lost if one.column is None and one.message.endswith(ROWS_LOST) and one.table in first.tables]
    if not gone:
        return []
    old = Rows({label: table for label, table in before.tables.items() if label in {one.table for one in gone}})
    missing = {one.table for one in compare(old, first) if "rows lost" in one.message}
    return [one for one in gone if one.table not in missing]


def compare_rollback(
    step: HistoryStep,
    before: Snapshot,
    after: Snapshot,
    ignore: Collection[str] = (),
    executed: ExecutedUpgrade | None = None,
    *,
    first: Snapshot | None = None,
) -> RevisionFindings:
    """Compare the catalogue before the upgrade with the one after the rollback. first: the look after the upgrade."""
    findings = compare_schemas(step, (before, after), Outcome.SCHEMA_NOT_RESTORED, ROLLBACK, ignore, executed=executed)
    if first is not None and any(ROLLBACK.extra in failure.message for failure in findings.failures):
        made = {one.message for one in diff(first.schema, after.schema, ROLLBACK)}
        again = find_made_again(before, first)
        findings.failures = [
            as_made(step, one, {*made, *((one.message,) if one.table in again else ())}, before.schema.dialect)
            for one in findings.failures
        ]
    return findings


def find_made_again(before: Snapshot, first: Snapshot) -> set[str]:
    """Return the tables that the upgrade dropped: what is on them after the rollback was made by that.

    None where the upgrade made others, which may be the same tables under new names.
    """
    old, new = ({table.label for table in look.schema.tables} for look in (before, first))
    return old - new if new <= old else set()


def as_made(step: HistoryStep, failure: Failure, made: Collection[str], dialect: str) -> Failure:
    """Return what is said of an object that only the rollback made; any other failure as it is.

    made: what is too much after the rollback as against what was there after the upgrade.
    """
    if failure.message not in made or f" {ROLLBACK.extra} " not in failure.message:
        return failure
    message = failure.message.replace(f" {ROLLBACK.extra} {ROLLBACK.when}", MADE_BY_ROLLBACK)
    name = message.partition("'")[2].partition("'")[0]
    return locate(replace(failure, message=message, file=None, line=None), step.file, name, dialect, "downgrade")


def without_written(now: Rows, before: Rows, first: Rows, written: Mapping[str, int]) -> Rows:
    """Take out rows that can only be those written after the upgrade: their key was there neither before nor after the upgrade."""
    tables = dict(now.tables)
    for label in written.keys() & tables.keys() & before.tables.keys():
        rows, known = tables[label], [before.tables[label], *([first.tables[label]] if label in first.tables else [])]
        key = rows.key
        if not key or any(not set(key) <= set(other.columns) for other in known):
            continue
        keys = {repr(row) for other in known for row in other.project(key)}
        kept = tuple(row for row, values in zip(rows.rows, rows.project(key), strict=True) if repr(values) in keys)
        # more than were written: some were made by the rollback, and it is not known which
        if len(rows.rows) - len(kept) <= written[label]:
            tables[label] = replace(rows, rows=kept)
    return Rows(tables)


def is_moment_of_upgrade(failure: Failure) -> bool:
    """Whether all that changed is a default that Python computed from the clock: `server_default=str(datetime.now())`."""
    found = MOMENT.findall(failure.message) if failure.column is not None and ": default " in failure.message else []
    now = datetime.now()  # noqa: DTZ005 defaults are written without a zone
    return bool(found) and all(abs(now - datetime.fromisoformat(moment)) < A_DAY for moment in found)


def repeated(
    step: HistoryStep, first: Snapshot, again: Snapshot, written: Mapping[str, int], ignore: Collection[str] = ()
) -> RevisionFindings:
    """Compare the first time up with the second.

    Of the rows only their numbers: what an upgrade itself makes up (the time, a random key) is another each time, and the rollback
    in between is already proven to have brought everything back. Rows `written` in between may still be there. A default that is
    the moment of each upgrade is a warning: nothing is lost, but rows of another day get that moment, too.
    """
    findings = compare_schemas(step, (first, again), Outcome.REUPGRADE_FAILED, SECOND_UPGRADE, ignore)
    findings.warnings = [failure.message for failure in findings.failures if is_moment_of_upgrade(failure)]
    findings.failures = [failure for failure in findings.failures if not is_moment_of_upgrade(failure)]
    for table, rows in first.rows.tables.items():
        now = again.rows.tables.get(table)
        if now is not None and not len(rows.rows) <= len(now.rows) <= len(rows.rows) + written.get(table, 0):
            message = f"Table '{table}': {len(rows.rows)} rows after the first upgrade, {len(now.rows)} after the second"
            failure = Failure(kind=Outcome.REUPGRADE_FAILED.value, message=message, table=table)
            findings.failures.append(locate(failure, step.file, dialect=first.schema.dialect))
    return findings


def compare_schemas(
    step: HistoryStep,
    looks: tuple[Snapshot, Snapshot],
    outcome: Outcome,
    wording: DifferenceWording,
    ignore: Collection[str],
    *,
    executed: ExecutedUpgrade | None = None,
) -> RevisionFindings:
    """Turn the differences of two catalogues into failures, those that no query can notice into warnings."""
    findings = RevisionFindings()
    for difference in diff(looks[0].schema, looks[1].schema, wording):
        if difference.is_ignored(ignore):
            continue
        if difference.warning:
            findings.warnings.append(difference.message)
        else:
            findings.failures.append(as_failure(step, difference, outcome, looks[0].schema.dialect, executed))
    return findings


def as_failure(
    step: HistoryStep, difference: SchemaDifference, outcome: Outcome, dialect: str, executed: ExecutedUpgrade | None = None
) -> Failure:
    """Write a difference as a failure, with its place in the migration where that is known."""
    failure = Failure(
        kind=outcome.value,
        message=difference.message,
        table=difference.table,
        column=difference.column,
        evidence=difference.evidence,
    )
    return locate(failure, step.file, difference.name, dialect, executed=executed, of=difference.kind, parts=difference.parts)


def proven(step: HistoryStep, before: Snapshot, first: Snapshot, unseeded: Mapping[str, str]) -> RevisionFindings:
    """Fail for each table without rows that the revision touches: nothing was there to be lost."""
    findings = RevisionFindings()
    for table in touched(step, before, first, unseeded):
        message = f"Table '{table}' could not be seeded, so nothing proves that its rows survive: {unseeded[table]}"
        findings.failures.append(Failure(kind=Outcome.UNPROVEN.value, message=message, table=table))
    return findings


def touched(step: HistoryStep, before: Snapshot, first: Snapshot, tables: Iterable[str]) -> Iterator[str]:
    """Yield those of the tables that the upgrade changed in the catalogue, or that its file names."""
    labels = list(tables)
    if not labels:
        return
    changed = {difference.table for difference in diff(before.schema, first.schema)}
    named = find_names(step.file)
    for label in labels:
        name = label.rpartition(".")[2]
        if label in changed or (name in named if named is not None else contains_word(step.file, name)):
            yield label
