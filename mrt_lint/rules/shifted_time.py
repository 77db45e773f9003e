"""MRT305."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.session_zone import changes_zone, sets_session_zone
from mrt_lint.analysis.type_change import computes
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import SqlType


class ShiftedTime(Rule):
    """A column changes between TIMESTAMP with and without time zone, and the statement does not name the zone of its values.

    PostgreSQL then takes the zone of the session. A migration that runs on another machine, or under another role, than the
    application writes other moments into every row, and fails nowhere.
    """

    code = "MRT305"
    name = "shifted-time"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = (
        "{function} changes {the_column} from {former} to {new} and names no time zone: PostgreSQL takes that of the session, and "
        "every value shifts where it is meant in another one"
    )
    instead = "name the zone of the values: USING {sql_column} AT TIME ZONE 'UTC' (postgresql_using of op.alter_column)"
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, “Time Stamps”: https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIME-STAMPS",
        "PostgreSQL, AT TIME ZONE: https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-ZONECONVERT",
    )
    exemptions = (
        "USING computes the new values, or could not be read.",
        "The function sets the time zone of the session before.",
        "The column or its table is new, or has no rows; its former type is not known.",
        "`downgrade()` changes a column back whose change in `upgrade()` names no zone, either: one finding for both.",
    )

    bad = (
        Example(
            title="By operation, with a cast, and in SQL",
            source="""
            def upgrade():
                op.alter_column("visits", "seen", type_=sa.DateTime(timezone=True), existing_type=sa.DateTime())  # MRT305
                op.alter_column("visits", "left", type_=sa.TIMESTAMP(), existing_type=sa.TIMESTAMP(timezone=True))  # MRT305
            """,
        ),
        Example(
            title="Known from the history",
            before=(
                """
            def upgrade():
                op.create_table("visits", sa.Column("seen", sa.DateTime), sa.Column("left", sa.DateTime(timezone=True)))
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE visits ALTER COLUMN seen TYPE timestamptz USING seen::timestamptz")  # MRT305
                with op.batch_alter_table("visits") as batch:
                    batch.alter_column("left", type_=sa.DateTime())  # MRT305
            """,
        ),
        Example(
            title="Named on the way there, not on the way back",
            source="""
            def upgrade():
                op.alter_column(
                    "visits",
                    "seen",
                    type_=sa.DateTime(timezone=True),
                    existing_type=sa.DateTime(),
                    postgresql_using="seen AT TIME ZONE 'UTC'",
                )

            def downgrade():
                op.alter_column("visits", "seen", type_=sa.DateTime(), existing_type=sa.DateTime(timezone=True))  # MRT305
            """,
        ),
    )
    good = (
        Example(
            title="Named, or set before",
            source="""
            def upgrade():
                op.execute("ALTER TABLE visits ALTER seen TYPE timestamptz USING seen AT TIME ZONE 'UTC'")
                op.execute("SET LOCAL TIME ZONE 'UTC'")
                op.alter_column("visits", "left", type_=sa.DateTime(timezone=True), existing_type=sa.DateTime())
            """,
        ),
        Example(
            title="The same kind, another type, a new column",
            source="""
            def upgrade():
                op.alter_column("visits", "seen", type_=sa.DateTime(), existing_type=sa.TIMESTAMP())
                op.alter_column("visits", "day", type_=sa.Date(), existing_type=sa.DateTime())
                op.alter_column("visits", "left", type_=sa.DateTime(timezone=True))
                op.add_column("visits", sa.Column("made", sa.DateTime()))
                op.alter_column("visits", "made", type_=sa.DateTime(timezone=True))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every change that leaves the zone to the session."""
        found = {case.tracked(op): op for op in case.ops_for(self, ops.AlterColumn) if _shifts(case, op)}
        for op in found.values():
            yield self._found(case, op, "upgrade")
        function = case.migration.downgrade_ops
        for back in function:
            if not isinstance(back, ops.AlterColumn) or not case.runs(back, self.dialects) or case.tracked(back) in found:
                continue
            if not case.state_before(back).new_table and _shifts(case, back):
                yield self._found(case, back, "downgrade")

    def _found(self, case: MigrationCase, op: ops.AlterColumn, function: str) -> Finding:
        former, new = (for_dialect(kind, "postgresql") for kind in (case.state_before(op).type, op.type))
        return self.found(case.migration, op, **names(op, "postgresql"), function=function, former=former, new=new)


def _shifts(case: MigrationCase, op: ops.AlterColumn) -> bool:
    state, new = case.state_before(op), for_dialect(op.type, "postgresql")
    if state.new_column or state.empty or not isinstance(state.type, SqlType) or not isinstance(new, SqlType):
        return False
    return changes_zone(state.type, new) and not computes(op) and not sets_session_zone(case, op)
