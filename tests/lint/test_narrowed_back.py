"""Changes of a column's length: what upgrade() loses, and what downgrade() cannot take back."""

import pytest

from tests.lint.test_downgrade_kinds import PARCELS, holds, told

WIDEN = 'op.alter_column("parcels", "code", type_={})'
BELOW = 'op.create_table("shops", sa.Column("id", sa.Integer()))'  # parcels is a table of another history


def judged(before: str, new: str, former: str, more: str = "", dialect: str = "postgresql") -> list:
    down = f"{more}\n{WIDEN.format(former)}".strip()
    return told([(before, "pass"), (WIDEN.format(new), down)], dialect)


@pytest.mark.parametrize("before", [PARCELS, BELOW])
@pytest.mark.parametrize("new", ["sa.String(50)", "sa.VARCHAR(255)", "sa.Text()", "sa.Unicode(21)"])
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_wider_text_converts_nothing_and_may_not_fit_on_the_way_back(before: str, new: str, dialect: str):
    if dialect == "mysql" and new in {"sa.Text()", "sa.VARCHAR(255)"}:
        pytest.skip("MySQL copies the table")
    found = judged(before, new, "sa.String(20)", dialect=dialect)
    assert holds("-MRT303 -MRT302 +MRT120", found), [(finding.code, finding.message) for finding in found]
    (finding,) = (finding for finding in found if finding.code == "MRT120")
    assert "the rollback fails where a value is longer by then" in finding.message


@pytest.mark.parametrize(
    "more", ['op.execute("UPDATE parcels SET code = left(code, 20)")', 'op.execute("DELETE FROM parcels WHERE length(code) > 20")']
)
def test_values_that_downgrade_shortens_fit(more: str):
    assert holds("-MRT120", judged(PARCELS, "sa.String(50)", "sa.String(20)", more))


@pytest.mark.parametrize(
    "former", ["sa.String(50)", "sa.String(60)", "sa.Text()", 'sa.String(20), postgresql_using="left(code, 20)"']
)
def test_what_downgrade_leaves_as_wide_or_cuts_off_fits(former: str):
    assert holds("-MRT120", judged(PARCELS, "sa.String(50)", former))


@pytest.mark.parametrize(
    ("module", "kind", "expected"),
    [
        ("from sqlalchemy_utils import ChoiceType", "ChoiceType([])", "-MRT303"),
        ("import sqlalchemy_utils", "sqlalchemy_utils.types.choice.ChoiceType([('a', 'b')])", "-MRT303"),
        ("from sqlalchemy_utils import ChoiceType", "ChoiceType([], impl=sa.Integer())", "+MRT303"),
        ("class Mood(sa.types.TypeDecorator):\n    impl = sa.String(255)", "Mood()", "-MRT303"),
        ("class Mood(sa.TypeDecorator):\n    impl = sa.Integer", "Mood()", "+MRT303"),
        (
            "class Mood(sa.TypeDecorator):\n    impl = sa.String(255)\n    def load_dialect_impl(self, dialect):\n        return other()",
            "Mood()",
            "-MRT303",
        ),
    ],
)
def test_a_type_is_the_column_behind_it(module: str, kind: str, expected: str):
    found = told([(PARCELS, "pass"), (f"{module}\n{WIDEN.format(kind)}", "pass")])
    assert holds(expected, found), [(finding.code, finding.message) for finding in found]
