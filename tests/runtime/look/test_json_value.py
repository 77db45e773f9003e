"""JSON is compared by what it says, and what is no JSON as it stands."""

import pytest

from mrt_runtime.compare import rows as rows_module
from mrt_runtime.compare.json_value import canonical
from mrt_runtime.compare.row_difference import compare, compare_excusing

SAME = {
    "order of keys": ('{"a": 1, "b": {"c": [1], "d": 2}}', '{"b": {"d": 2, "c": [1]}, "a": 1}'),
    "spaces": ('{"a":[1,2]}', ' { "a" : [ 1 , 2 ] }\n'),
    "escapes": ('["\\u00e9", "a\\/b", "\\ud83d\\ude00"]', '["é", "a/b", "😀"]'),
    "zeros of a fraction": ("[1.50, 1e3, -0]", "[1.5, 1.0e+3, 0]"),
}
DIFFERENT = {
    "a value": ('{"a": 1}', '{"a": 2}'),
    "order of a list": ("[1, 2]", "[2, 1]"),
    "a type": ("[1]", '["1"]'),
    "a truth value": ("[1]", "[true]"),
    "an integer and a fraction": ("[1]", "[1.0]"),
    "a digit that floats lose": ("[0.1]", "[0.10000000000000000001]"),
    "a missing key": ('{"a": null}', "{}"),
    "text that is no JSON": ("{a, b}", "{a,b}"),
    "a key that stands twice": ('{"a": 1, "a": 2}', '{"a": 2}'),
    "numbers in a text": ("1.50", "1.5"),
    "a list and its text": ("[1]", '"[1]"'),
}


def rewrite(sqlite, kind, was, now):
    sqlite.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind})")
    sqlite.connection.exec_driver_sql("INSERT INTO t VALUES (1, ?)", (was,))
    before = sqlite.look().rows
    sqlite.connection.exec_driver_sql("UPDATE t SET v = ?", (now,))
    return before, sqlite.look().rows


@pytest.mark.parametrize("difference", SAME)
def test_the_same_json_is_a_note_in_a_text_and_nothing_in_json(sqlite, difference):
    assert compare_excusing(*rewrite(sqlite, "TEXT", *SAME[difference]), lambda _: None) == (
        (),
        ("Column 't.v': 1/1 values written in another way as the same JSON after rollback",),
    )
    sqlite.run("DROP TABLE t")
    assert compare_excusing(*rewrite(sqlite, "JSON", *SAME[difference]), lambda _: None) == ((), ())


@pytest.mark.parametrize("difference", DIFFERENT)
def test_other_json_is_another_value(sqlite, difference):
    [failure] = compare(*rewrite(sqlite, "TEXT", *DIFFERENT[difference]))
    assert failure.message == "Column 't.v': 1/1 values changed after rollback"


def test_a_scalar_is_json_in_a_column_of_json_only():
    assert (canonical('"\\u00e9"'), canonical('"\\u00e9"', scalars=True)) == (None, canonical('"é"', scalars=True))


@pytest.mark.parametrize("text", ["[" * 100_000, "[1e999999999999999999999]", '["\\ud800"]', "[NaN]", "", "{"])
def test_no_text_stops_the_reading(text):
    canonical(text, scalars=True)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (None, "null", "changed from NULL to the JSON value null, so that IS NULL no longer finds them,"),
        ("null", None, "changed from the JSON value null to NULL, so that IS NULL now finds them,"),
    ],
)
def test_the_null_of_json_for_null_is_a_note_in_a_column_of_json(sqlite, was, now, words):
    assert compare_excusing(*rewrite(sqlite, "JSON", was, now), lambda _: None) == (
        (),
        (f"Column 't.v': 1/1 values {words} after rollback",),
    )
    sqlite.run("DROP TABLE t")
    [failure] = compare(*rewrite(sqlite, "TEXT", was, now))
    assert failure.kind == "data-loss"


@pytest.mark.parametrize(("was", "now"), [("x", '"x"'), ("None", "null")])
def test_a_scalar_of_json_is_no_text_that_python_writes_alike(sqlite, was, now):
    assert len(compare(*rewrite(sqlite, "JSON", was, now))) == 1


def test_rows_without_a_key_are_matched_by_what_their_json_says(sqlite):
    sqlite.run("CREATE TABLE t (v JSON)", """INSERT INTO t VALUES ('{"a": 1, "b": 2}'), ('[3]')""")
    before = sqlite.look().rows
    sqlite.run("""UPDATE t SET v = '{"b":2,"a":1}' WHERE v LIKE '{%'""")
    assert compare(before, sqlite.look().rows) == ()


def test_a_long_table_is_compared_so_too(sqlite, monkeypatch):
    monkeypatch.setattr(rows_module, "LIMIT", 0)
    long = ", ".join(f'"key {n}": {n}' for n in range(20))
    assert compare(*rewrite(sqlite, "JSON", f"{{{long}}}", f"{{{long.replace(': ', ':')}}}")) == ()
    sqlite.run("DROP TABLE t")
    assert len(compare(*rewrite(sqlite, "JSON", f"{{{long}}}", f"{{{long.replace(': 3', ': 4')}}}"))) == 1


@pytest.mark.parametrize(("server", "kind"), [("postgresql", "json"), ("postgresql", "jsonb"), ("mysql", "json")])
def test_servers_keep_json_in_such_columns(request, server, kind):
    place = request.getfixturevalue(server)
    place.run(f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})", """INSERT INTO t VALUES (1, '{"a": 1, "b": "x"}')""")
    before = place.look()
    place.run("""UPDATE t SET v = '{"b":"x","a":1}'""")
    assert compare_excusing(before.rows, place.look(before).rows, lambda _: None) == ((), ())
