"""What a killed test run left on a server goes with the next run; what a living one made stays."""

import contextlib
import secrets

import pytest
import sqlalchemy as sa

from tests.runtime.own_names import ACCOUNTS, DATABASES, LOCKS, hold

ROLES = {"postgresql": "ROLE {}", "mysql": "USER {}@localhost"}


@pytest.fixture(params=["postgres", "mysql"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.mark.parametrize("lives", [True, False])
def test_what_a_dead_run_left_is_dropped_and_what_a_living_one_made_is_not(server, lives):
    dialect, token = server.get_backend_name(), secrets.token_hex(3)
    name = f"mrtt_{token}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with contextlib.ExitStack() as stack:
        if lives:
            other = stack.enter_context(engine.connect())
            other.exec_driver_sql(LOCKS[dialect][0].format(token))
        connection = stack.enter_context(engine.connect())

        def find():
            names = [
                *connection.exec_driver_sql(DATABASES[dialect]).scalars(),
                *connection.exec_driver_sql(ACCOUNTS[dialect]).scalars(),
            ]
            return [found for found in names if token in found]

        made = (
            f"CREATE DATABASE {name}",
            f"CREATE DATABASE {name}_mrt_{token}_1",
            f"CREATE {ROLES[dialect].format(name + '_modest')}",
        )
        for statement in made:
            connection.exec_driver_sql(statement)
        assert len(find()) == 3
        for holds_now in (lives, False):
            take_stock(server)
            assert len(find()) == (3 if holds_now else 0)
            if holds_now:
                other.exec_driver_sql(LOCKS[dialect][1].format(token))


def take_stock(server):
    """Do what a test process does first; this one has its lock on the server, which one connection can hold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.runtime.own_names.TOKEN", secrets.token_hex(3))
        with hold(server):
            pass
