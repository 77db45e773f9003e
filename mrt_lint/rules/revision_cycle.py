"""MRT905."""

from collections.abc import Iterator

from mrt_lint.history import GraphFlaw, History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.example_files import EMAILS, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, HistoryRule


class RevisionCycle(HistoryRule):
    """Revisions follow each other in a circle.

    There is no order in which they could run. Alembic finds the cycle when it builds the graph and stops with every command, also
    on other branches.
    """

    code = "MRT905"
    name = "revision-cycle"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "revision {revision} follows itself, by way of {cycle}: every alembic command stops here"
    instead = "set the down_revision of the oldest of them to what came before it"
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)

    bad = (
        Example(
            title="Each follows the other",
            files=(revision_file("001_users.py", "001", "002", deserves="MRT905"), EMAILS),
        ),
    )
    good = (
        Example(
            title="The first follows none",
            files=(USERS, EMAILS),
        ),
    )

    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:  # noqa: ARG002  a graph is broken on any database
        """Yield a finding at the first file of each cycle."""
        for problem in history.problems():
            if problem.flaw is GraphFlaw.CYCLE:
                cycle = " → ".join((*problem.revisions, problem.revisions[0]))
                yield self.found(problem.migration, problem.migration.place, revision=problem.migration.revision, cycle=cycle)
