"""MRT119."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.batch_rebuild import RebuildLoss
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.index_sql import code_of
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_WHAT = {
    "check": "its CHECK ({name}), which has no name",
    "index": "index '{name}', which has an expression",
    "order": "the order and collation of index '{name}'",
    "trigger": "trigger '{name}'",
    "collation": "the collation of column '{name}'",
    "autoincrement": "AUTOINCREMENT",
}
_SAFE = {
    "check": "give it a name, or give it to the batch: table_args=[sa.CheckConstraint(…)]",
    "index": "create the index again after the batch",
    "order": "drop the index after the batch, which has made it again without, and create it as it was: {index}",
    "trigger": "create the trigger again after the batch",
    "collation": "give the column its type with the collation in the batch",
    "autoincrement": 'give it to the batch: table_kwargs={"sqlite_autoincrement": True}',
}


def _again(case: MigrationCase, op: ops.Op, losses: list[RebuildLoss]) -> str:
    """Return the calls that drop the indexes which have lost their order and create them as they were."""
    schema, calls = case.known_schema("sqlite").schema, []
    for loss in losses if readable(getattr(op, "table", None)) else ():
        known = schema.index(loss.name)
        if loss.what == "order" and isinstance(known, ops.CreateIndex):
            code = code_of(replace(known, schema=None), "sqlite")
            table, name = literal(str(op.table)), literal(str(known.index))  # type: ignore[attr-defined]  # seen above
            calls.append(
                f"op.drop_index({name}, {table}) and op.create_index({name}, {table}, [{code['columns']}]{code['options']})"
            )
    return "; ".join(calls) or "op.drop_index(…) and op.create_index(…)"


class LostInRebuild(Rule):
    """Batch mode rebuilds a table on SQLite and loses what it does not reflect.

    A batch operation creates a new table from what SQLAlchemy can read of the old one, copies the rows, and drops the old one.
    CHECK constraints without a name, triggers, indexes of expressions, collations and AUTOINCREMENT are not among what it reads:
    they are lost, without an error, after `upgrade()` or after `downgrade()`, and the rollback does not restore the
    schema.
    """

    code = "MRT119"
    name = "lost-in-rebuild"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "SQLite rebuilds {the_table} here without {what}, and nothing restores it"
    instead = "{safe}"
    other = DialectWording(
        message="SQLite rebuilds {the_table} here with AUTOINCREMENT, which it had not before, and downgrade leaves it so",
        instead="leave sqlite_autoincrement out of table_kwargs of the last batch in downgrade()",
    )
    dialects = ("sqlite",)
    manual = (
        "Alembic, “Running “Batch” Migrations for SQLite and Other Databases”: https://alembic.sqlalchemy.org/en/latest/batch.html",
        "SQLAlchemy, “SQLite”, reflection: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html",
    )
    exemptions = (
        "The database is not declared to be SQLite: what exists depends on what was lost before.",
        "It is not known from the history, or this migration made it.",
        "`copy_from`, `reflect_args` or `reflect_kwargs` of the batch define what the table has.",
        "Of CHECKs: `table_args` holds one, or the batch has a `naming_convention`.",
        "`downgrade()` is missing or does nothing, raises, or has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Lost by upgrade, or by downgrade",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table(
                    "users",
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("email", sa.String(80, collation="NOCASE")),
                    sa.Column("age", sa.Integer),
                    sa.CheckConstraint("age > 0"),
                )
                op.create_index("ix_users_email", "users", [sa.text("lower(email)")])
                op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sqlite_autoincrement=True)
                op.execute("CREATE TRIGGER keep AFTER DELETE ON orders BEGIN INSERT INTO gone VALUES (OLD.id); END")
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("age", server_default="18")  # MRT119
                with op.batch_alter_table("orders") as batch:
                    batch.add_column(sa.Column("total", sa.Integer))

            def downgrade():
                with op.batch_alter_table("orders") as batch:
                    batch.drop_column("total")  # MRT119
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("age", server_default=None)
            """,
        ),
        Example(
            title="AUTOINCREMENT that stays",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("age", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users", recreate="always", table_kwargs={"sqlite_autoincrement": True}):  # MRT119
                    pass

            def downgrade():
                with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as batch:
                    batch.alter_column("age", type_=sa.Integer())
            """,
        ),
    )
    good = (
        Example(
            title="Given to the batch, or made again",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table(
                    "users",
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("email", sa.Text),
                    sa.Column("age", sa.Integer),
                    sa.CheckConstraint("age > 0"),
                    sqlite_autoincrement=True,
                )
                op.create_index("ix_users_email", "users", [sa.text("lower(email)")])
                op.create_index("ix_users_age", "users", ["age"], sqlite_where=sa.text("age > 18"))
            """,
            ),
            source="""
            AS_IT_WAS = {"table_args": [sa.CheckConstraint("age > 0")], "table_kwargs": {"sqlite_autoincrement": True}}

            def upgrade():
                with op.batch_alter_table("users", **AS_IT_WAS) as batch:
                    batch.alter_column("age", server_default="18")
                op.create_index("ix_users_email", "users", [sa.text("lower(email)")])

            def downgrade():
                op.drop_index("ix_users_email", "users")
                with op.batch_alter_table("users", **AS_IT_WAS) as batch:
                    batch.alter_column("age", server_default=None)
                op.create_index("ix_users_email", "users", [sa.text("lower(email)")])
            """,
        ),
        Example(
            title="Nothing is rebuilt",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("age", sa.Integer), sa.CheckConstraint("age > 0"))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.add_column(sa.Column("name", sa.Text, server_default="unknown"))
                    batch.create_index("ix_users_name", ["name"])

            def downgrade():
                op.drop_index("ix_users_name")
                op.execute("ALTER TABLE users DROP COLUMN name")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation that rebuilds a table without something, or with AUTOINCREMENT that stays."""
        if case.lacks_downgrade or case.target.dialect not in self.dialects:
            return
        operations = (*case.migration.upgrade_ops, *case.migration.downgrade_ops)
        lost: dict[int, list[RebuildLoss]] = {}
        for loss in case.analysis(operations[0]).losses if operations else ():
            lost.setdefault(id(loss.op), []).append(loss)
        for op in operations:
            losses = lost.get(id(op), [])
            won = [loss for loss in losses if loss.what == "autoincrement" and loss.former is False]
            left = [loss for loss in losses if loss not in won]
            if left:
                what = " and ".join(_WHAT[loss.what].format(name=loss.name) for loss in left)
                ways = dict.fromkeys(loss.what for loss in left)
                safe = "; ".join(dict.fromkeys(_SAFE[way] for way in ways)).replace("{index}", _again(case, op, left))
                yield self.found(case.migration, op, **names(op), what=what, safe=safe)
            if won:
                yield self.found(case.migration, op, self.other, **names(op))
