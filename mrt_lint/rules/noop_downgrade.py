"""MRT102."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.backfill import is_idle, is_pure_backfill
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.migration import MigrationFunction
from mrt_lint.model.ops import BatchAlterTable, Delete, Execute, Op, Statement
from mrt_lint.model.rule import DialectWording, Example, Rule


class NoopDowngrade(Rule):
    """`upgrade()` changes the database and `downgrade()` does nothing.

    Alembic reports success and stamps the older revision, while the schema stays the newer one. The older code then runs against
    tables it does not know, and the next upgrade fails on objects that exist already.
    """

    code = "MRT102"
    name = "noop-downgrade"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = (
        "downgrade() of revision {revision} does nothing: Alembic reports success and leaves what upgrade() did in the database"
    )
    instead = (
        "undo in downgrade() what upgrade() does, last step first; if it cannot be undone, raise NotImplementedError there and "
        'write the reason under [tool.mrt.irreversible] of pyproject.toml ({reason} = "…")'
    )
    manual = ("Alembic tutorial, “Running our Second Migration”: https://alembic.sqlalchemy.org/en/latest/tutorial.html",)
    backfill = DialectWording(
        message="downgrade() of revision {revision} does nothing: the rows and values that upgrade() adds outlive the rollback",
        instead=(
            "where the older release can do with them, explain that in downgrade() and write '# noqa: MRT102' behind its colon; "
            "where it cannot, delete or empty them there; raise nothing, which would block every later rollback past this revision"
        ),
    )
    deleted = DialectWording(
        message="downgrade() of revision {revision} does nothing: the rows that upgrade() deletes are lost for good",
        instead=(
            "copy them to another table first, insert them from there in downgrade() and drop the copy; where the older release "
            "can do without them, explain that in downgrade() and write '# noqa: MRT102' behind its colon"
        ),
        consequence=Consequence.ROLLBACK_LOSES_DATA,
    )
    fix = FixSafety.SAFE
    fixes = (
        "`downgrade()` is written whole: the reverse of every operation, last first, what was there before as the migrations "
        "before show it. It is written only where every part is certain; where a column or table comes back without its rows, or "
        "a comment may say why nothing is done, only with `--unsafe-fixes`."
    )
    exemptions = (
        "`upgrade()` does nothing either, as in a merge revision, or nothing on the declared database.",
        "`upgrade()` runs nothing but SQL without an effect: SELECT, SET, SHOW.",
        "All that `upgrade()` does leaves the schema as it was: an index is dropped IF EXISTS that the history never made.",
        "`upgrade()` only inserts rows and fills what was NULL: then this is a warning.",
        "`downgrade()` raises: that is visible, and MRT115 reports it.",
        "`downgrade()` calls something that cannot be read.",
    )

    bad = (
        Example(
            title="pass",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))

            def downgrade():  # MRT102
                pass
            """,
        ),
        Example(
            title="A docstring, a return, an ellipsis",
            source='''
            def upgrade():
                op.execute("CREATE EXTENSION IF NOT EXISTS citext")

            def downgrade():  # MRT102
                """Nothing to do."""
                ...
                return
            ''',
        ),
        Example(
            title="Prints and logging",
            source="""
            import logging

            log = logging.getLogger(__name__)

            def upgrade():
                op.add_column("users", sa.Column("nickname", sa.Text))

            def downgrade():  # MRT102
                print("cannot go back")
                log.warning("nickname stays")
            """,
        ),
        Example(
            title="Rows are deleted, and nothing brings them back",
            source="""
            def upgrade():
                op.execute("DELETE FROM rules WHERE NOT EXISTS (SELECT 1 FROM policies WHERE policies.id = rules.policy_id)")

            def downgrade():  # MRT102
                pass
            """,
        ),
        Example(
            title="Only SQL without an effect",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nickname", sa.Text))

            def downgrade():  # MRT102
                op.execute("SELECT 1")
            """,
        ),
    )
    good = (
        Example(
            title="The step back",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nickname", sa.Text))

            def downgrade():
                op.drop_column("users", "nickname")
            """,
        ),
        Example(
            title="A merge revision does nothing in either direction",
            source="""
            def upgrade():
                pass

            def downgrade():
                pass
            """,
        ),
        Example(
            title="Nothing but a SELECT",
            source="""
            def upgrade():
                op.execute("SELECT count(*) FROM users")
                op.execute("SET lock_timeout = '5s'")

            def downgrade():
                pass
            """,
        ),
        Example(
            title="Nothing that the history knows is changed",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_of_long_ago", table_name="users", if_exists=True)
                op.add_column("users", sa.Column("scratch", sa.Text))
                op.drop_column("users", "scratch")

            def downgrade():
                pass
            """,
        ),
        Example(
            title="Nothing is done on the declared database",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            import shared_steps

            def upgrade():
                if op.get_bind().engine.name != "postgresql":
                    op.alter_column("users", "note", type_=sa.Text())
                    shared_steps.widen_notes(op)

            def downgrade():
                pass
            """,
        ),
        Example(
            title="It refuses, and explains why",
            source="""
            def upgrade():
                op.drop_table("audit_2019")

            def downgrade():
                raise NotImplementedError("the audit rows of 2019 are lost")
            """,
        ),
        Example(
            title="A helper that cannot be read may do anything",
            source="""
            from shared_steps import remove_notes

            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))

            def downgrade():
                remove_notes(op)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield one finding for a downgrade without effect beside an upgrade with one."""
        migration = case.migration
        upgrade, downgrade = migration.upgrade, migration.downgrade
        if upgrade is None or downgrade is None:
            return
        if _acts(case, upgrade, "upgrade") and not _acts(case, downgrade, "downgrade") and not _is_without_trace(case):
            revision = migration.revision if isinstance(migration.revision, str) else "of this file"
            reason = revision if migration.revision == revision else "its revision"
            if is_pure_backfill(case):
                yield replace(self.found(migration, downgrade.place, self.backfill, revision=revision), severity=Severity.WARNING)
            else:
                wording = self.deleted if _only_deletes(case) else None
                yield self.found(migration, downgrade.place, wording, revision=revision, reason=reason)


def _only_deletes(case: MigrationCase) -> bool:
    """Return whether all that upgrade() does is to delete rows."""
    changes = [op for op in case.migration.upgrade_ops if case.runs(op) and not is_idle(op)]
    return case.is_readable("upgrade") and bool(changes) and all(isinstance(op, Delete) for op in changes)


def _is_without_trace(case: MigrationCase) -> bool:
    """Return whether all that upgrade() does is known to leave nothing behind."""
    changes = [op for op in case.migration.upgrade_ops if not isinstance(op, Execute) and case.runs(op)]
    return case.is_readable("upgrade") and bool(changes) and all(_is_trackless(case, op) for op in changes)


def _is_trackless(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation touches only what upgrade() made itself, or what provably was not there, and leaves nothing."""
    effects = case.analysis(op).effects.get(id(op), ())
    own = all(effect.tracked is None or effect.tracked.creator is not None for effect in effects)
    return bool(effects) and own and case.undone(op) is UndoStatus.YES


def _acts(case: MigrationCase, function: MigrationFunction, name: str) -> bool:
    return not case.is_readable(name) or not all(
        isinstance(op, Execute | BatchAlterTable) or (isinstance(op, Statement) and op.effect is False)
        for op in function.ops
        if case.runs(op)
    )
