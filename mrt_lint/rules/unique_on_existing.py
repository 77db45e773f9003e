"""MRT406."""

import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_no_rows, is_filled_here
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.duplicates import demands_unique, holds_no_duplicates
from mrt_lint.analysis.index_sql import code_of, sql_of, where_of
from mrt_lint.analysis.key_of_index import key_of_index
from mrt_lint.analysis.locking import is_partitioned
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_NO_VALUE = re.compile(r"""\s+(?:(?:\w+\.)?\w+_ops\b|COLLATE\s+(?:"[^"]+"|[\w.]+))""", re.IGNORECASE)


class UniqueOnExisting(Rule):
    """A UNIQUE constraint, unique index or primary key is created on a table that has rows.

    Where two of them hold the same value the statement fails and the deployment stops; a test database never has such rows.
    Where none do, the table is locked until the index behind it is built; MySQL and MariaDB take writes meanwhile.
    """

    code = "MRT406"
    name = "unique-on-existing"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade makes ({columns}) unique in {the_table}: it fails where two rows hold the same{lock}"
    instead = (
        "look for duplicates first (SELECT {sql_columns}, count(*) FROM {sql_table} GROUP BY {sql_columns} HAVING count(*) > 1); "
        "then {left_out}build its index: {build}; {moved}{take_over}, which takes it over"
    )
    of_index = DialectWording(
        message=message,
        instead=(
            "look for duplicates first (SELECT {sql_columns}, count(*) FROM {sql_table}{where} GROUP BY {sql_columns} HAVING "
            "count(*) > 1); then with op.get_context().autocommit_block(): op.create_index(«{index}», «{last}», "
            "[{items}]{options}, postgresql_concurrently=True)"
        ),
    )
    elsewhere = DialectWording(
        message=message,
        instead=(
            "look for duplicates first: SELECT {sql_columns}, count(*) FROM {sql_table}{where} GROUP BY {sql_columns} HAVING "
            "count(*) > 1"
        ),
    )
    of_new_column = DialectWording(
        message=message,
        instead=(
            "only fill the column in this revision, and make it unique in the next one, after a look for duplicates: SELECT "
            "{sql_columns}, count(*) FROM {sql_table}{where} GROUP BY {sql_columns} HAVING count(*) > 1"
        ),
    )
    manual = (
        "PostgreSQL, ALTER TABLE, ADD table_constraint_using_index: https://www.postgresql.org/docs/current/sql-altertable.html",
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html",
    )
    exemptions = (
        "The table was created, or emptied, earlier in the same upgrade.",
        "The constraint takes over a finished index: USING INDEX.",
        "The index is built concurrently: it locks nothing, and a failure leaves an invalid index behind, not a stopped table.",
        "A primary key's lock on PostgreSQL is what MRT426 reports.",
        (
            "No two rows can hold the same: the columns, or some of them, are a key already, or foreign keys point to them; the "
            "same upgrade dropped a unique one on them, or a constraint whose name only the database knows; one of them is "
            "new and NULL in every row. Then only the lock counts, which MRT407 reports, and nothing on MySQL."
        ),
        (
            "The same upgrade deleted some rows of the table, or of one whose name could not be read, or Python works out what one "
            "of the columns holds, or one is changed in rows that others which hold the same choose: duplicates were thought of. "
            "Then, too, only the lock counts."
        ),
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.create_unique_constraint("uq_users_email", "users", ["email"])  # MRT406
                op.create_index("ix_users_name", "users", ["name"], unique=True)  # MRT406
                with op.batch_alter_table("users") as batch:
                    batch.create_unique_constraint("uq_users_phone", ["phone"])  # MRT406
                op.execute("ALTER TABLE users ADD CONSTRAINT uq UNIQUE (a, b)")  # MRT406
                op.execute("CREATE UNIQUE INDEX ix ON users (lower(email))")  # MRT406
                op.create_primary_key("users_pkey", "users", ["org_id"])  # MRT406
            """,
        ),
        Example(
            title="On a new column: filled, or with a default",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("code", sa.Text(), server_default="x"))
                op.create_index("ix_code", "users", ["code"], unique=True)  # MRT406
                op.add_column("users", sa.Column("mail", sa.Text()))
                op.execute("UPDATE users SET mail = email")
                op.create_index("ix_mail", "users", ["mail"], unique=True)  # MRT406
                op.add_column("users", sa.Column("nick", sa.Text()))
                op.create_index("ix_nick", "users", ["nick"], unique=True)  # MRT406
                op.execute("UPDATE users SET nick = name")
            """,
        ),
        Example(
            title="On a new column that is NULL in every row, where NULLs are alike",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("badge", sa.Text()))
                op.add_column("users", sa.Column("nick", sa.Text()))
                op.create_index("uq_badge", "users", ["badge"], unique=True, postgresql_nulls_not_distinct=True)  # MRT406
                op.execute("CREATE UNIQUE INDEX uq_nick ON users (nick) NULLS NOT DISTINCT")  # MRT406
            """,
        ),
        Example(
            title="On fewer columns, or on other rows, than what was unique before",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("email", sa.Text), sa.Column("phone", sa.Text), sa.Column("org_id", sa.Integer))
                op.create_unique_constraint("uq_email", "users", ["org_id", "email"])
                op.create_index("ix_phone", "users", ["phone"], unique=True, postgresql_where=sa.text("org_id = 1"))
                op.create_index("ix_org", "users", ["org_id"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("uq_email", "users", type_="unique")
                op.create_unique_constraint("uq_users_email", "users", ["email"])  # MRT406
                op.drop_index("ix_phone", table_name="users")
                op.create_index("ix_users_phone", "users", ["phone"], unique=True)  # MRT406
                op.drop_index("ix_org", table_name="users")
                op.create_index("ix_users_org", "users", ["org_id"], unique=True)  # MRT406
            """,
        ),
        Example(
            title="Beside a new column",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("email", sa.Text, unique=True, server_default=""))  # MRT406
                op.execute("ALTER TABLE users ADD COLUMN code integer DEFAULT 0 UNIQUE")  # MRT406
            """,
        ),
    )
    good = (
        Example(
            title="A new column: rows without a value are not alike",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("badge", sa.Text()))
                op.create_index("ix_users_badge", "users", ["badge"], unique=True)
                op.create_unique_constraint("uq_users_badge", "users", ["badge"])
            """,
        ),
        Example(
            title="A key of a new column, on MySQL",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("badge", sa.String(10)))
                op.create_unique_constraint("uq_users_badge", "users", ["badge", "team_id"])
                op.create_unique_constraint(None, "users", ["badge", "shop_id"])
            """,
        ),
        Example(
            title="Index first, constraint from it",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.create_index("uq_users_email", "users", ["email"], unique=True, postgresql_concurrently=True)
                op.execute("ALTER TABLE users ADD CONSTRAINT uq_users_email UNIQUE USING INDEX uq_users_email")
            """,
        ),
        Example(
            title="A new table, or one without rows",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("title", sa.Text, unique=True))
                op.create_unique_constraint("uq_notes_title", "notes", ["title"])
                op.execute("DELETE FROM sessions")
                op.create_index("ix_sessions", "sessions", ["token"], unique=True)
            """,
        ),
        Example(
            title="Unique already: renamed, or with a column more",
            target=DatabaseTarget(dialect="mysql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("email", sa.Text), sa.Column("phone", sa.Text), sa.Column("org_id", sa.Integer))
                op.create_unique_constraint("uq_email", "users", ["email"])
                op.create_index("ix_phone", "users", ["phone"], unique=True)
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("uq_email", "users", type_="unique")
                op.alter_column("users", "email", new_column_name="mail")
                op.create_unique_constraint("uq_users_mail", "users", ["org_id", "mail"])
                op.drop_index("ix_phone", table_name="users")
                op.create_index("ix_users_phone", "users", ["phone"], unique=True)
            """,
        ),
        Example(
            title="Unique already: renamed before the constraint is dropped, or dropped under a name that the database shows",
            target=DatabaseTarget(dialect="mysql"),
            before=(
                """
            def upgrade():
                op.create_table("runs", sa.Column("dag", sa.Text), sa.Column("day", sa.Date))
                op.create_unique_constraint("uq_runs_day", "runs", ["dag", "day"])
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("runs", "day", new_column_name="logical_day")
                op.drop_constraint("uq_runs_day", "runs", type_="unique")
                op.create_unique_constraint("uq_runs_logical_day", "runs", ["dag", "logical_day"])
                for key in sa.inspect(op.get_bind()).get_unique_constraints("teams"):
                    op.drop_constraint(key["name"], "teams", type_="unique")
                op.create_unique_constraint("uq_teams_name", "teams", ["org_id", "name"])
            """,
        ),
        Example(
            title="Duplicates were thought of: some rows deleted, values worked out in Python",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            users = sa.table("users", sa.column("id"), sa.column("key"))

            def upgrade():
                op.execute("DELETE FROM runs WHERE id NOT IN (SELECT max(id) FROM runs GROUP BY day)")
                op.create_unique_constraint("uq_runs_day", "runs", ["day"])
                for number, row in enumerate(op.get_bind().execute(sa.select(users.c.id))):
                    op.get_bind().execute(users.update().where(users.c.id == row.id).values(key=number))
                op.create_unique_constraint("uq_users_key", "users", ["key"])
            """,
        ),
        Example(
            title="Unique already, as downgrade() shows",
            source="""
            def upgrade():
                op.drop_index("ix_code", table_name="users")
                op.create_index("ix_users_code", "users", ["code"], unique=True)

            def downgrade():
                op.drop_index("ix_users_code", table_name="users")
                op.create_index("ix_code", "users", ["code"], unique=True)
            """,
        ),
        Example(
            title="Not unique",
            source="""
            def upgrade():
                op.create_index("ix_users_name", "users", ["name"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that must be unique from now on."""
        kinds = ops.CreateUniqueConstraint, ops.CreatePrimaryKey, ops.CreateIndex, ops.AddColumn
        for op in case.ops_for(self, *kinds, along=True):  # along with a column that MySQL takes out of a key
            if not demands_unique(op) or has_no_rows(case.analysis(op), op) or holds_no_duplicates(case, op):
                continue
            if op.along_with and _goes_in_statement(case, op):
                continue
            dialect, is_primary = case.dialect(op), isinstance(op, ops.CreatePrimaryKey)
            wording: DialectWording | None = self.elsewhere
            if is_filled_here(case.analysis(op), op):
                wording = self.of_new_column
            elif dialect == "postgresql" and not is_primary and not is_partitioned(case, op):
                wording = self.of_index if isinstance(op, ops.CreateIndex) else None
            lock = "" if dialect in FAMILY or is_primary else ", and locks the table while it looks"
            key = {} if isinstance(op, ops.CreateIndex) else key_of_index(case, op)
            yield self.found(case.migration, op, wording, **_words(op, dialect) | key, lock=lock)


def _goes_in_statement(case: MigrationCase, op: ops.CreateConstraint | ops.CreateIndex | ops.AddColumn) -> bool:
    """Return whether the statement that takes a column out of a key drops its other columns, too."""
    behind = dropwhile(lambda other: other is not op, case.operations("upgrade"))
    first, *others = (other for other in behind if isinstance(other, ops.DropColumn))
    dropped = {fold(str(other.column)) for other in (first, *takewhile(lambda other: other.joined, others))}
    columns = () if isinstance(op, ops.AddColumn) else op.columns
    return isinstance(columns, tuple) and {fold(str(name)) for name in columns} <= dropped


def _words(op: ops.CreateConstraint | ops.CreateIndex | ops.AddColumn, dialect: str) -> dict[str, str]:
    columns = (op.column,) if isinstance(op, ops.AddColumn) else op.columns
    # SELECT and GROUP BY take no operator class, and a column with its collation is no name
    selected = (
        tuple(_NO_VALUE.sub("", str(name)) for name in columns)
        if isinstance(columns, tuple) and all(map(readable, columns))
        else columns
    )
    found = names(op, dialect) | {"columns": sql_of(columns, None, dialect), "sql_columns": sql_of(selected, op, dialect)}
    found["where"] = where_of(op) if isinstance(op, ops.CreateIndex) else ""
    if isinstance(op, ops.CreateIndex):
        code = code_of(op, dialect)
        found |= {"items": code["columns"], "options": code["options"], "last": op.table if readable(op.table) else "…"}
    return found
