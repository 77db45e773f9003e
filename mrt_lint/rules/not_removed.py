"""MRT110."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.replacement import makes_room
from mrt_lint.analysis.older_objects import may_be_older
from mrt_lint.analysis.removal import fails_next, is_nameless, removal
from mrt_lint.analysis.wording import deed, names
from mrt_lint.analysis.wrong_name import left_by_failed_drops
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule

_KEPT = frozenset({"sequence", "trigger", "type", "enum", "domain", "composite"})
_STAYS: Final = "it stays in a schema that the older release does not know"


class NotRemoved(Rule):
    """`upgrade()` creates a table, column, index, constraint, view or the like that `downgrade()` does not remove.

    The rollback seems to succeed and leaves it behind. The next upgrade creates it again and fails because it exists already; a
    column or constraint that stays refuses the rows of the older release.
    """

    code = "MRT110"
    name = "not-removed"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade creates {what}, downgrade does not remove it: {consequence}"
    instead = "{first}add {undo} to downgrade(){after}"
    manual = ("Alembic tutorial, “Create a Migration Script”: https://alembic.sqlalchemy.org/en/latest/tutorial.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole. Dropping a table or column that `downgrade()` leaves alone is done "
        "with `--unsafe-fixes` only: rows may have been written to it since."
    )
    exemptions = (
        "It belongs to a table that upgrade created or downgrade drops.",
        "`downgrade()` is missing or does nothing (MRT101 and MRT102 report that), raises, or has parts that cannot be read.",
        "CREATE OR REPLACE and IF NOT EXISTS may have created nothing; what is there already stops the upgrade (MRT441).",
        "Made only where the database lacks it, or in place of one that is looked up and dropped, it may be older.",
        "Its drop fails for the name or the kind that is written there (MRT116 and MRT117 report that).",
        "Other rules report triggers (MRT502), types (MRT503) and sequences (MRT501).",
    )

    bad = (
        Example(
            title="A table, a column, an index, a constraint, a view",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))  # MRT110
                op.add_column("users", sa.Column("nickname", sa.Text))  # MRT110
                op.create_index("ix_users_name", "users", ["name"])  # MRT110
                op.create_check_constraint("ck_height", "users", "height > 0")  # MRT110
                op.execute("CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18")  # MRT110
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="In the place of what upgrade() drops IF EXISTS: the next upgrade runs, and yet it stays",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users DROP CONSTRAINT IF EXISTS users_pk")
                op.create_primary_key("users_pk", "users", ["id"])  # MRT110

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="Removed from another table",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nickname", sa.Text))  # MRT110

            def downgrade():
                op.drop_column("user", "nickname")
            """,
        ),
        Example(
            title="An extension that is made without IF NOT EXISTS: the next upgrade fails",
            source="""
            def upgrade():
                op.execute("CREATE EXTENSION citext")  # MRT110
                op.execute("CREATE SCHEMA reports")  # MRT110

            def downgrade():
                op.execute("SELECT 1")
            """,
        ),
    )
    good = (
        Example(
            title="Removed, one by one or with their table",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
                op.create_index("ix_notes_id", "notes", ["id"])
                op.add_column("users", sa.Column("note_id", sa.Integer))
                op.create_foreign_key(None, "users", "notes", ["note_id"], ["id"])
                op.create_index("ix_users_note_id", "users", ["note_id"])

            def downgrade():
                op.drop_column("users", "note_id")
                op.drop_table("notes")
            """,
        ),
        Example(
            title="A partition goes with its table",
            source="""
            def upgrade():
                op.create_table("logs", sa.Column("day", sa.Date), postgresql_partition_by="RANGE (day)")
                op.execute("CREATE TABLE logs_2020 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')")

            def downgrade():
                op.drop_table("logs")
            """,
        ),
        Example(
            title="A check goes with the column that it names",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
                op.create_check_constraint("ck_age", "users", "AGE > 0")

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="Created unless it is there, and dropped again",
            source="""
            def upgrade():
                if has_table("policies"):
                    op.execute("INSERT INTO policies (id) VALUES (1)")
                    return
                op.create_table("policies", sa.Column("id", sa.Integer))
                op.execute("INSERT INTO policies (id) VALUES (1)")

            def downgrade():
                if has_table("policies"):
                    op.drop_table("policies")
            """,
        ),
        Example(
            title="An index over an expression goes with the column that it names",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nicknames", sa.Text))
                op.execute("CREATE INDEX ix_names ON users (lower(coalesce(nicknames, name)))")

            def downgrade():
                op.drop_column("users", "nicknames")
            """,
        ),
        Example(
            title="Dropped by the name that a naming convention gave it",
            source="""
            def upgrade():
                op.create_check_constraint("valid_age", "users", "age > 0")
                op.drop_constraint("uq_users_email", "users", type_="unique")

            def downgrade():
                op.create_unique_constraint("email", "users", ["email"])
                op.drop_constraint("ck_users_valid_age", "users", type_="check")
            """,
        ),
        Example(
            title="Dropped by the name that PostgreSQL gave it",
            source="""
            def upgrade():
                op.drop_constraint("orders_user_id_fkey", "orders", type_="foreignkey")
                op.create_foreign_key(None, "orders", "users", ["user_id"], ["id"], ondelete="SET NULL")
                op.create_foreign_key(None, "orders", "shops", ["shop_id"], ["id"])

            def downgrade():
                op.drop_constraint("orders_shop_id_fkey", "orders", type_="foreignkey")
                op.drop_constraint("orders_user_id_fkey", "orders", type_="foreignkey")
                op.create_foreign_key("orders_user_id_fkey", "orders", "users", ["user_id"], ["id"])
            """,
        ),
        Example(
            title="Taken out of the way, and created again as it was",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer))
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
                if has_shops():
                    op.create_foreign_key("fk_store", "orders", "shops", ["store_id"], ["id"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.execute("UPDATE orders SET user_id = user_id + 1")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
                if shops_moved():
                    op.drop_constraint("fk_store", "orders", type_="foreignkey")
                    op.create_foreign_key("fk_store", "orders", "shops", ["store_id"], ["id"])

            def downgrade():
                op.execute("UPDATE orders SET user_id = user_id - 1")
            """,
        ),
        Example(
            title="A column that an earlier revision has made, made unless it is there",
            before=(
                """
            def upgrade():
                if has_table("users"):
                    op.add_column("users", sa.Column("age", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                if not has_column("users", "age"):
                    op.add_column("users", sa.Column("age", sa.Integer))
                op.create_check_constraint("ck_age", "users", "age > 0")

            def downgrade():
                op.drop_constraint("ck_age", "users", type_="check")
            """,
        ),
        Example(
            title="It may have been there before",
            source="""
            def upgrade():
                op.execute("CREATE EXTENSION IF NOT EXISTS citext")
                op.execute("CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age >= 18")
                op.execute("CREATE SCHEMA IF NOT EXISTS reports")
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="What a failed run may have left is dropped first",
            source="""
            def upgrade():
                op.execute("DROP VIEW IF EXISTS adults")
                op.execute("CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18")
                op.execute("DROP FUNCTION IF EXISTS lowered")
                op.execute("CREATE FUNCTION lowered(t text) RETURNS text LANGUAGE sql AS 'SELECT lower(t)'")
                op.execute("UPDATE users SET email = lowered(email)")
                op.execute("DROP FUNCTION IF EXISTS lowered")

            def downgrade():
                op.execute("DROP VIEW adults")
            """,
        ),
        Example(
            title="An index created in place of another, both ways",
            source="""
            def upgrade():
                op.drop_index("ix_users", table_name="users")
                op.create_index("ix_users", "users", ["name", "age"])

            def downgrade():
                op.drop_index("ix_users", table_name="users")
                op.create_index("ix_users", "users", ["name"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every thing that is left behind."""
        if case.lacks_downgrade:
            return
        left = [
            op
            for op in case.ops_for(self, ops.CreateTable, ops.AddColumn, ops.CreateIndex, ops.CreateConstraint)
            if getattr(op, "if_not_exists", False) is False and id(op) not in case.analysis(op).duplicates and _is_left(case, op)
            if not may_be_older(case, op)
        ]
        reported = left_by_failed_drops(case, left) if left else set()
        for op in left:
            if id(op) not in reported:
                yield self.found(case.migration, op, **removal(case, op), consequence=_consequence(case, op))
        for made in case.ops_for(self, ops.CreateObject):
            sure = made.kind not in _KEPT and not made.or_replace and not made.if_not_exists
            sure = sure and id(made) not in case.analysis(made).duplicates
            if sure and not made.if_absent and _is_left(case, made):
                what = names(made)
                on = f" ON {what['sql_table']}" if made.table else ""
                statement = f"DROP {made.kind.upper()} {what['sql_name']}{on}"
                undo = f"op.execute({literal(statement)})"
                consequence = _consequence(case, made)
                yield self.found(
                    case.migration, made, what=what["the_name"], undo=undo, consequence=consequence, first="", after=""
                )


def _is_left(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether what an operation makes is there after downgrade(), which did not drop another thing of its name instead."""
    made = case.tracked(op)
    is_there = made is None or made.exists or case.analysis(op).is_narrowed(op)
    return is_there and case.undone(op) is UndoStatus.NO


def _consequence(case: MigrationCase, op: ops.Op) -> str:
    if not op.certain or makes_room(case.analysis(op), op):
        return _STAYS
    failing = next(filter(partial(fails_next, case), case.earlier(op)), None)
    if failing is not None:
        return f"{_STAYS}, and the next upgrade fails before it, at {deed(failing)}"
    if is_nameless(op):
        return "the next upgrade makes a second one"
    return "the next upgrade fails because it exists already"
