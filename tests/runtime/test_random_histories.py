"""A small sample of random histories gets the verdicts that it deserves; benchmarks/random_histories.py tries thousands."""

from random import Random

import pytest

from benchmarks.random_histories import STEPS, find_wrong, write

pytestmark = pytest.mark.exhaustive


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_get_true_verdicts_on_sqlite(seed):
    assert find_wrong(Random(seed), "sqlite://") == []


@pytest.mark.parametrize("server", ["postgres_url", "mysql_url"])
def test_random_histories_get_true_verdicts_on_servers(server, request):
    assert find_wrong(Random(1), request.getfixturevalue(server), length=8) == []


def test_the_generator_makes_steps_of_every_outcome(tmp_path):
    outcomes = set()
    for seed in range(20):
        outcomes |= set(write(Random(seed), tmp_path / str(seed), "postgresql").values())
    assert outcomes == {"reversible", "data-loss", "schema-not-restored", "upgrade-failed", "downgrade-failed"}
    assert len(STEPS) > 15
