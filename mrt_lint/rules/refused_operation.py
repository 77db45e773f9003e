"""MRT121."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.impossible import find_impossibility
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import Execute
from mrt_lint.model.rule import DialectWording, Example, Rule


class RefusedOperation(Rule):
    """An operation that cannot run at all.

    A call without an argument that it needs raises TypeError; SQLite has no ALTER for constraints, types and defaults; PostgreSQL
    casts no text to a number without USING; on MySQL Alembic needs the type of a changed column and the kind of a dropped
    constraint; no database parses SQL with a parenthesis or quote too many; SQLAlchemy takes every
    `:name` of `sa.text()` and `op.execute()` for a bind, in quotes, too, except directly before `::`. In `upgrade()` the
    first deployment shows it; in `downgrade()`, which never ran before, it is the rollback that was to end an incident.
    """

    code = "MRT121"
    name = "refused-operation"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "{function} fails here: {why}"
    instead = "{how}"
    in_loop = DialectWording(message="{function} fails here once there are rows: {why}", instead=instead)
    conditional = DialectWording(message="{function} fails here once its condition holds: {why}", instead=instead)
    manual = (
        "Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",
        "Alembic, “Running Batch Migrations for SQLite”: https://alembic.sqlalchemy.org/en/latest/batch.html",
        "PostgreSQL, ALTER TABLE, SET DATA TYPE: https://www.postgresql.org/docs/current/sql-altertable.html",
    )
    exemptions = (
        "The operation runs under a condition (save SQL that fails on any database), or its failure is caught.",
        "A default that is quoted text: the database is not declared, or takes the text for a value of the type.",
        "Raw SQL has a part that could not be read, or what is wrong with it is not in its parentheses, quotes and comments.",
        "SQLite: it is neither declared nor named by a guard; raw SQL, and NOT NULL, which newer releases take.",
        "PostgreSQL: the former type is not known, from the operation or the history, or one of both is the application's own.",
    )

    bad = (
        Example(
            title="An argument is missing, or an object is given for a name",
            source="""
            def upgrade():
                op.create_check_constraint("ck_total", "orders", "total > 0")
                op.add_column("orders", sa.Column("note", sa.Text))

            def downgrade():
                op.drop_column("orders", sa.Column("note", sa.Text))  # MRT121
                op.drop_constraint("ck_total")  # MRT121
            """,
        ),
        Example(
            title="A parenthesis or a quote too many",
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('a'), ('b')")

            def downgrade():
                op.execute("DELETE FROM kinds WHERE name IN ('a', 'b')) AND active")  # MRT121
                op.execute("UPDATE orders SET kind = other' WHERE kind = 'a'")  # MRT121
            """,
        ),
        Example(
            title="A bind that SQLAlchemy does not know, or has no value for",
            source=r"""
            def upgrade():
                conn = op.get_bind()
                update = sa.text("UPDATE orders SET lock = :lock::jsonb WHERE id = :id")
                for row in conn.execute(sa.text("SELECT id, lock FROM orders")):
                    conn.execute(update, {"id": row.id, "lock": "{}"})  # MRT121
                op.execute("UPDATE orders SET options = '{\"gift\":true}'")  # MRT121

            def downgrade():
                op.get_bind().execute(sa.text("UPDATE orders SET kind = :old WHERE kind = :new"), {"old": "a"})  # MRT121
            """,
        ),
        Example(
            title="SQLite, outside of a batch",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                with op.batch_alter_table("orders") as batch:
                    batch.create_foreign_key("fk_orders_user", "users", ["user_id"], ["id"])
                    batch.alter_column("total", type_=sa.BigInteger())

            def downgrade():
                op.alter_column("orders", "total", type_=sa.Integer())  # MRT121
                op.drop_constraint("fk_orders_user", "orders", type_="foreignkey")  # MRT121
            """,
        ),
        Example(
            title="What MySQL needs besides: the type of a column, the kind of a constraint, the table of an index",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_unique_constraint("uq_orders", "orders", ["number"])
                op.create_index("ix_orders", "orders", ["total"])
                op.alter_column("orders", "total", existing_type=sa.Integer(), nullable=False)

            def downgrade():
                op.alter_column("orders", "total", nullable=True)  # MRT121
                op.drop_index("ix_orders")  # MRT121
                op.drop_constraint("uq_orders", "orders")  # MRT121
            """,
        ),
        Example(
            title="A default that is quoted text",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.drop_column("orders", "token")
                op.drop_column("orders", "day")

            def downgrade():
                op.add_column("orders", sa.Column("token", sa.UUID(), server_default="gen_random_uuid()", nullable=False))  # MRT121
                op.add_column("orders", sa.Column("day", sa.Date(), server_default="CURRENT_DATE"))  # MRT121
            """,
        ),
        Example(
            title="A cast that PostgreSQL does not do without USING",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.alter_column("orders", "number", type_=sa.Text(), existing_type=sa.Integer())
                op.execute("ALTER TABLE orders ALTER COLUMN taken TYPE text")

            def downgrade():
                op.execute("ALTER TABLE orders ALTER COLUMN taken TYPE text")
                op.execute("ALTER TABLE orders ALTER COLUMN taken TYPE interval")  # MRT121
                op.alter_column("orders", "number", type_=sa.Integer(), existing_type=sa.Text())  # MRT121
            """,
        ),
    )
    good = (
        Example(
            title="A default that is a value of its type, or an expression",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.add_column("orders", sa.Column("day", sa.Date(), server_default=sa.text("CURRENT_DATE")))
                op.add_column("orders", sa.Column("paid", sa.Boolean(), server_default="f", nullable=False))

            def downgrade():
                op.drop_column("orders", "paid")
                op.drop_column("orders", "day")
            """,
        ),
        Example(
            title="Binds with values, and colons that begin none",
            source=r"""
            def upgrade():
                conn = op.get_bind()
                conn.execute(sa.text("UPDATE orders SET lock = CAST(:lock AS jsonb) WHERE id = :id"), {"id": 1, "lock": "{}"})
                op.execute("UPDATE orders SET options = '{\"gift\"\\:true}', opened = '12:30', size = '1'::int")

            def downgrade():
                op.execute(sa.text("UPDATE orders SET kind = :old WHERE kind = 'b'").bindparams(old="a"))
            """,
        ),
        Example(
            title="MySQL, with the type of the column and the kind of the constraint",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_unique_constraint("uq_orders", "orders", ["number"])
                op.alter_column("orders", "total", existing_type=sa.Integer(), nullable=False)
                op.alter_column("orders", "number", server_default="1")

            def downgrade():
                op.alter_column("orders", "number", server_default=None)
                op.alter_column("orders", "total", existing_type=sa.Integer(), nullable=True)
                op.drop_constraint("uq_orders", "orders", type_="unique")
            """,
        ),
        Example(
            title="With all arguments, whatever they are called",
            source="""
            def upgrade():
                op.create_check_constraint("ck_total", "orders", "total > 0")

            def downgrade():
                op.drop_constraint(table_name="orders", constraint_name="ck_total")
                op.drop_constraint(*reversed(NAMES))
            """,
        ),
        Example(
            title="SQLite, in a batch; a new name needs none",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                with op.batch_alter_table("orders") as batch:
                    batch.create_unique_constraint("uq_orders", ["number"])
                op.alter_column("orders", "total", new_column_name="sum")

            def downgrade():
                op.alter_column("orders", "sum", new_column_name="total")
                with op.batch_alter_table("orders") as batch:
                    batch.drop_constraint("uq_orders", type_="unique")
            """,
        ),
        Example(
            title="A cast with USING, or one that PostgreSQL does by itself",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.alter_column("orders", "number", type_=sa.Text(), existing_type=sa.Integer())
                op.alter_column("orders", "day", type_=sa.DateTime(), existing_type=sa.Date())

            def downgrade():
                op.alter_column("orders", "day", type_=sa.Date(), existing_type=sa.DateTime())
                op.alter_column(
                    "orders", "number", type_=sa.Integer(), existing_type=sa.Text(), postgresql_using="number::integer"
                )
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of either function that fails by itself."""
        migration = case.migration
        for function, operations in (("upgrade", migration.upgrade_ops), ("downgrade", migration.downgrade_ops)):
            for op in operations:
                # SQL that is wrong in itself fails whenever it is reached
                is_judged = op.certain or (isinstance(op, Execute) and op.broken)
                found = find_impossibility(case, op) if is_judged and not op.caught and case.runs(op) else None
                if found is not None:
                    wording = None if op.certain else self.in_loop if op.repeated else self.conditional
                    yield self.found(migration, op, wording, function=function, why=found.why, how=found.instead)
