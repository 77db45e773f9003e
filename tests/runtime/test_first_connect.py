"""What SQLAlchemy asks on an engine's first connection is asked once, and again where a migration may have changed the answer."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.migrate import Migrator

ASKED = "current_schema()"


@pytest.fixture
def asked(monkeypatch):
    """The questions of first connections, as they are asked."""
    found = []
    original = sa.dialects.postgresql.base.PGDialect._get_default_schema_name

    def ask(dialect, connection):
        found.append(ASKED)
        return original(dialect, connection)

    monkeypatch.setattr(sa.dialects.postgresql.base.PGDialect, "_get_default_schema_name", ask)
    return found


def test_many_runs_ask_once(project, postgres_scratch, asked):
    for number in range(4):
        project.add(f"r{number}", f"r{number - 1}" if number else None)
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("r0")
    asked.clear()
    for number in range(1, 4):
        migrator.upgrade(f"r{number}")
    assert asked == []


@pytest.mark.parametrize(
    ("statement", "schema"),
    [
        ("ALTER ROLE CURRENT_USER SET search_path = other, public", "other"),
        ("CREATE SCHEMA other", "public"),
    ],
)
def test_what_may_change_the_answers_has_them_asked_again(project, postgres_scratch, asked, statement, schema):
    project.add("a", upgrade=f"op.execute('{statement}')", downgrade="pass")
    project.add("b", "a", upgrade=f"assert op.get_bind().dialect.default_schema_name == {schema!r}")
    first = "op.execute('CREATE SCHEMA other')" if "ROLE" in statement else None
    project.add("before", upgrade=first, downgrade="pass")
    project.add("a", "before", upgrade=f"op.execute('{statement}')", downgrade="pass")
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("a")
    asked.clear()
    migrator.upgrade("b")
    assert asked == [ASKED]


def test_another_database_in_the_place_of_this_one_is_asked_anew(project, postgres_scratch, asked):
    project.add("a")
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("a")
    postgres_scratch.reset()
    asked.clear()
    migrator.upgrade("a")
    assert asked == [ASKED]


def test_engines_that_connect_otherwise_are_asked_themselves(project, postgres_scratch):
    project.add("a", upgrade="op.execute('CREATE SCHEMA tenant')")
    project.add(
        "b",
        "a",
        upgrade="engine = sa.create_engine(op.get_bind().engine.url, connect_args={'options': '-csearch_path=tenant'})\n"
        "    with engine.connect() as connection:\n"
        "        assert connection.dialect.default_schema_name == 'tenant'",
    )
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("a")
    migrator.upgrade("b")


@pytest.fixture
def asked_of_mysql(monkeypatch):
    """What the driver executes, as it does."""
    pymysql = pytest.importorskip("pymysql")
    found = []
    query = pymysql.connections.Connection.query

    def execute(connection, statement, *rest, **named):
        text = statement if isinstance(statement, str) else statement.decode()
        found.append(text)
        return query(connection, statement, *rest, **named)

    monkeypatch.setattr(pymysql.connections.Connection, "query", execute)
    return found


@pytest.fixture
def mysql_scratch(mysql_url):
    database = databases.connect(mysql_url)
    with database.make_scratch() as scratch:
        if scratch.url.get_driver_name() != "pymysql":
            pytest.skip("the driver's statements are counted in PyMySQL")
        yield scratch
    database.close()


FACTS = "[d.server_version_info, d.is_mariadb, d.default_schema_name, d.default_isolation_level, d._sql_mode, d._casing]"


def find_first(statements):
    return [
        text for text in statements if text.startswith(("SELECT @@", "SELECT VERSION", "SELECT DATABASE()")) and "=" not in text
    ]


def test_mysql_is_asked_once_and_each_engine_knows_as_much(project, mysql_scratch, asked_of_mysql):
    project.add("a", upgrade=f"d = op.get_bind().dialect\n    op.execute('SELECT 1')\n    sa.first = {FACTS}")
    project.add("b", "a", upgrade=f"d = op.get_bind().dialect\n    assert {FACTS} == sa.first, {FACTS}")
    migrator = Migrator(project.config(), mysql_scratch)
    migrator.upgrade("a")
    asked_of_mysql.clear()
    migrator.upgrade("b")
    assert find_first(asked_of_mysql) == []


def test_what_may_change_mysqls_answers_has_them_asked_again(project, mysql_scratch, asked_of_mysql):
    project.add("a", upgrade="op.execute('SELECT @@GLOBAL.sql_mode')")
    project.add("b", "a")
    migrator = Migrator(project.config(), mysql_scratch)
    migrator.upgrade("a")
    asked_of_mysql.clear()
    migrator.upgrade("b")
    assert len(find_first(asked_of_mysql)) >= 4
