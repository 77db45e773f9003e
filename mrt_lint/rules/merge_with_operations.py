"""MRT906."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model import ops
from mrt_lint.model.example_files import EMAILS, PHONES, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

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
    in_line = DialectWording(
        message="revision {revision} has {count} parents, but {earlier} comes before {last} anyway: there are no branches to merge",
        instead="write down_revision = «{last}»",
    )
    manual = ("Alembic, “Merging Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html#merging-branches",)
    exemptions = ("upgrade() does nothing, or runs nothing but SQL without an effect.",)

    bad = (
        Example(
            title="It adds a column as well",
            files=(USERS, EMAILS, PHONES, revision_file("003_merge.py", "003", "002", "002b", tail=_MERGE_AND_MORE)),
        ),
        Example(
            title="It merges nothing: one parent comes before the other",
            files=(USERS, EMAILS, revision_file("003_notes.py", "003", "002", "001", tail=_MERGE_AND_MORE)),
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
            if isinstance(op, ops.Execute) or (isinstance(op, ops.Statement) and op.effect is not True):
                continue
            earlier = _earlier_than_others(case)
            merged = [parent for parent in migration.parents if parent not in earlier]
            wording, count = (None, len(merged)) if len(merged) > 1 else (self.in_line, len(migration.parents))
            names = {"earlier": ", ".join(earlier), "last": merged[0]}
            yield self.found(migration, op, wording, revision=migration.revision, count=count, **names)
            return


def _earlier_than_others(case: MigrationCase) -> list[str]:
    """Return the parents from which another parent descends; what a revision only depends on is on a branch of its own."""
    parents, history = case.migration.parents, case.history
    if history is None or not set(parents).issubset(history.order):  # missing, or on a cycle
        return []
    lines = {parent: history.graph.line(parent) for parent in parents}
    return [parent for parent in parents if any(parent in line and parent != other for other, line in lines.items())]
