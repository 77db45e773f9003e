"""MRT215."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.type_change import is_changed_before, is_narrowing
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNSET, SqlType
from mrt_lint.online import lost_members


class LossyTypeChange(Rule):
    """A column's type becomes narrower than its values may be.

    What does not fit is cut off or rounded, or stops the migration, depending on the database and its mode. Where it is cut off
    or rounded the downgrade widens the column again, and the values stay as they were cut.
    """

    code = "MRT215"
    name = "lossy-type-change"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade narrows {the_column} from {former} to {new}: values that do not fit are cut off or stop the migration"
    instead = (
        "look for such values first (SELECT {sql_column} FROM {sql_table} WHERE …) and move them elsewhere, or add a new column "
        "beside {column}"
    )
    shorter_enum = DialectWording(
        message=(
            "upgrade takes {members} out of {the_column}: a row that holds one stops the migration, or loses the value where "
            "sql_mode is not strict"
        ),
        instead=(
            "look for such rows first (SELECT count(*) FROM {sql_table} WHERE {sql_column} IN ({members})) and give them another "
            "value in a revision before"
        ),
    )
    manual = (
        "PostgreSQL, “Character Types” and “Numeric Types”: https://www.postgresql.org/docs/current/datatype.html",
        "MySQL, ALTER TABLE: https://dev.mysql.com/doc/refman/8.0/en/alter-table.html",
    )
    exemptions = (
        "The former type is not known, neither from `existing_type` nor from the history.",
        "The table or the column was created, or the table emptied, earlier in the same upgrade.",
        "SQLite keeps neither lengths nor precisions.",
    )

    bad = (
        Example(
            title="Shorter, fewer digits, a smaller number",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(20), existing_type=sa.String(50))  # MRT215
                op.alter_column("users", "note", type_=sa.String(50), existing_type=sa.Text())  # MRT215
                op.alter_column("users", "sum", type_=sa.Numeric(10, 2), existing_type=sa.Numeric(12, 4))  # MRT215
                op.alter_column("users", "seen", type_=sa.Date(), existing_type=sa.DateTime())  # MRT215
            """,
        ),
        Example(
            title="The fraction is lost",
            source="""
            def upgrade():
                op.alter_column("orders", "sum", type_=sa.Integer(), existing_type=sa.Numeric(10, 2))  # MRT215
                op.alter_column("orders", "rate", type_=sa.BigInteger(), existing_type=sa.Float())  # MRT215
                op.alter_column("orders", "share", type_=sa.SmallInteger(), existing_type=sa.Double())  # MRT215
            """,
        ),
        Example(
            title="The fraction is lost on SQLite, too: Alembic copies it with a cast",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                with op.batch_alter_table("orders") as batch:
                    batch.alter_column("sum", type_=sa.Integer(), existing_type=sa.Numeric(10, 2))  # MRT215
                    batch.alter_column("rate", type_=sa.BigInteger(), existing_type=sa.REAL())  # MRT215
            """,
        ),
        Example(
            title="Known from the history",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("number", sa.BigInteger))
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ALTER COLUMN number TYPE smallint")  # MRT215
            """,
        ),
        Example(
            title="MySQL: a member less",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "state", type_=sa.Enum("a", "c"), existing_type=sa.Enum("a", "b", "c"))  # MRT215
            """,
        ),
    )
    good = (
        Example(
            title="Wider",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(50), existing_type=sa.String(20))
                op.alter_column("users", "number", type_=sa.BigInteger(), existing_type=sa.Integer())
                op.alter_column("users", "count", type_=sa.BigInteger(), existing_type=sa.Numeric(10))
                op.alter_column("users", "serial", type_=sa.BigInteger(), existing_type=sa.Numeric(10, 0))
                op.alter_column("users", "size", type_=sa.Numeric(10, 2), existing_type=sa.Integer())
            """,
        ),
        Example(
            title="SQLite takes any length",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", type_=sa.String(20), existing_type=sa.String(50))
                    batch.alter_column("sum", type_=sa.Numeric(10, 2), existing_type=sa.Numeric(12, 4))
            """,
        ),
        Example(
            title="Longer than PostgreSQL has any: it is MySQL's MEDIUMTEXT",
            source="""
            def upgrade():
                op.alter_column(
                    "pages",
                    "body",
                    existing_type=sa.Text(),
                    type_=sa.String(16777215).with_variant(mysql.MEDIUMTEXT(), "mysql"),
                )
            """,
        ),
        Example(
            title="The former type is not known",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(20))
            """,
        ),
        Example(
            title="A column of this upgrade's own, a table without rows",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.BigInteger))
                op.alter_column("users", "age", type_=sa.Integer, existing_type=sa.BigInteger())
                op.execute("TRUNCATE sessions")
                op.alter_column("sessions", "token", type_=sa.String(20), existing_type=sa.String(50))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column whose values may not fit any more."""
        for op in case.ops_for(self, ops.AlterColumn):
            state = case.state_before(op)
            if op.type is UNSET or state.new_column or state.empty:
                continue
            dialect = case.dialect(op)
            former, new = for_dialect(case.before(op, "type"), dialect), for_dialect(op.type, dialect)
            if isinstance(former, SqlType) and isinstance(new, SqlType) and is_narrowing(former, new, dialect):
                lost, is_changed = lost_members(former, new), is_changed_before(case, op)
                first = for_dialect(case.originally(op, "type"), dialect)
                # widened and narrowed again
                is_harmless = not is_changed and isinstance(first, SqlType) and not is_narrowing(first, new, dialect)
                if is_harmless or (lost and is_changed):
                    continue
                members = ", ".join(f"'{member}'" for member in lost)
                given = {**names(op, dialect), "former": former, "new": new, "members": members}
                yield self.found(case.migration, op, self.shorter_enum if members else None, **given)
