"""MRT304."""

import re
from collections.abc import Iterable, Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.history.effects import effects_of
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_CATALOGUE = re.compile(r"\b(DELETE\s+FROM|UPDATE)\s+(pg_catalog\.)?pg_enum\b", re.IGNORECASE)


class EnumAddValue(Rule):
    """`upgrade()` adds a value to an enum type of PostgreSQL.

    PostgreSQL has no statement that removes one. After a rollback the value is still there, rows may hold it, and the older
    release raises a LookupError when it reads such a row. Up to PostgreSQL 11 the statement does not even run in a transaction.
    """

    code = "MRT304"
    name = "enum-add-value"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade adds '{value}' to {the_enum}: PostgreSQL has no statement that removes it, and downgrade() leaves it there"
    instead = (
        "keep such lists in a table of their own or in a CHECK constraint, which can be changed both ways; for this enum, "
        "downgrade() has to map the rows to other values, drop indexes, defaults and CHECKs that name one, rename the type, create "
        "it again without '{value}', convert every column to it, make those again and drop the renamed one"
    )
    by_catalogue = DialectWording(
        message=(
            "upgrade adds '{value}' to {the_enum}, downgrade() takes it out of pg_enum: only a superuser may, and the rows and "
            "indexes that hold it cannot be read any more"
        ),
        instead=instead,
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TYPE, ADD VALUE: https://www.postgresql.org/docs/current/sql-altertype.html",)
    exemptions = ("The type was created earlier in the same upgrade, or `downgrade()` creates it again.",)

    bad = (
        Example(
            title="In any spelling",
            source="""
            def upgrade():
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")  # MRT304
                op.execute("alter type app.mood add value if not exists 'sad' before 'happy'")  # MRT304

            def downgrade():
                pass
            """,
        ),
        Example(
            title="In an autocommit block and a loop",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    for value in ("happy", "sad"):
                        op.execute(f"ALTER TYPE mood ADD VALUE IF NOT EXISTS '{value}'")  # MRT304

            def downgrade():
                op.execute("UPDATE people SET mood = 'ok' WHERE mood IN ('happy', 'sad')")
            """,
        ),
    )
    good = (
        Example(
            title="A CHECK constraint goes both ways",
            source="""
            def upgrade():
                op.drop_constraint("mood_is_known", "people", type_="check")
                op.create_check_constraint("mood_is_known", "people", "mood IN ('ok', 'happy')")

            def downgrade():
                op.drop_constraint("mood_is_known", "people", type_="check")
                op.create_check_constraint("mood_is_known", "people", "mood IN ('ok')")
            """,
        ),
        Example(
            title="downgrade() creates the type again",
            source="""
            def upgrade():
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")

            def downgrade():
                op.execute("UPDATE people SET mood = 'ok' WHERE mood = 'happy'")
                op.execute("ALTER TYPE mood RENAME TO mood_old")
                op.execute("CREATE TYPE mood AS ENUM ('ok')")
                op.execute("ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood")
                op.execute("DROP TYPE mood_old")
            """,
        ),
        Example(
            title="Another database, by a guard",
            source="""
            def upgrade():
                if op.get_bind().dialect.name == "sqlite":
                    op.execute("ALTER TYPE mood ADD VALUE 'happy'")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every value of a type that existed before and is not created again."""
        for op in case.ops_for(self, ops.AddEnumValue):
            analysis = case.analysis(op)
            is_open = any(map(analysis.downgrade_doubts.concern_thing, effects_of(op).changes))
            if not is_open and not analysis.makes_anew(op, "type", op.enum):
                changed = any(_CATALOGUE.search(text) for text in _texts(analysis.reverse.values()))
                yield self.found(case.migration, op, self.by_catalogue if changed else None, **names(op))


def _texts(operations: Iterable[ops.Op]) -> Iterator[str]:
    """Return the SQL that operations run."""
    yield from (op.statement for op in operations if isinstance(op, ops.Execute) and isinstance(op.statement, str))
