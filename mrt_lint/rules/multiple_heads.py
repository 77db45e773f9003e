"""MRT901."""

from collections.abc import Iterator

from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.example_files import EMAILS, PHONES, USERS, revision_file
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import DialectWording, Example, HistoryRule


class MultipleHeads(HistoryRule):
    """The history has more than one head.

    Two branches of the code each added a revision on the same parent. `alembic upgrade head` refuses to choose, so the deployment
    stops; where it runs with `heads`, the order in which the two arrive differs from database to database.
    """

    code = "MRT901"
    name = "multiple-heads"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = (
        "revision {revision} is one of {count} heads of the history, beside {others}: 'alembic upgrade head' refuses to choose"
    )
    instead = "alembic merge -m 'merge heads' {heads}, or set down_revision of the later one to the other"
    labelled = DialectWording(
        message=message,
        instead=(
            "run 'alembic upgrade heads', or one branch as 'alembic upgrade {label}@head'; and name the branches that are to stay "
            "apart under independent_branches in [tool.mrt]"
        ),
    )
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)
    exemptions = (
        "The branches are joined by a merge revision.",
        "The head is on a labelled branch that `independent_branches` of the configuration declares independent.",
    )

    bad = (
        Example(
            title="Two revisions on one parent",
            files=(
                USERS,
                revision_file("002_emails.py", "002", "001", deserves="MRT901"),
                revision_file("002_phones.py", "002b", "001", deserves="MRT901"),
            ),
        ),
    )
    good = (
        Example(
            title="Joined by a merge",
            files=(USERS, EMAILS, PHONES, revision_file("003_merge.py", "003", "002", "002b")),
        ),
    )

    def check_history(self, history: History, context: RuleContext) -> Iterator[Finding]:
        """Yield a finding at each head that has to be joined with another."""
        heads = [head for head in history.heads if not _is_independent(history, head, context.independent_branches)]
        if len(heads) < 2:  # noqa: PLR2004  one head is what every history has
            return
        for head in heads:
            migration = history.migrations[head]
            others = ", ".join(f"{other} ({_file(history.migrations[other])})" for other in heads if other != head)
            label = _own_label(history, head)
            names = {"revision": head, "count": len(heads), "others": others, "heads": " ".join(heads), "label": label}
            yield self.found(migration, migration.place, self.labelled if label else None, **names)


def _own_label(history: History, head: str) -> str:
    """Return the label of the branch that ends in a head where it shares no revision with another, as one does that stays apart."""
    line = history.graph.line(head)
    if any(not line.isdisjoint(history.graph.line(other)) for other in history.heads if other != head):
        return ""
    return next((label for revision in sorted(line) for label in history.migrations[revision].branch_labels), "")


def _is_independent(history: History, head: str, labels: tuple[str, ...]) -> bool:
    line = (head, *history.ancestors(head))
    return any(label in labels for revision in line for label in history.migrations[revision].branch_labels)


def _file(migration: Migration) -> str:
    return migration.path.replace("\\", "/").rpartition("/")[2]
