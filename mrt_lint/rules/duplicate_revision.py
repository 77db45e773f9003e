"""MRT904."""

from collections.abc import Iterator

from mrt_lint.history import Flaw, History
from mrt_lint.rule import Context, Example, Finding, HistoryRule, Severity


class DuplicateRevision(HistoryRule):
    """Two files declare the same revision.

    Alembic warns and keeps the one that it happens to load last: the other never runs, on this machine, and perhaps does on
    the next. It happens when a file is copied as a template.
    """

    code = "MRT904"
    name = "duplicate-revision"
    severity = Severity.ERROR
    message = "revision {revision} is declared by {others} too: Alembic runs one of the files and forgets the other"
    instead = (
        "give this file an identifier of its own (python -c 'import uuid; print(uuid.uuid4().hex[-12:])') and set its down_revision"
    )
    manual = ("Alembic, ScriptDirectory: https://alembic.sqlalchemy.org/en/latest/api/script.html",)

    bad = (
        Example(
            title="A file was copied as a template",
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
                    revision = "002"  # MRT904
                    down_revision = "001"
                    """,
                ),
                (
                    "002_phones.py",
                    """
                    revision = "002"  # MRT904
                    down_revision = "001"
                    """,
                ),
            ),
        ),
    )
    good = (
        Example(
            title="Each its own",
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
                (
                    "003_phones.py",
                    """
                    revision = "003"
                    down_revision = "002"
                    """,
                ),
            ),
        ),
    )

    def check_history(self, history: History, context: Context) -> Iterator[Finding]:  # noqa: ARG002  a graph is broken on any database
        """Yield a finding at each file that declares what another one declares."""
        for problem in history.problems():
            if problem.flaw is Flaw.DUPLICATE:
                for file, other in ((problem.migration, problem.others[0]), (problem.others[0], problem.migration)):
                    yield self.found(file, file.place, revision=problem.revisions[0], others=other.path)
