"""What is executed in place of a statement on PostgreSQL."""

import pytest

from mrt_runtime.databases.isolation import Isolation
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.translation import Translator

ROLE = ScratchRole(
    name="own", given="deploy", tail="_as", existing=frozenset({"deploy", "app"}), is_answered=True, settings=(), password="secret"
)


def translate(statement, role=ROLE):
    return Translator("own", role).translate(statement)[0]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (role text, owner text)",
        "SELECT a.authorization FROM t AS a",
        "CREATE VIEW v AS SELECT a.authorization FROM t AS a",
        "UPDATE users SET role = CASE WHEN a THEN 'x' ELSE 'y' END",
        "GRANT SELECT ON t TO app, PUBLIC WITH GRANT OPTION",
        "ALTER POLICY p ON t RENAME TO q",
        "ALTER SEQUENCE s OWNED BY t.id",
        "INSERT INTO t VALUES ('GRANT a TO b; DROP DATABASE x')",
        "/* DROP DATABASE x */ COMMENT ON TABLE t IS 'owner to x'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- grant a to b\n$$",
    ],
)
def test_what_concerns_no_role_and_no_database_stays_as_it_was_written(statement):
    assert translate(statement).statement == statement
    assert translate(statement).outside == ""


@pytest.mark.parametrize(
    ("statement", "translated"),
    [
        ("SET ROLE app", "SET ROLE NONE"),
        ("set session authorization 'app'", "set session ROLE NONE"),
        ("SET ROLE unknown", 'SET ROLE "unknown_as"'),
        ("GRANT SELECT ON t TO unknown", 'GRANT SELECT ON t TO "unknown_as"'),
        ("CREATE POLICY p ON t TO unknown USING (true)", 'CREATE POLICY p ON t TO "unknown_as" USING (true)'),
        ("ALTER SCHEMA s OWNER TO deploy; SELECT 1", None),
        ("CREATE SCHEMA s AUTHORIZATION app", 'CREATE SCHEMA s AUTHORIZATION "app_as"'),
        ("GRANT CONNECT ON DATABASE shop TO app", 'GRANT CONNECT ON DATABASE "own" TO app'),
        ("ALTER DATABASE shop SET a = 1", 'ALTER DATABASE "own" SET a = 1'),
        ("ALTER DATABASE shop RENAME TO x", "DO 'BEGIN END'"),
        (
            "DO $$ BEGIN EXECUTE 'DROP ROLE a'; END $$",
            "DO $$ BEGIN EXECUTE 'CALL pg_catalog.mrt_drop_role(''a'', ''a_as'', false)'; END $$",
        ),
        ("DO $$ BEGIN EXECUTE 'DROP ROLE ' || a; END $$", "DO $$ BEGIN EXECUTE 'DROP ROLE ' || a; END $$"),
    ],
)
def test_roles_and_databases_are_those_of_the_run(statement, translated):
    found = translate(statement).statement
    assert found == translated if translated else "mrt_set_owner('own'" in found


def test_what_a_body_holds_is_left_to_the_server_where_that_refuses_it_and_stopped_where_not():
    body = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COPY t TO '/etc/x'; END $$"
    assert translate(body).outside == ""
    assert translate(body, None).outside == "a file of the server"
    assert translate("COPY t TO '/etc/x'").outside == "a file of the server"


def test_long_names_of_roles_stay_apart_from_each_other():
    first, second = ROLE.stand_in("x" * 70 + "1"), ROLE.stand_in("x" * 70 + "2")
    assert first != second
    assert max(len(first), len(second)) <= 63
    assert first.endswith("_as")


def test_messages_name_roles_as_the_migration_does_and_no_procedure_of_the_run():
    isolation = Isolation(level="role", tail="_mrt_1_as")
    message = 'role "a_mrt_1_as" exists. CONTEXT: PL/pgSQL function mrt_create_role(text,text) line 5 at RAISE'
    assert isolation.reword(message) == 'role "a" exists'
    own = 'role "a" exists. CONTEXT: PL/pgSQL function f() line 5 at RAISE'
    assert isolation.reword(own) == own


@pytest.mark.parametrize(
    ("statement", "renamed"),
    [
        ("SELECT 1 FROM pg_roles WHERE rolname = 'fresh'", True),
        ("SELECT 1 FROM pg_catalog.pg_roles AS r WHERE r.rolname IN ('app', 'fresh')", True),
        ("SELECT pg_has_role('fresh', 'member')", True),
        ("INSERT INTO kinds SELECT 'fresh', rolname FROM pg_roles WHERE rolname = 'app'", False),
        ("SELECT CASE WHEN rolname = 'app' THEN 'fresh' END FROM pg_roles", False),
    ],
)
def test_only_a_string_that_is_compared_with_role_names_is_renamed(statement, renamed):
    assert ("'fresh_as'" in translate(statement).statement) is renamed


@pytest.mark.parametrize("statement", ["ALTER ROLE deploy PASSWORD 'x'", "/* a */ alter user session_user set work_mem = '1MB'"])
def test_without_a_role_of_its_own_a_run_leaves_the_settings_of_roles_alone(statement):
    found = translate(statement, None)
    assert "PASSWORD" not in found.statement
    assert "work_mem" not in found.statement
    assert "was not run: roles belong to the whole server" in found.notes[0]
