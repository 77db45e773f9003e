"""MRT111."""

from collections.abc import Iterator

from mrt_lint.analysis.altered_setting import is_restated, is_set
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.definition import for_dialect, is_same_value
from mrt_lint.analysis.downgrade.replacement import find_untouched_change
from mrt_lint.analysis.forgotten_settings import find_forgotten
from mrt_lint.analysis.former_definition import brought_back, changed_back
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_SETTINGS = {"type": "type", "server_default": "server default", "nullable": "nullability"}


class OtherDefinition(Rule):
    """`downgrade()` brings something back with another definition than it had, or changes what `upgrade()` did not touch.

    The rollback succeeds, and the schema is neither the old one nor the new one: a column that refuses NULL where the older
    release writes it, a default that is missing, a constraint on other columns. The next autogenerate finds it, or nothing does.
    """

    code = "MRT111"
    name = "other-definition"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade {does}, downgrade does not restore {what}: {difference}"
    instead = "give it in downgrade() the definition it had before this revision{how}"
    untouched = DialectWording(
        message="downgrade changes {the_column}, which upgrade did not touch: {difference}",
        instead="leave it out of downgrade(), or make the change in upgrade() too",
    )
    forgotten = DialectWording(
        message="{function} takes {lost} from {the_column}: MODIFY keeps only what it repeats{ending}",
        instead="repeat here what the column had ({repeated}){also}",
    )
    manual = (
        "Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",
        "MySQL, ALTER TABLE, MODIFY: https://dev.mysql.com/doc/refman/8.4/en/alter-table.html",
    )
    exemptions = (
        "The former definition is not known, neither from the operation nor from what earlier revisions make and set.",
        "`downgrade()` is missing or does nothing (MRT101 and MRT102 report that), raises, or has parts that cannot be read.",
        "MRT402 and MRT403 report NOT NULL that was not before, MRT408 indexes.",
        "Two conditions of a CHECK may be the same in other words: only other constants or operators prove a difference.",
    )

    bad = (
        Example(
            title="A column comes back with another type, nullability or default, or gets one that upgrade() did not touch",
            before=(
                """
            def upgrade():
                op.create_table(
                    "users",
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.String(50), nullable=False),
                    sa.Column("state", sa.Text, server_default="new"),
                    sa.Column("age", sa.Integer),
                    sa.Column("mail", sa.String(50)),
                )
            """,
            ),
            source="""
            def upgrade():
                op.drop_column("users", "name")  # MRT111
                op.drop_column("users", "state")  # MRT111
                op.drop_column("users", "age")  # MRT111

            def downgrade():
                op.add_column("users", sa.Column("name", sa.String(50), nullable=True))
                op.add_column("users", sa.Column("state", sa.Text))
                op.add_column("users", sa.Column("age", sa.BigInteger))
                op.alter_column("users", "mail", type_=sa.Text)  # MRT111
            """,
        ),
        Example(
            title="A setting is changed and not changed back, or to something else",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.Text(), existing_type=sa.String(50))  # MRT111
                op.alter_column("users", "state", server_default="new", existing_server_default=None)  # MRT111
                op.alter_column("users", "age", nullable=True)  # MRT111

            def downgrade():
                op.alter_column("users", "name", type_=sa.String(40), existing_type=sa.Text())
            """,
        ),
        Example(
            title="MODIFY forgets the default that the column had",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("age", sa.Integer, server_default="0"))
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users MODIFY COLUMN age bigint")  # MRT111

            def downgrade():
                op.alter_column("users", "age", type_=sa.Integer())
            """,
        ),
        Example(
            title="A table comes back without a column that a later revision added, or as the upgrade rebuilt it",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("line", sa.String(50)))
            """,
                """
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.drop_table("users")  # MRT111
                op.drop_table("notes")  # MRT111
                op.create_table("new", sa.Column("id", sa.Integer), sa.Column("name", sa.Text), sa.Column("size", sa.Integer))
                op.execute("INSERT INTO new (id, name) SELECT id, name FROM teams")
                op.drop_table("teams")  # MRT111
                op.rename_table("new", "teams")

            def downgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("line", sa.String(40)))
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
            """,
        ),
        Example(
            title="A foreign key comes back with another rule for deletes",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer))
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")  # MRT111

            def downgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
            """,
        ),
        Example(
            title="A CHECK comes back with another condition",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("state", sa.Text), sa.Column("total", sa.Integer))
                op.create_check_constraint("ck_total", "orders", "total > 0")
                op.create_check_constraint("ck_state", "orders", "state IN ('new', 'paid')")
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("ck_total", "orders", type_="check")  # MRT111
                op.drop_constraint("ck_state", "orders", type_="check")  # MRT111

            def downgrade():
                op.create_check_constraint("ck_total", "orders", "total > 1")
                op.execute("ALTER TABLE orders ADD CONSTRAINT ck_state CHECK (state = ANY (ARRAY['new'::text, 'old'::text]))")
            """,
        ),
    )
    good = (
        Example(
            title="As it was",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("name", sa.String(length=50), nullable=False), sa.Column("age", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.drop_column("users", "name")
                op.alter_column("users", "age", type_=sa.BigInteger(), server_default="0")

            def downgrade():
                op.alter_column("users", "age", type_=sa.Integer(), server_default=None)
                op.execute("ALTER TABLE users ADD COLUMN name varchar(50) NOT NULL")
            """,
        ),
        Example(
            title="The primary key makes it NOT NULL again",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("name", sa.Text), sa.PrimaryKeyConstraint("name", name="users_pkey"))
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("users_pkey", "users", type_="primary")
                op.drop_column("users", "name")

            def downgrade():
                op.add_column("users", sa.Column("name", sa.Text))
                op.create_primary_key("users_pkey", "users", ["name"])
            """,
        ),
        Example(
            title="A table as it was",
            before=(
                """
            def upgrade():
                op.create_table(
                    "users",
                    sa.Column("id", sa.Integer),
                    sa.Column("name", sa.String(50), server_default="x"),
                    sa.PrimaryKeyConstraint("id"),
                )
                op.add_column("users", sa.Column("age", sa.Integer))
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
            """,
            ),
            source="""
            def upgrade():
                op.drop_table("users")
                op.drop_table("teams")

            def downgrade():
                op.create_table("users", sa.Column("age", sa.Integer), sa.Column("id", sa.Integer, primary_key=True))
                op.execute("ALTER TABLE users ADD COLUMN name varchar(50) DEFAULT 'x'")
                op.create_table("teams", *team_columns())
            """,
        ),
        Example(
            title="A CHECK comes back in other words",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("state", sa.Text), sa.Column("total", sa.Integer))
                op.create_check_constraint("ck_total", "orders", sa.column("total") > 0)
                op.create_check_constraint("ck_state", "orders", "state IN ('new', 'paid')")
                op.create_check_constraint("ck_range", "orders", "total BETWEEN 1 AND 9")
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("ck_total", "orders", type_="check")
                op.drop_constraint("ck_state", "orders", type_="check")
                op.drop_constraint("ck_range", "orders", type_="check")

            def downgrade():
                op.create_check_constraint("ck_total", "orders", '(("total">(0)::integer))')
                op.create_check_constraint("ck_state", "orders", "state = 'paid' OR state = 'new'")
                op.create_check_constraint("ck_range", "orders", "total >= 1 AND total <= 9")
            """,
        ),
        Example(
            title="The former definition is not known, which MODIFY repeats, or it is a column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("rank", sa.Integer, server_default="0", nullable=False))
                op.alter_column("users", "rank", server_default=None)
                op.drop_column("users", "name")
                op.alter_column("users", "age", type_=sa.BigInteger(), nullable=True)
                op.execute("ALTER TABLE users MODIFY COLUMN size bigint")

            def downgrade():
                op.alter_column("users", "size", type_=sa.Integer())
                op.alter_column("users", "age", type_=sa.SmallInteger(), nullable=False)
                op.add_column("users", sa.Column("name", sa.Text))
                op.drop_column("users", "rank")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that does not become what it was."""
        if case.lacks_downgrade:
            return
        for op in case.ops_for(self, ops.DropColumn, ops.DropConstraint, ops.DropTable, along=True):
            is_another = isinstance(op, ops.DropConstraint) and case.returns_as_another_kind(op)
            is_own = not op.along_with or case.analysis(op).is_narrowed(op)
            if is_own and case.undone(op) is UndoStatus.DIFFERENT and not is_another:
                kind = {ops.DropColumn: "the_column", ops.DropTable: "the_table"}.get(type(op), "the_constraint")
                what = {"does": f"drops {names(op)[kind]}", "what": "its definition", "how": brought_back(case, op)}
                yield self.found(case.migration, op, **what, difference=case.difference(op))
        yield from self._find_untouched(case)
        for change, words in find_forgotten(case):
            yield self.found(case.migration, change, self.forgotten, **words)
        for altered in case.ops_for(self, ops.AlterColumn):
            for setting, word in _SETTINGS.items():
                is_own = is_set(case, altered, setting) and not is_restated(case, altered, setting)
                undone = case.undone(altered, setting) if is_own else UndoStatus.YES
                if undone is UndoStatus.DIFFERENT and _keeps(case, altered, setting):
                    words = {"does": f"leaves the {word} of {names(altered)['the_column']} as it was", "what": "it", "how": ""}
                    allows = "it takes no NULL then" if altered.nullable is True else "it allows NULL then"
                    difference = allows if setting == "nullable" else "it gets another one"
                    yield self.found(case.migration, altered, **words, difference=difference)
                elif undone in {UndoStatus.NO, UndoStatus.DIFFERENT}:
                    difference = "it stays as upgrade left it" if undone is UndoStatus.NO else "it gets another one"
                    words = {"does": f"changes the {word} of {names(altered)['the_column']}", "difference": difference}
                    yield self.found(case.migration, altered, **words, what="it", how=changed_back(case, altered, setting))

    def _find_untouched(self, case: MigrationCase) -> Iterator[Finding]:
        for op in case.migration.downgrade_ops:
            if isinstance(op, ops.AlterColumn) and op.certain and case.runs(op):
                difference = find_untouched_change(case.analysis(op), op)
                if difference is not None:
                    yield self.found(case.migration, op, self.untouched, **names(op), difference=difference)


def _keeps(case: MigrationCase, op: ops.AlterColumn, setting: str) -> bool:
    """Return whether an operation sets what the column had."""
    return is_same_value(case.originally(op, setting), for_dialect(getattr(op, setting), case.dialect(op)), setting) is True
