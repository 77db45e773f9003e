"""Scratch databases: made beside the given one, checkpointed, restored, dropped, and never taken for another."""

import pytest
import sqlalchemy as sa


def tables(scratch):
    with scratch.engine.connect() as connection:
        return sorted(sa.inspect(connection).get_table_names())


def run(scratch, *statements):
    with scratch.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_new_scratch_database_is_empty_and_knows_itself(scratch):
    assert tables(scratch) == []
    with scratch.engine.connect() as connection:
        assert scratch.is_mine(connection)


def test_two_scratch_databases_do_not_take_each_other_for_themselves(database, scratch):
    with database.make_scratch() as other:
        run(other, "CREATE TABLE only_there (id INTEGER PRIMARY KEY)")
        assert tables(scratch) == []
        with other.engine.connect() as connection:
            assert not scratch.is_mine(connection)


def test_restore_brings_back_schema_and_rows_as_often_as_asked(scratch):
    run(scratch, "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20))", "INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    kept = scratch.checkpoint()
    for _ in range(2):
        run(scratch, "DROP TABLE t", "CREATE TABLE other (id INTEGER)")
        scratch.restore(kept)
        assert tables(scratch) == ["t"]
        with scratch.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT id, name FROM t ORDER BY id").all() == [(1, "a"), (2, None)]
            assert scratch.is_mine(connection)


def test_reset_empties_it_and_keeps_its_name(scratch):
    before = scratch.url
    run(scratch, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    scratch.reset()
    assert tables(scratch) == []
    assert scratch.url == before


def test_a_connection_left_open_does_not_block_checkpoint_restore_or_drop(database):
    scratch = database.make_scratch()
    run(scratch, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    left_open = scratch.engine.connect()
    left_open.exec_driver_sql("SELECT * FROM t").all()
    kept = scratch.checkpoint()
    scratch.restore(kept)
    scratch.drop()
    left_open.invalidate()
    left_open.close()


def test_dropping_twice_is_fine_and_leaves_no_database(database):
    scratch = database.make_scratch()
    scratch.drop()
    scratch.drop()
    with pytest.raises((sa.exc.DBAPIError, FileNotFoundError)):
        tables(scratch)


def test_the_worker_stands_in_the_name(database):
    with database.make_scratch("gw7") as scratch:
        assert "gw7" in scratch.url.database
