"""Defaults that are quoted text: PostgreSQL and MariaDB are asked whether they refuse them."""

from __future__ import annotations

import os
from contextlib import closing

import pytest
import sqlalchemy as sa

from mrt_lint.analysis.literal_default import find_unfit_default
from mrt_lint.parse.sql.expand import read_sql
from tests.lint.lifting import lift_upgrade
from tests.lint.test_downgrade_kinds import NOTHING, told

SERVERS = {
    "postgresql": os.environ.get("MRT_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432").replace(
        "postgresql:", "postgresql+psycopg:"
    )
    + "/postgres",
    "mariadb": os.environ.get("MRT_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306").replace("mysql:", "mariadb+pymysql:") + "/",
}
TYPES = ["integer", "bigint", "numeric(9,2)", "boolean", "date", "timestamp", "varchar(40)", "uuid"]
VALUES = [
    *(
        "",
        "1",
        " 1 ",
        "0",
        "-3",
        "1.5",
        "1e1",
        "true",
        "f",
        "No",
        "o",
        "on",
        "maybe",
        "CURRENT_TIMESTAMP",
        "current_date",
        "now()",
        "NOW()",
        "now",
    ),
    *(
        "nextval('s'::regclass)",
        "gen_random_uuid()",
        "uuid()",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "2020-01-02",
        "2020-01-02 03:04",
        "{}",
        "it''s",
    ),
]


def connect(dialect):
    pytest.importorskip("psycopg" if dialect == "postgresql" else "pymysql")
    engine = sa.create_engine(SERVERS[dialect])
    try:
        return engine, engine.connect()
    except sa.exc.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {dialect} server")


@pytest.mark.parametrize("dialect", SERVERS)
def test_no_default_that_a_server_takes_is_called_unfit_and_most_others_are(dialect):
    engine, connection = connect(dialect)
    refused, found = set(), set()
    with closing(connection):
        if dialect == "mariadb":
            connection.exec_driver_sql("CREATE OR REPLACE DATABASE mrt_literal_default")
            connection.exec_driver_sql("USE mrt_literal_default")
        for kind in TYPES:
            for value in VALUES:
                statement = f"CREATE TEMPORARY TABLE unfit (c {kind} DEFAULT '{value}')"
                try:
                    connection.exec_driver_sql(statement.replace("%", "%%"))
                    if dialect == "mariadb":
                        connection.exec_driver_sql("DROP TEMPORARY TABLE unfit")
                except sa.exc.DBAPIError:
                    refused.add((kind, value))
                connection.rollback()
                (op,) = read_sql(statement, dialect)
                if find_unfit_default(op, dialect) is not None:
                    found.add((kind, value))
        if dialect == "mariadb":
            connection.exec_driver_sql("DROP DATABASE mrt_literal_default")
    engine.dispose()
    assert found - refused == set()
    assert len(found) > 0.5 * len(refused)


def test_it_is_said_of_every_operation_that_gives_a_default_and_of_sqlite_never():
    for text in (
        "op.add_column('t', sa.Column('a', sa.Integer, server_default=\"nextval('s')\"))",
        "op.create_table('u', sa.Column('a', sa.Integer, server_default='zero'))",
        "op.alter_column('t', 'a', type_=sa.Boolean, server_default='maybe', postgresql_using='a')",
        "op.execute(\"ALTER TABLE t ADD COLUMN a uuid DEFAULT 'gen_random_uuid()'\")",
    ):
        assert "MRT121" in codes([(NOTHING, "pass"), (text, "pass")], of=1), text
        # which alters no column at all outside of a batch
        assert ("MRT121" in codes([(NOTHING, "pass"), (text, "pass")], of=1, dialect="sqlite")) == ("alter_column" in text), text


def codes(*arguments, **options):
    return {finding.code for finding in told(*arguments, **options)}


OBJECTS = """
class Kind(declarative_base()):
    __tablename__ = "kinds"
    id = sa.Column(sa.Integer, primary_key=True)
    label = sa.Column("name", sa.String(80))

    def key(self):
        return self.id
"""
FETCHED = [
    'kind = Kind(label="A")\nsession.add(kind)\nsession.flush()\nvalue = kind.id',
    "kind = Kind()\nvalue = kind.key()",
    "value = session.get(Kind, 1).id",
    'value = session.query(Kind).filter_by(label="A").one().id',
    "value = session.query(Kind.id).scalar()",
    "value = [kind.id for kind in session.query(Kind)][0]",
    'value = session.execute(sa.insert(Kind).values(label="A")).inserted_primary_key[0]',
]


@pytest.mark.parametrize("written", ["str(value)", 'f"{value}"', '"%s" % value', '"{}".format(value)', "sa.text(f\"'{value}'\")"])
@pytest.mark.parametrize("fetched", FETCHED)
def test_what_the_database_chose_is_no_name_of_an_attribute(fetched, written):
    body = f'{fetched}\nop.add_column("parcels", sa.Column("kind_id", sa.Integer(), server_default={written}))'
    module = f"from sqlalchemy.orm import declarative_base\n\nsession = orm.Session(op.get_bind())\n{OBJECTS}"
    [*_, added] = lift_upgrade(body, module=module, dialects=())
    assert find_unfit_default(added, "postgresql") is None


def test_what_python_gave_an_object_is_known():
    body = 'kind = Kind(label="A")\nop.add_column("parcels", sa.Column("kind_id", sa.Integer(), server_default=kind.label))'
    [*_, added] = lift_upgrade(body, module=f"from sqlalchemy.orm import declarative_base\n{OBJECTS}", dialects=())
    assert find_unfit_default(added, "postgresql") is not None
