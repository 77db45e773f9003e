"""MRT449."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.other_connection import changes_elsewhere, meetings
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class SecondConnection(Rule):
    """A migration changes something on a connection that it opens itself, beside the one that Alembic gave it.

    It is another transaction. What is committed there stays where the migration fails and is rolled back, and the next attempt
    meets it; what the migration has not committed yet cannot be seen from there. The other connection may lead to
    another database than `alembic upgrade` was asked to migrate, and `--sql` writes nothing of it.
    """

    code = "MRT449"
    name = "second-connection"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = (
        "{function} makes this change on another connection: it stays there where {function} fails and is rolled back, "
        "and sees nothing that {function} has not committed"
    )
    instead = (
        "execute it by op.get_bind(), or by an ORM session on that; what must not run in the migration's transaction belongs in "
        "with op.get_context().autocommit_block(): …"
    )
    manual = (
        "SQLAlchemy, “Working with Engines and Connections”: https://docs.sqlalchemy.org/en/20/core/connections.html",
        "Alembic, MigrationContext.autocommit_block: https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    )
    exemptions = (
        "It only reads.",
        "What the connection is made of is not known: a function of the project that is not called an engine's.",
        "The first change of each function is reported, and not those that MRT450 reports.",
    )

    bad = (
        Example(
            title="An engine of its own, and the engine behind Alembic's connection",
            source="""
            def upgrade():
                engine = sa.create_engine("postgresql://localhost/shop")
                with engine.begin() as connection:
                    connection.execute(sa.text("UPDATE users SET name = 'x' WHERE name = 'y'"))  # MRT449

            def downgrade():
                session = sa.orm.Session(op.get_bind().engine)
                session.execute(sa.text("UPDATE users SET name = 'y' WHERE name = 'x'"))  # MRT449
                session.commit()
            """,
        ),
    )
    good = (
        Example(
            title="On Alembic's connection, or reading only",
            source="""
            def upgrade():
                with op.get_bind().engine.connect() as connection:
                    connection.execute(sa.text("SELECT 1"))
                op.get_bind().execute(sa.text("UPDATE users SET name = 'x' WHERE name = 'y'"))

            def downgrade():
                session = sa.orm.Session(op.get_bind())
                session.execute(sa.text("UPDATE users SET name = 'y' WHERE name = 'x'"))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first change of each function that is made on another connection."""
        for function in ("upgrade", "downgrade"):
            operations = [op for op in getattr(case.migration, f"{function}_ops") if case.runs(op)]
            waiting = {id(meeting.op) for meeting in meetings(operations) if case.dialect(meeting.op) == "postgresql"}
            first = next((op for op in changes_elsewhere(operations) if id(op) not in waiting), None)
            if first is not None:
                yield self.found(case.migration, first, function=function)
