"""Conditions of CHECK constraints and partial indexes: when two of them provably differ, and when nobody can tell."""

from __future__ import annotations

import pytest

from mrt_lint.analysis.downgrade.condition import differ
from mrt_lint.model.values import HOLE, UNKNOWN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b > 0", "b > 1"),
        ("b > 0", "b >= 0"),
        ("a > 0 AND b > 0", "a > 0 OR b > 0"),
        ("state IN ('a', 'b')", "state IN ('a', 'b', 'c')"),
        ("state IN ('a', 'b')", "state IN ('a', 'B')"),
        ("state IN ('a', 'b')", "state = ANY (ARRAY['a'::text, 'b'::text, 'c'::text])"),
        ("(b > 0)", "b>0.5"),
        ("b > 0", None),
        (None, "b > 0"),
    ],
)
def test_another_constant_or_operator_is_another_condition(one: str | None, other: str | None):
    assert differ(one, other) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b > 0", "B>0"),
        ("b > 0", "((b > 0))"),
        ("b > 0", '("b" > (0)::numeric)'),
        ("b > 0", "t.b  >\n0"),
        ("b != 'x'", "((b)::text <> 'x'::character varying(10))"),
        ("b > 1.0", "b > 1"),
        ("a > 0 and b > 0", "((a > 0) AND (b > 0))"),
        ("b > '2020-01-01'", "b > '2020-01-01'::timestamp without time zone"),
        ("b LIKE 'a%'", "b ~~ 'a%%'"),
        ("`b` = [c]", '"b" = c'),
        (None, None),
    ],
)
def test_what_means_nothing_makes_no_difference(one: str | None, other: str | None):
    assert differ(one, other) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b > 0", "c > 0"),
        ("b > 0", "0 < b"),
        ("a > 0 AND a < 10", "a < 10 AND a > 0"),
        ("state IN ('a', 'b')", "state IN ('b', 'a')"),
        ("state IN ('a', 'b')", "state = 'a' OR state = 'b'"),
        ("state IN ('a', 'b')", "state = ANY (ARRAY['a'::text, 'b'::text])"),
        ("b BETWEEN 1 AND 5", "b >= 1 AND b <= 5"),
        ("active = 1", "active = true"),
        ("active", "active = 1"),
        ("length(b) > 0", "b <> ''"),
        ("b = CAST('1' AS varchar(5))", "b = '1'"),
        ("b = E'a\\n'", "b = 'a'"),
        ("b > 0", UNKNOWN),
        ("b > 0", f"b > {HOLE}"),
        (None, UNKNOWN),
        ("b IS NULL", "b IS NOT NULL AND c IS NULL"),
    ],
)
def test_in_doubt_nothing_is_said(one: str | None, other: str | None):
    assert differ(one, other) is None
