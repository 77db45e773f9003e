"""MRT436."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.transaction import surroundings
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import Column, SqlType
from mrt_lint.parse.sql.tokens import tokens


class NewEnumValue(Rule):
    """A value is used in the transaction that adds it to its enum type.

    PostgreSQL takes ALTER TYPE … ADD VALUE in a transaction since version 12, but refuses to use the value before that is
    committed: “unsafe use of new value”. The migration stops there on the first database that it meets.
    """

    code = "MRT436"
    name = "new-enum-value"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "PostgreSQL refuses this use of '{value}', which the same transaction adds to {the_enum}"
    instead = (
        "commit the value first: put the ALTER TYPE into a block of its own, with op.get_context().autocommit_block(): …, or into "
        "an earlier revision that has one"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TYPE, Notes: https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES",)
    exemptions = (
        "The value is added in an autocommit block, or there is a COMMIT in between.",
        "The type was created earlier in the same upgrade.",
        "Nothing shows that the text is meant for a column of that type.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="A column filled with it, a default, a cast",
            before=(
                """
            def upgrade():
                op.create_table("people", sa.Column("id", sa.Integer), sa.Column("mood", sa.Enum("ok", name="mood")))
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")
                op.execute("UPDATE people SET mood = 'happy' WHERE id = 1")  # MRT436
                op.execute("INSERT INTO people (id, mood) VALUES (1, 'happy')")  # MRT436
                op.alter_column("people", "mood", server_default="happy")  # MRT436
                op.execute("SELECT 'happy'::mood")  # MRT436
                op.add_column("people", sa.Column("first", sa.Enum("ok", "happy", name="mood"), server_default="happy"))  # MRT436

            def downgrade():
                pass
            """,
        ),
    )
    good = (
        Example(
            title="Committed first, or another text",
            before=(
                """
            def upgrade():
                op.create_table(
                    "people",
                    sa.Column("id", sa.Integer),
                    sa.Column("name", sa.Text),
                    sa.Column("mood", sa.Enum("ok", name="mood")),
                    sa.Column("state", sa.Enum("on", name="state")),
                )
            """,
            ),
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("ALTER TYPE mood ADD VALUE 'happy'")
                op.execute("UPDATE people SET mood = 'happy' WHERE id = 1")
                op.execute("ALTER TYPE state ADD VALUE 'off'")
                op.execute("UPDATE people SET name = 'off'")
                op.execute("UPDATE people SET state = 'on'")

            def downgrade():
                pass
            """,
        ),
        Example(
            title="A type of this upgrade's own",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood AS ENUM ('ok')")
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")
                op.execute("CREATE TABLE people (mood mood DEFAULT 'happy')")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every use of a value before it is committed."""
        function = case.migration.upgrade_ops
        made = {fold(op.name) for op in function if isinstance(op, ops.CreateObject) and readable(op.name)}
        added: list[tuple[ops.AddEnumValue, int]] = []
        text = ""
        for op, _, number in surroundings(function):
            if isinstance(op, ops.Execute):
                text = op.statement if readable(op.statement) else ""
            elif not op.sql:
                text = ""
            if isinstance(op, ops.AddEnumValue):
                if readable(op.enum) and fold(op.enum) not in made and op.certain and not op.autocommit:
                    added.append((op, number))
                continue
            for value, transaction in added:
                if transaction == number and case.runs(op, self.dialects) and _uses(case, op, value, text):
                    yield self.found(case.migration, op, **names(value))
                    break


def _uses(case: MigrationCase, op: ops.Op, added: ops.AddEnumValue, text: str) -> bool:
    """Return whether an operation surely turns a text into the new value; `text` is the SQL that it comes from."""
    literal = f"'{added.value}'"
    if isinstance(op, ops.AddColumn):
        return _is_of(op.definition, added) and op.definition.server_default == literal
    if isinstance(op, ops.AlterColumn):
        return op.server_default == literal and _is_of(_column(case, op.table, op.schema, op.column), added)
    if isinstance(op, ops.Update | ops.Insert) and isinstance(op.columns, tuple):
        named = any(token.kind == "string" and token.text == added.value for token in tokens(text, "postgresql"))
        return named and any(_is_of(_column(case, op.table, op.schema, column), added) for column in op.columns)
    return isinstance(op, ops.Statement) and _casts(text, added)


def _casts(text: str, added: ops.AddEnumValue) -> bool:
    found = list(tokens(text, "postgresql"))
    return any(
        one.kind == "string" and one.text == added.value and two.key == "::" and fold(three.text) == fold(str(added.enum))
        for one, two, three in zip(found, found[1:], found[2:], strict=False)
    )


def _column(case: MigrationCase, table: object, schema: object, column: object) -> Column | None:
    if not isinstance(table, str) or not isinstance(column, str):
        return None
    known = case.known_schema("postgresql").schema.table(table, schema if isinstance(schema, str) else None)
    found = known.column(column) if isinstance(known, ReplayedTable) else None
    return found if isinstance(found, Column) else None


def _is_of(column: Column | None, added: ops.AddEnumValue) -> bool:
    kind = column.type.on("postgresql") if column is not None and isinstance(column.type, SqlType) else None
    return isinstance(kind, SqlType) and readable(kind.type_name) and fold(kind.type_name) == fold(str(added.enum))
