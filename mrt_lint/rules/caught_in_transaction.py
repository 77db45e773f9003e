"""MRT451."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.transaction import Surroundings, surroundings
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class CaughtInTransaction(Rule):
    """The failure of a statement is caught in a transaction of PostgreSQL, which ends with it all the same.

    After an error PostgreSQL takes nothing but ROLLBACK: "current transaction is aborted, commands ignored until end of transaction
    block". The next statement fails, if only the one by which Alembic notes the revision, and all of the migration is rolled
    back. The `except` clause, written for what may be there already, has never worked where it was needed.
    """

    code = "MRT451"
    name = "caught-in-transaction"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = (
        "where this fails, catching it does not help: PostgreSQL takes no further statement in the transaction, so the next one "
        "fails and {function} with it"
    )
    instead = (
        "put it within the `try` into with op.get_bind().begin_nested(): …, a savepoint, or ask before whether it is needed: "
        "IF EXISTS, sa.inspect(op.get_bind())"
    )
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, SAVEPOINT: https://www.postgresql.org/docs/current/sql-savepoint.html",
        "SQLAlchemy, “Using SAVEPOINT”: https://docs.sqlalchemy.org/en/20/orm/session_transaction.html",
    )
    exemptions = (
        "A `begin_nested()` or SAVEPOINT comes before it in the function, or it is in an autocommit block.",
        "Every `except` clause raises an exception again, if only under a condition.",
        "What is caught is no error of a database: `ValueError`, `KeyError`, `ImportError`.",
        "It only reads, or is IF EXISTS or IF NOT EXISTS.",
        "The first statement of each function is reported.",
    )

    bad = (
        Example(
            title="By except and by suppress()",
            source="""
            from contextlib import suppress

            def upgrade():
                try:
                    op.drop_index("ix_users_name", table_name="users")  # MRT451
                except Exception:
                    print("there is none")
                op.add_column("users", sa.Column("nick", sa.String(20)))

            def downgrade():
                with suppress(sa.exc.ProgrammingError):
                    op.drop_column("users", "nick")  # MRT451
                op.create_index("ix_users_name", "users", ["name"])
            """,
        ),
    )
    good = (
        Example(
            title="A savepoint, a transaction of its own, or raised again",
            source="""
            from contextlib import suppress

            def upgrade():
                with op.get_context().autocommit_block():
                    with suppress(sa.exc.ProgrammingError):
                        op.drop_index("ix_users_name", table_name="users", postgresql_concurrently=True)
                try:
                    op.add_column("users", sa.Column("nick", sa.String(20)))
                except Exception as error:
                    if "exists" not in str(error):
                        raise

            def downgrade():
                try:
                    with op.get_bind().begin_nested():
                        op.drop_column("users", "nick")
                except sa.exc.ProgrammingError:
                    pass
                op.create_index("ix_users_name", "users", ["name"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first statement of each function whose failure is caught in a transaction."""
        for function in ("upgrade", "downgrade"):
            operations = [op for op in getattr(case.migration, f"{function}_ops") if case.runs(op, self.dialects)]
            for op, where, _ in surroundings([op for op in operations if not op.elsewhere]):
                if isinstance(op, ops.Statement) and op.command == "SAVEPOINT":
                    break
                is_caught = op.caught is True and not (op.caught_too_early or op.savepoint) and _changes(op)
                if is_caught and case.dialect(op) == "postgresql" and where in {Surroundings.MIGRATION, Surroundings.BEGUN}:
                    yield self.found(case.migration, op, function=function)
                    break


def _changes(op: ops.Op) -> bool:
    """Return whether an operation changes something, and fails where it cannot."""
    if isinstance(op, ops.Execute | ops.BatchAlterTable | ops.Raise | ops.InvalidCall):
        return False
    is_optional = getattr(op, "if_exists", False) is not False or getattr(op, "if_not_exists", False) is not False
    return not is_optional and (not isinstance(op, ops.Statement) or op.effect is True)
