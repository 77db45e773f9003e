"""MRT408."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.former_definition import without_duplicates
from mrt_lint.analysis.index_sql import code_of
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class DropIndex(Rule):
    """`upgrade()` drops an index that `downgrade()` does not create again as it was: its name, columns, method and rows.

    Nothing fails after the rollback, it only becomes slow: the queries of the older release read whole tables. A unique index
    that is missing allows duplicates, and the next upgrade stumbles over an index that is not there.
    """

    code = "MRT408"
    name = "drop-index"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade drops {the_index}{on}, downgrade {does}"
    instead = "{first}create it in downgrade() as it was: op.create_index(«{index}», «{last}», [{columns}]{options})"
    manual = ("Alembic, Operations.create_index: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole. One that makes an index of that name itself is left alone."
    )
    exemptions = (
        "The index was created earlier in the same upgrade, or is created again there under the same name.",
        "The table is dropped later in the same upgrade (MRT202 reports that).",
        "`downgrade()` has parts, or names, that cannot be read.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")  # MRT408
                with op.batch_alter_table("users") as batch:
                    batch.drop_index("ix_users_name")  # MRT408
                op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_age")  # MRT408

            def downgrade():
                op.create_index("ix_users_mail", "users", ["email"])
            """,
        ),
        Example(
            title="Created again on other columns",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
                op.create_index("ix_users", "users", ["a", "b"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_users", "users")  # MRT408

            def downgrade():
                op.create_index("ix_users", "users", ["a"])
            """,
        ),
        Example(
            title="Created again without UNIQUE, or for other rows",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
                op.create_index("ix_a", "users", ["a"], unique=True)
                op.create_index("ix_b", "users", ["b"], postgresql_where=sa.text("b > 0"))
                op.create_index("ix_c", "users", ["b"], postgresql_where=sa.text("b > 0"))
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_a", "users")  # MRT408
                op.drop_index("ix_b", "users")  # MRT408
                op.drop_index("ix_c", "users")  # MRT408

            def downgrade():
                op.create_index("ix_a", "users", ["a"])
                op.create_index("ix_b", "users", ["b"])
                op.create_index("ix_c", "users", ["b"], postgresql_where=sa.text("b > 10"))
            """,
        ),
        Example(
            title="One of two created again",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
                op.create_index("ix_users_a", "users", ["a"])
                op.create_index("ix_users_b", "users", ["b"], unique=True)
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_users_a", "users")
                op.drop_index("ix_users_b", "users")  # MRT408

            def downgrade():
                op.create_index("ix_users_a", "users", ["a"])
            """,
        ),
    )
    good = (
        Example(
            title="Created again",
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")
                op.execute("DROP INDEX ix_users_name")

            def downgrade():
                op.execute("CREATE UNIQUE INDEX ix_users_email ON users (email)")
                with op.batch_alter_table("users") as batch:
                    batch.create_index("ix_users_name", ["name"])
            """,
        ),
        Example(
            title="Built again under the same name",
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")
                op.create_index("ix_users_email", "users", ["email"], unique=True)

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="An index of this upgrade's own",
            source="""
            def upgrade():
                op.create_index("ix_move", "users", ["email"])
                op.drop_index("ix_move", table_name="users")
            """,
        ),
        Example(
            title="It goes and comes with its table",
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")
                op.drop_table("users")

            def downgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("email", sa.Text, index=True))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every index that does not come back."""
        for op in case.ops_for(self, ops.DropIndex, along=True):
            undone = case.undone(op)
            if undone in {UndoStatus.NO, UndoStatus.DIFFERENT}:
                found = names(op)
                on = f" on '{found['table']}'" if op.table is not None and not op.along_with else ""
                index = case.former_index(op)
                found |= code_of(index, case.dialect(op)) | {"last": index.table if readable(index.table) else "…", "on": on}
                found["first"] = without_duplicates(case, op)
                does = "does not create it again: the older release runs without it"
                stays = undone is UndoStatus.DIFFERENT and _is_of_upgrade(case, op)
                if undone is UndoStatus.DIFFERENT:
                    does = "leaves the one that upgrade creates in its place" if stays else "creates another one under its name"
                    does += f": {case.difference(op)}"
                finding = self.found(case.migration, op, **found, does=does)
                instead = f"drop that one first and {finding.instead}" if stays else finding.instead
                if index.using is not None and str(index.using).lower() not in {"btree", "hash"}:
                    instead += ", with the postgresql_ops that it had"  # these methods have no operators for most types by default
                yield replace(finding, instead=instead)


def _is_of_upgrade(case: MigrationCase, op: ops.DropIndex) -> bool:
    """Return whether the index that has the name in the end is one that upgrade() has made."""
    successor = case.analysis(op).successor(op)
    return successor is not None and id(successor.creator) not in case.analysis(op).reverse
