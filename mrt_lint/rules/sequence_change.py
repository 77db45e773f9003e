"""MRT501."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class SequenceChange(Rule):
    """`upgrade()` creates, alters or sets a sequence, and no downgrade takes that back.

    The number that a sequence had is written down nowhere; one that `setval()` set or that was handed out stays even if the
    migration fails, for these are outside of transactions. After a rollback the older release draws numbers that are taken
    already, and its inserts fail on duplicate keys.
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
        "`downgrade()` restarts the sequence, too, under the name that it has by then; setval() is reported all the same.",
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
                if not case.analysis(op).makes_anew(op, "sequence", op.sequence) and not (op.restarts and _is_set_back(case, op)):
                    why = "a downgrade cannot know the former number"
                    why = why if op.restarts else f"no ROLLBACK takes that back, and {why}"
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


def _is_set_back(case: MigrationCase, op: ops.SetSequenceValue) -> bool:
    """Return whether downgrade() sets the sequence as well, under this name or the one that it gives it."""
    reverse = tuple(case.analysis(op).reverse.values())
    names_by_then = {op.sequence}
    for other in reverse:
        if isinstance(other, ops.RenameObject) and other.kind == "sequence" and other.name in names_by_then:
            names_by_then.add(other.new_name)
    answers = (other for other in reverse if isinstance(other, ops.SetSequenceValue))
    if not readable(op.sequence):
        return any(op.table is not None and other.table == op.table for other in answers)
    return any(other.sequence in names_by_then for other in answers)
