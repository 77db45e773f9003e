"""MRT120."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.context import Target
from mrt_lint.dialects import FAMILY
from mrt_lint.finding import Finding, Severity
from mrt_lint.inference.emptiness import needs_value
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Rule
from mrt_lint.values import UNKNOWN


class RefusedByRows(Rule):
    """`downgrade()` asks for values that rows do not have: a column NOT NULL again, or a new one without a default.

    On the empty database of a test it passes. In production the rows that the new release has written hold NULL there, or all rows
    hold nothing in a column that comes back, and the database refuses: the rollback fails in the middle of an incident.
    """

    code = "MRT120"
    name = "refused-by-rows"
    severity = Severity.WARNING
    message = "downgrade {deed}: the rollback fails where {where}"
    instead = "{advice}"
    manual = (
        "PostgreSQL, “Adding a Not-Null Constraint”: https://www.postgresql.org/docs/current/ddl-alter.html",
        "MySQL, “Data Type Default Values”: https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html",
    )
    exemptions = (
        "`downgrade()` fills the column, or deletes rows, before; or has parts before that cannot be read.",
        "The table is made, or emptied, in this migration; it runs under a condition.",
        "MySQL and MariaDB give the rows of a new column an empty value.",
        "An identity, autoincrement, serial or generated column fills itself.",
    )

    bad = (
        Example(
            title="NOT NULL again, though the new release may have written NULL",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=True)
                with op.batch_alter_table("teams") as batch:
                    batch.alter_column("name", nullable=True)
                op.execute("ALTER TABLE shops ALTER COLUMN town DROP NOT NULL")

            def downgrade():
                op.execute("ALTER TABLE shops ALTER COLUMN town SET NOT NULL")  # MRT120
                with op.batch_alter_table("teams") as batch:
                    batch.alter_column("name", nullable=False)  # MRT120
                op.execute("UPDATE users SET name = '' WHERE name IS NULL")
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)  # MRT120
            """,
        ),
        Example(
            title="MySQL, and a column that bears another name by then",
            target=Target(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.String(50), nullable=True, new_column_name="mail")

            def downgrade():
                op.alter_column("users", "mail", existing_type=sa.String(50), nullable=False, new_column_name="email")  # MRT120
            """,
        ),
        Example(
            title="A column that comes back without a value for anybody",
            source="""
            def upgrade():
                op.drop_column("users", "email")
                op.drop_column("users", "name")

            def downgrade():
                op.execute("ALTER TABLE users ADD COLUMN name text NOT NULL")  # MRT120
                op.add_column("users", sa.Column("email", sa.Text(), nullable=False))  # MRT120
            """,
        ),
    )
    good = (
        Example(
            title="Filled before, or without the rows that are in the way",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=True)
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=True)
                op.alter_column("shops", "town", existing_type=sa.Text(), nullable=True)
                op.drop_column("shops", "street")

            def downgrade():
                op.execute("UPDATE users SET email = '' WHERE email IS NULL")
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
                op.execute("DELETE FROM teams WHERE name IS NULL")
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=False)
                op.execute("DELETE FROM shops")
                op.add_column("shops", sa.Column("street", sa.Text(), nullable=False))
                op.execute(rescue())
                op.alter_column("shops", "town", existing_type=sa.Text(), nullable=False)
            """,
        ),
        Example(
            title="What upgrade() did not loosen, and what comes back with a default or fills itself",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), type_=sa.String(50), existing_nullable=False)
                op.drop_column("users", "number")
                op.drop_column("users", "place")
                op.drop_column("users", "name")

            def downgrade():
                op.add_column("users", sa.Column("name", sa.Text(), nullable=False, server_default=""))
                op.add_column("users", sa.Column("place", sa.Text()))
                op.add_column("users", sa.Column("number", sa.Integer(), sa.Identity(), nullable=False))
                op.alter_column("users", "email", existing_type=sa.String(50), type_=sa.Text(), nullable=False)
            """,
        ),
        Example(
            title="On MySQL, which has a value for everybody",
            target=Target(dialect="mysql"),
            source="""
            def upgrade():
                op.drop_column("users", "email")

            def downgrade():
                op.add_column("users", sa.Column("email", sa.String(50), nullable=False))
            """,
        ),
        Example(
            title="A table without rows",
            source="""
            def upgrade():
                op.drop_table("users")

            def downgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
                op.add_column("users", sa.Column("email", sa.Text(), nullable=False))
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every operation of downgrade() that rows refuse."""
        for place, op in enumerate(case.migration.downgrade_ops):
            if not op.certain or not case.runs(op) or case.moment(op).new_table or case.moment(op).empty:
                continue
            found = names(op, case.dialect(op))
            if isinstance(op, ops.AddColumn) and needs_value(op.definition) and case.dialect(op) not in FAMILY:
                deed = f"adds NOT NULL {found['the_column']} without a server default"
                advice = "give it a server_default, or add it with nullable=True, fill it, and set it NOT NULL then"
                yield self.found(case.migration, op, deed=deed, where="the table has rows", advice=advice)
            elif isinstance(op, ops.AlterColumn) and op.nullable is False and _was_loosened(case, op):
                if _is_filled(case, op, case.migration.downgrade_ops[:place]):
                    continue
                deed = f"sets {found['the_column']} NOT NULL, which upgrade made nullable"
                column = found["sql_column"]
                advice = f'before it, op.execute("UPDATE {found["sql_table"]} SET {column} = … WHERE {column} IS NULL")'
                yield self.found(case.migration, op, deed=deed, where="a row holds NULL by then", advice=advice)


def _was_loosened(case: Case, op: ops.AlterColumn) -> bool:
    """Tell whether upgrade() takes NOT NULL off the column."""
    column = case.thing(op)
    return column is not None and any(
        isinstance(other, ops.AlterColumn) and other.nullable is True and case.runs(other) and case.thing(other) is column
        for other in case.migration.upgrade_ops
    )


def _is_filled(case: Case, op: ops.AlterColumn, before: tuple[ops.Op, ...]) -> bool:
    """Tell whether downgrade() may give the column values, or delete the rows without one, before it needs them."""
    if not case.is_readable("downgrade"):
        return True
    table = case.moment(op).table
    for other in before:
        if isinstance(other, ops.Execute) and not isinstance(other.statement, str):
            return True
        if isinstance(other, ops.Statement) and other.effect is UNKNOWN:
            return True
        writes = isinstance(other, ops.Update) and (
            other.columns is UNKNOWN or op.column in other.columns or UNKNOWN in other.columns
        )
        if (writes or isinstance(other, ops.Delete)) and case.moment(other).table in {table, None}:
            return True
    return False
