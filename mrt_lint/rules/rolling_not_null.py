"""MRT704."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import needs_value
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.former_type import former_type
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.lean import replace
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNSET, SqlType


class RollingNotNull(Rule):
    """A column is NOT NULL without a server default while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. The old code does not know that the column needs a
    value, so its inserts fail. What counts is how the column is at the end of `upgrade()`: a default that only fills the rows that
    are there, and is dropped then, helps no insert.
    """

    code = "MRT704"
    name = "rolling-not-null"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade makes {the_column} NOT NULL without a server default: inserts of the older release fail as long as it runs"
    instead = "give it a server_default as long as the older release runs, or set it NOT NULL in the next release"
    of_dropped_default = DialectWording(
        message="upgrade drops the server default of {the_column}, which it made NOT NULL: inserts of the older release fail",
        instead="keep the default as long as the older release runs, and drop it in the next release",
    )
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = (
        "It has a server default at the end of `upgrade()`, or fills itself; an ENUM of MySQL and MariaDB takes its first member.",
        "`upgrade()` allows NULL there again, or drops the column.",
        "The table was created earlier in the same upgrade.",
    )

    bad = (
        Example(
            title="Added so, or set so",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text, nullable=False))  # MRT704
                op.alter_column("users", "email", nullable=False)  # MRT704
            """,
        ),
        Example(
            title="With a default that only fills the rows which are there",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text, nullable=False, server_default="new"))
                op.alter_column("users", "state", server_default=None)  # MRT704
                op.execute("ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'a', ADD place text DEFAULT 'b'")
                op.execute("ALTER TABLE users ALTER COLUMN kind DROP DEFAULT, ALTER place DROP DEFAULT")  # MRT704
            """,
        ),
    )

    good = (
        Example(
            title="With a server default, or NULL",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text, nullable=False, server_default="new"))
                op.add_column("users", sa.Column("number", sa.Integer, sa.Identity(), nullable=False))
                op.alter_column("users", "email", nullable=False, server_default="")
                op.alter_column("users", "name", nullable=True)
            """,
        ),
        Example(
            title="With one at the end, or gone by then",
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False)
                op.alter_column("users", "email", server_default="")
                op.add_column("users", sa.Column("state", sa.Text, nullable=False))
                op.alter_column("users", "state", nullable=True)
                op.add_column("users", sa.Column("copy", sa.Text, nullable=False))
                op.drop_column("users", "copy")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code leaves empty."""
        changes: dict[int, list[ops.AddColumn | ops.AlterColumn]] = {}
        for op in case.ops_for(self, ops.AddColumn, ops.AlterColumn):
            changes.setdefault(id(case.tracked(op) or op), []).append(op)
        for of_column in changes.values():
            last = _last_refusing(case, of_column)
            if last is not None and not _is_dropped(case, last) and not _takes_first_member(case, of_column[-1]):
                wording = None if isinstance(last, ops.AddColumn) or last.nullable is False else self.of_dropped_default
                yield self.found(case.migration, last, wording, **names(last))


def _last_refusing(case: MigrationCase, changes: list[ops.AddColumn | ops.AlterColumn]) -> ops.AddColumn | ops.AlterColumn | None:
    """Return the operation that makes the column refuse an insert without a value, None if it takes one in the end."""
    last: ops.AddColumn | ops.AlterColumn | None = None
    is_required = has_default = False
    for op in changes:
        if isinstance(op, ops.AddColumn):
            has_default = op.definition.server_default is not None
            is_required = needs_value(replace(op.definition, server_default=None))
        else:
            if op.nullable is not UNSET:
                is_required = op.nullable is False and (is_required or case.originally(op, "nullable") is not False)
            if op.server_default is not UNSET:
                has_default = op.server_default is not None
        refuses = is_required and not has_default
        last = (last or op) if refuses else None
    return last


def _takes_first_member(case: MigrationCase, op: ops.AddColumn | ops.AlterColumn) -> bool:
    """Return whether an insert without a value gives a column the first member of its ENUM, as MySQL and MariaDB do if strict, too.

    Source: MySQL manual, "Data Type Default Values" (https://dev.mysql.com/doc/refman/8.4/en/data-type-defaults.html); seen on
    MariaDB 10.11.
    """
    kind: object = op.definition.type if isinstance(op, ops.AddColumn) else op.type
    if isinstance(op, ops.AlterColumn) and not isinstance(kind, SqlType):
        kind = former_type(case, op)
    kind = for_dialect(kind, case.dialect(op))
    return case.dialect(op) in FAMILY and isinstance(kind, SqlType) and kind.name == "ENUM"


def _is_dropped(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether upgrade() drops the column again."""
    column, analysis = case.tracked(op), case.analysis(op)
    effects = (effect for other in analysis.upgrade for effect in analysis.effects[id(other)])
    return column is not None and any(effect.action == "dropped" and effect.tracked is column for effect in effects)
