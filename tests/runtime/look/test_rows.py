"""Rows are compared exactly, and the sentences about them are the documented ones."""

import pytest

from mrt_runtime.compare import rows as rows_module
from mrt_runtime.compare.row_difference import compare
from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.verdict import RowExample

COLUMNS = ("id", "name", "phone")
OLD = ((1, "Ann", "11"), (2, "Bob", "22"), (3, "Cleo", None))


def told(old, new, **options):
    """Compare two states of a table "users": rows, or TableRows, or None for no table."""
    before, after = (Rows({}) if state is None else Rows({"users": keyed(state)}) for state in (old, new))
    return compare(before, after, **options)


def keyed(state):
    return TableRows(table="users", columns=COLUMNS, key=("id",), rows=state) if isinstance(state, tuple) else state


def keyless(*rows, columns=COLUMNS):
    return TableRows(table="users", columns=columns, rows=rows)


def test_equal_rows_give_nothing_in_whatever_order():
    assert told(OLD, OLD[::-1]) == ()


def test_a_missing_table_has_lost_its_rows():
    (failure,) = told(OLD, None)
    assert failure.message == "Table 'users': 3/3 rows lost after rollback"
    assert failure.kind == "data-loss"
    assert failure.table == "users"
    assert failure.evidence == (
        "id = 1, name = 'Ann', phone = '11'",
        "id = 2, name = 'Bob', phone = '22'",
        "id = 3, name = 'Cleo', phone = NULL",
    )


def test_examples_are_rows_before_and_after():
    lost, left = told(OLD[:1], ((9, "Zoe", None),))
    assert (lost.examples, left.examples) == (
        (RowExample(before={"id": "1", "name": "'Ann'", "phone": "'11'"}, after=None),),
        (RowExample(before=None, after={"id": "9", "name": "'Zoe'", "phone": "NULL"}),),
    )
    (changed,) = told(OLD, ((1, "Ann", None), *OLD[1:]))
    assert changed.evidence == ("id = 1: '11' → NULL",)
    assert changed.examples == (RowExample(before={"id": "1", "phone": "'11'"}, after={"id": "1", "phone": "NULL"}),)
    assert len(told(OLD + tuple((number, "", None) for number in range(4, 9)), None)[0].examples) == 3


def test_a_missing_table_without_rows_has_lost_none():
    assert told((), None) == ()


def test_a_new_table_is_no_matter_of_rows():
    assert told(None, OLD) == ()


def test_lost_and_left_behind_rows_are_counted():
    messages = [failure.message for failure in told(OLD, (OLD[0], (9, "Zoe", None)))]
    assert messages == ["Table 'users': 2/3 rows lost after rollback", "Table 'users': 1 row left behind after rollback"]


def test_rows_left_behind_in_an_empty_table():
    (failure,) = told((), (*OLD, (4, "Dan", None)))
    assert failure.message == "Table 'users': 4 rows left behind after rollback"
    assert failure.evidence[-1] == "… and 1 more"


def test_rows_that_come_back_under_a_new_key_have_changed_their_key():
    (failure,) = told(OLD, ((4, "Ann", "11"), (5, "Bob", "22"), (6, "Cleo", None)))
    assert failure.message == "Column 'users.id': 3/3 values changed after rollback"


def test_rows_whose_key_was_made_again_have_lost_what_else_they_lack():
    key, phone = told(OLD, ((7, "Ann", None), (8, "Bob", None), (9, "Cleo", None)))
    assert (key.message, phone.message) == (
        "Column 'users.id': 3/3 values changed after rollback",
        "Column 'users.phone': 2/3 values lost after rollback",
    )
    assert "id = 1: 1 → 7" in key.evidence


def test_rows_whose_key_was_made_again_are_found_by_most_of_their_columns():
    columns = ("id", "name", "phone", "town")
    before, after = (
        TableRows(table="users", columns=columns, key=("id",), rows=rows)
        for rows in (
            ((1, "Ann", "11", "Bath"), (2, "Bob", "22", "Bath")),
            ((8, "Bob", "22", None), (7, "x", "11", "Bath")),
        )
    )
    key, name, town = told(before, after)
    assert key.evidence == ("id = 1: 1 → 7", "id = 2: 2 → 8")
    assert (name.evidence, town.evidence) == (("id = 1: 'Ann' → 'x'",), ("id = 2: 'Bath' → NULL",))


def test_other_rows_under_other_keys_are_no_rows_whose_key_was_made_again():
    lost, left = told(OLD, ((7, "Dora", "44"), (8, "Ed", "55"), (9, "Flo", None)))
    assert lost.message == "Table 'users': 3/3 rows lost after rollback"
    assert left.message == "Table 'users': 3 rows left behind after rollback"


def test_rows_in_which_a_part_of_the_key_was_overwritten_have_changed_in_that_column():
    old, new = (
        TableRows(table="runs", columns=("status", "at"), key=("status", "at"), rows=tuple((status, at) for at in (1, 2)))
        for status in ("done", "ended")
    )
    (failure,) = compare(Rows({"runs": old}), Rows({"runs": new}))
    assert failure.message == "Column 'runs.status': 2/2 values changed after rollback"


def test_rows_that_only_a_part_of_the_key_tells_apart_are_lost():
    old, new = (
        TableRows(table="tags", columns=("post", "tag"), key=("post", "tag"), rows=((1, tag), (2, tag), (2, tag * 2)))
        for tag in ("a", "b")
    )
    messages = [failure.message for failure in compare(Rows({"tags": old}), Rows({"tags": new}))]
    assert messages == ["Table 'tags': 3/3 rows lost after rollback", "Table 'tags': 3 rows left behind after rollback"]


def test_a_value_that_became_null_is_lost():
    (failure,) = told(OLD, tuple((*row[:2], None) for row in OLD))
    assert failure.message == "Column 'users.phone': 2/3 values lost after rollback"
    assert (failure.table, failure.column) == ("users", "phone")
    assert failure.evidence == ("id = 1: '11' → NULL", "id = 2: '22' → NULL")


def test_the_values_of_a_missing_column_are_lost():
    new = TableRows(table="users", columns=("id", "name"), key=("id",), rows=tuple(row[:2] for row in OLD))
    (failure,) = told(OLD, new)
    assert failure.message == "Column 'users.phone': 2/3 values lost after rollback"


def test_a_missing_column_of_nulls_has_lost_nothing():
    old = TableRows(table="users", columns=("id", "note"), key=("id",), rows=((1, None),))
    assert told(old, TableRows(table="users", columns=("id",), key=("id",), rows=((1,),))) == ()


def test_a_new_column_and_another_order_of_columns_change_nothing():
    new = TableRows(
        table="users", columns=("extra", "phone", "name", "id"), key=("id",), rows=tuple(("x", *row[::-1]) for row in OLD)
    )
    assert told(OLD, new) == ()


def test_a_changed_value_is_shown_with_what_it_became():
    (failure,) = told(OLD, ((1, "ANN", "11"), *OLD[1:]))
    assert failure.message == "Column 'users.name': 1/3 values changed after rollback"
    assert failure.evidence == ("id = 1: 'Ann' → 'ANN'",)


def test_null_that_became_a_value_is_changed():
    (failure,) = told(OLD, (*OLD[:2], (3, "Cleo", "")))
    assert failure.message == "Column 'users.phone': 1/3 values changed after rollback"


def test_long_values_are_shortened_and_samples_are_capped():
    old = tuple((number, "x" * 500, None) for number in range(9))
    (failure,) = told(old, tuple((number, "y", None) for number in range(9)))
    assert failure.evidence[0].endswith("… (502 characters) → 'y'")
    assert failure.evidence[3:] == ("… and 6 more",)
    assert all(len(line) < 100 for line in failure.evidence)


@pytest.mark.parametrize(("was", "now"), [(1, "1"), (1, 1.0), (1, True), (0.0, -0.0), ("a", b"a"), (0.1, 0.1 + 1e-17 * 2)])
def test_values_that_python_takes_for_equal_are_told_apart(was, now):
    exact = repr(was) == repr(now)
    assert [failure.column for failure in told(((1, was, None),), ((1, now, None),))] == ([] if exact else ["name"])


def test_not_a_number_is_itself():
    assert told(((1, float("nan"), None),), ((1, float("nan"), None),)) == ()


def test_rows_without_a_key_are_counted_as_often_as_they_occur():
    (failure,) = told(keyless(OLD[0], OLD[0], OLD[1]), keyless(OLD[0], OLD[1]))
    assert failure.message == "Table 'users': 1/3 rows lost after rollback"


def test_rows_without_a_key_are_matched_by_likeness():
    (failure,) = told(keyless(*OLD), keyless(*((*row[:2], None) for row in OLD)))
    assert failure.message == "Column 'users.phone': 2/3 values lost after rollback"
    assert failure.evidence[0] == "id = 1: '11' → NULL"


def test_rows_without_a_key_that_have_little_in_common_are_not_matched():
    messages = [failure.message for failure in told(keyless((1, "Ann", None)), keyless((2, "Bob", None)))]
    assert messages == ["Table 'users': 1/1 rows lost after rollback", "Table 'users': 1 row left behind after rollback"]


def test_a_key_that_is_gone_is_not_needed_to_match_rows():
    new = TableRows(table="users", columns=("name", "phone"), rows=tuple(row[1:] for row in OLD))
    (failure,) = told(OLD, new)
    assert failure.message == "Column 'users.id': 3/3 values lost after rollback"


def test_the_second_upgrade_has_words_of_its_own():
    (failure,) = told(OLD, None, when="after the second upgrade")
    assert failure.message == "Table 'users': 3/3 rows lost after the second upgrade"


class TestLongTables:
    """Long tables are kept as fingerprints, and told about as exactly."""

    @pytest.fixture(autouse=True)
    def _limit(self, monkeypatch):
        monkeypatch.setattr(rows_module, "LIMIT", 10)

    def test_changes_lost_values_and_lost_rows_are_counted(self, sqlite):
        sqlite.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, phone TEXT)")
        sqlite.run(
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO users SELECT i, 'n' || i, i FROM n"
        )
        before = sqlite.look().rows
        assert before.tables["users"].hashed
        assert compare(before, sqlite.look().rows) == ()
        sqlite.run(
            "UPDATE users SET phone = NULL WHERE id < 8",
            "UPDATE users SET name = 'x' WHERE id = 3",
            "DELETE FROM users WHERE id > 27",
        )
        assert [failure.message for failure in compare(before, sqlite.look().rows)] == [
            "Table 'users': 3/30 rows lost after rollback",
            "Column 'users.name': 1/30 values changed after rollback",
            "Column 'users.phone': 7/30 values lost after rollback",
        ]

    def test_a_table_that_became_short_is_compared_all_the_same(self, sqlite):
        sqlite.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        sqlite.run("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) INSERT INTO users SELECT i, 'n' || i FROM n")
        before = sqlite.look().rows
        sqlite.run("DELETE FROM users WHERE id > 9", "UPDATE users SET name = NULL WHERE id = 1")
        assert [failure.message for failure in compare(before, sqlite.look().rows)] == [
            "Table 'users': 3/12 rows lost after rollback",
            "Column 'users.name': 1/12 values lost after rollback",
        ]
