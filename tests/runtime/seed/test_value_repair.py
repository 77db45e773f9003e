"""Where a refused text is from, and what is written in its place."""

import json
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Schema, Table
from mrt_runtime.seed.obstacle import Obstacle
from mrt_runtime.seed.row_repair import change_part
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.value_repair import ValueRepair, find_changed, find_end, find_repairs
from mrt_runtime.seed.wanted_value import (
    ADDRESSES,
    BASE64,
    DATES,
    DOCUMENTS,
    HEXADECIMAL,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TIMES,
    UUIDS,
    of_shape,
    with_key,
)

TEXT = ColumnType(text="text", base="text")
READ = (UUIDS, INTEGERS, NUMBERS, DOCUMENTS, DATES, MOMENTS, TIMES, BASE64, HEXADECIMAL)
WORDS = st.text(st.sampled_from(string.ascii_letters + string.digits + " -_:é"), max_size=20)


def repairs(words, rows, statement="", columns=("id", "code")):
    table = Table(name="t", columns=tuple(CatalogueColumn(name=n, position=p, type=TEXT) for p, n in enumerate(columns, 1)))
    held = Rows({"t": TableRows(table="t", columns=columns, rows=tuple(rows))})
    obstacle = Obstacle(is_of_database=True, words=words, statement=statement)
    found = find_repairs(
        obstacle,
        Schema(dialect="postgresql", tables=(table,)),
        held,
        dialect_of("postgresql"),
        labels=lambda _: (),
        ours={"t"},
        code="",
    )
    return next(found, [])


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        ("ALTER TABLE t ALTER code TYPE uuid USING trim(code)::uuid", "code"),
        ("ALTER TABLE t ALTER note TYPE uuid USING note::uuid", "note"),
        ("SELECT *, 1 FROM t", "note"),
        ("SELECT f()", "note"),
    ],
)
def test_a_column_that_the_statement_does_not_read_stays(statement, column):
    """The other one was trimmed, so that it no longer holds what was refused."""
    columns, rows = ("id", "code", "note"), [("1", "  a refused text", "a refused text")]
    [found] = repairs('invalid input syntax for type uuid: "a refused text"', rows, statement, columns)
    assert found.column == column


@given(WORDS, WORDS.filter(lambda text: len(text) > 4), WORDS)
def test_what_is_around_the_refused_part_stays(before, part, behind):
    value = before + part + behind
    assume(value.find(part) == len(before))
    [found] = repairs(f'invalid input syntax for type uuid: "{part}"', [("1", value)])
    assert found.column == "code"
    assert (found.before, found.behind) == (before, behind)
    assert not found.reads(value)
    new = found.make(value, 3)
    assert new.startswith(before)
    assert new.endswith(behind)
    assert found.reads(new)


@given(WORDS, WORDS, WORDS)
def test_a_part_is_found_in_the_text_before_it_was_changed(before, within, behind):
    value = f"{before}a{within}b1{behind}"
    part = "".join(filter(str.isalnum, f"a{within}b1")).upper()
    begin = find_changed(value, part)
    found = value[begin : find_end(value, begin, part)]
    assert "".join(filter(str.isalnum, found)).lower() == part.lower()


@pytest.mark.parametrize("wanted", READ, ids=lambda wanted: wanted.lacking)
def test_what_is_made_is_read(wanted):
    made = [wanted.make("x", ordinal) for ordinal in range(60)]
    assert all(map(wanted.reads, made))
    assert len(set(made)) == len(made)
    assert not wanted.reads("a text, and nothing else")


def test_addresses_are_many():
    assert len({ADDRESSES.make("", ordinal) for ordinal in range(60)}) == 60


DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=12,
)


@given(
    DOCUMENT,
    st.lists(st.sampled_from(["a", "b", ""]), max_size=3),
    st.sampled_from([INTEGERS, of_shape(dict), of_shape(list), with_key("a")]),
)
def test_a_document_is_repaired_once(document, path, wanted):
    repair = ValueRepair("t", "data", wanted, None, path=tuple(path))
    new = change_part(json.dumps(document), repair, tuple(path), 2)
    assert new is None or change_part(new, repair, tuple(path), 2) is None


def test_the_column_is_the_one_that_the_statement_names():
    words, statement = 'invalid input syntax for type uuid: "same text"', "UPDATE t SET n = code::uuid"
    [found] = repairs(words, [("same text", "same text")], statement)
    assert found.column == "code"
    found = repairs(words, [("same text", "same text")], "SELECT 1")
    assert [one.column for one in found] == ["id", "code"]


def test_nothing_is_looked_for_in_the_column_that_is_converted():
    words = 'invalid input syntax for type uuid: ""'
    [found] = repairs(words, [("x", "abc")], "UPDATE t SET n = substring(code from 8)::uuid", columns=("empty", "code"))
    assert (found.column, found.before) == ("code", "")
    [found] = repairs(words, [("", "abc")], "UPDATE t SET n = substring(code from 8)::uuid", columns=("empty", "code"))
    assert found.column == "code"


@pytest.mark.parametrize("words", ["", "duplicate key value violates unique constraint", 'value "x" is too long'])
def test_other_errors_ask_for_no_value(words):
    assert repairs(words, [("x", "abc")]) == []
