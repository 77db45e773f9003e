"""MRT427."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity


class ComputedColumn(Rule):
    """A serial, identity or stored generated column is added to a PostgreSQL table that is there already.

    Each row needs a value of its own at once: PostgreSQL rewrites the whole table and its indexes while it keeps everybody out,
    and needs twice the space.
    """

    code = "MRT427"
    name = "computed-column"
    severity = Severity.WARNING
    message = "PostgreSQL rewrites {the_table} under an exclusive lock to give every row a value of {kind} {the_column}"
    instead = (
        "add a plain column, fill it in batches, and only then let a default, a sequence or a trigger give new rows their values"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The generated column is virtual, not stored.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="Stored, identity and serial",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)", persisted=True)))  # MRT427
                op.add_column("users", sa.Column("number", sa.BigInteger, sa.Identity()))  # MRT427
                op.execute("ALTER TABLE users ADD COLUMN place bigserial")  # MRT427
            """,
        ),
    )

    good = (
        Example(
            title="A plain column, a new table",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer))
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("notes", sa.Column("number", sa.Integer, sa.Identity()))
            """,
        ),
        Example(
            title="Virtual",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)", persisted=False)))
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every column that is computed row by row."""
        for op in case.concerned(self, ops.AddColumn):
            kind = _kind(op)
            if kind:
                yield self.found(case.migration, op, **names(op), kind=kind)


def _kind(op: ops.AddColumn) -> str:
    column = op.definition
    if column.computed is not None and column.persisted is True:
        return "stored"
    if column.identity is True:
        return "identity"
    return "serial" if op.sql and column.autoincrement is True else ""
