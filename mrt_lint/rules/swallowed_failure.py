"""MRT442."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.impossible import find_impossibility
from mrt_lint.history.effects import effects_of
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_TYPES = frozenset({"enum", "type", "domain"})
_ROWS = (ops.Update, ops.Insert, ops.BulkInsert, ops.Delete, ops.Truncate)
_OF_ANY = (ops.CreateTable, ops.DropTable)
_OF_SOME = (ops.CreateIndex, ops.DropIndex)
"""What every database, and what all but MySQL, make or drop IF NOT EXISTS and IF EXISTS."""
_DONE = {
    "upgrade": "done without it: no later run makes up for it",
    "downgrade": "undone without it: the next upgrade meets what is left",
}
_QUESTIONS = ((_OF_SOME, "get_indexes"), ((ops.AddColumn, ops.DropColumn, ops.AlterColumn), "get_columns"))
_OF_CONSTRAINTS = {
    "unique": "get_unique_constraints",
    "foreignkey": "get_foreign_keys",
    "check": "get_check_constraints",
    "primary": "get_pk_constraint",
}


class SwallowedFailure(Rule):
    """`upgrade()` or `downgrade()` catches the exception of a statement and goes on.

    It is meant for what is there already, and swallows every other failure as well: a lost connection, a full disk, rows that do
    not fit. Alembic then stamps the revision. Half of the upgrade is missing from a schema that counts as complete, no later run
    makes up for it, and the next revisions or the application fail elsewhere. On PostgreSQL the transaction is lost with
    the statement, so that the upgrade fails all the same. A rollback that goes on so leaves what it could not undo, and the next
    upgrade meets that.
    """

    code = "MRT442"
    name = "swallowed-failure"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "where this fails, {function} goes on, and the revision counts as {done}"
    instead = "let the exception end the {function}; where it may be done already, ask before: {way}"
    of_rows = DialectWording(
        message=message, instead="let the exception end the {function}; a WHERE leaves out rows that must not end it"
    )
    too_early = DialectWording(
        message=(
            "the `try` is within the batch, which runs this when it ends: where it fails, {function} fails, and no `except` is met"
        ),
        instead="leave out the `try`; where it may be done already, ask before: {way}",
    )
    never = DialectWording(
        message="this fails on every run, for {why}; {function} goes on without it and what else its `try` holds",
        instead="{how}, and let the exception end the {function}",
    )
    dialects = ("mysql", "mariadb", "sqlite")
    manual = (
        "Alembic, “Tutorial”: https://alembic.sqlalchemy.org/en/latest/tutorial.html",
        "Python, “Errors and Exceptions”: https://docs.python.org/3/tutorial/errors.html#handling-exceptions",
    )
    exemptions = (
        "Every `except` clause raises an exception again, if only under a condition.",
        "The `except` clause, or what comes behind it, does the same to the same thing; a type made or dropped by SQLAlchemy.",
        "What is caught is IF EXISTS or IF NOT EXISTS, or only reads.",
        "The database is neither declared to be MySQL, MariaDB or SQLite nor named so by a guard.",
    )

    bad = (
        Example(
            title="What SQLite never does",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            import contextlib

            def upgrade():
                with contextlib.suppress(Exception):
                    op.alter_column("users", "note", existing_type=sa.String(), type_=sa.JSON())  # MRT442
                    op.add_column("users", sa.Column("nick", sa.String(20)))  # MRT442
            """,
        ),
        Example(
            title="Once for each upgrade",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                try:
                    op.add_column("users", sa.Column("nick", sa.String(20)))  # MRT442
                    op.create_index("ix_nick", "users", ["nick"])
                except Exception as error:
                    print("it is there already", error)
                try:
                    op.drop_column("users", "name")
                except Exception:
                    pass
            """,
        ),
        Example(
            title="Rows, and one kind of exception",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                try:
                    op.execute("UPDATE users SET name = trim(name)")  # MRT442
                except sa.exc.OperationalError:
                    pass
            """,
        ),
        Example(
            title="In a rollback",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.String(20)))

            def downgrade():
                try:
                    op.drop_column("users", "nick")  # MRT442
                except Exception:
                    pass
            """,
        ),
        Example(
            title="Caught before it runs: a batch runs its operations when it ends",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    try:
                        batch.create_unique_constraint("uq_users_name", ["name"])  # MRT442
                    except ValueError:
                        pass
            """,
        ),
    )
    good = (
        Example(
            title="Raised again, asked for, or IF NOT EXISTS",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                try:
                    op.add_column("users", sa.Column("nick", sa.String(20)))
                except Exception as error:
                    if "exists" not in str(error):
                        raise
                if not sa.inspect(op.get_bind()).has_table("teams"):
                    op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                try:
                    op.get_bind().execute(sa.text("SELECT 1 FROM users"))
                    op.execute("CREATE TABLE IF NOT EXISTS marks (id INT PRIMARY KEY)")
                except Exception:
                    pass

            def downgrade():
                op.drop_table("marks")
                op.drop_table("teams")
                op.drop_column("users", "nick")
            """,
        ),
        Example(
            title="PostgreSQL goes on with nothing after an error",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                try:
                    op.add_column("users", sa.Column("nick", sa.String(20)))
                except Exception:
                    pass
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first statement of each function whose failure is swallowed, or is meant to be."""
        back = (op for op in case.migration.downgrade_ops if case.runs(op, self.dialects) and not _is_missing(case, op))
        for function, operations in (("upgrade", case.ops_for(self, ops.Op, new_tables=True)), ("downgrade", back)):
            for op in operations:
                is_caught = op.caught is True and _matters(case, op) and not _is_done_otherwise(case, op)
                if not op.along_with and (is_caught or op.caught_too_early):
                    way = _way(op, case.dialect(op))
                    wording = self.too_early if op.caught_too_early else None if way else self.of_rows
                    found = self.found(case.migration, op, wording, way=way, function=function, done=_DONE[function])
                    leaves = function == "downgrade" and not op.caught_too_early
                    yield replace(found, consequence=Consequence.ROLLBACK_LEAVES_THINGS) if leaves else found
                    break
        yield from self._never_done(case)

    def _never_done(self, case: MigrationCase) -> Iterator[Finding]:
        for function, all_of_it in (("upgrade", case.migration.upgrade_ops), ("downgrade", case.migration.downgrade_ops)):
            for op in all_of_it:
                is_caught = op.caught is True and case.runs(op, self.dialects) and not _is_done_otherwise(case, op)
                if is_caught and (cause := find_impossibility(case, op)) is not None:
                    yield self.found(case.migration, op, self.never, function=function, why=cause.why, how=cause.instead)
                    break


def _is_missing(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether an operation of downgrade() drops what is not there by then: it fails, and nothing is left."""
    return id(op) in case.analysis(op).missing_objects


def _way(op: ops.Op, dialect: str) -> str:
    """Return how to ask before whether an operation is needed; nothing of one that changes rows."""
    if isinstance(op, _ROWS):
        return ""
    if isinstance(op, _OF_ANY) or (isinstance(op, _OF_SOME) and not op.batch and dialect != "mysql"):
        flag = "if_exists" if isinstance(op, ops.DropTable | ops.DropIndex) else "if_not_exists"
        return flag.upper().replace("_", " ") if op.sql else f"{flag}=True"
    kind = op.definition.kind if isinstance(op, ops.CreateConstraint) else getattr(op, "kind", None)
    question = _OF_CONSTRAINTS.get(str(kind)) if isinstance(op, ops.CreateConstraint | ops.DropConstraint) else None
    question = question or next((name for kinds, name in _QUESTIONS if isinstance(op, kinds)), None)
    table = getattr(op, "table", None)
    return "sa.inspect(op.get_bind())" + (f".{question}(«{table}»)" if question and readable(table) else "")


def _matters(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether something is missing where an operation fails."""
    if isinstance(op, ops.Execute | ops.BatchAlterTable | ops.Raise | ops.InvalidCall):
        return False
    if isinstance(op, ops.Statement):
        return op.effect is True
    if isinstance(op, ops.CreateObject | ops.DropObject) and not op.sql and op.kind in _TYPES:
        return case.dialect(op) == "postgresql"  # elsewhere Enum.create() and drop() do nothing
    return getattr(op, "if_exists", False) is False and getattr(op, "if_not_exists", False) is False


def _is_done_otherwise(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether the `except` clause, or what comes behind it, does the same to the same thing."""
    others = [other for other in case.later(op) if other.caught is False and case.runs(other)]
    if isinstance(op, ops.Update | ops.Insert | ops.BulkInsert | ops.Delete):
        return any(type(other) is type(op) and getattr(other, "table", None) == op.table for other in others)
    wanted = {*effects_of(op).makes, *effects_of(op).changes}
    done = {thing for other in others for effects in (effects_of(other),) for thing in (*effects.makes, *effects.changes)}
    gone = {thing for other in others for thing in effects_of(other).drops}
    return bool(wanted or effects_of(op).drops) and wanted <= done and set(effects_of(op).drops) <= gone
