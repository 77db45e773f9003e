"""Server defaults as PostgreSQL stores them: it is asked which ones are the same, and so is the reader (MRT111)."""

from itertools import combinations

import pytest
import sqlalchemy as sa

from mrt_lint.analysis.downgrade.stored_default import defaults_differ
from tests.lint.test_downgrade_kinds import holds, told
from tests.runtime.conftest import postgres_server  # noqa: F401 - a fixture

WRITTEN = {
    "boolean": [
        "true",
        "TRUE",
        "'t'",
        "'true'",
        "'yes'::boolean",
        "(true)",
        "CAST('on' AS boolean)",
        "'1'",
        "false",
        "'f'",
        "'no'",
    ],
    "integer": ["0", "'0'", "(0)", "'0'::integer", "CAST('0' AS integer)", "1", "'-1'", "-1", "(-1)", "'-1'::int", "+1", "1 + 1"],
    "numeric(9,2)": ["0.5", "'0.5'", "0.5::numeric(9,2)", "(0.5)::numeric", "5", "1.5"],
    "text": [
        "'a'",
        "'a'::text",
        "('a')",
        "'A'",
        "'a b'",
        "'it''s'",
        "lower('A')",
        "LOWER('A'::text)",
        "pg_catalog.lower('A')",
        "''",
    ],
    "timestamptz": [
        *("now()", "NOW()", "(now())", "pg_catalog.now()", "clock_timestamp()", "'2020-01-01 00:00+00'"),
        *("now() - interval '1 day'", "(now() - '1 day'::interval)", "now() - interval '2 days'", "now() + interval '1 day'"),
    ],
    "timestamp": [
        *(
            "timezone('utc', now())",
            "TIMEZONE('utc'::text, NOW())",
            "(now() at time zone 'utc')",
            "(now() AT TIME ZONE 'utc'::text)",
        ),
        *(
            "TIMEZONE('utc', CURRENT_TIMESTAMP)",
            "timezone('utc'::text, CURRENT_TIMESTAMP)",
            "localtimestamp",
            "timezone('cet', now())",
        ),
    ],
    "jsonb": [
        "'{}'",
        "'{}'::jsonb",
        "jsonb '{}'",
        "'[]'::jsonb",
        """'{"a":1}'""",
        """'{"a": 1}'::jsonb""",
        """'{"a": 2}'::jsonb""",
    ],
    "text[]": ["'{}'", "'{}'::text[]", "ARRAY[]::text[]", "array[]::varchar[]", "'{a}'::text[]", "ARRAY['a']::text[]"],
    "varchar(9)": ["'a'::character varying", "'a'", "'a'::varchar(9)", "'b'::character varying(9)"],
    "uuid": ["gen_random_uuid()", "GEN_RANDOM_UUID()", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"],
}


def stored(connection: sa.Connection, kind: str, default: str) -> str:
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE mrt_default (a {kind} DEFAULT {default})")
    text = "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'mrt_default'::regclass"
    found = connection.exec_driver_sql(text).scalar_one()
    connection.exec_driver_sql("DROP TABLE mrt_default")
    return found


@pytest.mark.parametrize("kind", WRITTEN)
def test_defaults_are_the_same_where_postgresql_stores_the_same(postgres_server, kind: str):  # noqa: F811
    engine = sa.create_engine(postgres_server)
    with engine.connect() as connection:
        printed = {default: stored(connection, kind, default) for default in WRITTEN[kind]}
        asked = {default: f"SELECT ({text})::{kind}::text" for default, text in printed.items()}
        values = {default: connection.exec_driver_sql(question).scalar_one() for default, question in asked.items()}
    engine.dispose()
    for default, text in printed.items():
        assert defaults_differ(default, text) is False, (default, text)
    for one, other in combinations(printed, 2):
        if printed[one] == printed[other]:
            assert defaults_differ(one, other) is not True, (one, other)
        elif values[one] != values[other]:
            assert defaults_differ(one, other) is True, (one, other)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("now()", "CURRENT_TIMESTAMP", False),
        ("current_timestamp()", "CURRENT_TIMESTAMP", False),
        ("'t'", "'true'", None),
        ("'t'", "true", False),
        ("'t'", "false", True),
        ("(a + 1) * 2", "a + (1 * 2)", True),
        ("'New'", "'new'", True),
        ("0", "0.0", False),
    ],
)
def test_defaults_that_hang_on_more_than_their_words(one: str, other: str, differs: bool | None):
    assert defaults_differ(one, other) is differs
    assert defaults_differ(other, one) is differs


@pytest.mark.parametrize(
    ("former", "again", "expected"),
    [
        ("TIMEZONE('utc', CURRENT_TIMESTAMP)", "timezone('utc'::text, CURRENT_TIMESTAMP)", "-MRT111"),
        ("TIMEZONE('utc', CURRENT_TIMESTAMP)", "timezone('cet'::text, CURRENT_TIMESTAMP)", "+MRT111"),
        ("'t'", "true", "-MRT111"),
        ("'t'", "false", "+MRT111"),
    ],
)
def test_a_column_comes_back_with_its_default_in_other_words(former: str, again: str, expected: str):
    column = 'sa.Column("made", sa.Text(), server_default=sa.text({!r}))'
    table = 'op.create_table("cups", sa.Column("id", sa.Integer(), primary_key=True), {})'
    history = [(table.format(column.format(former)), 'op.drop_table("cups")')]
    assert holds(expected, told([*history, ('op.drop_table("cups")', table.format(column.format(again)))]))
    dropped = 'op.drop_column("cups", "made")', f'op.add_column("cups", {column.format(again)})'
    assert holds(expected, told([*history, dropped]))
    changed = (
        'op.alter_column("cups", "made", server_default="x")',
        f'op.alter_column("cups", "made", server_default=sa.text({again!r}))',
    )
    assert holds(expected, told([*history, changed]))
