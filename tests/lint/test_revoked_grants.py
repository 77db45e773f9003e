"""MRT104 of privileges: the REVOKE that it advises runs, and has the guard that the GRANT has. PostgreSQL is asked."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from mrt_lint.analysis.raw_sql import opposite_of_grant
from mrt_lint.model.values import HOLE
from tests.lint.test_downgrade_kinds import BASE, NOTHING, sql, told
from tests.lint.test_literal_default import connect

ROLES = ("mrt_revoked_a", "mrt_revoked_b")
GRANTS = [
    'GRANT SELECT, UPDATE (a) ON "Rooms" TO mrt_revoked_a, mrt_revoked_b WITH GRANT OPTION',
    "grant usage on schema public\n  to mrt_revoked_a",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO mrt_revoked_a GRANTED BY CURRENT_USER",
    "GRANT mrt_revoked_a TO mrt_revoked_b WITH ADMIN OPTION",
    "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT SELECT ON TABLES TO mrt_revoked_a",
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    'REVOKE GRANT OPTION FOR SELECT ON "Rooms" FROM mrt_revoked_a CASCADE',
    "REVOKE ALL ON SCHEMA public FROM mrt_revoked_a RESTRICT",
]


@pytest.mark.parametrize("grant", GRANTS)
def test_the_opposite_of_a_grant_runs(grant: str):
    engine, connection = connect("postgresql")
    with closing(connection):
        for role in ROLES:
            connection.exec_driver_sql(f"CREATE ROLE {role}")
        connection.exec_driver_sql('CREATE TABLE "Rooms" (a int)')
        connection.exec_driver_sql(grant)
        reverse = opposite_of_grant(grant)
        assert reverse is not None
        connection.exec_driver_sql(reverse)
        connection.rollback()
    engine.dispose()


def test_what_is_no_grant_has_no_such_opposite():
    for text in (
        "ALTER DEFAULT PRIVILEGES",
        "CALL grant_all()",
        "COMMENT ON TABLE t IS 'GRANT a TO b'",
        "GRANT",
        f"GRANT {HOLE} TO app",
    ):
        assert opposite_of_grant(text) is None, text


def advice(upgrade: str) -> list[str]:
    return [finding.instead for finding in told([BASE, (upgrade, NOTHING)]) if finding.code == "MRT104"]


GRANT, REVOKE = "GRANT SELECT ON parcels TO app", "REVOKE SELECT ON parcels FROM app"


@pytest.mark.parametrize(
    "block",
    [
        "IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ''app'') THEN {}; END IF;",
        "IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ''app'') THEN RETURN; END IF; {};",
        "BEGIN {}; EXCEPTION WHEN undefined_object THEN NULL; END;",
    ],
)
def test_a_revoke_has_the_guard_of_its_grant(block: str):
    [text] = advice(sql(f"DO 'BEGIN {block.format(GRANT)} END'"))
    assert text.startswith(f"run {REVOKE} in downgrade() in a block with the same conditions")


def test_a_revoke_has_the_condition_that_python_asks():
    [text] = advice(f"if op.get_bind().scalar(sa.text('SELECT 1')):\n    {sql(GRANT)}")
    assert re.match(rf"add op\.execute\('{REVOKE}'\) to downgrade\(\) under the same condition", text)
    [text] = advice(sql(GRANT))
    assert text.startswith(f"add op.execute('{REVOKE}') to downgrade(), or")


def test_default_privileges_are_taken_back_with_all_that_they_name():
    [text] = advice(sql('ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO "App"'))
    assert "ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM" in text
    assert "…" not in text


def test_the_grants_of_one_block_are_one_finding():
    block = "IF EXISTS (SELECT 1 FROM pg_roles) THEN {} END IF;"
    grants = " ".join(f"GRANT {what} ON parcels TO app;" for what in ("SELECT", "INSERT", "UPDATE", "DELETE"))
    [text] = advice(sql(f"DO 'BEGIN {block.format(grants)} END'"))
    assert text.startswith("run REVOKE SELECT ON parcels FROM app; REVOKE INSERT ON parcels FROM app; ")
    assert "and so on in downgrade()" in text
