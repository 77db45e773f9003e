"""What is named with its schema in one place and without it in another is one thing where the history leaves no other."""

import json
from pathlib import Path

import pytest

from mrt_lint.files.env_py import search_path_of
from mrt_lint.model.search_path import search_path_in
from tests.lint.conftest import functions
from tests.lint.test_downgrade_kinds import NOTHING, holds, sql, told

ID = 'sa.Column("id", sa.Integer(), primary_key=True)'


def table(name: str, schema: str = "") -> str:
    return f'op.create_table("{name}", {ID}{_of(schema)})'


def drop(name: str, schema: str = "") -> str:
    return f'op.drop_table("{name}"{_of(schema)})'


def add(name: str, schema: str = "") -> str:
    return f'op.add_column("{name}", sa.Column("age", sa.Integer()){_of(schema)})'


def remove(name: str, schema: str = "") -> str:
    return f'op.drop_column("{name}", "age"{_of(schema)})'


def _of(schema: str) -> str:
    return f', schema="{schema}"' if schema else ""


APP = (table("repos", "app"), drop("repos", "app"))
OTHER = (table("repos", "other"), drop("repos", "other"))
PLAIN = (table("repos"), drop("repos"))
# an upgrade that was run, and found a table of app without naming it: the search path has app in it
SEARCHED = (sql("ALTER TABLE repos ADD COLUMN seen int"), sql("ALTER TABLE app.repos DROP COLUMN seen"))
UNDONE, LEFT = "-MRT110 -MRT112 -MRT113 -MRT117", "+MRT110"


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "expected"),
    [
        ([APP], add("repos"), remove("repos", "app"), UNDONE),
        ([APP, SEARCHED], add("repos", "app"), remove("repos"), UNDONE),
        ([APP], add("repos", "app"), remove("repos"), LEFT),
        ([APP], add("repos"), sql("ALTER TABLE app.repos DROP COLUMN age"), UNDONE),
        ([APP], sql("ALTER TABLE repos ADD COLUMN age int"), remove("repos", "app"), UNDONE),
        ([APP], add("repos"), NOTHING, LEFT),
        ([APP, PLAIN], add("repos"), remove("repos", "app"), LEFT),
        ([], add("repos"), remove("repos", "app"), UNDONE),
        ([PLAIN], add("repos"), remove("repos", "app"), UNDONE),
        ([PLAIN], add("repos", "app"), remove("repos"), UNDONE),
        ([PLAIN], add("repos"), remove("repos", "public"), UNDONE),
        ([APP, OTHER], add("repos"), remove("repos", "app"), UNDONE),
        ([APP, OTHER], add("repos", "other"), remove("repos", "app"), LEFT),
        ([APP], f"{add('repos', 'app')}\n{add('repos')}", remove("repos", "app"), LEFT),
        ([APP], f"{add('repos', 'app')}\n{add('repos')}", f"{remove('repos', 'app')}\n{remove('repos')}", UNDONE),
    ],
)
def test_a_table_is_the_one_that_the_history_makes(before: list[tuple[str, str]], upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([*before, (upgrade, downgrade)]))


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        ("CREATE INDEX ix ON app.repos (id)", "DROP INDEX ix", UNDONE),
        ("CREATE INDEX ix ON repos (id)", "DROP INDEX app.ix", UNDONE),
        ("CREATE INDEX ix ON repos (id)", "DROP INDEX app.other", LEFT),
        ("CREATE VIEW app.v AS SELECT 1 AS a", "DROP VIEW v", UNDONE),
        ("CREATE MATERIALIZED VIEW app.v AS SELECT 1 AS a", "DROP MATERIALIZED VIEW v", UNDONE),
        ("CREATE SEQUENCE app.numbers", "DROP SEQUENCE numbers", UNDONE),
        ("CREATE TYPE app.mood AS ENUM ('a')", "DROP TYPE mood", UNDONE),
        ("CREATE TYPE app.mood AS ENUM ('a')", "DROP TYPE other.mood", "+MRT503"),
        ("ALTER TABLE app.repos RENAME TO stores", "ALTER TABLE stores RENAME TO repos", "-MRT301 -MRT112"),
        ("ALTER TABLE app.repos ADD CONSTRAINT c CHECK (id > 0)", "ALTER TABLE repos DROP CONSTRAINT c", UNDONE),
        ("SET search_path TO app; CREATE TABLE users (id int)", "DROP TABLE app.users", UNDONE),
        ("SET search_path = 'other'; CREATE TABLE users (id int)", "DROP TABLE app.users", "+MRT117"),
        ("SET search_path TO app, public; CREATE TABLE users (id int)", "SET search_path TO app, public; DROP TABLE users", UNDONE),
    ],
)
def test_whatever_has_a_name_is_known_with_its_schema_and_without(upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([APP, SEARCHED, (sql(upgrade), sql(downgrade))]))


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (table("users", "app"), drop("users"), "+MRT117"),
        (add("repos", "app"), remove("repos"), LEFT),
        (f"{add('repos', 'app')}\n{sql('UPDATE repos SET age = 1')}", remove("repos"), UNDONE),
        (sql("CREATE VIEW app.v AS SELECT 1 AS a"), sql("DROP VIEW v"), LEFT),
    ],
)
def test_a_schema_that_only_a_downgrade_leaves_out_was_forgotten(upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([APP, (upgrade, downgrade)]))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("SET search_path TO app, public", ("app", "public")),
        ('set session search_path = "App"', ("app",)),
        ("SET LOCAL search_path = 'app'; SELECT 1", ("app",)),
        ("SELECT pg_catalog.set_config('search_path', 'app', false)", ("app",)),
        ('ALTER ROLE joe SET search_path TO "$user", app', ("app",)),
        ("-csearch_path=app,public", ("app", "public")),
        ("-c search_path=app -c statement_timeout=3", ("app",)),
        ("SET search_path TO DEFAULT", ()),
        ("SET search_path TO \ufffc", ()),
        ("SET search_path TO app, \ufffc", ()),
        ("SHOW search_path", None),
        ("research_path=1", None),
    ],
)
def test_a_search_path_is_read_wherever_it_is_set(text: str, path: tuple[str, ...] | None):
    assert search_path_in(text) == path


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ('connection.execute(sa.text("SET search_path TO app, public"))', ("app", "public")),
        ('SCHEMA = "app"\nconnection.execute(sa.text(f"SET search_path TO {SCHEMA}"))', ("app",)),
        ('create_engine(url, connect_args={"options": "-csearch_path=app"})', ("app",)),
        ('connection.execution_options(schema_translate_map={None: "app"})', ("app",)),
        ('connection.execution_options(schema_translate_map={"a": "app"})', ()),
        ("connection.execution_options(schema_translate_map={None: tenant})", ()),
        ('connection.execute(sa.text(f"SET search_path TO {tenant}"))', ()),
        ('run("SET search_path TO a")\nrun("SET search_path TO b")', ()),
        ("# search_path\nrun()", ()),
        ("search_path = (", ()),
    ],
)
def test_the_search_path_of_env_py_is_read(tmp_path: Path, env: str, path: tuple[str, ...]):
    (tmp_path / "env.py").write_text(env)
    (tmp_path / "versions").mkdir()
    assert search_path_of([tmp_path / "versions"]) == path


def codes(project, *arguments: str) -> set[str]:
    return {
        finding["code"] for finding in json.loads(project.mrt("check", "versions", *arguments, "--format", "json").out)["findings"]
    }


@pytest.mark.parametrize(("path", "is_one"), [("app", True), ("app, public", True), ("public, app", False)])
def test_a_search_path_says_where_a_new_table_is(project, path: str, is_one: bool):
    project.write("env.py", f'connection.execute(sa.text("SET search_path TO {path}"))\n')
    project.migration(
        "a1", None, functions(f"{table('repos')}\n{table('repos', 'other')}", f"{drop('repos')}\n{drop('repos', 'other')}")
    )
    project.migration("a2", "a1", functions(add("repos"), remove("repos", "app")))
    assert ("MRT110" in codes(project, "--dialect", "postgresql")) is not is_one


def test_a_fix_names_the_schema_and_the_schema_at_a_revision_has_one_table(project):
    project.migration("a1", None, functions(*APP))
    file = project.migration("a2", "a1", functions(add("repos"), "pass"))
    assert project.mrt("check", "versions", "--fix", "--dialect", "postgresql").code == 0
    assert 'op.drop_column("repos", "age", schema="app")' in file.read_text()
    shown = json.loads(project.mrt("show", "--at", "a2", "versions", "--dialect", "postgresql", "--format", "json").out)
    assert [(known["schema"], known["name"]) for known in shown["tables"]] == [("app", "repos")]
