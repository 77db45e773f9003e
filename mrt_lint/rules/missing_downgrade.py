"""MRT101."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class MissingDowngrade(Rule):
    """The migration has no `downgrade()` function.

    Alembic imports the file and calls `downgrade` when it walks down: without one it stops with an AttributeError, in the middle
    of an incident, at the moment when the release has to go back. Every revision below is out of reach as well.
    """

    code = "MRT101"
    name = "missing-downgrade"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "revision {revision} has no downgrade(): 'alembic downgrade' stops here with an AttributeError"
    instead = (
        "add downgrade() and undo in it what upgrade() does, last step first; raise in it, with the reason, if it cannot be undone"
    )
    manual = ("Alembic tutorial, “Create a Migration Script”: https://alembic.sqlalchemy.org/en/latest/tutorial.html",)
    fix = FixSafety.SAFE
    fixes = (
        "`downgrade()` is written whole: the reverse of every operation, last first, what was there before as the migrations "
        "before show it. It is written only where every part is certain; where a column or table comes back without its rows, "
        "only with `--unsafe-fixes`."
    )
    exemptions = ("`downgrade` is imported or assigned in the file.",)

    bad = (
        Example(
            title="Only upgrade() is there",
            source="""
            def upgrade():  # MRT101
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
            """,
        ),
        Example(
            title="A method or a nested function of that name is none of the module's",
            source="""
            def upgrade():  # MRT101
                def downgrade():
                    pass
                op.add_column("users", sa.Column("nickname", sa.Text))
            """,
        ),
    )
    good = (
        Example(
            title="Both functions",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))

            def downgrade():
                op.drop_table("notes")
            """,
        ),
        Example(
            title="downgrade() comes from elsewhere",
            source="""
            from shared_steps import downgrade

            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield one finding for a file without the function."""
        migration = case.migration
        imported = any({"downgrade", "*"} & set(module.names) for module in migration.imports)
        if migration.downgrade is None and not imported:
            place = migration.upgrade.place if migration.upgrade else migration.place
            revision = migration.revision if isinstance(migration.revision, str) else "of this file"
            yield self.found(migration, place, revision=revision)
