"""MRT423."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity


class CheckWithoutNotValid(Rule):
    """A CHECK constraint is added to a PostgreSQL table that is there already, and checked at once.

    PostgreSQL keeps everybody out of the table while it looks at every row. With NOT VALID it checks new rows only, and VALIDATE
    CONSTRAINT later checks the others without blocking anybody.
    """

    code = "MRT423"
    name = "check-without-not-valid"
    severity = Severity.WARNING
    message = "PostgreSQL locks {the_table} against everybody while it checks every row for {the_constraint}"
    instead = (
        "add it with postgresql_not_valid=True, and in a later revision run op.execute('ALTER TABLE {sql_table} VALIDATE "
        "CONSTRAINT {sql_constraint}')"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "It is added NOT VALID.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0")  # MRT423
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_name CHECK (name <> '')")  # MRT423
            """,
        ),
    )

    good = (
        Example(
            title="Not valid first",
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0", postgresql_not_valid=True)
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_name CHECK (name <> '') NOT VALID")
            """,
        ),
        Example(
            title="A new table, another database",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.create_check_constraint("ck_id", "notes", "id > 0")
                if op.get_bind().dialect.name == "sqlite":
                    op.create_check_constraint("ck_age", "users", "age > 0")
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every check that is made under the lock."""
        for op in case.concerned(self, ops.CreateCheckConstraint):
            if op.definition.not_valid is False:
                yield self.found(case.migration, op, **names(op))
