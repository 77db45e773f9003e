"""A number that is split into its whole and some decimals has no more of them, as it seems: what rounding takes is a warning."""

import pytest

from mrt_runtime.seed.computed_back import ComputedBack
from mrt_runtime.seed.kept_decimals import find_kept_decimals
from mrt_runtime.verdict import Outcome

GRADES = 'op.create_table("grades", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.{}))'
COLUMNS = 'op.add_column("grades", sa.Column("{}", sa.{}))'
DROP = 'op.drop_column("grades", "{}")'
SPLIT = "UPDATE grades SET whole = FLOOR(x), tenths = {}"
JOIN = "UPDATE grades SET x = whole + tenths / 10.0"
# SQLAlchemy's floor() for SQLite does not take NULL
TENTHS = {"postgres": "(x - FLOOR(x)) * 10", "mysql": "10 * (x - FLOOR(x))"}


def go(verify, url, tenths, join=JOIN, kind="Float"):
    there = [COLUMNS.format("whole", "Integer"), COLUMNS.format("tenths", "Integer"), f"op.execute({SPLIT.format(tenths)!r})"]
    back = [COLUMNS.format("x", kind), f"op.execute({join!r})", DROP.format("whole"), DROP.format("tenths")]
    steps = ["\n    ".join(steps) for steps in ([*there, DROP.format("x")], back)]
    return verify(url, (GRADES.format(kind), 'op.drop_table("grades")'), steps)["002"]


@pytest.mark.parametrize("server", TENTHS)
def test_what_only_rounding_takes_is_a_warning(verify, request, server):
    verdict = go(verify, request.getfixturevalue(f"{server}_url"), TENTHS[server])
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())
    assert any("('grades' x = ROUND(" in warning for warning in verdict.warnings)


def test_a_whole_that_does_not_come_back_is_lost(verify, postgres_url):
    assert go(verify, postgres_url, TENTHS["postgres"], JOIN.replace("whole + ", "")).outcome is Outcome.DATA_LOSS


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (SPLIT.format("(x - FLOOR(x)) * 100"), ("x", 2)),
        (SPLIT.format("ROUND(MOD(x, 1) * 1000)"), ("x", 3)),
        (SPLIT.format("(x - CAST(x AS integer)) * 10"), ("x", 1)),
        (SPLIT.format("CAST(x AS numeric) * 10"), None),
        (SPLIT.format("x * 10"), None),
        (SPLIT.format("(x - FLOOR(y)) * 10"), None),
        (SPLIT.format("(x - FLOOR(x)) * 60"), None),
    ],
)
def test_how_many_decimals_are_kept_is_read_from_the_factor(project, sql, expected):
    file = project.add("001", upgrade=f"op.execute({sql!r})")
    found = list(find_kept_decimals(str(file), "postgres"))
    name, digits = expected or ("", 0)
    rounded = f"ROUND(CAST({name} AS DECIMAL(40, 12)), {digits})"
    assert found == ([ComputedBack("grades", name, rounded, frozenset({name}))] if expected else [])
