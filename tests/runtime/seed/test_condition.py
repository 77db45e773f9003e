"""What is read out of CHECK expressions, in the spelling of each catalogue."""

from decimal import Decimal

import pytest

from mrt_runtime.seed.condition import find_listed, read_condition
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.value_kind import Integers, Texts

COLUMNS = ("status", "code", "a", "b", "n", "doc")


@pytest.mark.parametrize(
    ("grammar", "expression"),
    [
        ("postgres", "(status)::text = ANY ((ARRAY['on'::character varying, 'off'::character varying])::text[])"),
        ("mysql", "`status` in ('on','off')"),
        ("mysql", "(`status` in (_utf8mb4\\'on\\',_utf8mb4\\'off\\'))"),
        ("sqlite", "status IN ('on', 'off')"),
        ("sqlite", "\"status\" = 'on' OR \"status\" = 'off'"),
    ],
)
def test_the_words_of_a_list_are_found_however_it_is_written(grammar, expression):
    condition = read_condition(expression, COLUMNS, grammar)
    assert condition.columns == ("status",)
    assert {"on", "off"} <= set(condition.hints(Texts(10), ()))


def test_a_constant_brings_its_neighbours():
    condition = read_condition("n >= 18 AND n < -5", COLUMNS, "postgres")
    assert {17, 18, 19, -4, -5, -6} <= set(condition.hints(Integers(-100, 100), ()))


def test_a_length_brings_strings_of_it():
    condition = read_condition("char_length(code) = 5", COLUMNS, "postgres")
    assert {len(text) for text in condition.texts} == {4, 5, 6}


def test_a_pattern_brings_strings_that_match():
    condition = read_condition("((code)::text ~ '^[A-Z]{2}[0-9]$'::text)", COLUMNS, "postgres")
    assert any(len(text) == 3 for text in condition.texts)
    assert read_condition("code LIKE 'X-%'", COLUMNS, "sqlite").texts[0].startswith("X-")
    assert read_condition("code GLOB 'X-*'", COLUMNS, "sqlite").texts[0].startswith("X-")


@pytest.mark.parametrize("expression", ["(a IS NULL) <> (b IS NULL)", "num_nonnulls(a, b) = 1", "a IS NOT NULL OR b IS NOT NULL"])
def test_columns_that_are_only_asked_whether_they_are_null_are_told(expression):
    assert read_condition(expression, COLUMNS, "postgres").nullity == {"a", "b"}


def test_a_column_whose_value_counts_is_no_matter_of_null_alone():
    assert read_condition("status <> 'paid' OR a IS NOT NULL", COLUMNS, "postgres").nullity == {"a"}
    assert read_condition("a IS NULL OR a > 3", COLUMNS, "postgres").nullity == set()


def test_documents_get_the_keys_that_are_asked_for():
    condition = read_condition("(doc ->> 'id') ~ '^[a-f]{4}$'", COLUMNS, "postgres")
    assert any(str(hint).startswith('{"id": "') for hint in condition.hints(JsonTexts(), ()))


def test_what_sqlglot_cannot_read_still_names_its_columns():
    assert read_condition("a ??? (((", COLUMNS, "postgres").columns == ("a",)


def test_negative_constants_keep_their_sign():
    assert Decimal(-5) in read_condition("n > -5", COLUMNS, "sqlite").constants


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("kind = 0 OR (kind = 1 AND most IS NOT NULL)", {"kind": [0, 1]}),
        ("kind IN ('a', 'b') AND most > 1", {"kind": ["a", "b"]}),
        ("(kind = 'a') = (most IS NOT NULL)", {"kind": ["a"]}),
        ("NOT kind = 1 AND most > 1", {}),
        ("kind NOT IN (1, 2) AND most > 1", {}),
        ("kind = 1 OR kind > 5", {}),
        ("kind = most", {}),
    ],
)
def test_columns_that_may_only_be_one_of_some_constants_are_found(expression, expected):
    assert find_listed(expression, "postgres") == expected
