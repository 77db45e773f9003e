"""MRT115."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.refusing_step import refusing_step
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class Irreversible(Rule):
    """`downgrade()` raises: the migration declares that it cannot be undone.

    That is better than a downgrade which does nothing. Still, the release that brings it cannot be rolled back, and users should
    not learn that during an incident. The finding names all that is lost with it, which no other rule reports then,
    and is as severe as those would be.
    """

    code = "MRT115"
    name = "irreversible"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_FAILS
    message = "downgrade() of revision {revision} raises {exception}: a release with it cannot be rolled back"
    instead = (
        'write the reason under [tool.mrt.irreversible] of pyproject.toml ({revision} = "…"), or undo in downgrade() what can '
        "be undone"
    )
    manual = ("Alembic tutorial, “Downgrading”: https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading",)
    exemptions = (
        "The configuration names the revision and the reason, which accepts what is lost in it as well.",
        "It raises only under a condition, or on other databases.",
    )

    bad = (
        Example(
            title="It raises",
            source="""
            def upgrade():
                op.drop_column("users", "phone")

            def downgrade():
                raise NotImplementedError("the numbers are lost")  # MRT115
            """,
        ),
    )
    good = (
        Example(
            title="It undoes what it can",
            source="""
            def upgrade():
                op.drop_column("users", "phone")

            def downgrade():
                op.add_column("users", sa.Column("phone", sa.Text))
            """,
        ),
        Example(
            title="It raises on databases that it was not written for",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))

            def downgrade():
                if op.get_bind().dialect.name == "postgresql":
                    op.drop_column("users", "phone")
                else:
                    raise NotImplementedError("unknown database")
            """,
        ),
        Example(
            title="It raises only under a condition",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))

            def downgrade():
                if op.get_bind().execute(sa.text("SELECT count(*) FROM users WHERE phone IS NOT NULL")).scalar():
                    raise RuntimeError("there are numbers")
                op.drop_column("users", "phone")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield one finding for a downgrade that refuses to run."""
        migration = case.migration
        if any(revision == migration.revision for revision, _ in case.irreversible):
            return
        if (op := refusing_step(case)) is not None:
            exception = op.exception if isinstance(op.exception, str) else "an exception"
            yield self.found(migration, op, revision=migration.revision, exception=exception)
