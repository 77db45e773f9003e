"""MRT122."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.history.function_body import uses_column
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule

_ROW = re.compile(r"\b(?:new|old)\s*\.\s*\"?(\w+)", re.IGNORECASE)


class LeftReader(Rule):
    """`downgrade()` drops a column that a function or trigger of this upgrade goes on reading.

    The rollback succeeds. Then the first write to the table calls the function, which fails: “record "new" has no field …”. No
    database looks into the body of a function when a column is dropped.
    """

    code = "MRT122"
    name = "left-reader"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "downgrade drops {the_column}, which {the_name} still reads, as upgrade left it: every call fails"
    instead = "create {name} in downgrade() again as it was before this revision, or drop it there if it is new"
    manual = ("PostgreSQL, “Dependency Tracking”: https://www.postgresql.org/docs/current/ddl-depend.html",)
    exemptions = (
        "It is created without OR REPLACE and IF NOT EXISTS, and stays: MRT110 and MRT502 report that.",
        "The body names the column without its table and uses several tables, or a variable of the name: whose it is is not known.",
        "`downgrade()` raises or has parts that cannot be read.",
    )

    bad = (
        Example(
            title="A trigger's function",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.Text))
                op.execute(  # MRT122
                    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN NEW.nick := lower(NEW.nick); RETURN NEW; END $$"
                )

            def downgrade():
                op.drop_column("users", "nick")
            """,
        ),
        Example(
            title="A function that reads the table",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.Text))
                op.execute(  # MRT122
                    "CREATE OR REPLACE FUNCTION nicks() RETURNS bigint LANGUAGE sql AS "
                    "$$ SELECT count(u.nick) FROM users u JOIN teams t ON t.id = u.team_id $$"
                )

            def downgrade():
                op.drop_column("users", "nick")
            """,
        ),
    )
    good = (
        Example(
            title="As it was before",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.Text))
                op.execute(
                    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN NEW.nick := lower(NEW.nick); RETURN NEW; END $$"
                )

            def downgrade():
                op.execute(
                    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
                )
                op.drop_column("users", "nick")
            """,
        ),
        Example(
            title="Dropped, or a column of another name",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.Text))
                op.execute(
                    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN NEW.at := now(); RETURN NEW; END $$"
                )
                op.execute("CREATE OR REPLACE FUNCTION lowered(nick text) RETURNS text LANGUAGE sql AS 'SELECT lower(nick)'")

            def downgrade():
                op.drop_column("users", "nick")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every function and trigger that reads what downgrade() drops."""
        for made in case.ops_for(self, ops.CreateObject):
            if made.kind not in {"function", "procedure", "trigger"} or not (made.or_replace or made.if_not_exists):
                continue
            analysis = case.analysis(made)
            tracked = case.tracked(made)
            if tracked is None or not tracked.exists or case.undone(made) is UndoStatus.UNCERTAIN or not readable(made.body):
                continue
            read = {fold(column) for column in _ROW.findall(made.body)}
            for drop in analysis.reverse.values():
                if not isinstance(drop, ops.DropColumn) or not drop.certain or not (readable(drop.column) and readable(drop.table)):
                    continue
                if fold(drop.column) in read or uses_column(made.body, drop.table, drop.column):
                    yield self.found(case.migration, made, **names(made) | {"the_column": names(drop)["the_column"]})
                    break
