"""MRT112."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.conflict import Conflict, ConflictKind
from mrt_lint.analysis.impossible import find_impossibility
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.wrong_name import own_name, right_names
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import AddColumn, CreateTable, DropColumn, DropConstraint, Op
from mrt_lint.model.rule import DialectWording, Example, Rule


class BrokenOrder(Rule):
    """`downgrade()` does things in an order that cannot run.

    A table is dropped before what points to it, a type before its column, an index after the table it was on; an index is made
    again while the new one of its name exists, a foreign key while its column has another type. The rollback stops
    halfway, in the middle of an incident; on MySQL what ran before has committed, and neither direction works any more.
    """

    code = "MRT112"
    name = "broken-order"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "downgrade fails here: {conflict}"
    instead = "undo in downgrade() the last step of upgrade() first, or leave out what is dropped along with something else"
    existing = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="leave it out of downgrade(), or drop first what is there",
    )
    unrefreshable = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="create a unique index of columns on the view first, without a condition, or leave out CONCURRENTLY",
    )
    types = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="change the types of both columns back before the foreign key is made, or leave both as they are",
    )
    new_types = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="give the column in this call the type of the one that its foreign key points to",
    )
    enum = DialectWording(
        message="downgrade fails here: {conflict}",
        instead=(
            "drop the type in upgrade() where its last column goes: op.execute('DROP TYPE {enum}'); or let create_table use the "
            'one that is there: postgresql.ENUM(…, name="{enum}", create_type=False)'
        ),
    )
    held = DialectWording(
        message="downgrade fails here: {conflict}",
        instead=(
            "drop the foreign key before the column, by the name that upgrade() gives it: "
            'op.drop_constraint(…, "{table}", type_="foreignkey")'
        ),
    )
    covered = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="drop that before the column; in an ALTER TABLE of both, the order makes no difference",
    )
    misnamed = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="drop {right} before it, by that name and not as '{wrong}'",
    )
    too_early = DialectWording(
        message="downgrade fails here: {conflict}",
        instead="move it behind the creation of {made}, which is in line {line}",
    )
    manual = (
        "PostgreSQL, “Dependency Tracking”: https://www.postgresql.org/docs/current/ddl-depend.html",
        "MySQL, “FOREIGN KEY Constraints”: https://dev.mysql.com/doc/refman/8.0/en/create-table-foreign-keys.html",
        "MariaDB, ALTER TABLE, DROP COLUMN: https://mariadb.com/kb/en/alter-table/",
    )
    exemptions = (
        "The operation runs under a condition, IF EXISTS, or with CASCADE.",
        "SQLite allows to drop a table that others point to.",
        "What the history made is left out of account where a part of it cannot be read.",
    )

    bad = (
        Example(
            title="A foreign key between columns of two types",
            before=(
                """
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("team_id", sa.Integer))
                op.create_foreign_key("fk_team", "users", "teams", ["team_id"], ["id"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_team", "users", type_="foreignkey")
                op.alter_column("teams", "id", type_=sa.String(36))
                op.alter_column("users", "team_id", type_=sa.String(36))
                op.create_foreign_key("fk_team", "users", "teams", ["team_id"], ["id"])

            def downgrade():
                op.drop_constraint("fk_team", "users", type_="foreignkey")
                op.alter_column("teams", "id", type_=sa.Integer, postgresql_using="id::integer")
                op.create_foreign_key("fk_team", "users", "teams", ["team_id"], ["id"])  # MRT112
                op.alter_column("users", "team_id", type_=sa.Integer, postgresql_using="team_id::integer")
            """,
        ),
        Example(
            title="A table before those that point to it",
            source="""
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))

            def downgrade():
                op.drop_table("teams")  # MRT112
                op.drop_table("users")
            """,
        ),
        Example(
            title="An index or column after its table, an index after its column",
            source="""
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer))
                op.create_index("ix_teams", "teams", ["id"])
                op.add_column("users", sa.Column("age", sa.Integer))
                op.create_index("ix_users_age", "users", ["age"])

            def downgrade():
                op.drop_table("teams")
                op.drop_index("ix_teams", table_name="teams")  # MRT112
                op.drop_column("users", "age")
                op.drop_index("ix_users_age", table_name="users")  # MRT112
            """,
        ),
        Example(
            title="A type before its column",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
                op.add_column("users", sa.Column("mood", sa.Enum("sad", "ok", name="mood", create_type=False)))

            def downgrade():
                op.execute("DROP TYPE mood")  # MRT112
                op.drop_column("users", "mood")
            """,
        ),
        Example(
            title="A column into a table that is not there yet",
            source="""
            def upgrade():
                op.drop_table("teams")

            def downgrade():
                op.create_index("ix_teams", "teams", ["id"])  # MRT112
                op.create_table("teams", sa.Column("id", sa.Integer))
            """,
        ),
        Example(
            title="What exists already",
            source="""
            def upgrade():
                op.drop_index("ix_users", "users")
                op.create_index("ix_users", "users", ["name"])
                op.drop_index("ix_teams", "teams")

            def downgrade():
                op.create_index("ix_users", "users", ["name", "age"])  # MRT112
                op.create_index("ix_teams", "teams", ["name"])
                op.create_index("ix_teams", "teams", ["name"], unique=True)  # MRT112
            """,
        ),
    )
    good = (
        Example(
            title="Last first",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))
                op.add_column("users", sa.Column("mood", sa.Enum("sad", "ok", name="mood", create_type=False)))
                op.create_index("ix_users_mood", "users", ["mood"])

            def downgrade():
                op.drop_index("ix_users_mood", table_name="users")
                op.drop_column("users", "mood")
                op.drop_table("users")
                op.drop_table("teams")
                op.execute("DROP TYPE mood")
            """,
        ),
        Example(
            title="What was dropped may be back by a call that cannot be read",
            source="""
            from app.migrations import create_table_like

            def upgrade():
                op.drop_table("visits")
                create_table_like("visits", op.get_bind())

            def downgrade():
                op.add_column("visits", sa.Column("seen", sa.Boolean))
            """,
        ),
        Example(
            title="An index is found by its name, whatever its table is called by then",
            source="""
            def upgrade():
                op.create_index("ix_users", "users", ["team_id"])
                op.rename_table("users", "people")

            def downgrade():
                op.drop_index("ix_users", table_name="users")
                op.rename_table("people", "users")
            """,
        ),
        Example(
            title="Made to run anyway",
            source="""
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))
                op.create_index("ix_users", "users", ["team_id"])

            def downgrade():
                op.execute("DROP TABLE teams CASCADE")
                op.drop_table("users")
                op.execute("DROP INDEX IF EXISTS ix_users")
            """,
        ),
        Example(
            title="Dropped before it is made again, or made only where it is missing",
            source="""
            def upgrade():
                op.drop_index("ix_users", "users")
                op.create_index("ix_users", "users", ["name"])
                op.drop_index("ix_teams", "teams")

            def downgrade():
                op.drop_index("ix_users", "users")
                op.create_index("ix_users", "users", ["name", "age"])
                op.create_index("ix_teams", "teams", ["name"])
                op.create_index("ix_teams", "teams", ["name"], if_not_exists=True)
            """,
        ),
        Example(
            title="SQLite does not mind",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))

            def downgrade():
                op.drop_table("teams")
                op.drop_table("users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of downgrade() that cannot run at its place.

        What only follows from a constraint of the table that cannot be dropped at all is left to MRT121 and MRT116.
        """
        failed: set[object] = set()
        wordings = {
            ConflictKind.EXISTING: self.existing,
            ConflictKind.EXISTING_TYPE: self.enum,
            ConflictKind.MISFIT: self.types,
            ConflictKind.UNREFRESHABLE: self.unrefreshable,
        }
        for op in case.migration.downgrade_ops:
            if isinstance(op, DropConstraint) and case.runs(op) and _never_runs(case, op):
                failed.add(op.table)
            for _, conflict in case.failing((op,), lambda analysis: analysis.order_conflicts):
                if getattr(op, "table", None) in failed - {None}:
                    continue
                wording = wordings.get(conflict.kind)
                if wording is self.types and isinstance(op, CreateTable | AddColumn):
                    wording = self.new_types
                if isinstance(op, DropColumn) and conflict.kind is ConflictKind.NEEDED and case.dialect(op) in FAMILY:
                    wording = self.held if "foreign key" in conflict.clause else self.covered
                words = {"enum": conflict.enum, "table": getattr(op, "table", "…")}
                if conflict.kind in {ConflictKind.NEEDED, ConflictKind.EXISTING} and (misnamed := _misnamed(case, conflict)):
                    wording, words = self.misnamed, misnamed
                elif wording is None and (made := _made_later(case, op, conflict)):
                    wording, words = self.too_early, made
                yield self.found(case.migration, op, wording, conflict=conflict.clause, **words)


def _made_later(case: MigrationCase, op: Op, conflict: Conflict) -> dict[str, str]:
    """Return what an operation needs and downgrade() makes behind it, and the line of that; empty if it makes none."""
    for other in case.later(op):
        if isinstance(other, CreateTable | AddColumn) and other.origin is not None and case.runs(other):
            made = names(other)["the_table" if isinstance(other, CreateTable) else "the_column"]
            if made in conflict.clause:
                return {"made": made, "line": str(other.origin.line)}
    return {}


def _misnamed(case: MigrationCase, conflict: Conflict) -> dict[str, str]:
    """Return the thing that is still in the way, since downgrade() drops it by a wrong name, and that name; empty if none."""
    for drop, made in right_names(case):
        words, name = names(made), own_name(made)
        path = f"{words['table']}.{name}" if isinstance(made, AddColumn) else name
        of_table = isinstance(drop, DropConstraint) and f"table '{words['table']}'" in conflict.clause
        if of_table or f"'{path}'" in conflict.clause:
            right = next(text for part, text in words.items() if part.startswith("the_") and text.endswith(f"'{path}'"))
            return {"right": right, "wrong": own_name(drop)}
    return {}


def _never_runs(case: MigrationCase, op: DropConstraint) -> bool:
    """Return whether a constraint certainly stays: it is dropped without a name, or where the database drops none."""
    nameless = op.constraint is None and not op.sql
    return op.certain and not op.caught and (nameless or find_impossibility(case, op) is not None)
