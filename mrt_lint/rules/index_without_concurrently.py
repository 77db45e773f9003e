"""MRT407."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.duplicates import holds_no_duplicates, makes_unique
from mrt_lint.analysis.index_sql import code_of, sql_of
from mrt_lint.analysis.key_of_index import PARTITIONED, former_guard, key_of_index
from mrt_lint.analysis.locking import is_partitioned
from mrt_lint.analysis.raw_sql import is_in_block
from mrt_lint.analysis.sql_names import sql_path
from mrt_lint.analysis.wording import deed, join, names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_OUT_OF_BLOCK = "CONCURRENTLY is refused in a DO block: check in Python what the block checks, and where that holds, "


class IndexWithoutConcurrently(Rule):
    """An index is built on a PostgreSQL table that is there already, without CONCURRENTLY.

    PostgreSQL locks the table against writes until the index is complete: seconds on a test database, minutes to hours on a large
    table, and every insert, update and delete waits behind it.
    """

    code = "MRT407"
    name = "index-without-concurrently"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks every write to {the_table} while it builds {the_index}"
    instead = (
        "{first}{left_out}with op.get_context().autocommit_block(): {before}op.create_index({name}, «{last}», "
        "[{columns}]{options}, postgresql_concurrently=True)"
    )
    in_place_of = DialectWording(
        message=message,
        instead=(
            "with op.get_context().autocommit_block(): op.create_index({name}, «{last}», [{columns}]{options}, "
            "postgresql_concurrently=True); and move {drop} behind it, so that rows stay unique meanwhile{renamed}"
        ),
    )
    of_key = DialectWording(
        message="PostgreSQL blocks every access to {the_table} while it builds the index that keeps ({columns}) unique",
        instead=("{left_out}build its index: {build}; {moved}{take_over}, which takes it over"),
    )
    of_partitioned_key = DialectWording(message=of_key.message, instead=PARTITIONED)
    of_partitions = DialectWording(
        message=message,
        instead=(
            "PostgreSQL builds none concurrently on a partitioned table: make it ON ONLY {sql_table}, build the same index "
            "CONCURRENTLY on each partition, and ALTER INDEX … ATTACH PARTITION each of them"
        ),
    )
    dialects = ("postgresql",)
    manual = (
        (
            "PostgreSQL, “Building Indexes Concurrently”: "
            "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
        ),
        "Alembic, MigrationContext.autocommit_block: https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    )
    fix = FixSafety.SAFE
    fixes = (
        "`postgresql_concurrently=True`, in an autocommit block; the drop in `downgrade()` likewise. Where the function does "
        "anything else, a second index included, only with `--unsafe-fixes`: the block commits step by step, and a retry after a "
        "failure finds the first half done."
    )
    exemptions = (
        "A constraint takes over a finished index (USING INDEX), or rows may prevent it, which MRT406 reports.",
        "The table or materialized view was created earlier in the same upgrade.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
        "Whether it is built concurrently cannot be read.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"])  # MRT407
                op.create_index(op.f("ix_users_name"), table_name="users", columns=["name"], unique=True)  # MRT407
                with op.batch_alter_table("users") as batch:
                    batch.create_index("ix_users_age", ["age"])  # MRT407
                op.execute("CREATE INDEX ON users USING gin (tags)")  # MRT407
            """,
        ),
        Example(
            title="Concurrently in words only, or on another database",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=False)  # MRT407
                op.execute("CREATE INDEX /* CONCURRENTLY */ ix_users_age ON users (age)")  # MRT407
                op.create_index("ix_users_name", "users", ["name"], mssql_include=["id"])  # MRT407
            """,
        ),
        Example(
            title="In place of another unique index",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("code", sa.Text), sa.Column("org_id", sa.Integer))
                op.create_index("ux_code", "users", ["code"], unique=True)
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ux_code", table_name="users")
                op.create_index("ux_users_code", "users", ["code", "org_id"], unique=True)  # MRT407
            """,
        ),
        Example(
            title="Beside a new column",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("email", sa.Text, index=True))  # MRT407
                op.add_column("users", sa.Column("phone", sa.Text, unique=True))  # MRT407
            """,
        ),
        Example(
            title="Of a unique constraint that no rows can prevent: for others see MRT406",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("org_id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.create_unique_constraint("uq_users_id_org", "users", ["id", "org_id"])  # MRT407
                op.execute("DELETE FROM runs WHERE id NOT IN (SELECT max(id) FROM runs GROUP BY day)")
                op.create_unique_constraint("uq_runs_day", "runs", ["day"])  # MRT407
                op.add_column("users", sa.Column("badge", sa.Text()))
                op.create_unique_constraint("uq_badge", "users", ["badge"])  # MRT407
            """,
        ),
    )
    good = (
        Example(
            title="Concurrently, outside of the transaction",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
                    op.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_users_age ON users (age)")
            """,
        ),
        Example(
            title="A new table, a new materialized view",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("title", sa.Text, index=True))
                op.create_index("ix_notes_title", "notes", ["title"])
                op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day, count(*) FROM sales GROUP BY day")
                op.execute("CREATE UNIQUE INDEX ix_daily ON daily (day)")
            """,
        ),
        Example(
            title="Another database, declared",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"])
            """,
        ),
        Example(
            title="Another database, by a guard",
            source="""
            def upgrade():
                if op.get_context().dialect.name != "postgresql":
                    op.create_index("ix_users_email", "users", ["email"])
            """,
        ),
    )

    @staticmethod
    def _dropped_before(case: MigrationCase, op: ops.Op) -> str:
        """Return the call that drops an index of the same name, where the block does that before."""
        for other in case.migration.upgrade_ops:
            if isinstance(other, ops.DropIndex) and other.origin == op.origin and other.index == getattr(op, "index", None):
                return f"op.drop_index({literal(other.index)}, postgresql_concurrently=True); " if readable(other.index) else ""
        return ""

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every index that is built under the lock."""
        for op in case.ops_for(self, ops.CreateIndex, ops.AddColumn, ops.CreateUniqueConstraint):
            found = names(op) | {"first": "", "before": "", "left_out": ""}
            if is_in_block(case, op):
                found |= {"first": _OUT_OF_BLOCK, "before": self._dropped_before(case, op)}
            if isinstance(op, ops.CreateIndex) and op.concurrently is False:
                if op.index is None and op.sql:
                    found["index"] = f"ix_{found['last']}_{re.sub(r'[^a-z0-9]+', '_', join(op.columns).lower()).strip('_')}"
                # a naming convention makes the name of one without, here as there
                found["name"] = "None" if op.index is None and not op.sql else literal(found["index"])
                yield self.found(case.migration, op, *self._worded(case, op, found), **found | code_of(op))
            elif isinstance(op, ops.AddColumn) and op.definition.index is True:
                found |= {"name": "None", "the_index": f"the index of the new {found['the_column']}"}
                found["left_out"] = "leave index=True out of it, and behind it: "
                built = ops.CreateIndex(
                    index=None, table=op.table, schema=op.schema, columns=(op.column,), unique=op.definition.unique
                )
                yield self.found(case.migration, op, **found | code_of(built))
            elif not isinstance(op, ops.CreateIndex) and _only_locks(case, op):
                columns = (op.column,) if isinstance(op, ops.AddColumn) else op.columns
                found |= {"columns": sql_of(columns, None, "postgresql")} | key_of_index(case, op)
                wording = self.of_partitioned_key if is_partitioned(case, op) else self.of_key
                yield self.found(case.migration, op, wording, **found)

    def _worded(self, case: MigrationCase, op: ops.CreateIndex, found: dict[str, str]) -> tuple[DialectWording, ...]:
        """Return what is said otherwise of an index, and note in `found` what that needs."""
        if is_partitioned(case, op):
            return (self.of_partitions,)
        drop = None if found["before"] or op.unique is not True else former_guard(case, op)
        if drop is None:
            return ()
        found |= {"drop": deed(drop), "renamed": ""}
        if getattr(drop, "index", getattr(drop, "constraint", None)) == op.index and readable(op.index):
            found["name"] = literal(f"{op.index}_new")
            last = sql_path(op.schema if readable(op.schema) else None, f"{op.index}_new", "postgresql")
            rename = f"ALTER INDEX {last} RENAME TO {found['sql_index']}"
            found["renamed"] = f"; and then op.execute({literal(rename)})"
        return (self.in_place_of,)


def _only_locks(case: MigrationCase, op: ops.AddColumn | ops.CreateUniqueConstraint) -> bool:
    """Return whether something becomes unique that no rows can prevent, in a table that may have some."""
    return makes_unique(op) and not case.state_before(op).empty and holds_no_duplicates(case, op)
