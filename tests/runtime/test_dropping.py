"""PostgreSQL: what is no longer needed is dropped at once, for each DROP DATABASE has the server write to disk first."""

import threading
import time

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from tests.runtime.own_names import own

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP DATABASE%%' || '{}' || '%%' AND wait_event_type = 'Lock'"


@pytest.fixture
def admin(postgres_server):
    engine = sa.create_engine(postgres_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def find(admin, part):
    return {name for (name,) in admin.exec_driver_sql("SELECT datname FROM pg_database").all() if part in name}


def copy(scratch, count):
    return {scratch.checkpoint().name for _ in range(count)}


def test_what_is_dropped_together_waits_for_the_server_together(postgres_url, postgres_server, admin):
    database = databases.connect(postgres_url)
    server = database._server
    with database.make_scratch() as scratch:
        copies = copy(scratch, 3)
        dropping = threading.Thread(target=server.drop_all, args=(copies,))
        with sa.create_engine(postgres_server, poolclass=sa.NullPool).connect() as holder:
            holder.exec_driver_sql("LOCK TABLE pg_catalog.pg_database IN SHARE MODE")  # in the way of every DROP DATABASE
            dropping.start()
            end = time.monotonic() + 20
            while (waiting := admin.exec_driver_sql(WAITING.format(server.token)).scalar()) < len(copies):
                assert time.monotonic() < end, f"{waiting} of {len(copies)} are under way"
                time.sleep(0.02)
            holder.rollback()
        dropping.join()
        assert not copies & find(admin, server.token)
    database.close()


def test_where_no_further_session_is_to_be_had_they_are_dropped_one_by_one(postgres_server, admin):
    role = own("one")
    admin.exec_driver_sql(f"CREATE ROLE {role} LOGIN CREATEDB")
    database = databases.connect(postgres_server.set(username=role, database=role).render_as_string(hide_password=False))
    server = database._server
    with database.make_scratch() as scratch:
        copies = copy(scratch, 3)
        admin.exec_driver_sql(f"ALTER ROLE {role} CONNECTION LIMIT 1")
        server.drop_all(copies)
        assert not copies & find(admin, server.token)
        admin.exec_driver_sql(f"ALTER ROLE {role} CONNECTION LIMIT -1")
    database.close()
    admin.exec_driver_sql(f"DROP ROLE {role}")


def test_what_was_made_a_template_and_what_is_in_use_goes_with_the_rest(postgres_url, admin):
    database = databases.connect(postgres_url)
    server = database._server
    with database.make_scratch() as scratch:
        copies = copy(scratch, 3)
        used, template, _ = sorted(copies)
        admin.exec_driver_sql(f'ALTER DATABASE "{template}" IS_TEMPLATE true')
        left_open = server.engine_for(used).connect()
        server.drop_all(copies)
        assert not copies & find(admin, server.token)
        left_open.invalidate()
        left_open.close()
    database.close()


def test_what_is_dropped_later_holds_nothing_up_and_is_gone_in_the_end(postgres_url, postgres_server, admin):
    database = databases.connect(postgres_url)
    server = database._server
    with database.make_scratch() as scratch:
        copies = copy(scratch, 3)
        admin.exec_driver_sql(f'ALTER DATABASE "{min(copies)}" IS_TEMPLATE true')  # which is not dropped so
        beginning = threading.Thread(target=server.drop_later, args=(sorted(copies),))
        with sa.create_engine(postgres_server, poolclass=sa.NullPool).connect() as holder:
            holder.exec_driver_sql("LOCK TABLE pg_catalog.pg_database IN SHARE MODE")
            beginning.start()
            beginning.join(20)
            has_returned = not beginning.is_alive()
            assert copies <= find(admin, server.token)
            holder.rollback()
        beginning.join()
        assert has_returned
        server.drop_all(())
        assert not copies & find(admin, server.token)
    database.close()


def test_copies_that_are_many_are_dropped_while_others_are_made(postgres_url, admin, monkeypatch):
    monkeypatch.setattr(CreatedPostgresContents, "_most_waste", 1)
    database = databases.connect(postgres_url)
    with database.make_scratch() as scratch:
        for _ in range(3):
            for one in [scratch.checkpoint() for _ in range(2)]:
                one.drop()
    assert not find(admin, database._server.token)
    database.close()
