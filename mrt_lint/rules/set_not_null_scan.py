"""MRT213."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import needs_value
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.left_null import may_hold_null
from mrt_lint.analysis.made_conditionally import was_required
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import AlterColumn, CreateCheckConstraint, ValidateConstraint
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNKNOWN, Constraint

_FIRST_THAT_TRUSTS_CHECKS = (12, 0)

_MARKS = re.compile(r'[\s()"`]+')


class SetNotNullScan(Rule):
    """A column of a PostgreSQL table that is there already is set NOT NULL.

    PostgreSQL blocks reads and writes of the table while it looks at every row for NULL. A CHECK (column IS NOT NULL) that was
    validated before proves it, and then PostgreSQL 12 and newer do not look.
    """

    code = "MRT213"
    name = "set-not-null-scan"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks reads and writes of {the_table} while it looks at every row for NULL in '{column}'{fails}"
    instead = (
        "ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID in one revision, VALIDATE CONSTRAINT in the next, then set NOT "
        "NULL and drop the check"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The column was NOT NULL before, by `existing_nullable` or the history.",
        "A validated CHECK proves it, made in this revision or an earlier one (PostgreSQL 12).",
        "The table was created or emptied earlier in the same upgrade, or the column was added and not filled since.",
        "A column that no row has a value for is added NOT NULL before: only an empty table gets so far (MRT401).",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False)  # MRT213
                op.execute("ALTER TABLE users ALTER COLUMN phone SET NOT NULL")  # MRT213
            """,
        ),
        Example(
            title="A column of this upgrade's own, once it is filled",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text))
                op.execute("UPDATE users SET state = 'new'")
                op.add_column("users", sa.Column("kind", sa.Text))
                op.execute("UPDATE users SET kind = state")
                op.alter_column("users", "state", nullable=False)  # MRT213
                op.alter_column("users", "kind", nullable=False)  # MRT213
            """,
        ),
        Example(
            title="A check that is not validated, or of another column",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT ck CHECK (email IS NOT NULL) NOT VALID")
                op.alter_column("users", "email", nullable=False)  # MRT213
                op.alter_column("users", "phone", nullable=False)  # MRT213
            """,
        ),
    )

    good = (
        Example(
            title="A validated check proves it",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("email", sa.Text))
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_email CHECK (email IS NOT NULL) NOT VALID")
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_email")
                op.alter_column("users", "email", nullable=False)
                op.drop_constraint("ck_email", "users", type_="check")
            """,
        ),
        Example(
            title="NOT NULL already",
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_nullable=False, nullable=False)
            """,
        ),
        Example(
            title="Another database",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that is looked through under the lock."""
        for op in case.ops_for(self, ops.AlterColumn):
            state = case.state_before(op)
            before = case.before(op, "nullable")
            if op.nullable is not False or state.empty or before is False or (before is UNKNOWN and was_required(case, op)):
                continue
            if (state.new_column and not _is_filled(case, op)) or _has_no_rows_here(case, op):
                continue
            if not (case.target.pg_version >= _FIRST_THAT_TRUSTS_CHECKS and _is_proved(case, op)):
                fails = ", and it fails where it finds one" if may_hold_null(case, op) else ""
                yield self.found(case.migration, op, **names(op), fails=fails)


def _has_no_rows_here(case: MigrationCase, op: ops.AlterColumn) -> bool:
    """Return whether the upgrade comes so far only where the table is empty: rows refuse a column that it adds before (MRT401)."""
    table = case.state_before(op).table
    added = (other for other in case.earlier(op) if isinstance(other, ops.AddColumn) and other.certain and not other.caught)
    return any(needs_value(other.definition) and case.state_before(other).table is table is not None for other in added)


def _is_filled(case: MigrationCase, op: ops.AlterColumn) -> bool:
    """Return whether an UPDATE of this upgrade filled the column before."""
    updates = (other for other in case.earlier(op) if isinstance(other, ops.Update))
    mine = (other.columns for other in updates if (other.table, other.schema) == (op.table, op.schema))
    return any(isinstance(columns, tuple) and op.column in columns for columns in mine)


def _is_proved(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether a validated check, of this upgrade or an earlier one, proves that a column holds no NULL."""
    table = case.state_before(op).table
    if table is None or not readable(op.column):
        return False
    validated: set[str] = set()
    made: list[Constraint] = list(case.former_checks(op))
    for other in case.earlier(op):
        if isinstance(other, ValidateConstraint) and readable(other.constraint):
            validated.add(fold(other.constraint))
        elif isinstance(other, CreateCheckConstraint) and case.state_before(other).table is table:
            made.append(other.definition)
    return any(_says(check, op.column) and _is_valid(check, validated) for check in made)


def _is_valid(check: Constraint, validated: set[str]) -> bool:
    return check.not_valid is False or (readable(check.name) and fold(check.name) in validated)


def _says(check: Constraint, column: str) -> bool:
    # PostgreSQL looks for `column IS NOT NULL` among the AND-ed parts of validated checks (since 12,
    # ConstraintImpliedByRelConstraint)
    words = _MARKS.sub(" ", check.condition).strip().casefold() if readable(check.condition) else ""
    return any(part.rpartition(".")[2] == f"{fold(column)} is not null" for part in words.split(" and "))
