"""MRT303."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity, Target
from mrt_lint.undo.definition import here
from mrt_lint.values import UNKNOWN, UNSET, SqlType
from mrt_lint.widening import is_harmless


class TypeChange(Rule):
    """A column's type changes.

    Most changes rewrite the whole table while nobody can read or write it, and convert every value: what the new type cannot
    express is cut off or refused, and the downgrade converts what is left, not what there was.
    """

    code = "MRT303"
    name = "type-change"
    severity = Severity.WARNING
    message = (
        "upgrade changes {the_column} from {former} to {new}: every value is converted, a downgrade converts what is left of them"
    )
    instead = (
        "add a column of the new type beside {column}, fill it in batches, let the application write both, and drop {column} in a "
        "later release"
    )
    manual = (
        "PostgreSQL, ALTER TABLE, Notes: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html",
    )
    exemptions = (
        "The change is provably harmless on the database, the former type being known from `existing_type` or the history.",
        (
            "Harmless are the same type and a longer VARCHAR; on PostgreSQL and SQLite VARCHAR to TEXT and NUMERIC with more "
            "digits, same scale."
        ),
        "On MySQL a longer VARCHAR is so only where its length takes as many bytes as before.",
        "The table or the column was created earlier in the same upgrade.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.alter_column("users", "age", type_=sa.Integer, existing_type=sa.Text())  # MRT303
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("born", type_=sa.Date())  # MRT303
                op.execute("ALTER TABLE users ALTER age SET DATA TYPE bigint USING age::bigint")  # MRT303
            """,
        ),
        Example(
            title="Narrower",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(20), existing_type=sa.String(50))  # MRT303
                op.alter_column("users", "sum", type_=sa.Numeric(10, 4), existing_type=sa.Numeric(10, 2))  # MRT303
                op.alter_column("users", "note", type_=sa.String(50), existing_type=sa.Text())  # MRT303
            """,
        ),
        Example(
            title="MySQL: past 255 bytes, and to TEXT",
            target=Target(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))  # MRT303
                op.alter_column("users", "note", type_=sa.Text(), existing_type=sa.String(50))  # MRT303
            """,
        ),
    )
    good = (
        Example(
            title="Provably harmless",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))
                op.alter_column("users", "note", type_=sa.Text(), existing_type=sa.VARCHAR(length=50))
                op.alter_column("users", "sum", type_=sa.Numeric(12, 2), existing_type=sa.Numeric(10, 2))
            """,
        ),
        Example(
            title="Known from the history",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.String(50)))
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100))
                op.execute("ALTER TABLE users ALTER COLUMN name TYPE text")
            """,
        ),
        Example(
            title="`existing_type` alone changes nothing",
            target=Target(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_type=sa.String(50), nullable=False)
                op.alter_column("users", "name", existing_type=sa.String(50), type_=sa.String(60))
                op.alter_column("users", "note", existing_type=sa.Text(), type_=sa.Text(), nullable=True)
            """,
        ),
        Example(
            title="Another type on other databases only",
            source="""
            from sqlalchemy.dialects.mysql import LONGTEXT

            def upgrade():
                op.alter_column("users", "note", existing_type=sa.Text(), type_=sa.Text().with_variant(LONGTEXT(), "mysql"))
            """,
        ),
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Text))
                op.alter_column("users", "age", type_=sa.Integer)
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every change that is not provably harmless."""
        for op in case.concerned(self, ops.AlterColumn):
            if op.type is UNSET or case.moment(op).new_column:
                continue
            dialect = case.dialect(op)
            former, new = here(case.before(op, "type"), dialect), here(op.type, dialect)
            if isinstance(former, SqlType) and isinstance(new, SqlType) and is_harmless(former, new, dialect):
                continue
            if new is UNKNOWN and op.existing_type is UNKNOWN:
                continue
            yield self.found(case.migration, op, **names(op), former=_words(former, "its type"), new=_words(new, "another one"))


def _words(kind: object, otherwise: str) -> str:
    return str(kind) if isinstance(kind, SqlType) else otherwise
