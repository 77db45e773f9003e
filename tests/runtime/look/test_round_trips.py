"""A look asks a server few times, whatever there is, and what others do on the server does not make it read more."""

import contextlib

import pytest
import sqlalchemy as sa

from mrt_runtime import databases

TABLES = [f"CREATE TABLE t{number} (id integer PRIMARY KEY, name varchar(9))" for number in range(30)]


@pytest.fixture(params=["postgres", "mysql"])
def server(request, place_on):
    """A connection of ours to a scratch database, as looks are made, with tables in it; each statement commits."""
    database = databases.connect(request.getfixturevalue(f"{request.param}_url"))
    with database.make_scratch() as scratch, scratch.engine.connect() as connection:
        place = place_on(connection, scratch.engine.dialect.name)
        change(place, *TABLES)
        yield place
        connection.close()
    database.close()


def change(place, *statements):
    place.run(*statements)
    place.connection.commit()


@pytest.fixture
def asked(server, monkeypatch):
    """What was executed on a server, each time that it was waited for."""
    found = []
    cursor_class = type(server.connection.connection.cursor())
    execute = cursor_class.execute
    monkeypatch.setattr(cursor_class, "execute", lambda *values: found.append(values[1]) or execute(*values))
    return found


def test_a_look_asks_at_most_four_times(server, asked):
    seen = server.look(server.look())
    change(server, "ALTER TABLE t1 ADD note varchar(9)", "INSERT INTO t2 VALUES (1, 'a')")
    asked.clear()
    now = server.look(seen)
    assert len(asked) <= 4
    assert now.schema.table("t1").column("note")
    assert len(now.rows.tables["t2"].rows) == 1


def test_a_new_table_is_read_with_what_was_there_before(server, asked):
    seen = server.look(server.look())
    change(server, "CREATE TABLE new (id integer PRIMARY KEY)", "INSERT INTO new VALUES (7)")
    asked.clear()
    assert server.look(seen).rows.tables["new"].rows == (("7",),)
    assert len(asked) <= 3


def test_a_first_look_at_a_database_without_programs_asks_for_none(mysql, monkeypatch):
    cursor_class, found = type(mysql.connection.connection.cursor()), []
    execute = cursor_class.execute
    monkeypatch.setattr(cursor_class, "execute", lambda *values: found.append(values[1]) or execute(*values))
    mysql.run("CREATE TABLE t (id integer)")
    mysql.look()
    assert "ACTION_STATEMENT" not in "".join(found)
    mysql.run("CREATE TRIGGER stamp BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1")
    assert [one.name for one in mysql.look().schema.objects] == ["stamp"]


def test_a_look_on_postgresql_leaves_no_transaction_open(postgres_scratch, place_on):
    with postgres_scratch.engine.connect() as connection:
        place_on(connection, "postgresql").look()
        raw = connection.connection.dbapi_connection
        assert raw.info.transaction_status.name == "IDLE"
        assert not raw.autocommit


@pytest.fixture
def committing(postgres_scratch, place_on):
    with postgres_scratch.engine.connect() as connection:
        yield place_on(connection, "postgresql")


def test_a_session_that_forgot_what_it_had_prepared_is_told_again(committing):
    change(committing, *TABLES[:2])
    before = committing.look(committing.look())
    change(committing, "DEALLOCATE ALL", "ALTER TABLE t1 ADD note text")
    now = committing.look(before)
    assert now.schema == committing.look().schema
    assert now.schema.table("t1").column("note")


def test_a_query_that_fails_is_reported_as_it_is(committing):
    change(committing, "CREATE TABLE a (x integer)")
    before = committing.look(committing.look())
    change(committing, "DROP TABLE a")
    with pytest.raises(committing.connection.dialect.dbapi.Error, match='relation "a" does not exist'):
        databases.registry.backend_of("postgresql").read_content(committing.connection, before.schema, before.rows)


@contextlib.contextmanager
def writing(url, *statements):
    """A transaction that has written and goes on."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield connection
        connection.rollback()


def test_a_transaction_in_another_database_makes_no_look_read_everything_again(committing, postgres_server):
    change(committing, *TABLES[:3])
    with writing(postgres_server, "CREATE TABLE held (x integer)"):
        change(committing, "INSERT INTO t1 VALUES (1, 'a')")
        before = committing.look()
        change(committing, "ALTER TABLE t2 ADD note text")
        now = committing.look(before)
        assert now.schema.basis.start.horizon != before.schema.basis.start.horizon
        changed = {table.name for table in now.schema.tables if before.schema.table(table.name) is not table}
        assert changed == {"t2"}
        assert now.rows.tables["t1"] is before.rows.tables["t1"]


@pytest.mark.parametrize("way", ["alone", "with a savepoint"])
def test_a_transaction_in_this_database_that_ends_after_a_look_is_seen_by_the_next(committing, postgres_scratch, way):
    change(committing, *TABLES[:2])
    begin = ["SAVEPOINT s"] if way != "alone" else []
    with writing(postgres_scratch.url, *begin, "INSERT INTO t1 VALUES (1, 'a')", "CREATE INDEX late ON t0 (name)") as other:
        change(committing, "CREATE TABLE later (x integer)")  # with a number after that of the open transaction
        before = committing.look(committing.look())
        other.commit()
    now = committing.look(before)
    assert [index.name for index in now.schema.table("t0").indexes] == ["late"]
    assert len(now.rows.tables["t1"].rows) == 1
