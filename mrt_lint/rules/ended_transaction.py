"""MRT444."""

from collections.abc import Iterable, Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.transaction import ends_transaction, refused
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_TRANSACTIONAL: Final = ("postgresql", "sqlite")
# what this release refused in a transaction, people still commit for
_OLD_RELEASE: Final = (11,)


class EndedTransaction(Rule):
    """A migration ends the transaction that Alembic has opened around it.

    With COMMIT in SQL, what came before stays when a later statement fails, while the database keeps the former revision: the next
    attempt does it a second time, or fails at what is there already. With psycopg2 every later statement is committed by
    itself as well. ROLLBACK takes back what came before, and the revision counts as done.
    After `op.get_bind().commit()` SQLAlchemy begins another transaction, of which Alembic does not know: what follows and the new
    revision's number are taken back at the end, and no error is shown.
    """

    code = "MRT444"
    name = "ended-transaction"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "{what} ends Alembic's transaction: where a later statement of {function} fails, what came before it stays, half done"
    instead = "leave it out: Alembic commits at the end; what has to be committed by itself goes into a revision of its own"
    undoing = DialectWording(
        message="{what} takes back what {function} did before it, and the revision counts as done all the same",
        instead="leave it out; where a statement may fail, put it into with op.get_bind().begin_nested(): …",
    )
    of_connection = DialectWording(
        message=(
            "{what} ends Alembic's transaction: what follows in {function}, and the number of the revision, is taken back "
            "without an error, unless env.py commits once more"
        ),
        instead="leave it out: Alembic commits at the end; what has to be committed by itself goes into a revision of its own",
    )
    manual = (
        "PostgreSQL, COMMIT: https://www.postgresql.org/docs/current/sql-commit.html",
        "SQLAlchemy, “Commit As You Go”: https://docs.sqlalchemy.org/en/20/core/connections.html#commit-as-you-go",
        "Alembic, MigrationContext.autocommit_block: https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    )
    exemptions = (
        "COMMIT is the first or the last statement that does anything, or in a loop over batches.",
        "COMMIT comes before or after what PostgreSQL refuses in a transaction, or refused until 11: MRT421 is about that.",
        "It is in an autocommit block, or ends a transaction or session that the migration has opened itself.",
        "Another database than PostgreSQL and SQLite is declared, except for methods of the connection.",
        "Of several in one function only the first is reported.",
    )

    bad = (
        Example(
            title="In the text of a statement, and alone",
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('a');commit;")  # MRT444
                op.execute("INSERT INTO kinds (name) VALUES ('b');commit;")
                op.add_column("notes", sa.Column("kind", sa.Text))

            def downgrade():
                op.drop_column("notes", "kind")
                op.execute("END")  # MRT444
                op.execute("DELETE FROM kinds WHERE name IN ('a', 'b')")
            """,
        ),
        Example(
            title="By the connection",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                connection = op.get_bind()
                connection.execute(sa.text("UPDATE notes SET kind = 'a' WHERE kind IS NULL"))
                connection.commit()  # MRT444
            """,
        ),
        Example(
            title="Taken back",
            source="""
            def upgrade():
                op.execute("UPDATE notes SET kind = 'a' WHERE kind IS NULL")
                op.execute("ROLLBACK")  # MRT444
            """,
        ),
    )
    good = (
        Example(
            title="Left to Alembic",
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('a')")
                op.add_column("notes", sa.Column("kind", sa.Text))

            def downgrade():
                op.drop_column("notes", "kind")
                op.execute("DELETE FROM kinds WHERE name = 'a'")
            """,
        ),
        Example(
            title="At the end, at the start, and for what runs in no transaction",
            source="""
            def upgrade():
                op.execute("COMMIT")
                op.execute("CREATE INDEX CONCURRENTLY ix_notes_kind ON notes (kind)")
                op.execute("COMMIT")
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")
                op.execute("COMMIT")
                op.execute("UPDATE notes SET mood = 'happy'")

            def downgrade():
                op.execute("UPDATE notes SET mood = 'sad' WHERE mood = 'happy';commit;")
            """,
        ),
        Example(
            title="A transaction of the migration's own",
            source="""
            from sqlalchemy.orm import Session

            def upgrade():
                session = Session(op.get_bind())
                session.execute(sa.text("UPDATE notes SET kind = 'a' WHERE kind IS NULL"))
                session.commit()
                part = op.get_bind().begin_nested()
                op.execute("INSERT INTO kinds (name) VALUES ('a')")
                part.commit()
                op.execute("ROLLBACK TO SAVEPOINT before_it")
                op.execute("INSERT INTO kinds (name) VALUES ('b')")
            """,
        ),
        Example(
            title="Batches",
            source="""
            def upgrade():
                for row in op.get_bind().execute(sa.text("SELECT id FROM parts")):
                    op.execute("UPDATE notes SET kind = 'a' WHERE kind IS NULL")
                    op.execute("COMMIT")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first statement of either function that ends its transaction."""
        for function, operations in (("upgrade", case.migration.upgrade_ops), ("downgrade", case.migration.downgrade_ops)):
            running = [op for op in operations if case.runs(op)]
            for place, op in enumerate(running):
                if not isinstance(op, ops.Statement) or op.autocommit or op.caught or not ends_transaction(op):
                    continue
                if not (op.in_python or (op.sql and case.runs(op, _TRANSACTIONAL))):
                    continue
                before, after = _changes(running[:place]), _changes(running[place + 1 :])
                takes_back = op.command in {"ROLLBACK", "ABORT"}
                if op.in_python:
                    wording, hurts = self.undoing if takes_back else self.of_connection, bool(before or not takes_back)
                elif takes_back:
                    wording, hurts = self.undoing, bool(before)
                else:
                    wording, hurts = None, bool(before and after) and not op.repeated and not _is_needed(before, after)
                if hurts and op.certain:
                    what = f"{op.command.lower()}() of Alembic's connection" if op.in_python else op.command
                    yield self.found(case.migration, op, wording, what=what, function=function)
                    break


def _changes(operations: Iterable[ops.Op]) -> list[ops.Op]:
    """Return the operations that change schema or rows, each once: SQL by what it performs."""
    return [
        op
        for op in operations
        if not (isinstance(op, ops.Execute) and isinstance(op.statement, str))
        and not (isinstance(op, ops.Statement) and op.effect is False)
        and not isinstance(op, ops.Raise)
    ]


def _is_needed(before: list[ops.Op], after: list[ops.Op]) -> bool:
    """Return whether what is beside a COMMIT runs in no transaction, or did not in an older release."""
    return any(refused(op, _OLD_RELEASE) for op in (before[-1], after[0]))
