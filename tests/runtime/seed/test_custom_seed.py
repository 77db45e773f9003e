"""Rows that the user supplies."""

import datetime as dt
import decimal
import enum
import uuid

from mrt_runtime.seed import Seeder


def custom(field, **seeds):
    field.seeder = Seeder(field.scratch.database, custom_seeds=seeds)
    return field


USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, phone VARCHAR(20))"


def test_they_stand_in_place_of_made_up_ones(field):
    custom(field, users=lambda: [{"id": 1, "name": "Ann", "phone": "1"}, {"id": 2, "name": "Bob", "phone": None}]).seed(USERS)
    assert field.rows("users") == [(1, "Ann", "1"), (2, "Bob", None)]
    assert field.seeded.rows == {"users": 2}


def test_others_point_at_them(any_field):
    custom(any_field, users=lambda: [{"id": 5, "name": "Ann"}])
    any_field.seed(USERS, "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id))")
    assert {user for (user,) in any_field.rows("posts", "user_id")} <= {5, 7100, 7101, 7102}
    if any_field.scratch.engine.dialect.name != "mysql":  # MySQL reads REFERENCES beside a column and forgets it
        assert {user for (user,) in any_field.rows("posts", "user_id")} == {5}


def test_required_columns_that_are_left_out_are_made_up(field):
    custom(field, users=lambda: [{"phone": "1"}, {"phone": "2"}]).seed(USERS)
    assert [(name, phone) for _, name, phone in field.rows("users")] == [("name 1", "1"), ("name 2", "2")]


def test_columns_of_other_revisions_are_left_out_and_remembered_as_stray(field):
    custom(field, users=lambda: [{"id": 1, "name": "Ann", "email": "a@example.org", "nmae": "x"}]).seed(USERS)
    assert field.seeded.unseeded == {}
    assert field.seeder.find_stray() == ["column 'users.email'", "column 'users.nmae'"]
    field.seed("ALTER TABLE users ADD COLUMN email VARCHAR(20)")
    assert field.rows("users", "name, email") == [("Ann", "a@example.org")]
    assert field.seeder.find_stray() == ["column 'users.nmae'"]


def test_a_callable_that_raises_is_quoted(field):
    def broken():
        raise ValueError("no such file")

    custom(field, users=broken).seed(USERS)
    assert field.seeded.unseeded == {"users": "the custom seed of 'users' raised ValueError: no such file"}


def test_rows_without_a_single_known_column_are_refused(field):
    custom(field, users=lambda: [{"nmae": 1}]).seed(USERS)
    assert field.seeded.unseeded == {"users": "the custom seed of 'users' returns nmae, which the table does not have"}


def test_no_rows_are_no_seed(field):
    custom(field, users=list).seed(USERS)
    assert field.seeded.unseeded == {"users": "the custom seed of 'users' returns no rows"}


def test_a_row_that_the_database_refuses_is_named_as_the_users(any_field):
    custom(any_field, users=lambda: [{"id": 1, "name": None}]).seed(USERS)
    assert any_field.seeded.unseeded["users"].startswith("the custom seed of 'users' was refused: ")


class Colour(enum.Enum):
    RED = 1


def test_python_values_reach_every_database(any_field):
    row = {
        "id": 1,
        "u": uuid.UUID(int=7),
        "d": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 2, 29, 1, 2, 3),  # noqa: DTZ001 a column without a zone
        "n": decimal.Decimal("1.50"),
        "doc": {"a": [1, None]},
        "colour": Colour.RED,
        "flag": True,
    }
    custom(any_field, t=lambda: [row])
    any_field.seed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u CHAR(36), d DATE, at TIMESTAMP NULL, n NUMERIC(5, 2), doc JSON,"
        " colour VARCHAR(5), flag BOOLEAN)"
    )
    assert any_field.seeded.unseeded == {}
    [(_, u, d, at, n, _, colour, flag)] = any_field.rows("t")
    assert (str(u), str(d)[:10], str(at)[:19]) == ("00000000-0000-0000-0000-000000000007", "2024-02-29", "2024-02-29 01:02:03")
    assert (float(n), colour, bool(flag)) == (1.5, "RED", True)


def test_lists_become_arrays(postgres):
    custom(postgres, t=lambda: [{"id": 1, "a": ["x", 'y"z', None], "b": [[1, 2], [3, 4]]}])
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, a text[], b integer[])")
    assert postgres.rows("t") == [(1, ["x", 'y"z', None], [[1, 2], [3, 4]])]
