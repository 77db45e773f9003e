"""Tables whose foreign keys lead back to where they began are seeded, and no row points at nothing."""

import pytest

HALVES = (
    "CREATE TABLE l (id INTEGER PRIMARY KEY, r INTEGER NOT NULL, name VARCHAR(20))",
    "CREATE TABLE r (id INTEGER PRIMARY KEY, l INTEGER NOT NULL, CONSTRAINT r_l FOREIGN KEY (l) REFERENCES l (id))",
    "ALTER TABLE l ADD CONSTRAINT l_r FOREIGN KEY (r) REFERENCES r (id)",
)


@pytest.fixture(params=["postgres", "mysql"])
def server(request):
    return request.getfixturevalue(request.param)


def count_strays(field, child, parent, pairs=(("{parent}", "id"),)):
    """How many rows of a table point at nothing."""
    same = " AND ".join(f"c.{here.format(parent=parent)} = p.{there}" for here, there in pairs)
    return field.rows(f"{child} c WHERE NOT EXISTS (SELECT 1 FROM {parent} p WHERE {same})", "count(*)")[0][0]


def test_a_circle_that_must_be_closed_at_every_moment_is_seeded(server):
    server.seed(*HALVES)
    assert server.seeded.unseeded == {}
    assert server.seeded.rows == {"l": 3, "r": 3}
    assert count_strays(server, "l", "r") == count_strays(server, "r", "l") == 0


def test_the_keys_of_a_circle_are_afterwards_what_they_were(server):
    server.run(*HALVES)
    before = server.look()
    server.seed()
    server.schema = None
    assert server.look() == before
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        server.run("INSERT INTO l VALUES (1, 1, NULL)")


def test_a_circle_grows_with_the_schema(server):
    server.seed(*HALVES)
    server.seed("ALTER TABLE r ADD COLUMN note VARCHAR(9)")
    assert server.seeded.unseeded == {}
    assert [note for (note,) in server.rows("r", "note") if note]


def test_composite_keys_over_three_tables_are_seeded(server):
    define = "CREATE TABLE {0} (a INTEGER, b VARCHAR(9), {1}_a INTEGER NOT NULL, {1}_b VARCHAR(9) NOT NULL, PRIMARY KEY (a, b))"
    link = "ALTER TABLE {0} ADD FOREIGN KEY ({1}_a, {1}_b) REFERENCES {1} (a, b) ON DELETE CASCADE"
    pairs = [("one", "two"), ("two", "three"), ("three", "one")]
    server.seed(*(define.format(*pair) for pair in pairs), *(link.format(*pair) for pair in pairs))
    assert server.seeded.unseeded == {}
    for here, there in pairs:
        assert count_strays(server, here, there, [("{parent}_a", "a"), ("{parent}_b", "b")]) == 0
        assert len(server.rows(here)) == 3


def test_a_row_that_has_to_point_at_a_row_of_its_own_table_is_seeded(server):
    server.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER NOT NULL, FOREIGN KEY (up) REFERENCES t (id))")
    assert server.seeded.unseeded == {}
    assert len(server.rows("t")) == 3


def test_a_circle_through_partitions_and_schemas_is_seeded(postgres):
    postgres.seed(
        'CREATE SCHEMA "other side"',
        "CREATE TABLE whole (id integer PRIMARY KEY, back integer NOT NULL) PARTITION BY RANGE (id)",
        "CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (8000)",
        "CREATE TABLE high PARTITION OF whole FOR VALUES FROM (8000) TO (90000)",
        'CREATE TABLE "other side"."Back" (id integer PRIMARY KEY, low integer NOT NULL REFERENCES whole)',
        'ALTER TABLE whole ADD CONSTRAINT "to Back" FOREIGN KEY (back) REFERENCES "other side"."Back"',
    )
    assert postgres.seeded.unseeded == {}
    assert len(postgres.rows('"other side"."Back"')) >= 3
    assert postgres.rows("pg_constraint", "count(*) FILTER (WHERE condeferrable)") == [(0,)]


def test_a_table_that_refers_to_a_partitioned_one_is_seeded_after_its_partitions(postgres):
    postgres.seed(
        "CREATE TABLE whole (id integer PRIMARY KEY, n integer) PARTITION BY RANGE (id)",
        "CREATE TABLE zz PARTITION OF whole FOR VALUES FROM (0) TO (8000)",
        "CREATE TABLE a_child (id integer PRIMARY KEY, whole_id integer NOT NULL REFERENCES whole)",
    )
    assert postgres.seeded.unseeded == {}
    assert len(postgres.rows("a_child")) == 3


def test_rows_of_a_custom_seed_hold_their_part_of_a_circle(server):
    server.seeder = type(server.seeder)(server.scratch.database, custom_seeds={"l": lambda: [{"id": 7, "name": "x"}]})
    server.seed(*HALVES)
    assert server.seeded.unseeded == {}
    assert server.rows("l", "id, name") == [(7, "x")]
    assert count_strays(server, "l", "r") == count_strays(server, "r", "l") == 0


def test_rows_that_would_point_at_nothing_are_not_left_there(server):
    """The custom seed's rows point where no row will be."""
    server.seeder = type(server.seeder)(server.scratch.database, custom_seeds={"l": lambda: [{"id": 7, "r": 8, "name": "x"}]})
    server.seed(*HALVES)
    assert count_strays(server, "l", "r") == count_strays(server, "r", "l") == 0
    assert server.seeded.unseeded.keys() == {"l", "r"}
    assert server.seeded.rows == {}


def test_rows_that_hold_each_other_can_be_removed(server):
    server.seed(
        *HALVES[:1],
        "CREATE TABLE r (id INTEGER PRIMARY KEY, l INTEGER, CONSTRAINT r_l FOREIGN KEY (l) REFERENCES l (id))",
        HALVES[2],
    )
    with server.scratch.engine.begin() as connection:
        assert server.seeder.remove(connection, server.look(), server.seeded.keys)
    assert server.rows("l", "id") == server.rows("r", "id") == []


def test_what_the_database_holds_on_to_is_told(server):
    server.seed(*HALVES)
    with server.scratch.engine.begin() as connection:
        assert not server.seeder.remove(connection, server.look(), server.seeded.keys)


def test_a_table_in_a_circle_whose_check_asks_for_one_of_several_keys_has_rows(postgres):
    seeded = postgres.seed(
        "CREATE TABLE orgs (id SERIAL PRIMARY KEY, team_id INTEGER, client_id INTEGER)",
        "CREATE TABLE people (id SERIAL PRIMARY KEY, client_id INTEGER)",
        "CREATE TABLE teams (id SERIAL PRIMARY KEY, org_id INTEGER NOT NULL REFERENCES orgs)",
        "CREATE TABLE clients (id SERIAL PRIMARY KEY, org_id INTEGER REFERENCES orgs, person_id INTEGER REFERENCES people, "
        "CHECK ((org_id IS NULL) <> (person_id IS NULL)))",
        "ALTER TABLE orgs ADD FOREIGN KEY (team_id) REFERENCES teams, ADD FOREIGN KEY (client_id) REFERENCES clients",
        "ALTER TABLE people ADD FOREIGN KEY (client_id) REFERENCES clients",
    )
    assert not seeded.unseeded
    assert not postgres.never_filled()


FILLED = (HALVES[0].replace("INTEGER NOT NULL, name", "INTEGER, name"), *HALVES[1:])


@pytest.mark.parametrize("check", ["r IS NOT NULL", "r > 0 AND r IS NOT NULL"])
def test_a_key_that_only_a_check_asks_for_closes_a_circle(server, check):
    server.seed(*FILLED, f"ALTER TABLE l ADD CONSTRAINT filled CHECK ({check})")
    assert server.seeded.unseeded == {}
    assert server.seeded.rows == {"l": 3, "r": 3}
    assert count_strays(server, "l", "r") == count_strays(server, "r", "l") == 0


def test_a_circle_of_which_one_table_takes_no_row_says_so_and_keeps_the_rows_of_the_other(server):
    open_end = HALVES[1].replace("l INTEGER NOT NULL", "l INTEGER")
    server.seed(FILLED[0], open_end, HALVES[2], "ALTER TABLE l ADD CONSTRAINT never CHECK (id IS NULL)")
    assert server.rows("l") == []
    assert "never" in server.seeded.unseeded["l"]
    assert server.seeded.unseeded["r"] == "no row of 'l' is there to point at"
    assert len(server.seeded.keys["r"]) == len(server.rows("r")) == server.seeded.rows["r"] == 3
