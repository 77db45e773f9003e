"""MRT104."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.raw_sql import guard_of, opposite_of_grant, outlives_rollback, reverse_statement, sql_words
from mrt_lint.analysis.refusing_step import is_for_good, refusing_step
from mrt_lint.analysis.returning_rows import listed
from mrt_lint.analysis.row_deletion import cascaded
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_LONGEST = 50
_MOST = 3
"""Statements that advice writes down."""


class RawSql(Rule):
    """`upgrade()` runs SQL that has an effect, and `downgrade()` does not reverse it.

    Privileges, routines that were called and blocks of procedural code stay as they are after a rollback. This goes unnoticed until
    the older release meets them, because neither Alembic nor a comparison of the tables knows about them.
    """

    code = "MRT104"
    name = "raw-sql"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade runs {what}, downgrade() does not reverse it: its effect outlives the rollback"
    instead = "add op.execute({answer!r}) to downgrade(), or explain there why nothing is needed and write '# noqa: MRT104' here"
    guarded = DialectWording(
        message=message,
        instead=(
            "add op.execute({answer!r}) to downgrade() under the same condition, or explain there why nothing is needed and write "
            "'# noqa: MRT104' here"
        ),
    )
    in_block = DialectWording(
        message=message,
        instead=(
            "run {answer} in downgrade() in a block with the same conditions, without which it may fail, or explain there why "
            "nothing is needed and write '# noqa: MRT104' here"
        ),
    )
    taken = DialectWording(
        message="upgrade drops {what}, downgrade() does not make it again: it is missing after the rollback", instead=instead
    )
    cascading = DialectWording(
        message="upgrade deletes rows of {the_table}, and ON DELETE CASCADE with them rows of {children}: no downgrade knows them",
        instead="do the same with those rows: {copied}",
    )
    deleted = DialectWording(
        message="upgrade deletes rows of {lost}, downgrade() raises and brings none back",
        instead="{copied}",
        consequence=Consequence.ROLLBACK_LOSES_DATA,
    )
    manual = ("Alembic, Operations.execute: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "SELECT, SET, SHOW and whatever else changes neither schema nor rows.",
        "SQL that was understood as operations: the rules for those judge it.",
        "`upgrade()` ends with what it began with: DISABLE TRIGGER and ENABLE TRIGGER, SET and RESET of an option.",
        "`downgrade()` runs the opposite statement, a statement of the same kind, or SQL that may do anything.",
        "What it is said of, an index or column, is made by `upgrade()` and gone after `downgrade()`.",
        "Rows are deleted, and `downgrade()` does nothing at all, which MRT101 and MRT102 report.",
        "The statement cannot be read.",
    )

    bad = (
        Example(
            title="Privileges, blocks and calls",
            source="""
            def upgrade():
                op.execute("GRANT SELECT ON users TO reporting")  # MRT104
                op.execute("DO $$ BEGIN PERFORM refresh_totals(); END $$")  # MRT104
                op.get_bind().execute(sa.text("CALL rebuild_search()"))  # MRT104

            def downgrade():
                op.drop_table("notes")
            """,
        ),
        Example(
            title="What no rule of its own judges: rows deleted, by Core too, a function dropped",
            source="""
            def upgrade():
                op.execute(sa.table("tokens", sa.column("user_id")).delete().where(sa.column("user_id").is_(None)))  # MRT104
                op.execute("DELETE FROM sessions WHERE user_id IS NULL")  # MRT104
                op.execute("DROP FUNCTION touch()")  # MRT104

            def downgrade():
                op.drop_table("notes")
            """,
        ),
    )
    good = (
        Example(
            title="Answered",
            source="""
            def upgrade():
                op.execute("GRANT SELECT ON users TO reporting")
                op.execute("DROP FUNCTION touch()")

            def downgrade():
                op.execute("REVOKE SELECT ON users FROM reporting")
                op.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$")
            """,
        ),
        Example(
            title="Without an effect",
            source="""
            def upgrade():
                op.execute("SET lock_timeout = '5s'")
                op.execute("SELECT count(*) FROM users")
                op.execute("/* GRANT ALL ON users TO PUBLIC */ SHOW server_version")
            """,
        ),
        Example(
            title="Understood as operations, which have rules of their own",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users DROP COLUMN phone")
                op.execute("CREATE INDEX ix_users_email ON users (email)")
            """,
        ),
        Example(
            title="It cannot be read",
            source="""
            def upgrade():
                op.execute(open("upgrade.sql").read())
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every statement with an effect that outlives the rollback."""
        in_blocks: dict[object, list[ops.Op]] = {}
        for op in case.ops_for(self, ops.Op, along=True):
            if isinstance(op, ops.Delete) and op.where is not False and refusing_step(case) is not None:
                if is_for_good(case, op):
                    lost = " and ".join([names(op)["the_table"], *listed(cascaded(case, op))])
                    lost = lost.replace("table", "tables", 1) if " and " in lost else lost
                    yield self.found(case.migration, op, self.deleted, lost=lost, copied=_copied(op))
            elif isinstance(op, ops.Delete) and op.where is not False and (children := cascaded(case, op)):
                words = {**names(op, case.dialect(op)), "children": ", ".join(listed(children)), "copied": _copied(op)}
                yield self.found(case.migration, op, self.cascading, **words)
            elif outlives_rollback(case, op):
                if op.along_with:
                    yield self.found(case.migration, op, self.taken, what=names(op)["the_name"], answer=reverse_statement(op))
                    continue
                guard = guard_of(case, op)
                if guard == "block" and opposite_of_grant(getattr(op, "text", "")):
                    in_blocks.setdefault(op.origin, []).append(op)
                    continue
                wording = {"block": self.in_block, "Python": self.guarded}.get(guard)
                found = self.found(case.migration, op, wording, what=_short(op), answer=reverse_statement(op))
                yield replace(found, instead=_copied(op)) if isinstance(op, ops.Delete) else found
        for first, *others in in_blocks.values():
            what = f"{_short(first)} and {len(others)} more in the same block" if others else _short(first)
            answers = list(dict.fromkeys(map(reverse_statement, (first, *others))))
            answer = "; ".join(answers[:_MOST]) + ("; and so on" if len(answers) > _MOST else "")
            yield self.found(case.migration, first, self.in_block, what=what, answer=answer)


def _copied(op: ops.Delete) -> str:
    """Return what to write where rows are deleted, which no later statement knows."""
    table = op.table if readable(op.table) else "theirs"
    return (
        f"copy the rows to another table first, insert them into {table} from there in downgrade() and drop the copy, "
        "or explain there why nothing is needed and write '# noqa: MRT104' here"
    )


def _short(op: ops.Op) -> str:
    text = " ".join(op.text.split()) if isinstance(op, ops.Statement) else sql_words(op)
    return f"“{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}”"
