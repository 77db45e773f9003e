"""MRT906."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model import ops
from mrt_lint.model.example_files import EMAILS, PHONES, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule

_MERGE_AND_MORE = """
def upgrade():
    op.execute("ALTER TABLE users ADD COLUMN note text")  # MRT906

def downgrade():
    op.drop_column("users", "note")
"""
_MERGE = """
def upgrade():
    pass

def downgrade():
    pass
"""


class MergeWithOperations(Rule):
    """A merge revision does more than merge.

    It has several parents, and which of them ran first differs from database to database: it runs on schemas that were never
    tested together. And a project that merges the same branches elsewhere leaves it out.
    """

    code = "MRT906"
    name = "merge-with-operations"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "revision {revision} merges {count} branches and changes the database as well"
    instead = "leave the merge empty, and put the operations into a revision that follows it"
    manual = ("Alembic, “Merging Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html#merging-branches",)
    exemptions = ("upgrade() does nothing, or runs nothing but SQL without an effect.",)

    bad = (
        Example(
            title="It adds a column as well",
            files=(USERS, EMAILS, PHONES, revision_file("003_merge.py", "003", "002", "002b", tail=_MERGE_AND_MORE)),
        ),
    )
    good = (
        Example(
            title="It merges",
            files=(USERS, EMAILS, PHONES, revision_file("003_merge.py", "003", "002", "002b", tail=_MERGE)),
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield one finding for a merge that changes the database."""
        migration = case.migration
        if len(migration.parents) < 2:  # noqa: PLR2004  one parent is what every other revision has
            return
        for op in case.ops_for(self, ops.Op, new_tables=True):
            if not isinstance(op, ops.Execute) and not (isinstance(op, ops.Statement) and op.effect is not True):
                yield self.found(migration, op, revision=migration.revision, count=len(migration.parents))
                return
