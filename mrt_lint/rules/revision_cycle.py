"""MRT905."""

from collections.abc import Iterator

from mrt_lint.history import Flaw, History
from mrt_lint.rule import Context, Example, Finding, HistoryRule, Severity


class RevisionCycle(HistoryRule):
    """Revisions follow each other in a circle.

    There is no order in which they could run. Alembic finds the cycle when it builds the graph and stops with every command, also
    on other branches.
    """

    code = "MRT905"
    name = "revision-cycle"
    severity = Severity.ERROR
    message = "revision {revision} follows itself, by way of {cycle}: every alembic command stops here"
    instead = "set the down_revision of the oldest of them to what came before it"
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)

    bad = (
        Example(
            title="Each follows the other",
            files=(
                (
                    "001_users.py",
                    """
                    revision = "001"  # MRT905
                    down_revision = "002"
                    """,
                ),
                (
                    "002_emails.py",
                    """
                    revision = "002"
                    down_revision = "001"
                    """,
                ),
            ),
        ),
    )
    good = (
        Example(
            title="The first follows none",
            files=(
                (
                    "001_users.py",
                    """
                    revision = "001"
                    down_revision = None
                    """,
                ),
                (
                    "002_emails.py",
                    """
                    revision = "002"
                    down_revision = "001"
                    """,
                ),
            ),
        ),
    )

    def check_history(self, history: History, context: Context) -> Iterator[Finding]:  # noqa: ARG002  a graph is broken on any database
        """Yield a finding at the first file of each cycle."""
        for problem in history.problems():
            if problem.flaw is Flaw.CYCLE:
                cycle = " → ".join((*problem.revisions, problem.revisions[0]))
                yield self.found(problem.migration, problem.migration.place, revision=problem.migration.revision, cycle=cycle)
