"""Other values in rows that were made up, and in what refers to them."""

import sqlalchemy as sa

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, ForeignKey, Key, Schema, Table
from mrt_runtime.seed.row_repair import RowRepairer
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.value_repair import ValueRepair
from mrt_runtime.seed.wanted_value import INTEGERS, one_of

TEXT = ColumnType(text="text", base="text", affinity="text")
USERS = Table(
    name="users", columns=(CatalogueColumn(name="id", position=1, type=TEXT),), primary_key=Key(name=None, columns=("id",))
)
NOTES = Table(
    name="notes",
    columns=(CatalogueColumn(name="user_id", position=1, type=TEXT),),
    foreign_keys=(ForeignKey(name=None, columns=("user_id",), referred_table="users", referred_columns=("id",)),),
)


def repair(wanted, ids, ours):
    connection = sa.create_engine("sqlite://").connect()
    connection.exec_driver_sql("CREATE TABLE users (id text PRIMARY KEY)")
    connection.exec_driver_sql("CREATE TABLE notes (user_id text REFERENCES users (id))")
    for one in ids:
        connection.exec_driver_sql("INSERT INTO users VALUES (?)", (one,))
        connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (one,))
    seeded = Seeded(keys={"users": tuple({"id": one} for one in ours), "notes": ()})
    schema = Schema(dialect="sqlite", tables=(USERS, NOTES))
    repairer = RowRepairer(RowWriter(connection, dialect_of("sqlite")), schema, seeded, lambda text: text == "of a migration")
    has_changed = [repairer.repair(ValueRepair("users", "id", wanted, ids[0], "u-")) for _ in range(2)]
    users, notes = (
        connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY rowid").scalars().all() for name in ("users", "notes")
    )
    assert users == notes
    return has_changed, users, [key["id"] for key in repairer.seeded.keys["users"]]


def test_all_that_hold_the_same_change_together_and_are_found_again():
    has_changed, users, keys = repair(INTEGERS, ["u-a", "u-12", "b"], ["u-a", "u-12", "b"])
    assert has_changed == [True, False]
    assert users[1] == "u-12"
    assert users == keys
    assert all(one.startswith("u-") and one[2:].isdecimal() for one in users)


def test_rows_of_a_migration_stay():
    _, users, _ = repair(INTEGERS, ["u-a", "of a migration", "came along"], ["u-a"])
    assert users[1] == "of a migration"
    assert users[2].startswith("u-")


def test_a_value_that_is_there_is_made_for_no_second_row():
    _, users, _ = repair(one_of("that are no label", ["red", "green", "blue"]), ["u-red", "a", "b"], ["u-red", "a", "b"])
    assert sorted(users) == ["u-blue", "u-green", "u-red"]


def test_where_the_database_refuses_it_nothing_changes():
    has_changed, users, keys = repair(one_of("that are no label", ["red"]), ["a", "b"], ["a", "b"])
    assert has_changed == [False, False]
    assert users == keys == ["a", "b"]
