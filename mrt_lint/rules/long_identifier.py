"""MRT439."""

from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import MaybeName

# PostgreSQL counts bytes; SQLAlchemy, which raises IdentifierError here, counts characters
_LONGEST: Final = 63


class LongIdentifier(Rule):
    """The name of an index or constraint is longer than PostgreSQL's 63 characters.

    SQLAlchemy does not even send it: IdentifierError. Names that `op.f()` marks it shortens, and so does PostgreSQL with those in
    SQL text, without a word; SQLite and others take the name as it is, so a migration that passes there stops here.
    """

    code = "MRT439"
    name = "long-identifier"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "SQLAlchemy refuses the name '{long}' on PostgreSQL: it has {length} characters, where 63 are the most"
    instead = "give it a shorter name"
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, “Identifiers and Key Words”: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
        "SQLAlchemy, IdentifierError: https://docs.sqlalchemy.org/en/20/core/exceptions.html#sqlalchemy.exc.IdentifierError",
    )
    exemptions = (
        "The name is in op.f() or in SQL text.",
        "It is the name of a check, which a naming convention of the models may make longer, and shortens then.",
        "It is the name of a table, column or type, which is cut off wherever it is used.",
        "PostgreSQL is not declared, or a guard keeps it out.",
    )

    bad = (
        Example(
            title="In either direction",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.create_index("ix_a_name_that_tells_of_every_column_of_the_table_and_goes_on_and_on", "users", ["a"])  # MRT439

            def downgrade():
                op.drop_index("ix_a_name_that_tells_of_every_column_of_the_table_and_goes_on_and_on", "users")  # MRT439
            """,
        ),
        Example(
            title="Constraints, in a new table too",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            NAME = "uq_a_name_that_tells_of_every_column_of_the_table_and_goes_on_and_on"

            def upgrade():
                op.create_unique_constraint(NAME, "users", ["a"])  # MRT439
                op.create_table("notes", sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name=NAME))  # MRT439
                op.drop_constraint(NAME, "teams", type_="unique")  # MRT439
            """,
        ),
    )
    good = (
        Example(
            title="Shortened, in SQL, or of a table",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            NAME = "ix_a_name_that_tells_of_every_column_of_the_table_and_goes_on_and_on"

            def upgrade():
                op.create_index(op.f(NAME), "users", ["a"])
                op.execute(f"CREATE INDEX {NAME} ON teams (a)")
                op.create_table(NAME, sa.Column(NAME, sa.Integer))
                op.create_check_constraint(NAME.replace("ix_", "ck_"), "users", "a > 0")
                op.create_index("ix_a_name_of_63_characters_____________________________________", "users", ["b"])
            """,
        ),
        Example(
            title="Another database",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.create_index("ix_a_name_that_tells_of_every_column_of_the_table_and_goes_on_and_on", "users", ["a"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every name that is too long."""
        if case.target.dialect != "postgresql":
            return
        for op in (*case.migration.upgrade_ops, *case.migration.downgrade_ops):
            long = next((name for name in _names(op) if readable(name) and len(name) > _LONGEST), None)
            if long is not None and not op.sql and case.runs(op, self.dialects):
                yield self.found(case.migration, op, long=long, length=len(long))


def _names(op: ops.Op) -> list[MaybeName]:
    if isinstance(op, ops.CreateIndex | ops.DropIndex):
        return [op.index]
    if isinstance(op, ops.DropConstraint):
        return [op.constraint] if op.kind != "check" else []
    constraints = (
        op.constraints if isinstance(op, ops.CreateTable) else [op.definition] if isinstance(op, ops.CreateConstraint) else []
    )
    return [constraint.name for constraint in constraints if constraint.kind != "check"]
