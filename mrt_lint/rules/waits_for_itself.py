"""MRT450."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.other_connection import meetings
from mrt_lint.analysis.wording import deed, names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class WaitsForItself(Rule):
    """A migration waits on a connection of its own for a lock that its own transaction holds.

    The transaction ends with the migration, and the migration goes on when the lock is free: it never is. PostgreSQL finds no
    deadlock, for only one of the two sessions waits for a lock. Every other session waits behind it, too.
    """

    code = "MRT450"
    name = "waits-for-itself"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = (
        "{function} never gets on here: this is another connection, and waits for the lock that {deed} holds on {the_table} "
        "until {function} has ended"
    )
    instead = (
        "execute it by op.get_bind(), in the same transaction, or move it to a revision of its own and set "
        "transaction_per_migration=True where env.py configures the context"
    )
    unseen = DialectWording(
        message="{function} fails here: this is another connection, which finds no {the_table} until {function} has committed it",
        instead="execute it by op.get_bind(), in the same transaction",
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html",)
    exemptions = (
        "The lock was released before: an autocommit block or a COMMIT is between the two.",
        "Both only write rows: they meet where the rows are the same.",
        "It runs under a condition, or its failure is caught.",
    )

    bad = (
        Example(
            title="Filled by another connection than the one that adds the column, or creates the table",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.String(20)))
                op.create_table("nicks", sa.Column("id", sa.Integer, primary_key=True))
                engine = op.get_bind().engine
                with engine.begin() as connection:
                    connection.execute(sa.text("UPDATE users SET nick = name WHERE id < 10"))  # MRT450
                    connection.execute(sa.text("INSERT INTO nicks (id) VALUES (1)"))  # MRT450

            def downgrade():
                op.drop_table("nicks")
                op.drop_column("users", "nick")
            """,
        ),
    )
    good = (
        Example(
            title="The lock is released before, or none is held",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.add_column("users", sa.Column("nick", sa.String(20)))
                with op.get_bind().engine.begin() as connection:
                    connection.execute(sa.text("UPDATE users SET nick = name WHERE id < 10"))
                    connection.execute(sa.text("UPDATE teams SET name = 'x' WHERE id < 10"))

            def downgrade():
                op.drop_column("users", "nick")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first operation on each table that waits for the transaction it is called from."""
        for function in ("upgrade", "downgrade"):
            operations = [op for op in getattr(case.migration, f"{function}_ops") if case.runs(op)]
            for meeting in meetings(operations):
                if case.dialect(meeting.op) == "postgresql":
                    wording = self.unseen if meeting.is_unseen else None
                    yield self.found(
                        case.migration, meeting.op, wording, **names(meeting.op), function=function, deed=_deed(meeting.met)
                    )


def _deed(op: ops.Op) -> str:
    is_row_change = isinstance(op, ops.Insert | ops.BulkInsert | ops.Update | ops.Delete)
    return f"the {op.op.partition('_')[0].upper()}" if is_row_change else deed(op)
