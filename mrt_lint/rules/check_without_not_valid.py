"""MRT423."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_no_rows
from mrt_lint.analysis.downgrade.naming_convention import find_same_constraint
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.mysql_alteration import blocked
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.online import TableChange


class CheckWithoutNotValid(Rule):
    """A CHECK constraint is added to an existing table, and checked at once.

    PostgreSQL locks the table against reads and writes while it checks every row. With NOT VALID it checks new rows only, and
    VALIDATE CONSTRAINT later checks the others without blocking writes. MySQL and MariaDB copy the table and block writes to it.
    """

    code = "MRT423"
    name = "check-without-not-valid"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = (
        "PostgreSQL blocks reads and writes of {the_table} while it checks every row for {the_constraint}, and it fails where one "
        "breaks it"
    )
    instead = (
        "{first}add it with {not_valid}, and in a later revision run op.execute(«ALTER TABLE {sql_table} VALIDATE "
        "CONSTRAINT {sql_constraint}»){renamed}"
    )
    inline = DialectWording(
        message="PostgreSQL blocks reads and writes of {the_table} while it checks every row for the CHECK of the new {the_column}",
        instead=(
            "add {column} without the CHECK, that by op.execute(«ALTER TABLE {sql_table} ADD CONSTRAINT … CHECK (…) NOT VALID»), "
            "and validate it in a later revision"
        ),
    )
    copied = DialectWording(
        message=(
            "{server} copies {the_table} while it checks every row for {the_constraint}: writes wait until it is done, and it "
            "fails where one breaks it"
        ),
        instead="add it with gh-ost or pt-online-schema-change, or at a quiet hour",
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",
        "MySQL, ALTER TABLE, “Performance and Space Requirements”: https://dev.mysql.com/doc/refman/8.4/en/alter-table.html",
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
        "It is added NOT VALID.",
        (
            "MySQL, MariaDB: the statement has ALGORITHM=INPLACE or LOCK=NONE, so that the server refuses rather than copies; "
            "or it is MariaDB 11.2, which allows writes while it copies."
        ),
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0")  # MRT423
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_name CHECK (name <> '')")  # MRT423
            """,
        ),
        Example(
            title="With a new column, whose rows are looked at all the same",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer, sa.CheckConstraint("age > 0")))  # MRT423
                op.execute("ALTER TABLE users ADD COLUMN size int CHECK (size > 0)")  # MRT423
            """,
        ),
        Example(
            title="A copy",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0")  # MRT423
            """,
        ),
    )

    good = (
        Example(
            title="Not valid first",
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0", postgresql_not_valid=True)
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_name CHECK (name <> '') NOT VALID")
            """,
        ),
        Example(
            title="A new table, another database",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.create_check_constraint("ck_id", "notes", "id > 0")
                if op.get_bind().dialect.name == "sqlite":
                    op.create_check_constraint("ck_age", "users", "age > 0")
            """,
        ),
        Example(
            title="MariaDB 11.2 allows writes while it copies",
            target=DatabaseTarget(dialect="mariadb", mariadb_version=(11, 2)),
            source="""
            def upgrade():
                op.create_check_constraint("ck_age", "users", "age > 0")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every check that is made under the lock."""
        for op in case.ops_for(self, ops.CreateCheckConstraint):
            if has_no_rows(case.analysis(op), op):
                continue
            server = blocked(case, op, TableChange.ADD_CHECK)
            if server is not None:
                yield self.found(case.migration, op, self.copied, **names(op), server=server.name)
            elif case.server(op) is None and op.definition.not_valid is False:
                yield self.found(case.migration, op, **names(op) | _named(case, op))
        for column in case.ops_for(self, ops.AddColumn):
            if case.server(column) is None and any(each.kind == "check" for each in column.definition.constraints):
                yield self.found(case.migration, column, self.inline, **names(column))


def _named(case: MigrationCase, op: ops.CreateCheckConstraint) -> dict[str, str]:
    """Return the name that a constraint has in the database, where downgrade() drops it by that, and what else it may be."""
    name = op.constraint
    if name is None:
        return {"first": "give it a name, ", "renamed": ""}
    if op.sql or not readable(name) or not readable(op.table):
        return {"first": "", "renamed": ""}
    table = fold(op.table)
    drops = (other.constraint for other in case.migration.downgrade_ops if isinstance(other, ops.DropConstraint))
    longer = find_same_constraint(fold(name), table, {drop for drop in map(fold, filter(readable, drops)) if len(drop) > len(name)})
    if longer is not None:
        return {"first": "", "renamed": "", "sql_constraint": sql_name(longer, case.dialect(op))}
    is_final = fold(name).startswith(("ck_", "chk_")) or table in fold(name)
    renamed = f", or by the name that a naming_convention of the models makes of it, as ck_{table}_{name}"
    return {"first": "", "renamed": "" if is_final else renamed}
