"""MRT116."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.absent_objects import ON_CONSTRAINTS
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import bare, names
from mrt_lint.analysis.wrong_name import names_instead, runs_for_sure
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class NoSuchName(Rule):
    """A constraint or index is dropped without a name, or by a name that it never had, or has no more.

    Autogenerate writes `op.drop_constraint(None, …)` into `downgrade()` where the model gave no name; the database gave one, but
    the migration does not know it. The statement raises: “Can't emit DROP CONSTRAINT … it has no name”. A naming convention does
    not help, for the operation names no columns to build one from. So the rollback stops there, usually during an incident.
    """

    code = "MRT116"
    name = "no-such-name"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "{function} fails here: {the_thing} of {the_table} is dropped without a name"
    instead = (
        "give it a name where it is made, and drop it by that; where it is in use already, by the name that the database gave it "
        "({look}){by_type}"
    )
    named = DialectWording(message=message, instead="drop it by the name that it was given: {given}{by_type}")
    other = DialectWording(
        message="{function} fails here: by its history {the_table} has no {kind} of the name '{constraint}'",
        instead="look up the name where the history makes the constraint: {known}",
    )
    renamed = DialectWording(
        message="downgrade fails here: {missing}", instead="write the name that it has by then, and drop it as what it is"
    )
    manual = (
        "Alembic, “The Importance of Naming Constraints”: https://alembic.sqlalchemy.org/en/latest/naming.html",
        "Alembic, Operations.drop_constraint: https://alembic.sqlalchemy.org/en/latest/ops.html",
    )
    exemptions = (
        "The operation runs under a condition, or IF EXISTS.",
        "It is a primary key without a name: MySQL needs none, elsewhere a naming convention can supply it.",
        "A name that is not in the history: the table was not made by it or not wholly read, or it has something without a name.",
        "Names of checks and of indexes, which a naming convention may change, and names on SQLite.",
    )

    bad = (
        Example(
            title="Without a name, as autogenerate writes it",
            source="""
            def upgrade():
                op.create_foreign_key(None, "orders", "users", ["user_id"], ["id"])
                with op.batch_alter_table("users") as batch:
                    batch.create_unique_constraint(None, ["email"])

            def downgrade():
                with op.batch_alter_table("users") as batch:
                    batch.drop_constraint(None, type_="unique")  # MRT116
                op.drop_constraint(None, "orders", type_="foreignkey")  # MRT116
            """,
        ),
        Example(
            title="By a name that an earlier revision has changed",
            before=(
                """
            def upgrade():
                op.create_unique_constraint("uq", "users", ["email"])
            """,
                """
            def upgrade():
                op.execute("ALTER TABLE users RENAME CONSTRAINT uq TO uq_users_email")
            """,
            ),
            source="""
            def upgrade():
                op.create_unique_constraint("uq_users_name", "users", ["name"])

            def downgrade():
                op.drop_constraint("uq_users_name", "users", type_="unique")
                op.drop_constraint("uq", "users", type_="unique")  # MRT116
            """,
        ),
        Example(
            title="By the name of another table's",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.PrimaryKeyConstraint("id", name="users_pk"))
            """,
            ),
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("id", sa.Integer))
                op.create_primary_key("orders_pk", "orders", ["id"])

            def downgrade():
                op.drop_constraint("orders_pk", "users", type_="primary")  # MRT116
                op.drop_table("orders")
            """,
        ),
    )
    good = (
        Example(
            title="By the name that an earlier revision gave it",
            before=(
                """
            def upgrade():
                op.create_unique_constraint("uq", "users", ["email"])
            """,
                """
            def upgrade():
                op.execute("ALTER TABLE users RENAME CONSTRAINT uq TO uq_users_email")
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("uq_users_email", "users", type_="unique")

            def downgrade():
                op.create_unique_constraint("uq_users_email", "users", ["email"])
            """,
        ),
        Example(
            title="Named where it is made",
            source="""
            def upgrade():
                op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"])

            def downgrade():
                op.drop_constraint("fk_orders_user", "orders", type_="foreignkey")
            """,
        ),
        Example(
            title="Named by the database, or by a convention",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("boss_id", sa.Integer))
                op.create_unique_constraint("boss", "users", ["boss_id"])
            """,
            ),
            source="""
            def upgrade():
                op.create_foreign_key(None, "users", "users", ["boss_id"], ["id"])

            def downgrade():
                op.drop_constraint("users_boss_id_fkey", "users", type_="foreignkey")
            """,
        ),
        Example(
            title="MySQL's primary key has no name",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_primary_key(None, "users", ["id"])

            def downgrade():
                op.drop_constraint(None, "users", type_="primary")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every such drop, in either function."""
        constraints = (op for op in case.migration.downgrade_ops if isinstance(op, ON_CONSTRAINTS))
        renamed = {id(op): why for op, why in case.failing(constraints, lambda analysis: analysis.missing_objects)}
        for function, operations in (("upgrade", case.migration.upgrade_ops), ("downgrade", case.migration.downgrade_ops)):
            for op in operations:
                if function == "downgrade" and id(op) in renamed:
                    yield self.found(case.migration, op, self.renamed, missing=renamed[id(op)])
                    continue
                if not isinstance(op, ops.DropConstraint | ops.DropIndex) or not runs_for_sure(case, op):
                    continue
                if _is_nameless(op):
                    the_thing = bare(names(op)["the_index" if isinstance(op, ops.DropIndex) else "the_constraint"])
                    found = names(op) | {"function": function, "the_thing": the_thing, "look": _look(case, op)}
                    given, by_type = (
                        _advice(case, op) if function == "downgrade" and isinstance(op, ops.DropConstraint) else ("", "")
                    )
                    yield self.found(case.migration, op, self.named if given else None, **found, given=given, by_type=by_type)
                elif isinstance(op, ops.DropConstraint) and (known := names_instead(case, op)) is not None:
                    found = names(op) | {"function": function, "known": known}
                    kind = found["the_constraint"].partition(" '")[0]
                    yield self.found(case.migration, op, self.other, **found, kind=kind)


def _is_nameless(op: ops.DropConstraint | ops.DropIndex) -> bool:
    name = op.index if isinstance(op, ops.DropIndex) else op.constraint
    return name is None and not op.sql and not (isinstance(op, ops.DropConstraint) and op.kind == "primary")


def _look(case: MigrationCase, op: ops.DropConstraint | ops.DropIndex) -> str:
    """Return where the database shows its names."""
    table = names(op, case.dialect(op))["sql_table"]
    places = {"postgresql": f"\\d {table} in psql", "sqlite": "on SQLite by that which naming_convention= of the batch makes"}
    return places.get(case.dialect(op), f"SHOW CREATE TABLE {table}")


def _advice(case: MigrationCase, op: ops.DropConstraint) -> tuple[str, str]:
    """Return the names of the constraints of its kind that upgrade() makes in the table, and what MySQL needs besides a name.

    There are no names where one of the constraints has none.
    """
    table = case.state_before(op).table
    made = [
        other
        for other in case.migration.upgrade_ops
        if isinstance(other, ops.CreateConstraint)
        and op.kind in {None, other.definition.kind}
        and case.state_before(other).table is table
    ]
    kinds = {other.definition.kind for other in made}
    needs_type = case.dialect(op) in FAMILY and op.kind is None
    by_type = f', with type_="{kinds.pop() if len(kinds) == 1 else "…"}", which MySQL needs' if needs_type else ""
    names_given = " or ".join(f"'{other.constraint}'" for other in made)
    return (names_given if table is not None and all(readable(other.constraint) for other in made) else ""), by_type
