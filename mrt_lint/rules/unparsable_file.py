"""MRT902."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

DEFECT = DialectWording(
    message="mrt failed on this file ({reason}): no other rule has looked at it",
    instead="review the migration by hand, and report this as a defect of pytest-mrt, with the file if you may",
)
"""What is said of a file that is not at fault."""


class UnparsableFile(Rule):
    """The file is not Python, or nested too deeply to be read.

    Alembic imports every file of the versions folder at each command: one that does not parse stops them all, on every branch,
    also the downgrade that is needed right now. What the file would do has not been looked at.
    """

    code = "MRT902"
    name = "unparsable-file"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "the file cannot be read: {reason}"
    instead = "correct it; every alembic command imports it, and no other rule has looked at it"
    manual = ("Alembic, ScriptDirectory: https://alembic.sqlalchemy.org/en/latest/api/script.html",)
    exemptions = (
        "A file that declares no revision is none of Alembic's: a package's `__init__.py`, a script beside the migrations.",
    )

    bad = (
        Example(
            title="Left in the middle of an edit",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.drop_table("users"

                    def downgrade():
                        pass
                    """,
                ),
            ),
        ),
    )
    good = (
        Example(
            title="It parses",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.execute("SELECT 1")

                    def downgrade():
                        pass
                    """,
                ),
            ),
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:  # noqa: ARG002  the reader of the file reports it, since there is no migration
        """Yield nothing: there is no migration to look at."""
        return iter(())
