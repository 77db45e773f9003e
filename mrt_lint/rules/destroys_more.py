"""MRT113."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.absent_table import is_made_by_later_downgrade
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.destruction import destroys, is_known
from mrt_lint.analysis.met_before import met_before
from mrt_lint.analysis.overwritten_back import overwritten_back
from mrt_lint.analysis.wording import names, quoted
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class DestroysMore(Rule):
    """`downgrade()` drops a table or column that `upgrade()` did not create, or overwrites values that it did not write.

    It was there before, with its values: the rollback that should have saved the day deletes data that this revision never
    touched. It happens when a downgrade is copied, or written for an earlier draft of the upgrade.
    """

    code = "MRT113"
    name = "destroys-more"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "downgrade drops {what}, which upgrade did not create: its {values} are lost in a rollback"
    instead = "drop in downgrade() only what upgrade() creates; check the names"
    foreign = DialectWording(
        message=(
            "downgrade drops {what}, which neither upgrade nor a revision before it creates: it fails, or takes {values} that were "
            "there before"
        ),
        instead="{right_name}leave it out of downgrade()",
    )
    of_key = DialectWording(
        message="downgrade drops {what}, which upgrade did not create: it is missing after a rollback",
        instead="drop in downgrade() only what upgrade() creates; check the names",
        consequence=Consequence.ROLLBACK_LEAVES_THINGS,
    )
    overwritten = DialectWording(
        message="downgrade sets {the_column} to one value in every row, {but}: all other values are lost in a rollback",
        instead="name in downgrade() the rows that upgrade() changes: WHERE",
    )
    met = DialectWording(
        message=(
            "downgrade sets {the_column} to {given} wherever it is {met}, also in rows that held this before upgrade ({reason}): "
            "these lose it in a rollback"
        ),
        instead=(
            "note the keys of rows that upgrade() changes in a table of its own first, by which downgrade() sets back these alone, "
            "and which it drops"
        ),
    )
    met_by_all = DialectWording(
        message=met.message,
        instead=(
            "where both mean the same to the older release, say so behind '# noqa: MRT113': rows written since the upgrade hold "
            "{met} as well, and have to change; where not, note the keys of rows that hold {met} in a table of its own before "
            "upgrade() changes others, leave these alone in downgrade(), and drop it there"
        ),
    )
    manual = ("Alembic tutorial, “Downgrading”: https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading",)
    exemptions = (
        "upgrade() has parts, or names, that cannot be read.",
        "Values: what is set is computed, or upgrade() writes the column in several steps or every row, or it was empty before.",
        "Where it asks for a value: it is not known that rows could hold that before, or it names rows by a key.",
        "It is dropped IF EXISTS or under a condition, or created again in the same downgrade.",
        "A constraint is dropped without a name, which fails (MRT116 reports that).",
        "The history proves that there is no such table or column (MRT117 reports that), or a later `downgrade()` makes the table.",
    )

    bad = (
        Example(
            title="Another table, another column",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.create_table("note", sa.Column("id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("users", sa.Column("nickname", sa.Text))

            def downgrade():
                op.drop_column("users", "name")  # MRT113
                op.drop_table("note")  # MRT113
            """,
        ),
        Example(
            title="What upgrade only renamed or altered",
            source="""
            def upgrade():
                op.rename_table("users", "accounts")
                op.alter_column("teams", "name", nullable=True)

            def downgrade():
                op.drop_table("accounts")  # MRT113
                op.execute("ALTER TABLE teams DROP COLUMN name")  # MRT113
            """,
        ),
        Example(
            title="A value that was there before",
            before=(
                """
            def upgrade():
                op.create_table("jobs", sa.Column("id", sa.Integer), sa.Column("open", sa.Boolean))
            """,
            ),
            source="""
            def upgrade():
                op.execute("UPDATE jobs SET open = false WHERE open AND id < 100")

            def downgrade():
                op.execute("UPDATE jobs SET open = true WHERE NOT open")  # MRT113
            """,
        ),
    )
    good = (
        Example(
            title="What upgrade created",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("users", sa.Column("nick", sa.Text))
                op.alter_column("users", "nick", new_column_name="nickname")

            def downgrade():
                op.drop_column("users", "nickname")
                op.drop_table("notes")
            """,
        ),
        Example(
            title="Rebuilt in downgrade()",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nickname", sa.Text))

            def downgrade():
                op.create_table("users_old", sa.Column("id", sa.Integer))
                op.execute("INSERT INTO users_old SELECT id FROM users")
                op.drop_table("users")
                op.rename_table("users_old", "users")
            """,
        ),
        Example(
            title="Rebuilt under a name that cannot be read",
            source="""
            def upgrade():
                op.drop_column("users", "host")

            def downgrade():
                name = f"_migrating_{uuid.uuid4()}"
                op.create_table(name, sa.Column("id", sa.Integer), sa.Column("host", sa.Text))
                op.drop_table("users")
                op.rename_table(name, "users")
            """,
        ),
        Example(
            title="It cannot be read what upgrade creates",
            source="""
            from models import Base

            def upgrade():
                Base.metadata.create_all(op.get_bind())

            def downgrade():
                op.drop_table("notes")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that downgrade() destroys beyond its task."""
        for op in case.operations("downgrade"):
            if isinstance(op, ops.Update) and case.runs(op):
                for value in met_before(case, op):
                    words = {"the_column": f"column '{names(op)['table']}.{value.column}'", "reason": value.reason}
                    words |= {"met": quoted(value.met), "given": quoted(value.given)}
                    meets_all = _is_null_refused(case, op, value.column, value.given)
                    wording = self.met_by_all if meets_all else self.met
                    yield replace(self.found(case.migration, op, wording, **words), severity=Severity.WARNING)
                for column, is_part in overwritten_back(case, op):
                    words = {"the_column": f"column '{names(op)['table']}.{column}'"}
                    words["but"] = "though upgrade changes only some rows" if is_part else "which upgrade does not change"
                    yield replace(self.found(case.migration, op, self.overwritten, **words), severity=Severity.WARNING)
            if (
                not isinstance(op, ops.DropTable | ops.DropColumn | ops.DropConstraint | ops.DropIndex)
                or not op.certain
                or op.if_exists is not False
                or not case.runs(op)
            ):
                continue
            analysis = case.analysis(op)
            if isinstance(op, ops.DropConstraint | ops.DropIndex):
                is_nameless = isinstance(op, ops.DropConstraint) and op.constraint is None and not op.sql
                if not (op.along_with or is_nameless) and destroys(analysis, op) and is_known(analysis, op):
                    key = names(op)["the_index" if isinstance(op, ops.DropIndex) else "the_constraint"]
                    yield replace(self.found(case.migration, op, self.of_key, what=key), severity=Severity.WARNING)
            elif destroys(analysis, op) and id(op) not in analysis.missing_objects:
                found = names(op)
                is_table = isinstance(op, ops.DropTable)
                what, values = (found["the_table"], "rows") if is_table else (found["the_column"], "values")
                right_one = is_known(analysis, op)
                if not right_one and is_made_by_later_downgrade(case, op):
                    continue
                kinds = (ops.CreateTable, ops.RenameTable) if is_table else (ops.AddColumn, ops.AlterColumn)
                makes = any(isinstance(other, kinds) for other in case.migration.upgrade_ops)
                right = "write the name of what upgrade() creates, or " if makes else ""
                yield self.found(
                    case.migration, op, None if right_one else self.foreign, what=what, values=values, right_name=right
                )


def _is_null_refused(case: MigrationCase, op: ops.Update, column: str, given: str | None) -> bool:
    """Return whether downgrade() sets NULL in a column where upgrade() refuses it: the new release writes a value in its place."""
    table = case.analysis(op).state_before(op).table
    changes = (other for other in case.migration.upgrade_ops if isinstance(other, ops.AlterColumn) and other.nullable is False)
    own = (other for other in changes if case.state_before(other).table is table is not None)
    return given is None and any(fold(str(other.column)) == fold(column) for other in own)
