"""MRT422."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import in_sql, names
from mrt_lint.rule import Example, Finding, Rule, Severity, Target
from mrt_lint.undo.things import readable


class ForeignKeyWithoutNotValid(Rule):
    """A foreign key is added to a PostgreSQL table that is there already, and checked at once.

    PostgreSQL blocks writes to both tables while it looks up every row of the one in the other: minutes on large tables. With NOT
    VALID it checks new rows only, and VALIDATE CONSTRAINT later checks the others without blocking anybody.
    """

    code = "MRT422"
    name = "foreign-key-without-not-valid"
    severity = Severity.WARNING
    message = "PostgreSQL blocks writes to {the_table} and to '{parent}' while it checks every row for {the_key}"
    instead = (
        "add it with postgresql_not_valid=True, and in a later revision run op.execute('ALTER TABLE {sql_table} VALIDATE "
        "CONSTRAINT {key}')"
    )
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",
        (
            "PostgreSQL, “Notes” on NOT VALID and VALIDATE CONSTRAINT: "
            "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
        ),
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "It is added NOT VALID.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation, beside a column and in SQL",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])  # MRT422
                op.add_column("orders", sa.Column("shop_id", sa.Integer, sa.ForeignKey("shops.id")))  # MRT422
                op.execute("ALTER TABLE orders ADD CONSTRAINT fk_item FOREIGN KEY (item_id) REFERENCES items")  # MRT422
            """,
        ),
    )

    good = (
        Example(
            title="Not valid first",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True)
                op.execute("ALTER TABLE orders ADD CONSTRAINT fk_item FOREIGN KEY (item_id) REFERENCES items NOT VALID")
            """,
        ),
        Example(
            title="A new table",
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
                op.create_foreign_key("fk_shop", "orders", "shops", ["shop_id"], ["id"])
            """,
        ),
        Example(
            title="Another database",
            target=Target(dialect="mysql"),
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every foreign key that is checked under the lock."""
        for op in case.concerned(self, ops.CreateForeignKey, ops.AddColumn):
            given = (op.definition,) if isinstance(op, ops.CreateForeignKey) else op.definition.constraints
            for key in given:
                if key.kind == "foreignkey" and key.not_valid is False:
                    parent = key.referred_table if readable(key.referred_table) else "another table"
                    the_key = f"foreign key '{key.name}'" if readable(key.name) else "a foreign key"
                    found = names(op)
                    name = in_sql(op, key.name, case.dialect(op)) if readable(key.name) else "…"
                    yield self.found(case.migration, op, **found, parent=parent, the_key=the_key, key=name)
