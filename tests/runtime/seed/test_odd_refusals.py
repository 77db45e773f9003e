"""Errors of Python's that say nothing of a value, or say it in an odd way."""

import enum
import time
from collections import ChainMap

import pytest

from mrt_runtime.seed.obstacle import read_obstacle
from mrt_runtime.seed.value_repair import find_changed, find_end


class Nothing(enum.Enum):
    """No label at all."""


CALLS = {
    "an enum without a label": lambda: Nothing("x"),
    "its names": lambda: Nothing["x"],
    "a key that is a document": lambda: ChainMap({"a": 1}).__missing__({"x": 1}),
    "keys": lambda: ChainMap({"a": 1}).__missing__(["x"]),
    "a tuple that holds a list": lambda: exec("held = {'a': 1}\nraise KeyError((['x'],))", {}),
    "no key": {}.popitem,
}


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_made_in_place_of_such_a_value(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011  of several classes
        CALLS[call]()
    found = read_obstacle(caught.value)
    wanted = found.refused.wanted if found is not None and found.refused is not None else ()
    assert not [one.make("text", ordinal) for one in wanted for ordinal in range(2) if "label" in one.lacking]


def test_where_a_long_text_ends_is_found_in_one_go():
    value, text = "ab-c " * 40_000, "ABCabc" * 8_000
    began = time.monotonic()
    end = find_end(value, find_changed(value, text), text)
    assert value[:end].count("b") == 16_000
    assert time.monotonic() - began < 5
