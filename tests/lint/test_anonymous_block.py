"""Static SQL inside PostgreSQL's DO is read as operations."""

import pytest

from mrt_lint.model.ops import AddColumn, CreateObject, Delete, DropColumn, DropTable, SetSequenceValue, Statement, Update
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.sql.expand import read_sql

DROP = DropColumn(table="t", column="c")


def told(text):
    return [
        (type(op), getattr(op, "table", None) or getattr(op, "name", None), op.certain)
        for op in read_sql(text, "postgresql")
        if not isinstance(op, Statement)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "DO $$ BEGIN ALTER TABLE t DROP COLUMN c; END $$",
        "do language plpgsql $body$ begin alter table t drop column c; end; $body$;",
        "DO $$ BEGIN ALTER TABLE t DROP COLUMN c; END $$ LANGUAGE plpgsql",
        "DO 'BEGIN ALTER TABLE t DROP COLUMN c; END'",
        "DO $$ DECLARE n int := 0; r record; BEGIN n := 1; RAISE NOTICE 'x; %', n; ALTER TABLE t DROP COLUMN c; RETURN; END $$",
        "DO $$ <<outer>> DECLARE x int; BEGIN ALTER TABLE t DROP COLUMN c; END outer $$".replace("<<outer>> ", ""),
        "DO $$ BEGIN EXECUTE 'ALTER TABLE t DROP COLUMN c'; END $$",
        "DO $$ BEGIN BEGIN ALTER TABLE t DROP COLUMN c; END; END $$",
        "DO $$ BEGIN /* x; */ ALTER TABLE t -- y;\n DROP COLUMN c; END $$",
    ],
)
def test_the_statements_of_a_block_are_operations(text):
    assert read_sql(text, "postgresql") == (DROP,)
    assert read_sql(text, None) == (DROP,)


@pytest.mark.parametrize(
    "inside",
    [
        "IF x > 1 THEN ALTER TABLE t DROP COLUMN c; END IF;",
        "IF x > 1 THEN NULL; ELSE ALTER TABLE t DROP COLUMN c; END IF;",
        "IF x > 1 THEN NULL; ELSIF y THEN ALTER TABLE t DROP COLUMN c; END IF;",
        "FOR r IN SELECT * FROM u LOOP ALTER TABLE t DROP COLUMN c; END LOOP;",
        "WHILE true LOOP ALTER TABLE t DROP COLUMN c; END LOOP;",
        "LOOP ALTER TABLE t DROP COLUMN c; EXIT; END LOOP;",
        "CASE x WHEN 1 THEN ALTER TABLE t DROP COLUMN c; ELSE NULL; END CASE;",
        "BEGIN ALTER TABLE t DROP COLUMN c; EXCEPTION WHEN others THEN NULL; END;",
        "BEGIN NULL; EXCEPTION WHEN undefined_table THEN ALTER TABLE t DROP COLUMN c; END;",
        "IF (CASE WHEN a THEN b ELSE c END) THEN ALTER TABLE t DROP COLUMN c; END IF;",
    ],
)
def test_branches_loops_and_handlers_leave_what_they_do_in_doubt(inside):
    assert told(f"DO $$ BEGIN {inside} DROP TABLE u; END $$") == [(DropColumn, "t", False), (DropTable, "u", True)]


@pytest.mark.parametrize(
    ("inside", "kind", "flag"),
    [
        ("CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL;", CreateObject, "if_not_exists"),
        (
            "IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('a'); END IF;",
            CreateObject,
            "if_not_exists",
        ),
        ("IF NOT EXISTS (SELECT 1 FROM x) THEN ALTER TABLE t ADD COLUMN c int; END IF;", AddColumn, "if_not_exists"),
        ("ALTER TABLE t ADD c int; EXCEPTION WHEN duplicate_column OR duplicate_table THEN NULL;", AddColumn, "if_not_exists"),
        ("IF EXISTS (SELECT 1 FROM x) THEN ALTER TABLE t DROP COLUMN c; END IF;", DropColumn, "if_exists"),
        ("DROP TABLE t; EXCEPTION WHEN undefined_table THEN RAISE NOTICE 'x';", DropTable, "if_exists"),
    ],
)
def test_the_idioms_for_if_exists_mean_it(inside, kind, flag):
    [op] = read_sql(f"DO $$ BEGIN {inside} END $$", "postgresql")
    assert (type(op), getattr(op, flag), op.certain) == (kind, True, True)


@pytest.mark.parametrize(
    ("inside", "ops"),
    [
        ("EXECUTE format('DROP TABLE %I', name);", ()),
        ("EXECUTE 'DROP TABLE ' || name;", ()),
        ("PERFORM repair();", ()),
        ("CALL repair();", ()),
        ("UPDATE t SET c = 1; EXECUTE x;", (Update,)),
    ],
)
def test_what_is_not_read_in_a_block_is_said(inside, ops):
    found = read_sql(f"DO $$ BEGIN {inside} END $$", "postgresql")
    assert tuple(type(op) for op in found[:-1]) == ops
    assert (found[-1].command, found[-1].effect) == ("DO", UNKNOWN)


@pytest.mark.parametrize(
    ("inside", "ops"),
    [
        ("SELECT id INTO n FROM t;", ()),
        ("SELECT count(*) INTO STRICT n FROM t; IF n > 0 THEN RAISE EXCEPTION 'x'; END IF;", ()),
        ("PERFORM setval('s', 1);", (SetSequenceValue,)),
        ("DELETE FROM t;", (Delete,)),
    ],
)
def test_queries_and_checks_of_a_block_do_nothing(inside, ops):
    found = read_sql(f"DO $$ DECLARE n int; BEGIN {inside} END $$", "postgresql")
    assert tuple(type(op) for op in found if not isinstance(op, Statement)) == ops
    assert all(op.effect is False for op in found if isinstance(op, Statement))


@pytest.mark.parametrize(
    "text", ["DO", "DO $$", "DO $$ BEGIN", "DO $$ IF THEN END $$", "DO LANGUAGE plpython3u $$ x = 1 $$", "DO $$;;$$"]
)
def test_any_block_is_read(text):
    assert read_sql(text, "postgresql")


def test_other_databases_have_no_such_statement():
    assert [op.command for op in read_sql("DO SLEEP(5)", "mysql")] == ["DO"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("IF NOT EXISTS (SELECT 1 FROM x) THEN RAISE NOTICE 'no'; RETURN; END IF; UPDATE t SET a = 1;", False),
        ("IF n > 1 THEN RETURN; END IF; UPDATE t SET a = 1;", False),
        ("IF n > 1 THEN UPDATE t SET a = 1; RETURN; END IF;", False),
        ("IF n > 1 THEN NULL; END IF; UPDATE t SET a = 1; RETURN;", True),
        ("UPDATE t SET a = 1; IF n > 1 THEN RETURN; END IF;", True),
    ],
)
def test_what_comes_after_a_return_under_a_condition_is_in_doubt(inside, expected):
    [(_, _, certain)] = told(f"DO $$ DECLARE n int := 2; BEGIN {inside} END $$")
    assert certain is expected


def test_a_return_where_something_exists_leaves_the_rest_to_where_it_does_not():
    [made] = read_sql("DO $$ BEGIN IF EXISTS (SELECT 1 FROM x) THEN RETURN; END IF; CREATE TABLE t (a int); END $$", "postgresql")
    assert (made.if_not_exists, made.certain) == (True, True)
