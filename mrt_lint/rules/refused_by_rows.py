"""MRT120."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import needs_value
from mrt_lint.analysis.copied_back import copied_too_long
from mrt_lint.analysis.copied_nulls import copied_nulls
from mrt_lint.analysis.downgrade.replacement import was_dropped_as_unique
from mrt_lint.analysis.fewer_values import FewerValues, fewer_values
from mrt_lint.analysis.former_definition import shortened
from mrt_lint.analysis.former_type import narrowed_from, was_as_wide
from mrt_lint.analysis.given_values import came_back, may_give_values, was_loosened
from mrt_lint.analysis.index_sql import sql_of
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import SqlType


class RefusedByRows(Rule):
    """`downgrade()` requires what rows do not fulfil: NOT NULL, shorter, unique or fewer values again, or a new value.

    On the empty database of a test it passes. In production the rows that the new release has written hold NULL there, or all rows
    hold nothing in a column that comes back, and the database refuses: the rollback fails in the middle of an incident.
    """

    code = "MRT120"
    name = "refused-by-rows"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_FAILS
    message = "downgrade {deed}: the rollback fails where {where}"
    instead = "{advice}"
    manual = (
        "PostgreSQL, “Adding a Not-Null Constraint”: https://www.postgresql.org/docs/current/ddl-alter.html",
        "MySQL, “Data Type Default Values”: https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html",
    )
    exemptions = (
        "`downgrade()` fills the column, or deletes rows, before; or has parts before that cannot be read.",
        "`upgrade()` sets the column NOT NULL again itself.",
        "The table is made, or emptied, in this migration; it runs under a condition.",
        "Fewer values: the values of the enum or of the CHECK (`kind IN (…)`) are not read, or the CHECK is NOT VALID.",
        "What is copied to a NOT NULL column is chosen by WHERE, or computed, or comes from another table.",
        "The type that becomes narrower has a USING, or a number only loses digits behind the point; SQLite keeps no lengths.",
        "MySQL and MariaDB fill a new column with an empty value.",
        "An identity, autoincrement, serial or generated column fills itself.",
        "What becomes unique again was so after `upgrade()`, if only by fewer columns, or has a column that comes back with NULL.",
    )

    bad = (
        Example(
            title="Shorter again, though the new release may have written longer values",
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_type=sa.String(20), type_=sa.String(50))
                op.alter_column("users", "visits", existing_type=sa.Integer(), type_=sa.BigInteger())

            def downgrade():
                op.alter_column("users", "visits", existing_type=sa.BigInteger(), type_=sa.Integer())  # MRT120
                op.alter_column("users", "name", existing_type=sa.String(50), type_=sa.String(20))  # MRT120
            """,
        ),
        Example(
            title="Fewer values of an enum or a CHECK, though the new release may have written one more",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("mood", sa.Enum("sad", "glad", name="mood")), sa.Column("kind", sa.Text))
                op.create_check_constraint("ck_kind", "users", "kind IN ('a', 'b')")
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TYPE mood ADD VALUE 'mad'")
                op.drop_constraint("ck_kind", "users", type_="check")
                op.create_check_constraint("ck_kind", "users", "kind IN ('a', 'b', 'c')")

            def downgrade():
                op.drop_constraint("ck_kind", "users", type_="check")
                op.create_check_constraint("ck_kind", "users", "kind IN ('a', 'b')")  # MRT120
                op.execute("ALTER TYPE mood RENAME TO mood_old")
                op.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
                op.execute("ALTER TABLE users ALTER COLUMN mood TYPE mood USING mood::text::mood")  # MRT120
                op.execute("DROP TYPE mood_old")
            """,
        ),
        Example(
            title="Unique again, or by fewer columns, though the new release may have written the same twice",
            source="""
            def upgrade():
                op.drop_constraint("uq_name", "users", type_="unique")
                op.create_unique_constraint("uq_name_team", "users", ["name", "team_id"])
                op.drop_index("ix_code", table_name="teams")

            def downgrade():
                op.execute("CREATE UNIQUE INDEX ix_code ON teams (code)")  # MRT120
                op.create_unique_constraint("uq_name", "users", ["name"])  # MRT120
            """,
        ),
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
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.String(50), nullable=True, new_column_name="mail")

            def downgrade():
                op.alter_column("users", "mail", existing_type=sa.String(50), nullable=False, new_column_name="email")  # MRT120
            """,
        ),
        Example(
            title="A column that is restored without a value for any row",
            source="""
            def upgrade():
                op.drop_column("users", "email")
                op.drop_column("users", "name")

            def downgrade():
                op.execute("ALTER TABLE users ADD COLUMN name text NOT NULL")  # MRT120
                op.add_column("users", sa.Column("email", sa.Text(), nullable=False))  # MRT120
            """,
        ),
        Example(
            title="A column that comes back with NULL in every row, and must not hold it then",
            source="""
            def upgrade():
                op.drop_column("users", "email")
                op.alter_column("users", "age", existing_type=sa.Text(), nullable=True)

            def downgrade():
                op.execute("ALTER TABLE users ALTER age TYPE integer USING age::integer")
                op.alter_column("users", "age", existing_type=sa.Integer(), nullable=False)  # MRT120
                op.add_column("users", sa.Column("email", sa.Text()))
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)  # MRT120
            """,
        ),
    )
    good = (
        Example(
            title="Filled before, or without the rows that would violate it",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=True)
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=True)
                op.alter_column("shops", "town", existing_type=sa.Text(), nullable=True)

            def downgrade():
                op.execute("UPDATE users SET email = '' WHERE email IS NULL")
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
                op.execute("DELETE FROM teams WHERE name IS NULL")
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=False)
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
            title="NOT NULL again at the end of upgrade(); filled where the type changes, or as the rows are rewritten",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=True)
                op.execute("UPDATE users SET email = ''")
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=True)
                op.alter_column("shops", "town", existing_type=sa.Text(), nullable=True)
                op.drop_column("shops", "street")

            def downgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)
                op.execute("ALTER TABLE teams ALTER COLUMN name TYPE text USING coalesce(name, '')")
                op.alter_column("teams", "name", existing_type=sa.Text(), nullable=False)
                op.execute("REPLACE INTO shops SELECT id, coalesce(town, '') FROM shops")
                op.alter_column("shops", "town", existing_type=sa.Text(), nullable=False)
                op.add_column("shops", sa.Column("street", sa.Text(), server_default=""))
                op.alter_column("shops", "street", existing_type=sa.Text(), nullable=False)
            """,
        ),
        Example(
            title="Unique all the time",
            source="""
            def upgrade():
                op.drop_constraint("uq_name_team", "users", type_="unique")
                op.create_unique_constraint("uq_name", "users", ["name"])

            def downgrade():
                op.drop_constraint("uq_name", "users", type_="unique")
                op.create_unique_constraint("uq_name_team", "users", ["name", "team_id"])
            """,
        ),
        Example(
            title="On MySQL, which has a value for every row",
            target=DatabaseTarget(dialect="mysql"),
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

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of downgrade() that rows refuse."""
        for op in case.migration.downgrade_ops:
            yield from (self.found(case.migration, op, **words) for words in copied_too_long(case, op))
            if not op.certain or not case.runs(op) or case.state_before(op).new_table or case.state_before(op).empty:
                continue
            found = names(op, case.dialect(op))
            if isinstance(op, ops.AddColumn) and needs_value(op.definition) and case.dialect(op) not in FAMILY:
                deed = f"adds NOT NULL {found['the_column']} without a server default"
                advice = "give it a server_default, or add it with nullable=True, fill it, and set it NOT NULL then"
                yield self.found(case.migration, op, deed=deed, where="the table has rows", advice=advice)
            if isinstance(op, ops.CreateIndex | ops.CreateConstraint) and was_dropped_as_unique(case.analysis(op), op):
                yield from self._unique_again(case, op)
            if isinstance(op, ops.AlterColumn) and (wide := narrowed_from(case, op)):
                yield from self._narrowed(case, op, wide)
            for words in copied_nulls(case, op) if isinstance(op, ops.Update) else ():
                yield self.found(case.migration, op, **words)
            if fewer := fewer_values(case, op):
                yield from self._with_fewer_values(case, op, fewer)
            if isinstance(op, ops.AlterColumn) and op.nullable is False:
                before = tuple(case.earlier(op))
                if not was_loosened(case, op, before) or may_give_values(case, op, {op.column}):
                    continue
                column = case.tracked(op)
                made = "upgrade made nullable" if column is None or not came_back(column, before) else "it adds without a value"
                deed = f"sets {found['the_column']} NOT NULL, which {made}"
                name = found["sql_column"]
                statement = f"UPDATE {found['sql_table']} SET {name} = … WHERE {name} IS NULL"
                checks = any(isinstance(other, ops.Raise) for other in before)
                first = "before it, and before downgrade() raises an exception for such rows," if checks else "before it,"
                advice = f"{first} op.execute({literal(statement)})"
                yield self.found(case.migration, op, deed=deed, where="a row holds NULL by then", advice=advice)

    def _unique_again(self, case: MigrationCase, op: ops.CreateIndex | ops.CreateConstraint) -> Iterator[Finding]:
        if may_give_values(case, op, op.columns if isinstance(op.columns, tuple) else ()):
            return
        columns, look = (sql_of(op.columns, of, case.dialect(op)) for of in (None, op))
        found = names(op, case.dialect(op))
        query = f"SELECT {look}, count(*) FROM {found['sql_table']} GROUP BY {look} HAVING count(*) > 1"
        advice = f"change such rows before it, or copy them elsewhere and delete them; look for them: {query}"
        deed = f"makes ({columns}) unique in {found['the_table']} again, which upgrade dropped"
        yield self.found(case.migration, op, deed=deed, where="two rows hold the same by then", advice=advice)

    def _narrowed(self, case: MigrationCase, op: ops.AlterColumn, wide: SqlType) -> Iterator[Finding]:
        if may_give_values(case, op, {op.column}):
            return
        found = names(op, case.dialect(op))
        too = "longer" if wide.name in {"VARCHAR", "TEXT"} else "larger"
        deed = f"changes {found['the_column']} from {wide} back to {op.type}"
        kind = op.type if isinstance(op.type, SqlType) else wide
        advice = f"shorten or change such values before it ({shortened(case, op, kind)})"
        if was_as_wide(case, op, wide):
            deed = f"changes {found['the_column']} from {wide} to {op.type}, which it was not before upgrade()"
            advice = f"leave the type out of downgrade(): the column had {wide} before upgrade() as well"
        yield self.found(case.migration, op, deed=deed, where=f"a value is {too} by then", advice=advice)

    def _with_fewer_values(self, case: MigrationCase, op: ops.Op, fewer: FewerValues) -> Iterator[Finding]:
        if may_give_values(case, op, {fewer.column}):
            return
        found = names(op, case.dialect(op))
        is_column = isinstance(op, ops.AlterColumn)
        empties = is_column and case.dialect(op) in FAMILY
        where = f"{fewer.held} by then" + (", or empties such values where the server is not strict" if empties else "")
        column = sql_name(fewer.column, case.dialect(op))
        statement = f"UPDATE {found['sql_table']} SET {column} = … WHERE {fewer.condition(column)}"
        deed = fewer.deed.format(column=found["the_column"] if is_column else f"column '{fewer.column}' of {found['the_table']}")
        yield self.found(case.migration, op, deed=deed, where=where, advice=f"before it, op.execute({literal(statement)})")
