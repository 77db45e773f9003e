"""MRT435."""

from collections.abc import Iterable, Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.mysql_alteration import statement
from mrt_lint.analysis.mysql_refusal import refusable
from mrt_lint.analysis.wording import deed, names
from mrt_lint.history.effects import Thing, effects_of
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET


class HalfCommitted(Rule):
    """A statement that existing rows can make MySQL or MariaDB refuse comes after one that cannot be run again.

    These databases commit each change of a table at once and take none back. Where the later statement fails, the first half of
    the upgrade stays, while Alembic is still at the revision before: the next attempt fails at the first statement, because
    the column or table is there already, and so does the downgrade. The schema has to be repaired by hand.
    `mrt verify --half-way` tries it.
    """

    code = "MRT435"
    name = "half-committed"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = (
        "{server} has committed {first} when this comes, and refuses it where {reason}: then half of the upgrade stays, and it "
        "cannot be run again"
    )
    instead = "put this statement into a revision of its own, or before what cannot be run again; look for such rows first"
    dialects = ("mysql", "mariadb")
    manual = (
        "MySQL, “Statements That Cause an Implicit Commit”: https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html",
        "MariaDB, “SQL statements That Cause an Implicit Commit”: https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/",
    )
    exemptions = (
        "The database is neither declared to be MySQL or MariaDB nor named so by a guard.",
        "The table is new or empty, the column new, or it was NOT NULL before.",
        "This upgrade changed or deleted rows of the table before, or dropped what this constraint or index takes the place of.",
        "All statements before it can be run again: IF NOT EXISTS, IF EXISTS, a condition; a changed type or default.",
        "The failure is caught and the upgrade goes on, which MRT442 reports.",
        "Both are actions of one ALTER TABLE, which succeeds or fails as a whole.",
    )

    bad = (
        Example(
            title="Once for each upgrade",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.String(20)))
                op.alter_column("users", "email", existing_type=sa.String(50), nullable=False)  # MRT435
                op.create_unique_constraint("uq_phone", "users", ["phone"])
            """,
        ),
        Example(
            title="A key, a check, a narrower type",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.drop_table("old_users")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])  # MRT435
            """,
        ),
    )
    good = (
        Example(
            title="First what may fail",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.String(50), nullable=False)
                op.add_column("users", sa.Column("nick", sa.String(20)))
            """,
        ),
        Example(
            title="Prepared, new, replaced, or one statement",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("shop_id", sa.Integer))
                op.create_foreign_key("fk_shop", "users", "shops", ["shop_id"], ["id"])
                op.drop_constraint("fk_boss", "users", type_="foreignkey")
                op.create_foreign_key("fk_boss", "users", "users", ["boss_id"], ["id"], ondelete="CASCADE")
                op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("text", sa.Text))
                op.create_unique_constraint("uq_text", "notes", ["id"])
                op.execute("UPDATE members SET email = '' WHERE email IS NULL")
                op.alter_column("members", "email", existing_type=sa.String(50), nullable=False)
                op.execute("ALTER TABLE guests ADD COLUMN nick VARCHAR(20)")
            """,
        ),
        Example(
            title="A fraction is rounded, not refused",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("orders", sa.Column("shop_id", sa.Integer))
                op.alter_column("orders", "sum", existing_type=sa.Numeric(10, 2), type_=sa.Integer())
            """,
        ),
        Example(
            title="What comes before can be run again",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("CREATE TABLE IF NOT EXISTS notes (id INT)")
                op.alter_column("users", "email", existing_type=sa.String(50), type_=sa.String(60))
                op.create_unique_constraint("uq_phone", "users", ["phone"])
            """,
        ),
        Example(
            title="One statement",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD COLUMN nick VARCHAR(20), ADD UNIQUE (phone)")
            """,
        ),
        Example(
            title="A database that takes back what it did",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("nick", sa.String(20)))
                op.create_unique_constraint("uq_phone", "users", ["phone"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first statement of an upgrade that would leave half of it."""
        done: list[ops.Op] = []
        for op in case.ops_for(self, ops.Op, new_tables=True):
            server = case.server(op)
            if server is None:
                continue
            together = statement(case, op)
            first = next((other for other in done if other not in together and not _is_replaced(other, done, op)), None)
            reason = refusable(case, op) if first is not None and not op.caught else ""
            if first is not None and reason:
                yield self.found(case.migration, op, **names(op), server=server.name, reason=reason, first=deed(first))
                return
            if _is_final(op):
                done.append(op)


def _is_replaced(one: ops.Op, done: list[ops.Op], last: ops.Op) -> bool:
    """Return whether a statement drops what is made again before or by the last one, or makes it again: both run once more."""
    place = next(place for place, other in enumerate(done) if other is one)
    dropped, made = _things(effects_of(one).drops), _things(effects_of(one).makes)
    before = {thing for other in done[:place] for thing in _things(effects_of(other).drops)}
    after = {thing for other in (*done[place + 1 :], last) for thing in _things(effects_of(other).makes)}
    return bool(dropped) and dropped <= after if not made else made <= before


def _things(things: Iterable[Thing]) -> set[tuple[str, str]]:
    """Return things by kind and name; an index and a constraint of one name are one to MySQL."""
    return {("key" if thing.kind in {"index", "constraint"} else thing.kind, str(thing.name)) for thing in things}


def _is_final(op: ops.Op) -> bool:
    """Return whether a statement that has run once cannot be run again."""
    if not op.certain or getattr(op, "if_exists", False) is not False or getattr(op, "if_not_exists", False) is not False:
        return False
    if isinstance(op, ops.AlterColumn):
        return op.new_column is not UNSET
    if isinstance(op, ops.CreateTable):
        return not op.temporary
    return isinstance(op, _FINAL)


_FINAL = (
    ops.AddColumn,
    ops.CreateConstraint,
    ops.CreateIndex,
    ops.DropColumn,
    ops.DropConstraint,
    ops.DropIndex,
    ops.DropTable,
    ops.RenameTable,
)
