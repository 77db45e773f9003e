"""MRT990."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class UselessNoqa(Rule):
    """A `# noqa` comment names a code that is not reported there.

    It was written for a line that has changed since, or the code is misspelt. It warns the next reader of a danger that is not
    there, and it will hide the next one that is.
    """

    code = "MRT990"
    name = "useless-noqa"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "this comment silences {code}, which finds nothing here"
    instead = "remove {code} from the comment"
    manual = ("flake8, “Selecting and Ignoring Violations”: https://flake8.pycqa.org/en/latest/user/violations.html",)
    fix = FixSafety.SAFE
    fixes = "The code is removed from the comment, or the comment if it has no other code."
    exemptions = ("A comment without codes, and one for a rule that is not selected in this run.",)

    bad = (
        Example(
            title="The line drops nothing any more",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.execute("SELECT 1")  # noqa: MRT201  not used any more

                    def downgrade():
                        pass
                    """,
                ),
            ),
        ),
    )
    good = (
        Example(
            title="It silences what is found",
            files=(
                (
                    "001_users.py",
                    """
                    from alembic import op

                    revision = "001"
                    down_revision = None

                    def upgrade():
                        op.drop_column("users", "fax")  # noqa: MRT201  not used any more

                    def downgrade():
                        op.execute("ALTER TABLE users ADD COLUMN fax text")
                    """,
                ),
            ),
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:  # noqa: ARG002  the reader of comments reports it, after all rules have run
        """Yield nothing: it takes the findings of all the others."""
        return iter(())
