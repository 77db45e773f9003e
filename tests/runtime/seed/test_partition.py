"""Partitions and heirs are bound by what was said of the table that they are parts of."""


def test_a_partition_keeps_the_keys_and_checks_of_the_whole(postgres):
    postgres.seed(
        "CREATE TABLE users (id integer PRIMARY KEY)",
        "CREATE TABLE events (id integer, at date NOT NULL, user_id integer NOT NULL REFERENCES users, kind text NOT NULL"
        " CHECK (kind IN ('click', 'view')), code text NOT NULL, PRIMARY KEY (id, at), UNIQUE (code, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE aa_events PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2030-01-01')",
    )
    assert postgres.seeded.unseeded == {}
    assert len(postgres.rows("aa_events")) == 3
    assert {kind for (kind,) in postgres.rows("aa_events", "kind")} <= {"click", "view"}


def test_rows_of_a_partition_get_values_in_a_new_column(postgres):
    postgres.seed(
        "CREATE TABLE events (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE first PARTITION OF events FOR VALUES FROM (1) TO (1000000)",
    )
    postgres.seed("ALTER TABLE events ADD COLUMN note text")
    assert len(postgres.rows("events")) == 3
    assert [note for _, note in postgres.rows("events") if note]


def test_an_heir_keeps_the_checks_of_what_it_inherits_from(postgres):
    postgres.seed(
        "CREATE TABLE base (id integer PRIMARY KEY, kind text NOT NULL CHECK (kind LIKE 'k-%-z'))",
        "CREATE TABLE heir (more integer) INHERITS (base)",
    )
    assert postgres.seeded.unseeded == {}
    assert len(postgres.rows("heir")) == 3


def test_an_heir_is_not_bound_by_a_check_for_the_parent_alone(postgres):
    postgres.seed(
        "CREATE TABLE base (id integer PRIMARY KEY, n integer, CHECK (n IS NULL) NO INHERIT)",
        "CREATE TABLE heir (more integer) INHERITS (base)",
    )
    assert [n for (n,) in postgres.rows("heir", "n") if n is not None]


def test_a_partition_of_a_partition_is_bound_by_both(postgres):
    postgres.seed(
        "CREATE TABLE users (id integer PRIMARY KEY)",
        "CREATE TABLE e (id integer, at date, u integer NOT NULL REFERENCES users, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE e_20s PARTITION OF e FOR VALUES FROM ('2020-01-01') TO ('2030-01-01') PARTITION BY HASH (id)",
        "CREATE TABLE e_20s_0 PARTITION OF e_20s FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE e_20s_1 PARTITION OF e_20s FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )
    assert postgres.seeded.unseeded == {}
    assert postgres.seeded.rows == {"users": 3, "e_20s_0": 3, "e_20s_1": 3}
