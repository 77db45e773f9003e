"""Each label of an enum and each word of a check is in a row; some parents have no children."""

import pytest

MOODS = ("sad", "ok", "happy", "angry", "tired")
LISTED = ", ".join(f"'{mood}'" for mood in MOODS)
TABLES = {
    "an enum on PostgreSQL": (
        "postgres",
        [f"CREATE TYPE mood AS ENUM ({LISTED})", "CREATE TABLE t (id integer PRIMARY KEY, m mood)"],
    ),
    "an enum on MySQL": ("mysql", [f"CREATE TABLE t (id integer PRIMARY KEY, m ENUM ({LISTED}))"]),
    "a check on SQLite": ("sqlite", [f"CREATE TABLE t (id INTEGER PRIMARY KEY, m TEXT CHECK (m IN ({LISTED})))"]),
    "a check on PostgreSQL": ("postgres", [f"CREATE TABLE t (id integer PRIMARY KEY, m varchar(9) CHECK (m IN ({LISTED})))"]),
    "a check on MySQL": ("mysql", [f"CREATE TABLE t (id integer PRIMARY KEY, m varchar(9) CHECK (m IN ({LISTED})))"]),
}


def words(field, column="m"):
    return {word for (word,) in field.rows("t", column) if word is not None}


@pytest.mark.parametrize("kind", TABLES)
def test_every_word_is_in_a_row(request, kind):
    dialect, statements = TABLES[kind]
    field = request.getfixturevalue(dialect)
    seeded = field.seed(*statements)
    assert seeded.unseeded == {}
    assert words(field) == set(MOODS)
    assert seeded.keys["t"]
    assert len(seeded.keys["t"]) == len(field.rows("t"))


def test_words_of_several_columns_share_rows(postgres):
    postgres.seed(f"CREATE TYPE mood AS ENUM ({LISTED})", "CREATE TABLE t (id integer PRIMARY KEY, m mood, n mood)")
    assert (words(postgres), words(postgres, "n")) == (set(MOODS), set(MOODS))
    assert len(postgres.rows("t")) <= 3 + len(MOODS)


def test_a_column_and_a_label_that_come_later_get_their_rows(postgres):
    postgres.seed(f"CREATE TYPE mood AS ENUM ({LISTED})", "CREATE TABLE t (id integer PRIMARY KEY)")
    postgres.seed("ALTER TABLE t ADD m mood")
    assert words(postgres) == set(MOODS)
    with postgres.scratch.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ALTER TYPE mood ADD VALUE 'new'")
    postgres.seed()
    assert words(postgres) == {*MOODS, "new"}


def test_a_hundred_labels_do_not_make_a_hundred_rows(mysql):
    labels = ", ".join(f"'l{n}'" for n in range(100))
    mysql.seed(f"CREATE TABLE t (id integer PRIMARY KEY, m ENUM ({labels}))")
    assert len(mysql.rows("t")) < 20


def test_parents_have_children_and_have_none_where_the_key_may_be_empty(any_field):
    any_field.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER, FOREIGN KEY (p) REFERENCES p (id))",
    )
    children = [parent for (parent,) in any_field.rows("t", "p")]
    assert {children.count(parent) for (parent,) in any_field.rows("p", "id")} == {0, 1}


def test_no_two_rows_point_at_the_same_parents(any_field):
    """What is unique in an application may become so in the schema later."""
    any_field.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, FOREIGN KEY (a) REFERENCES p (id), FOREIGN KEY (b) REFERENCES p (id))",
    )
    rows = any_field.rows("t", "a, b")
    assert len(set(rows)) == len(rows) == 3


def test_rows_for_words_point_at_other_pairs_of_parents_or_at_none(mysql):
    mysql.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER, m ENUM ({LISTED}), "
        "FOREIGN KEY (a) REFERENCES p (id), FOREIGN KEY (b) REFERENCES p (id), FOREIGN KEY (c) REFERENCES p (id))",
    )
    rows = mysql.rows("t", "a, b")
    assert len(set(rows)) == len(rows) >= 5
    ones = [c for (c,) in mysql.rows("t", "c") if c is not None]
    assert len(set(ones)) == len(ones)


def test_a_key_that_allows_one_child_has_as_many_rows_as_before(any_field):
    any_field.seed(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, FOREIGN KEY (id) REFERENCES p (id))",
    )
    assert len(any_field.rows("t")) == 3
