"""MRT903."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.history import GraphFlaw, History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.example_files import EMAILS, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, HistoryRule


class MissingParent(HistoryRule):
    """A revision names a parent that no file declares.

    Alembic builds the whole graph before it does anything: every command, also on other branches, stops with “Can't locate
    revision”. It happens when a file is deleted, or when a revision is merged before the one that it follows.
    """

    code = "MRT903"
    name = "missing-parent"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "revision {revision} follows '{parent}', which no file declares: every alembic command stops here"
    instead = "set down_revision to a revision that is there, or bring back the file of '{parent}'"
    elsewhere = DialectWording(
        message=(
            "revision {revision} depends on '{parent}', which no file here declares: every alembic command stops here, unless "
            "another package adds its own version_locations"
        ),
        instead="name a revision that is there in depends_on, or install the package that brings '{parent}' wherever alembic runs",
    )
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)
    exemptions = ("The parent is in a file that does not parse (MRT902): its header is read all the same.",)

    bad = (
        Example(
            title="The file of its parent was deleted, or never merged",
            files=(USERS, revision_file("003_emails.py", "003", "002", deserves="MRT903")),
        ),
    )
    good = (
        Example(
            title="The parent is there",
            files=(USERS, EMAILS),
        ),
    )

    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:  # noqa: ARG002  a graph is broken on any database
        """Yield a finding at each file whose parent is missing."""
        for problem in history.problems():
            if problem.flaw is GraphFlaw.MISSING_PARENT:
                migration, parent = problem.migration, problem.revisions[0]
                # histories of packages that build on one another depend on revisions, and follow only their own
                only_depends = parent not in migration.parents
                wording = self.elsewhere if only_depends else None
                found = self.found(migration, migration.place, wording, revision=migration.revision, parent=parent)
                yield replace(found, severity=Severity.WARNING) if only_depends else found
