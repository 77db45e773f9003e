"""Strings for columns and patterns."""

import base64
import re

import pytest

from mrt_runtime.seed.text import THREE_BYTES, everyday_text, from_like, from_regex, from_similar, hard_text, of_length


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{3}$",
        "^[^@]+@[^@]+\\.[a-z]{2,}$",
        "^\\d{3}-\\d{4}$",
        "^(foo|bar)_[0-9a-f]{8}$",
        "^[a-z0-9]+(-[a-z0-9]+)*$",
        "^\\+?[1-9]\\d{1,14}$",
        "^#[0-9A-Fa-f]{6}$",
        "^(?!admin).*$",
        "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "^\\S+$",
        "(a|b)\\1",
    ],
)
def test_what_is_made_for_a_regular_expression_matches_it(pattern):
    made = from_regex(pattern)
    assert made
    assert all(re.search(pattern, text) for text in made)


def test_posix_classes_are_understood():
    assert all(re.fullmatch("[A-Za-z]+[0-9]{2}", text) for text in from_regex("^[[:alpha:]]+[[:digit:]]{2}$"))


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<x", "a{99999999999}"])
def test_a_pattern_that_cannot_be_read_gives_nothing(pattern):
    assert from_regex(pattern) == ()


def test_like_keeps_what_is_escaped():
    assert all(re.fullmatch("AB.*_.x", text) for text in from_like("AB%\\__x"))
    assert all(re.fullmatch("[a-c].*x.", text) for text in from_like("[a-c]*x?", glob=True))
    assert all(re.fullmatch("(foo|bar).*[0-9]", text) for text in from_similar("(foo|bar)%[0-9]"))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 20, None])
def test_everyday_strings_differ_and_fit(length):
    made = [everyday_text("title", ordinal, length) for ordinal in range(10)]
    assert len(set(made)) == 10
    assert length is None or all(len(text) <= length for text in made)


@pytest.mark.parametrize("length", [1, 2, 5, 50, 255])
def test_the_hardest_string_is_as_long_as_allowed_and_ends_in_a_blank_where_that_is_kept(length):
    made = hard_text("title", 0, length)
    assert len(made) == length
    assert made == made.rstrip()
    assert hard_text("title", 0).endswith(" ")


def test_the_hardest_string_is_hard_where_there_is_room():
    made = hard_text("title", 0)
    assert made[:4] == "  00"
    assert {"'", '"', "%", "\\", "ï", "東", "😀", "\n"} <= set(made)


def test_a_narrow_encoding_gets_only_what_it_holds():
    assert hard_text("title", 0, 80, "latin-1").encode("latin-1")
    assert hard_text("title", 0, 80, "ascii").isascii()
    assert max(hard_text("title", 0, 80, THREE_BYTES)) <= "\uffff"


def test_a_column_of_uuids_gets_uuids_at_the_edges_too():
    assert re.fullmatch("[0-9a-f]{32}", hard_text("id", 0, 32, fixed=True))
    assert re.fullmatch("[0-9a-f-]{36}", everyday_text("id", 0, 36, fixed=True))


def test_strings_of_a_length_have_it():
    assert {len(text) for text in of_length(7)} == {7}
    assert of_length(-1) == ()


@pytest.mark.parametrize("length", [None, 254, 80, 40])
def test_hard_texts_are_what_the_name_of_their_column_promises(length):
    address, url = hard_text("contact_email", 0, length), hard_text("avatar_url", 0, length)
    assert re.fullmatch(r"[^@\s]+@[^@\s]+\.org", address)
    assert re.fullmatch(r"https://[^/\s]+/\S+", url)
    assert length is None or len(address) == len(url) == length


def test_hard_texts_of_two_columns_of_a_row_differ():
    assert hard_text("title", 0, 200) != hard_text("summary", 0, 200)


def test_a_text_of_the_length_of_a_short_uuid_is_one():
    made = everyday_text("buid", 0, 22)
    assert len(base64.urlsafe_b64decode(made + "==")) == 16
    assert made != everyday_text("buid", 1, 22)


def test_a_column_of_addresses_that_may_not_be_null_holds_nothing_else(sqlite):
    sqlite.seed(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(254) NOT NULL, reply_email VARCHAR(254), name VARCHAR(9) NOT NULL)"
    )
    rows = sqlite.rows("t", "id, email, reply_email, name")
    assert all("@" in email for _, email, _, _ in rows)
    assert None in {reply for _, _, reply, _ in rows}
    assert "" in {name for *_, name in rows}
