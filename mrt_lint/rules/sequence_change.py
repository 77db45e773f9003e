"""MRT501."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class SequenceChange(Rule):
    """`upgrade()` creates, alters or sets a sequence, and no downgrade takes that back.

    Sequences are outside of transactions: what was handed out or set stays so, even if the migration fails. After a rollback the
    older release draws numbers that are taken already, and its inserts fail on duplicate keys.
    """

    code = "MRT501"
    name = "sequence-change"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade {verb} {the_sequence}: {why}"
    instead = "{advice}"
    manual = ("PostgreSQL, “Sequence Manipulation Functions”: https://www.postgresql.org/docs/current/functions-sequence.html",)
    exemptions = (
        "`downgrade()` drops the sequence that upgrade creates.",
        "The sequence or its table was created earlier in the same upgrade.",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="setval() and RESTART, in whatever case",
            source="""
            def upgrade():
                op.execute("SELECT setval('users_id_seq', (SELECT max(id) FROM users))")  # MRT501
                op.get_bind().execute(sa.text("select SETVAL('app.orders_id_seq', 1000)"))  # MRT501
                op.execute("ALTER SEQUENCE users_id_seq RESTART WITH 1000")  # MRT501
                op.execute(sa.select(sa.func.setval("users_id_seq", sa.func.max(sa.column("id")))))  # MRT501
            """,
        ),
        Example(
            title="Created and never dropped, or altered",
            source="""
            def upgrade():
                op.execute("CREATE SEQUENCE invoice_number START 1000")  # MRT501
                op.execute("ALTER SEQUENCE users_id_seq OWNED BY users.id")  # MRT501

            def downgrade():
                op.execute("DROP SEQUENCE invoice_numbers")
            """,
        ),
    )
    good = (
        Example(
            title="Created and dropped",
            source="""
            def upgrade():
                op.execute("CREATE SEQUENCE IF NOT EXISTS invoice_number START 1000")
                op.execute("ALTER SEQUENCE invoice_number OWNED BY invoices.number")

            def downgrade():
                op.execute("DROP SEQUENCE invoice_number")
            """,
        ),
        Example(
            title="In a comment, a string or a column's name",
            source="""
            def upgrade():
                op.execute("SELECT 1 -- setval('users_id_seq', 1)")
                op.execute("INSERT INTO log (line) VALUES ('setval(1)')")
                op.execute("UPDATE users SET setval = 1")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every sequence that does not become what it was."""
        for op in case.ops_for(self, ops.CreateObject, ops.AlterObject, ops.RenameObject, ops.SetSequenceValue):
            found = names(op)
            if isinstance(op, ops.SetSequenceValue):
                if not case.analysis(op).makes_anew(op, "sequence", op.sequence):
                    why = "sequences are outside of transactions, and a downgrade cannot know the former number"
                    advice = "set it beyond the largest number in use, never lower, and write the former value to the log first"
                    yield self.found(case.migration, op, verb="sets", the_sequence=found["the_sequence"], why=why, advice=advice)
                continue
            if op.kind != "sequence" or (isinstance(op, ops.AlterObject) and case.analysis(op).makes_anew(op, op.kind, op.name)):
                continue
            if isinstance(op, ops.AlterObject) or case.undone(op) is UndoStatus.NO:
                verb = op.op.partition("_")[0]
                why = "downgrade does not drop it" if verb == "create" else "it stays so after a downgrade"
                statement = (
                    f"{'DROP' if verb == 'create' else 'ALTER'} SEQUENCE {found['sql_name']}{'' if verb == 'create' else ' …'}"
                )
                advice = f"add op.execute({literal(statement)}) to downgrade()"
                yield self.found(case.migration, op, verb=f"{verb}s", the_sequence=found["the_name"], why=why, advice=advice)
