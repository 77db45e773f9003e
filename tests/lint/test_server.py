"""Who says that a migration runs on MySQL or MariaDB, and on which version."""

import pytest

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.ops import AddColumn, CreateForeignKey
from mrt_lint.online import ServerVersion
from mrt_lint.rules import all_rules, check
from tests.lint.marked import read

SOURCE = """
from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None


def upgrade():
    if {guard}:
        op.add_column("users", sa.Column("shop_id", sa.Integer))
        op.create_foreign_key("fk", "users", "shops", ["shop_id"], ["id"])
"""
NAME = "op.get_bind().dialect.name"
MYSQL, MARIADB = ServerVersion("mysql", (8, 4)), ServerVersion("mariadb", (10, 11))


def judged(guard: str, dialect: str | None) -> tuple[MigrationCase, set[str]]:
    """The migration under a guard, and the codes found in it."""
    migration = read(SOURCE.format(guard=guard), dialect=dialect)
    context = RuleContext(target=DatabaseTarget(dialect=dialect), history=History.of([migration], dialect))
    return MigrationCase(migration, context), {finding.code for finding in check(migration, context, all_rules())}


@pytest.mark.parametrize(
    ("guard", "dialect", "server"),
    [
        ("True", None, None),
        ("True", "postgresql", None),
        ("True", "mysql", MYSQL),
        ("True", "mariadb", MARIADB),
        (f'{NAME} == "mysql"', None, MYSQL),
        (f'{NAME} == "mariadb"', None, MARIADB),
        (f'{NAME} in ("mysql", "mariadb")', None, MYSQL),
        (f'{NAME} in ("mysql", "mariadb")', "mariadb", MARIADB),
        (f'{NAME} == "mysql"', "mariadb", MARIADB),
        (f'{NAME} != "postgresql"', None, None),
        (f'{NAME} != "postgresql"', "mysql", MYSQL),
        (f'{NAME} in ("postgresql", "mysql")', None, None),
        (f'{NAME} in ("postgresql", "mysql")', "mysql", MYSQL),
        (f'{NAME} != "sqlite"', None, None),
    ],
)
def test_a_declaration_or_a_guard_that_names_it_says_so(guard, dialect, server):
    case, codes = judged(guard, dialect)
    op = next(op for op in case.migration.upgrade_ops if isinstance(op, AddColumn))
    assert case.server(op) == server
    on_postgresql = dialect in {None, "postgresql"} and guard != f'{NAME} != "postgresql"' and server is None
    assert ("MRT422" in codes) is (server is not None or on_postgresql)


def test_a_version_that_is_declared_is_the_servers():
    migration = read(SOURCE.format(guard="True"))
    target = DatabaseTarget(dialect="mariadb", mariadb_version=(11, 4, 2))
    op = next(op for op in migration.upgrade_ops if isinstance(op, CreateForeignKey))
    assert MigrationCase(migration, RuleContext(target=target)).server(op) == ServerVersion("mariadb", (11, 4, 2))
