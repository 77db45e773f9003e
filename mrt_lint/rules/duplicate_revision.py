"""MRT904."""

from collections.abc import Iterator

from mrt_lint.history import GraphFlaw, History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.example_files import EMAILS, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, HistoryRule


class DuplicateRevision(HistoryRule):
    """Two files declare the same revision.

    Alembic warns and keeps the one that it happens to load last: the other never runs, on this machine, and perhaps does on
    the next. It happens when a file is copied as a template.
    """

    code = "MRT904"
    name = "duplicate-revision"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "revision {revision} is declared by {others} too: Alembic runs one of the files and forgets the other"
    instead = (
        "give this file an identifier of its own (python -c 'import uuid; print(uuid.uuid4().hex[-12:])') and set its down_revision"
    )
    manual = ("Alembic, ScriptDirectory: https://alembic.sqlalchemy.org/en/latest/api/script.html",)

    bad = (
        Example(
            title="A file was copied as a template",
            files=(
                USERS,
                revision_file("002_emails.py", "002", "001", deserves="MRT904"),
                revision_file("002_phones.py", "002", "001", deserves="MRT904"),
            ),
        ),
    )
    good = (
        Example(
            title="Each its own",
            files=(USERS, EMAILS, revision_file("003_phones.py", "003", "002")),
        ),
    )

    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:  # noqa: ARG002  a graph is broken on any database
        """Yield a finding at each file that declares what another one declares."""
        for problem in history.problems():
            if problem.flaw is GraphFlaw.DUPLICATE:
                for file, other in ((problem.migration, problem.others[0]), (problem.others[0], problem.migration)):
                    yield self.found(file, file.place, revision=problem.revisions[0], others=other.path)
