"""Parameters of which some run everywhere and the others only in the job of their own (-m exhaustive)."""

import pytest

DATABASES = ["sqlite", "postgres", "mysql"]


def keep(values, *kept):
    """Return all values as parameters; those that are not kept are exhaustive."""
    assert set(kept) <= set(values)
    return [pytest.param(value, id=str(value), marks=() if value in kept else pytest.mark.exhaustive) for value in values]


def keep_every(number, values):
    """Return all values as parameters; of so many in a row the first is kept, and the others are exhaustive."""
    values = [*values]
    return keep(values, *values[::number])


def keep_pairs(first, second):
    """Return all pairs as parameters; each value is kept in one pair at least, and the other pairs are exhaustive."""
    first, second = [*first], [*second]
    kept = {(first[number % len(first)], second[number % len(second)]) for number in range(max(len(first), len(second)))}
    return [
        pytest.param(one, other, id=f"{one}-{other}", marks=() if (one, other) in kept else pytest.mark.exhaustive)
        for one in first
        for other in second
    ]
