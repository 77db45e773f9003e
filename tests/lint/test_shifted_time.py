"""A TIMESTAMP that gains or loses its time zone: what PostgreSQL makes of the values, and what is said."""

import os

import pytest
import sqlalchemy as sa

from mrt_lint.model.finding import Consequence, Finding
from tests.lint.test_downgrade_kinds import sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

VISITS = (
    'op.create_table("visits", sa.Column("seen", sa.DateTime()), sa.Column("gone", sa.DateTime(timezone=True)), '
    'sa.Column("day", sa.Date()))'
)
GAINS, LOSES = (
    f'op.alter_column("visits", "{column}", type_=sa.DateTime(timezone={zone}){{}})'
    for column, zone in (("seen", True), ("gone", False))
)
NAMED = """, postgresql_using="{} AT TIME ZONE 'UTC'\""""


def said(upgrade: str, downgrade: str = "op.execute('SELECT 1')", dialect: str = "postgresql") -> list[Finding]:
    return told([(VISITS, "pass"), (upgrade, downgrade)], dialect)


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings if finding.code == "MRT305"]


@pytest.mark.parametrize(
    "upgrade",
    [
        GAINS.format(""),
        LOSES.format(""),
        GAINS.format(', postgresql_using="seen::timestamptz"'),
        sql("ALTER TABLE visits ALTER seen TYPE timestamptz"),
        sql("ALTER TABLE visits ALTER COLUMN gone SET DATA TYPE timestamp without time zone USING gone::timestamp"),
        f'with op.batch_alter_table("visits") as batch:\n    batch.{GAINS.format("")[3:].replace(chr(34) + "visits" + chr(34) + ", ", "")}',
    ],
)
def test_a_change_that_names_no_zone_takes_that_of_the_session(upgrade: str):
    assert codes(said(upgrade)) == ["MRT305"]
    assert codes(said(upgrade, dialect="sqlite")) == []


@pytest.mark.parametrize(
    "upgrade",
    [
        GAINS.format(NAMED.format("seen")),
        sql("ALTER TABLE visits ALTER gone TYPE timestamp USING timezone('UTC', gone)"),
        sql("SET LOCAL TIME ZONE 'UTC'", "ALTER TABLE visits ALTER seen TYPE timestamptz"),
        sql("SET timezone TO 'UTC'", "ALTER TABLE visits ALTER seen TYPE timestamptz"),
        sql("ALTER TABLE visits ALTER day TYPE timestamptz"),
        sql("ALTER TABLE visits ALTER seen TYPE timestamp(3)"),
        f'op.add_column("visits", sa.Column("made", sa.DateTime()))\n{sql("ALTER TABLE visits ALTER made TYPE timestamptz")}',
    ],
)
def test_a_zone_that_is_named_or_not_asked_for_is_left_alone(upgrade: str):
    assert codes(said(upgrade)) == []


def test_a_rollback_names_the_zone_as_well():
    named = GAINS.format(NAMED.format("seen"))
    back = named.replace("timezone=True", "timezone=False")
    assert codes(said(named, back)) == []
    assert codes(said(named, sql("ALTER TABLE visits ALTER seen TYPE timestamp"))) == ["MRT305"]
    assert codes(said(GAINS.format(""), sql("ALTER TABLE visits ALTER seen TYPE timestamp"))) == ["MRT305"]


def test_where_the_zone_is_named_only_the_rewrite_is_reported():
    (finding,) = (finding for finding in said(GAINS.format(NAMED.format("seen"))) if finding.code == "MRT303")
    assert finding.consequence is Consequence.DEPLOY_BLOCKS
    assert "no value is lost" in finding.message


@pytest.mark.parametrize(
    ("zone", "kind", "rewrites"),
    [
        ("UTC", "timestamptz", False),
        ("Etc/UTC", "timestamptz", False),
        ("GMT", "timestamptz(6)", False),
        ("UTC", "timestamptz(3)", True),
        ("UTC", "timestamptz USING seen AT TIME ZONE 'UTC'", True),
        ("Asia/Tokyo", "timestamptz", True),
    ],
)
def test_postgresql_keeps_the_rows_where_the_session_is_in_utc(postgres_server, zone: str, kind: str, rewrites: bool):  # noqa: F811
    change = f"ALTER TABLE visits ALTER seen TYPE {kind}"
    with own_database(postgres_server, f"mrt_utc_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET TIME ZONE '{zone}'; CREATE TABLE visits (seen timestamp)")
            node = "SELECT pg_relation_filenode('visits')"
            before = connection.exec_driver_sql(node).scalar_one()
            connection.exec_driver_sql(change)
            assert (connection.exec_driver_sql(node).scalar_one() != before) is rewrites
        engine.dispose()
    set_before = said(sql(f"SET LOCAL TIME ZONE '{zone}'", change))
    assert ("MRT303" in {finding.code for finding in set_before}) is rewrites
    unsaid = next(finding.message for finding in said(sql(change)) if finding.code == "MRT303")
    assert ("unless the session's TimeZone is UTC" in unsaid) is (kind in {"timestamptz", "timestamptz(6)"})


def test_an_index_is_built_again_where_rows_are_kept():
    indexed = (f'{VISITS}\nop.create_index("ix_seen", "visits", ["seen"])', "pass")
    change = sql("SET LOCAL TIME ZONE 'UTC'", "ALTER TABLE visits ALTER seen TYPE timestamptz")
    (found,) = (finding for finding in told([indexed, (change, "pass")]) if finding.code == "MRT303")
    assert "it builds index 'ix_seen' again" in found.message


def test_postgresql_shifts_values_by_the_zone_of_the_session(postgres_server):  # noqa: F811 - as fixtures are asked for
    with own_database(postgres_server, f"mrt_shifted_time_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET TIME ZONE 'Asia/Tokyo'; CREATE TABLE visits (a timestamp, b timestamp)")
            connection.exec_driver_sql("INSERT INTO visits VALUES ('2020-01-01 12:00', '2020-01-01 12:00')")
            connection.exec_driver_sql(
                "ALTER TABLE visits ALTER a TYPE timestamptz, ALTER b TYPE timestamptz USING b AT TIME ZONE 'UTC'"
            )
            shifts = "extract(hour FROM a AT TIME ZONE 'UTC')::int, extract(hour FROM b AT TIME ZONE 'UTC')::int"
            assert connection.exec_driver_sql(f"SELECT {shifts} FROM visits").one() == (3, 12)
        engine.dispose()
