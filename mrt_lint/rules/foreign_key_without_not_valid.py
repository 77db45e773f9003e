"""MRT422."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_no_rows, is_null_so_far, starts_with_null
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.locking import is_partitioned
from mrt_lint.analysis.mysql_alteration import blocked, leaves_keys_unchecked
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import given_name, place
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Constraint, MaybeName
from mrt_lint.online import TableChange

_FAILS = ", and it fails where one has no parent"
_LOOK = "look for rows without a parent first; then "


class ForeignKeyWithoutNotValid(Rule):
    """A foreign key is added to a table that is there already, and checked at once.

    PostgreSQL blocks writes to both tables while it looks up every row of the one in the other: minutes on large tables. With NOT
    VALID it checks new rows only, and VALIDATE CONSTRAINT later checks the others without blocking writes. MySQL and MariaDB copy
    the table and block writes to it meanwhile, unless foreign_key_checks is 0.
    """

    code = "MRT422"
    name = "foreign-key-without-not-valid"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks writes to {the_tables} while it checks every row for {the_key}{fails}"
    instead = (
        "{first}add it with {not_valid}, and in a later revision run "
        "op.execute(«ALTER TABLE {sql_table} VALIDATE CONSTRAINT {key}»)"
    )
    copied = DialectWording(
        message="{server} copies {the_table} while it looks up every row for {the_key}: writes to it wait until it is done{fails}",
        instead=(
            "{look}run op.execute('SET SESSION foreign_key_checks = 0') before it and = 1 "
            "behind it, and {server} adds it in place, without a look at the rows"
        ),
    )
    beside_column = DialectWording(
        message=message,
        instead=(
            "leave REFERENCES out of the new column, and add it by itself: ALTER TABLE {sql_table} ADD CONSTRAINT {key} FOREIGN "
            "KEY ({sql_column}) REFERENCES … NOT VALID; in a later revision run op.execute(«ALTER TABLE {sql_table} VALIDATE "
            "CONSTRAINT {key}»)"
        ),
    )
    of_partitions = DialectWording(
        message=message,
        instead=(
            "before PostgreSQL 18 a partitioned table takes no NOT VALID key: add it with {not_valid} to each partition, validate "
            "it there in a later revision, and then add it to {sql_table}, which takes theirs over"
        ),
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",
        (
            "PostgreSQL, “Notes” on NOT VALID and VALIDATE CONSTRAINT: "
            "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
        ),
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
        (
            "MariaDB, “InnoDB Online DDL Operations with the INPLACE Alter Algorithm”: https://mariadb.com/docs/server/server-usage/"
            "storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-operations-with-the-inplace-alter-algorithm"
        ),
    )
    fix = FixSafety.UNSAFE
    fixes = (
        "`postgresql_not_valid=True`, with `--unsafe-fixes`: the rows that are there stay unchecked until a later revision "
        "validates the constraint, and the report names the statement for it."
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "It is added NOT VALID, or by REFERENCES beside a new column that is NULL in every row, of which PostgreSQL checks none.",
        "MySQL, MariaDB: foreign_key_checks was set to 0 before in this upgrade.",
        (
            "MySQL, MariaDB: the statement has ALGORITHM=INPLACE or LOCK=NONE, so that the server refuses rather than copies; "
            "or it is MariaDB 11.2, which allows writes while it copies."
        ),
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="By operation, beside a column and in SQL",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])  # MRT422
                op.add_column("orders", sa.Column("shop_id", sa.Integer, sa.ForeignKey("shops.id")))  # MRT422
                op.execute("ALTER TABLE orders ADD CONSTRAINT fk_item FOREIGN KEY (item_id) REFERENCES items")  # MRT422
            """,
        ),
        Example(
            title="A copy",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])  # MRT422
                op.add_column("orders", sa.Column("shop_id", sa.Integer, sa.ForeignKey("shops.id")))  # MRT422
            """,
        ),
    )

    good = (
        Example(
            title="Not valid first",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True)
                op.execute("ALTER TABLE orders ADD CONSTRAINT fk_item FOREIGN KEY (item_id) REFERENCES items NOT VALID")
            """,
        ),
        Example(
            title="A new table",
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
                op.create_foreign_key("fk_shop", "orders", "shops", ["shop_id"], ["id"])
            """,
        ),
        Example(
            title="In place",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("SET SESSION foreign_key_checks = 0")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
                op.execute("SET SESSION foreign_key_checks = 1")
            """,
        ),
        Example(
            title="Another database",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every foreign key that is checked under the lock."""
        for op in case.ops_for(self, ops.CreateForeignKey, ops.AddColumn):
            given = (op.definition,) if isinstance(op, ops.CreateForeignKey) else op.definition.constraints
            for key in () if has_no_rows(case.analysis(op), op) else given:
                if key.kind == "foreignkey" and self._holds_up(case, op, key):
                    the_key = f"foreign key '{key.name}'" if readable(key.name) else "a foreign key"
                    server, columns = case.server(op), (op.column,) if isinstance(op, ops.AddColumn) else key.columns
                    own = _given_name(op, key, columns)
                    found = names(op) | {
                        "the_tables": _tables(case, op, key),
                        "the_key": the_key,
                        "first": f"{f'call it «{own}»' if own else 'give it a name'}, " if key.name is None else "",
                        "look": "" if is_null_so_far(case.analysis(op), op, columns) else _LOOK,
                        "server": server.name if server else "",
                        "fails": "" if is_null_so_far(case.analysis(op), op, columns) else _FAILS,
                    }
                    name = sql_name(own, case.dialect(op)) if readable(own) else "…"
                    yield self.found(case.migration, op, self._wording(case, op), **found, key=name)

    def _wording(self, case: MigrationCase, op: ops.Op) -> DialectWording | None:
        if case.server(op) is not None:
            return self.copied
        if is_partitioned(case, op):
            return self.of_partitions
        return self.beside_column if op.sql and isinstance(op, ops.AddColumn) else None

    @staticmethod
    def _holds_up(case: MigrationCase, op: ops.Op, key: Constraint) -> bool:
        if case.server(op) is None:
            # with REFERENCES beside a column that is NULL in every row, PostgreSQL looks at none
            is_beside_null = bool(op.sql) and isinstance(op, ops.AddColumn) and starts_with_null(op.definition)
            return key.not_valid is False and not is_beside_null
        return blocked(case, op, TableChange.ADD_FOREIGN_KEY) is not None and not leaves_keys_unchecked(case, op)


def _given_name(op: ops.CreateForeignKey | ops.AddColumn, key: Constraint, columns: object) -> MaybeName:
    """Return the name of a key, the one that PostgreSQL gives to it where the source gives none."""
    if key.name is not None or not readable(op.table) or not isinstance(columns, tuple):
        return key.name
    return given_name(op.table, Constraint(kind="foreignkey", columns=columns), "postgresql")


def _tables(case: MigrationCase, op: ops.CreateForeignKey | ops.AddColumn, key: Constraint) -> str:
    """Return the names of the tables that cannot be written to: a table that points to itself once, and none that is new."""
    the_table = names(op)["the_table"]
    if not readable(key.referred_table):
        return f"{the_table} and to 'another table'"
    target = place(key.referred_schema, key.referred_table)
    made = (other for other in case.migration.upgrade_ops if isinstance(other, ops.CreateTable) and readable(other.table))
    if (readable(op.table) and place(op.schema, op.table) == target) or target in {
        place(new.schema, str(new.table)) for new in made
    }:
        return the_table
    schema = f"{key.referred_schema}." if readable(key.referred_schema) else ""
    return f"{the_table} and to '{schema}{key.referred_table}'"
