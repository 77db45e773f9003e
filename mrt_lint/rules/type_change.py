"""MRT303."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.altered_setting import may_repeat_type
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.fewer_values import way_back
from mrt_lint.analysis.former_type import former_type
from mrt_lint.analysis.mysql_alteration import blocked
from mrt_lint.analysis.remade_enum import made_again, stays_as_it_was
from mrt_lint.analysis.type_change import labels_added, looked_through, rewriting
from mrt_lint.analysis.type_family import is_sql
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType
from mrt_lint.online import TableChange, lost_members, spelled


class TypeChange(Rule):
    """A column's type changes.

    Most changes rewrite the whole table while no other session can use it, and convert every value: what the new type cannot
    express is cut off or refused, and the downgrade converts what is left, not what there was. Where none can be lost on the way
    there and back, only the lock is reported, and which values the new type refuses.
    """

    code = "MRT303"
    name = "type-change"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade changes {the_column} from {former} to {new}: every value is converted, {back}"
    instead = (
        "add a column of the new type next to {column}, fill it in batches, let the application write both, and drop {column} in a "
        "later release"
    )
    rewritten = DialectWording(
        message=(
            "upgrade changes {the_column} from {former} to {new}: {outcome} PostgreSQL blocks reads and writes of the table while "
            "it rewrites every row{unless}"
        ),
        instead="{first}" + instead,
        consequence=Consequence.DEPLOY_BLOCKS,
    )
    from_unknown = DialectWording(
        message=(
            "upgrade gives {the_column} the type {new}, and what it had is not known here: where that is another one, every value "
            "is converted, {back}"
        ),
        instead="name the former type in existing_type=…, and where it is another one, " + instead,
    )
    copied = DialectWording(
        message=(
            "upgrade changes {the_column} from {former} to {new}: {server} copies the whole table, and writes to it "
            "wait until that is done"
        ),
        instead=(
            "add a column of the new type beside {column}, which takes no copy, fill it in batches and drop {column} in a later "
            "release; or use gh-ost or pt-online-schema-change"
        ),
    )
    reordered = DialectWording(
        message=copied.message,
        instead="put new members behind the old ones, in their order: {server} takes them without looking at the table",
    )
    verified = DialectWording(
        message=(
            "upgrade changes {the_column} from {former} to {new}: PostgreSQL blocks reads and writes of the table while {why}, "
            "though it rewrites nothing"
        ),
        instead=(
            "drop what hangs on {column} first, then change the type, and make it again without holding the lock: a CHECK with NOT "
            "VALID, which a later revision validates, an index CONCURRENTLY"
        ),
    )
    manual = (
        "PostgreSQL, ALTER TABLE, Notes: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
        (
            "MariaDB, “InnoDB Online DDL Operations with the INSTANT Alter Algorithm”: https://mariadb.com/docs/server/server-usage/"
            "storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-operations-with-the-instant-alter-algorithm"
        ),
    )
    exemptions = (
        "The change is provably harmless, the former type being known from `existing_type` or the history.",
        (
            "Harmless are the same type and a longer VARCHAR; on PostgreSQL and SQLite VARCHAR to TEXT, NUMERIC with more "
            "digits and the same scale, more digits of a second; on PostgreSQL CIDR to INET, and VARCHAR or TEXT to CITEXT where "
            "no index is on the column, a TIMESTAMP's zone behind SET TIME ZONE 'UTC'. A CHECK is looked through all the same."
        ),
        (
            "On MySQL and MariaDB harmless are members appended to an ENUM, TINYINT in place of BOOLEAN, and a longer VARCHAR "
            "whose length takes as many bytes as before: up to 255 bytes one, which are 63 characters of utf8mb4, the character "
            "set that is assumed if no collation is given. MariaDB crosses that border, too, from 127 bytes or less."
        ),
        "MySQL and MariaDB: MODIFY or CHANGE has to repeat the type, and the former one is not known.",
        "The table or the column was created earlier in the same upgrade.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL, to a narrower one",
            source="""
            def upgrade():
                op.alter_column("users", "age", type_=sa.Integer, existing_type=sa.Text())  # MRT303
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("born", type_=sa.Date())  # MRT303
                op.execute("ALTER TABLE users ALTER age SET DATA TYPE bigint USING age::bigint")  # MRT303
                op.alter_column("users", "name", type_=sa.String(20), existing_type=sa.String(50))  # MRT303
                op.alter_column("users", "sum", type_=sa.Numeric(10, 4), existing_type=sa.Numeric(10, 2))  # MRT303
                op.alter_column("users", "note", type_=sa.String(50), existing_type=sa.Text())  # MRT303
            """,
        ),
        Example(
            title="No rewrite, but a CHECK or an index that PostgreSQL works through again",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("name", sa.String(50)), sa.Column("mail", sa.Text))
                op.create_check_constraint("ck_name", "users", "name <> ''")
                op.create_index("ix_users_mail", "users", ["mail"])
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.Text())  # MRT303
                op.execute("ALTER TABLE users ALTER COLUMN mail TYPE citext")  # MRT303
            """,
        ),
        Example(
            title="Fewer digits of a second, another time zone, values computed again",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            from sqlalchemy.dialects import postgresql

            def upgrade():
                op.alter_column("users", "name", type_=sa.Text(), existing_type=sa.String(9), postgresql_using="'x'")  # MRT303
                op.alter_column("users", "seen", type_=postgresql.TIMESTAMP(precision=3), existing_type=sa.DateTime())  # MRT303
                op.alter_column("users", "born", type_=sa.DateTime(timezone=True), existing_type=sa.DateTime())  # MRT303
                op.alter_column("users", "net", type_=postgresql.CIDR(), existing_type=postgresql.INET())  # MRT303
            """,
        ),
        Example(
            title="MySQL: DATETIME is not TIMESTAMP; past 255 bytes, and to TEXT",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "seen", type_=sa.TIMESTAMP(), existing_type=sa.DateTime())  # MRT303
                op.alter_column("users", "born", type_=sa.DATETIME(), existing_type=sa.TIMESTAMP())  # MRT303
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))  # MRT303
                op.alter_column("users", "note", type_=sa.Text(), existing_type=sa.String(50))  # MRT303
                op.alter_column("users", "sum", type_=sa.Numeric(12, 2), existing_type=sa.Numeric(10, 2))  # MRT303
                op.execute("ALTER TABLE users MODIFY code VARCHAR(20) COLLATE utf8mb4_bin")  # MRT303
            """,
        ),
        Example(
            title="MySQL: members of an ENUM in another order, or between the others",
            target=DatabaseTarget(dialect="mysql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("state", sa.Enum("new", "done")), sa.Column("kind", sa.Enum("a", "b")))
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "state", type_=sa.Enum("new", "busy", "done"))  # MRT303
                op.execute("ALTER TABLE users MODIFY kind ENUM('b', 'a')")  # MRT303
            """,
        ),
        Example(
            title="MariaDB: past 255 bytes from more than 127",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))  # MRT303
            """,
        ),
    )
    good = (
        Example(
            title="Provably harmless",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))
                op.alter_column("users", "note", type_=sa.Text(), existing_type=sa.VARCHAR(length=50))
                op.alter_column("users", "sum", type_=sa.Numeric(12, 2), existing_type=sa.Numeric(10, 2))
            """,
        ),
        Example(
            title="PostgreSQL: more digits of a second, and types that are stored alike",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
                op.execute("ALTER TABLE users ADD COLUMN seen timestamp(3), ADD COLUMN span interval(0), ADD mail varchar(90)")
                op.execute("ALTER TABLE users ADD COLUMN net cidr, ADD COLUMN at timetz(0), ADD CHECK (id > 0)")
            """,
            ),
            source="""
            from sqlalchemy.dialects import postgresql

            def upgrade():
                op.execute("ALTER TABLE users ALTER COLUMN seen TYPE timestamp(6), ALTER COLUMN at TYPE time(3) with time zone")
                op.alter_column("users", "seen", type_=sa.DateTime())
                op.alter_column("users", "span", type_=postgresql.INTERVAL(precision=6))
                op.alter_column("users", "net", type_=postgresql.INET())
                op.alter_column("users", "mail", type_=postgresql.CITEXT())
                op.execute("ALTER TABLE users ALTER COLUMN mail TYPE text")
            """,
        ),
        Example(
            title="Known from the history",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.String(50)))
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100))
                op.execute("ALTER TABLE users ALTER COLUMN name TYPE varchar(120) USING name::varchar(120)")
                op.execute("ALTER TABLE users ALTER COLUMN name TYPE text")
            """,
        ),
        Example(
            title="To a class of another package, which may keep the values as they are",
            source="""
            from shop.types import UrlType

            def upgrade():
                op.alter_column("users", "website", existing_type=sa.Unicode(2000), type_=UrlType())
            """,
        ),
        Example(
            title="`existing_type` alone changes nothing",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_type=sa.String(50), nullable=False)
                op.alter_column("users", "name", existing_type=sa.String(50), type_=sa.String(60))
                op.alter_column("users", "note", existing_type=sa.Text(), type_=sa.Text(), nullable=True)
            """,
        ),
        Example(
            title="MySQL: at once",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            from sqlalchemy.dialects import mysql

            def upgrade():
                op.alter_column("users", "state", type_=sa.Enum("a", "b", "c"), existing_type=sa.Enum("a", "b"))
                op.alter_column("users", "active", type_=sa.Boolean(), existing_type=mysql.TINYINT(display_width=1))
                op.alter_column("users", "code", type_=sa.String(200), existing_type=mysql.VARCHAR(100, collation="utf8mb4_bin"))
                op.alter_column("users", "plain", type_=sa.String(250), existing_type=mysql.VARCHAR(50, collation="latin1_bin"))
            """,
        ),
        Example(
            title="MariaDB: from 127 bytes or less to any length",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(200), existing_type=sa.String(31))
            """,
        ),
        Example(
            title="Another type on other databases only",
            source="""
            from sqlalchemy.dialects.mysql import LONGTEXT

            def upgrade():
                op.alter_column("users", "note", existing_type=sa.Text(), type_=sa.Text().with_variant(LONGTEXT(), "mysql"))
            """,
        ),
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Text))
                op.alter_column("users", "age", type_=sa.Integer)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every change that is not provably harmless."""
        for op in case.ops_for(self, ops.AlterColumn):
            if op.type is UNSET or case.state_before(op).new_column:
                continue
            dialect = case.dialect(op)
            former, new = for_dialect(former_type(case, op), dialect), for_dialect(op.type, dialect)
            if isinstance(former, SqlType) and isinstance(new, SqlType) and stays_as_it_was(case, op, former, new):
                if dialect == "postgresql" and former != new and (why := looked_through(case, op, new)):
                    yield self.found(case.migration, op, self.verified, **names(op), former=former, new=new, why=why)
                continue
            of_a_class = isinstance(new, SqlType) and not is_sql(new) and not op.sql
            if of_a_class or (new is UNKNOWN and op.existing_type is UNKNOWN) or (former is UNKNOWN and may_repeat_type(op)):
                continue
            yield self._found(case, op, former, new)

    def _found(self, case: MigrationCase, op: ops.AlterColumn, former: object, new: object) -> Finding:
        server = blocked(case, op, TableChange.CHANGE_TYPE)
        given = {**names(op), "former": former, "new": new if isinstance(new, SqlType) else "another one"}
        if server is None and (words := rewriting(case, op, former, new) or made_again(case, op, former, new)):
            found = self.found(case.migration, op, self.rewritten, **given | words)
            found = replace(found, instead=labels_added(case, op) or found.instead)
            return replace(found, consequence=Consequence.DEPLOY_FAILS) if words["first"] else found
        if server is None or not (is_sql(former) and is_sql(new)):
            unknown = None if isinstance(former, SqlType) else self.from_unknown
            return self.found(case.migration, op, unknown, **given, back=way_back(case, op))
        given |= {"former": spelled(former), "new": spelled(new), "server": server.name}
        appended = former.name == new.name == "ENUM" and not lost_members(former, new)
        return self.found(case.migration, op, self.reordered if appended else self.copied, **given)
