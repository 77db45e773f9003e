"""MRT907."""

from collections.abc import Iterator

from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import Example, HistoryRule


class LockedRevision(HistoryRule):
    """A revision that `mrt lock` has locked was edited, given another parent, or deleted.

    A database that has run it will not run it again: it keeps the schema of the former text, while every new one gets that of
    the present text. They differ from then on, and the next migration fails on one of them.
    """

    code = "MRT907"
    name = "locked-revision"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "revision {revision} is locked, and {what}: databases that have run it keep what it was"
    instead = "put it back as it was and write a new revision; mrt lock accepts it as it is, where no database has run it"
    manual = ("Alembic, “The Migration Environment”: https://alembic.sqlalchemy.org/en/latest/tutorial.html",)
    exemptions = ("There is no `mrt.lock` beside the project's configuration.", "Only the ends of the lines differ.")

    bad = (
        Example(
            title="Edited after `mrt lock` had locked it",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.execute("CREATE TABLE users (id bigint)")

                    def downgrade():
                        op.drop_table("users")
                    """,
                ),
            ),
        ),
    )
    good = (
        Example(
            title="As it was when `mrt lock` locked it",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.execute("CREATE TABLE users (id int)")

                    def downgrade():
                        op.drop_table("users")
                    """,
                ),
            ),
        ),
    )

    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:  # noqa: ARG002  files are compared, no graph
        """Yield a finding for each locked revision that is not what it was."""
        for breach in context.breaches:
            migration = Migration(path=breach.path, revision=breach.revision)
            yield self.found(migration, breach.place, revision=breach.revision, what=breach.what)
