"""What a migration does on a connection of its own: it is read and reported, and PostgreSQL is asked what waits for itself."""

import os

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import BASE, NOTHING, holds, sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

WRITE = "UPDATE parcels SET code = 'x' WHERE id = 1"
ON_IT = f'.execute(sa.text("{WRITE}"))'
ENGINE = "engine = op.get_bind().engine\nwith engine.begin() as other:\n    other"
ADD, LOCK = 'op.add_column("parcels", sa.Column("age", sa.Integer()))', "+MRT450"


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ("with sa.create_engine(url()).begin() as other:\n    other", "+MRT449"),
        ("with sa.engine_from_config({}).connect() as other:\n    other", "+MRT449"),
        (ENGINE, "+MRT449"),
        ("op.get_bind().engine.connect()", "+MRT449"),
        ("op.get_context().bind.engine.connect()", "+MRT449"),
        ("with sa.orm.Session(sa.create_engine(url())) as other:\n    other", "+MRT449"),
        ("Session = sa.orm.sessionmaker(bind=sa.create_engine(url()))\nSession()", "+MRT449"),
        ("from app.db import engine\nwith engine.begin() as other:\n    other", "+MRT449"),
        ("from app.db import get_engine\nget_engine().connect()", "+MRT449"),
        ("op.get_bind()", "-MRT449"),
        ("op.get_bind().connect()", "-MRT449"),
        ("sa.orm.Session(op.get_bind())", "-MRT449"),
        ("sa.orm.Session(bind=op.get_bind()).connection()", "-MRT449"),
        ("op.get_context().connection", "-MRT449"),
    ],
)
def test_a_change_on_another_connection_is_read_and_reported(opened: str, expected: str):
    found = told([BASE, (f"{opened}{ON_IT}", NOTHING)])
    assert holds(f"{expected} +MRT103", found)


@pytest.mark.parametrize("statement", ["SELECT 1", "SET lock_timeout = '1s'"])
def test_what_only_reads_there_is_not_reported(statement: str):
    assert holds("-MRT449 -MRT450", told([BASE, (f'{ADD}\n{ENGINE}.execute(sa.text("{statement}"))', NOTHING)]))


FIRST = [
    ADD,
    'op.create_index("ix", "parcels", ["code"])',
    'op.create_unique_constraint("uq", "parcels", ["code"])',
    'op.alter_column("parcels", "code", type_=sa.Text())',
    sql("UPDATE parcels SET code = 'y' WHERE id = 2"),
    sql("INSERT INTO parcels (id) VALUES (7)"),
    'op.create_table("others", sa.Column("id", sa.Integer()))',
    f"with op.get_context().autocommit_block():\n    {ADD}",
    f"{ADD}\n{sql('COMMIT')}",
    NOTHING,
]
SECOND = {
    WRITE: "parcels",
    "ALTER TABLE parcels ADD COLUMN more int": "parcels",
    "CREATE INDEX other ON parcels (id)": "parcels",
    "INSERT INTO others (id) VALUES (1)": "others",
}


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("statement", SECOND)
def test_what_waits_for_itself_is_what_postgresql_keeps_waiting(postgres_server, first: str, statement: str):  # noqa: F811
    if "others" in statement and "others" not in first:
        pytest.skip("nothing makes that table")
    upgrade = f'{first}\n{ENGINE}.execute(sa.text("{statement}"))'
    with own_database(postgres_server, f"mrt_second_{os.getpid()}") as url:
        refused = _is_refused(url, upgrade)
    assert holds("+MRT450" if refused else "-MRT450", told([BASE, (upgrade, NOTHING)]))


def _is_refused(url: str, upgrade: str) -> bool:
    """Return whether an upgrade after BASE fails within half a second, by waiting or at once."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"options": "-clock_timeout=500"})
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        names = {"op": Operations(context), "sa": sa}
        with context.begin_transaction():
            exec(BASE[0], names)
            connection.execute(sa.text("INSERT INTO parcels VALUES (1, 'a'), (2, 'b')"))
        try:
            with context.begin_transaction():
                exec(upgrade, names)
        except sa.exc.DBAPIError:
            return True
    return False
