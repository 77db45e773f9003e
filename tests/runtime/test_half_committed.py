"""What MRT435 rests on: MySQL and MariaDB keep the first half of an upgrade whose second half they refuse."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.rule import Example
from mrt_lint.rules import all_rules
from tests.lint.marked import judge, lines, marks

UPGRADE = """
def upgrade():
    op.add_column("users", sa.Column("nick", sa.String(20)))
    op.create_unique_constraint("uq_users_email", "users", ["email"])  # MRT435
"""


@pytest.fixture
def connection(mysql_url):
    engine = sa.create_engine(mysql_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(50))")
        connection.exec_driver_sql("INSERT INTO users VALUES (1, 'same'), (2, 'same')")
        connection.commit()
        yield connection
        connection.rollback()
        connection.exec_driver_sql("DROP TABLE users")


def upgrade(connection: sa.Connection) -> str:
    """Run the upgrade in a transaction, as Alembic does, and give what the server says against it."""
    scope = {"op": Operations(MigrationContext.configure(connection)), "sa": sa}
    exec(UPGRADE, scope)
    try:
        with connection.begin():
            scope["upgrade"]()
    except sa.exc.DBAPIError as error:
        return str(error.orig)
    return ""


def test_the_first_half_stays_and_the_next_attempt_fails_at_it(connection):
    assert "Duplicate entry" in upgrade(connection)
    assert "nick" in {column["name"] for column in sa.inspect(connection).get_columns("users")}
    connection.rollback()
    connection.exec_driver_sql("DELETE FROM users")
    connection.commit()
    assert "Duplicate column name" in upgrade(connection)


def test_the_rule_says_so():
    rule = next(rule for rule in all_rules() if rule.code == "MRT435")
    source, findings = judge(Example(title="", source=UPGRADE, target=DatabaseTarget(dialect="mariadb")), rule)
    assert lines(findings) == marks(source)
