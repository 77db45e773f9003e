"""Statements about an index or column that upgrade() makes: what they say goes with it (MRT104)."""

import pytest

from tests.lint.test_downgrade_kinds import AGE, BASE, DROP_AGE, DROP_INDEX, NOTHING, holds, sql, told

MADE = f'{AGE}\nop.create_index("ix", "parcels", ["code"])\n'
REMOVED = f"{DROP_INDEX}\n{DROP_AGE}"


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE parcels CLUSTER ON ix", "postgresql"),
        ("ALTER TABLE parcels CLUSTER ON IX", "postgresql"),
        ("ALTER INDEX ix SET (fillfactor = 70)", "postgresql"),
        ("COMMENT ON INDEX ix IS 'by code'", "postgresql"),
        ("ALTER TABLE parcels ALTER COLUMN age SET STATISTICS 500", "postgresql"),
        ("GRANT SELECT (age) ON parcels TO reporting", "postgresql"),
        ("ALTER TABLE parcels ALTER INDEX ix INVISIBLE", "mysql"),
    ],
)
def test_what_is_said_of_an_index_or_column_goes_with_it(statement: str, dialect: str):
    assert holds("-MRT104", told([BASE, (MADE + sql(statement), REMOVED)], dialect))
    assert holds("+MRT104", told([(MADE.replace(AGE, f"{BASE[0]}\n{AGE}"), "pass"), (sql(statement), NOTHING)], dialect))
    assert holds("+MRT104", told([BASE, (MADE + sql(statement), NOTHING)], dialect))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE parcels SET WITHOUT CLUSTER",
        "ALTER TABLE parcels SET (fillfactor = 70)",
        "ALTER TABLE parcels OWNER TO reporting",
        "ALTER TABLE parcels REPLICA IDENTITY USING INDEX ix",
        "GRANT SELECT ON parcels TO reporting",
    ],
)
def test_what_is_said_of_the_table_stays(statement: str):
    assert holds("+MRT104", told([BASE, (MADE + sql(statement), REMOVED)]))


@pytest.mark.parametrize(("statement", "expected"), [("FORCE", "-"), ("ORDER BY code", "-"), ("ROW_FORMAT=DYNAMIC", "+")])
def test_what_is_done_to_the_rows_alone_is_over(statement: str, expected: str):
    assert holds(f"{expected}MRT104", told([BASE, (AGE + "\n" + sql(f"ALTER TABLE parcels {statement}"), DROP_AGE)], "mysql"))
