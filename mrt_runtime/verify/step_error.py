"""What ends a step of a verification, and how that is reported."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from mrt_runtime.compare.blame import shorten
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.driver_error import ErrorKind, list_causes
from mrt_runtime.migrate import MigrationError, MigrationTimeout
from mrt_runtime.seed.obstacle import Obstacle, read_obstacle
from mrt_runtime.seed.refusal import classify
from mrt_runtime.verdict import Failure, Outcome

INSERTED = re.compile(
    r"\s*(?:WITH\b.*?\))?\s*INSERT\s+INTO\s+(?:[\"`]?(?P<schema>\w+)[\"`]?\.)?[\"`]?(?P<table>\w+)[\"`]?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
EXISTENCE = ErrorKind(
    r"42P0[1467]|42701|42703|42704|42710|42723|42883|3F000",
    frozenset({1050, 1051, 1054, 1060, 1061, 1091, 1146}),
    r"(?:table|index|view) .* already exists|no such (?:table|index|column|view)|duplicate column name",
)
"""What a statement makes is there already, or what it names is not; SQLite has no numbers for it.

Source: PostgreSQL's manual, appendix A, and the error references of MySQL's and MariaDB's servers.
"""


TRUNCATED = re.compile(r"Data truncated for column '(?P<column>[^']+)' at row (?P<row>\d+)$")
"""What MySQL and MariaDB say of a row when a column is changed: also of NULL, where the column takes none any more."""


class StepError(Exception):
    """A step of the revision under check ended with an error: `failure` says so.

    is_about_existence: whether a database refused it for what is there already, or is not. obstacle: what is known of the values
    of rows where they may be the reason. The error itself is not kept: its traceback would keep connections open that env.py
    leaves to the end of a function.
    """

    def __init__(self, failure: Failure, *, is_about_existence: bool = False, obstacle: Obstacle | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.is_about_existence = is_about_existence
        self.obstacle = obstacle

    @classmethod
    def of(cls, error: MigrationError, otherwise: Outcome) -> StepError:
        """Make one of what stopped a step; otherwise: what that is where it was no timeout."""
        obstacle = read_obstacle(error.__cause__) if not isinstance(error, MigrationTimeout) else None
        return cls(describe(error, otherwise), is_about_existence=is_about_existence(error), obstacle=obstacle)


class NotReachedError(Exception):
    """No database can be brought to where the revision would be checked: the upgrade of another one, `revision`, is in the way."""

    def __init__(self, revision: str, cause: str) -> None:
        super().__init__(f"the upgrade of {revision} fails, on an empty database too: {cause}")
        self.revision = revision


def refuse_broken_env(error: MigrationError) -> None:
    """Stop the run where it is env.py that fails: no revision can be blamed, and none can be verified."""
    if error.phase == "env":
        raise ConfigurationError(f"{error}.") from None


def find_targets(error: MigrationError) -> frozenset[str]:
    """Return the table, by its label, into which a refused statement inserts rows of another one that are there already."""
    refused = error.__cause__
    refusal = classify(refused)
    if not isinstance(refused, IntegrityError) or refusal is None or refusal.kind != "duplicate":
        return frozenset()
    found = INSERTED.match(refused.statement or "")
    if found is None or re.search(rf"\b{re.escape(found['table'])}\b", found["rest"]):
        return frozenset()
    schema, table = found["schema"], found["table"]
    return frozenset({f"{schema}.{table}" if schema else table})


def describe_null(error: MigrationError, here: Snapshot | None) -> str:
    """Return that the row in question holds NULL, where the look before the step shows it; else nothing.

    The rows of a table are read in the order of its primary key.
    """
    found = TRUNCATED.search(error.cause)
    statement = getattr(error.__cause__, "statement", None)
    if found is None or here is None or not statement:
        return ""
    from mrt_lint.model.ops import AlterColumn  # noqa: PLC0415  slow to import
    from mrt_lint.parse.sql.expand import read_sql  # noqa: PLC0415  as above

    ops = read_sql(statement, here.schema.dialect)
    tables = {op.table for op in ops if isinstance(op, AlterColumn) and op.nullable is False}
    for rows in here.rows.tables.values():
        number, is_known = int(found["row"]), rows.table in tables and rows.key and found["column"] in rows.columns
        if not is_known or number > len(rows.rows):
            continue
        keys = rows.project(rows.key)
        ordered = sorted(zip(keys, rows.project([found["column"]]), strict=True), key=lambda pair: _order(pair[0]))
        key, (value,) = ordered[number - 1]
        if value is None:
            return f", which is NULL ({', '.join(f'{name} = {one}' for name, one in zip(rows.key, key, strict=True))})"
    return ""


def _order(key: Sequence[object]) -> list[tuple[int, float, str]]:
    """Return what keys are ordered by: numbers, which may have come as text, as numbers."""
    return [(0, float(text), "") if re.fullmatch(r"-?\d+", text := str(one)) else (1, 0.0, text) for one in key]


def is_about_existence(error: MigrationError) -> bool:
    """Whether a database refused a statement for what is there already, or is not."""
    return any(EXISTENCE.matches(cause) for cause in list_causes(error))


def describe(error: MigrationError, otherwise: Outcome) -> Failure:
    """Write what stopped a step as a failure, with its line in the migration."""
    what = {Outcome.UPGRADE_FAILED: "Upgrade", Outcome.DOWNGRADE_FAILED: "Downgrade"}.get(otherwise, "Second upgrade")
    kind, verb = (Outcome.TIMED_OUT, "timed out") if isinstance(error, MigrationTimeout) else (otherwise, "failed")
    file = shorten(error.file) if error.file else None
    where = "after this upgrade, in env.py: " if error.phase == "env" else ""
    return Failure(
        kind=kind.value,
        message=f"{what} {verb}: {where}{error.cause}",
        file=file,
        line=error.line,
        refusal=classify(error.__cause__),
    )
