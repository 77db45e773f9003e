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
