"""As which role migrations run on PostgreSQL, whatever role `db_url` names and however it connects."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.postgresql_escapes import Victim
from mrt_runtime import databases
from mrt_runtime.migrate import MigrationError, Migrator, WrongDatabaseError
from mrt_runtime.report.wording import name_database
from tests.axes import keep
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow

PASSWORD = "p w/@:'%"
LOCKED = "CREATE TABLE seen AS SELECT session_user::text AS who, current_setting('work_mem') AS memory"


@pytest.fixture
def deploy(place):
    """Makes a role that deploys, with rights and a password; the given database is its own."""

    def make(rights):
        place.execute(f"CREATE ROLE {place.name}_deploy LOGIN {rights} PASSWORD $p${PASSWORD}$p$")
        place.execute(f"ALTER DATABASE {place.given} OWNER TO {place.name}_deploy")
        return place.server.set(database=place.given, username=f"{place.name}_deploy", password=PASSWORD).render_as_string(
            hide_password=False
        )

    yield make
    place.execute(
        f"ALTER DATABASE {place.given} OWNER TO CURRENT_USER", f"DROP SCHEMA IF EXISTS {place.name}_deploy", database=place.given
    )
    place.execute(f"DROP ROLE {place.name}_deploy")


@pytest.fixture
def strict(embedded_server):
    """A private server that asks every role but its first for a password, as trusting ones do not; with a victim."""
    with_file = sa.create_engine(embedded_server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with with_file.connect() as connection:
        path = Path(connection.exec_driver_sql("SHOW hba_file").scalar())
        before = path.read_text()
        path.write_text(f"local all {embedded_server.username} trust\nlocal all all scram-sha-256\n")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        time.sleep(0.2)
        victim = Victim(embedded_server, own("strict"))
        yield victim
        victim.remove()
        path.write_text(before)
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def test_the_scratch_role_has_a_password_and_one_that_changes_it_fails_alone(strict, project):
    """The second would otherwise shut out all that come after it."""
    project.add("a", upgrade="op.execute('CREATE TABLE a (id int PRIMARY KEY)')", downgrade="op.execute('DROP TABLE a')")
    project.add(
        "b",
        "a",
        upgrade="op.execute(\"DO $$ BEGIN EXECUTE 'ALTER RO' || 'LE ' || current_user || ' PASSWORD ''x'''; END $$\")",
        downgrade="pass",
    )
    project.add("c", "a", upgrade="op.execute('CREATE TABLE c (id int PRIMARY KEY)')", downgrade="op.execute('DROP TABLE c')")
    code, document, _ = run_verify(project, strict.url)
    outcomes = {revision["revision"]: revision["outcome"] for revision in document["revisions"]}
    assert outcomes == {"a": "reversible", "b": "downgrade-failed", "c": "reversible"}
    assert code == 1
    assert document["database"]["isolation"] == "role"
    [failure] = next(revision["failures"] for revision in document["revisions"] if revision["revision"] == "b")
    assert failure["message"].startswith("Downgrade failed: after this upgrade, in env.py: ")
    assert strict.leftovers() == []


@pytest.mark.parametrize(
    "url", ["?user={user}&password={password}&host={host}&port={port}", "{user}:{password}@/{database}?host={host}&port={port}"]
)
def test_urls_of_every_shape_lead_to_the_scratch_role_by_its_password(strict, project, url):
    strict.execute(f"CREATE ROLE {strict.name}_deploy LOGIN SUPERUSER PASSWORD 'secret 4711'")
    host = strict.server.query.get("host") or strict.server.host
    filled = url.format(
        user=f"{strict.name}_deploy", password="secret%204711", host=host, port=strict.server.port or 5432, database=strict.given
    )
    filled = filled if filled.startswith(strict.name) else f"/{strict.given}{filled}"
    project.add("a", upgrade=f"op.execute({LOCKED!r})", downgrade="op.execute('DROP TABLE seen')")
    code, document, text = run_verify(project, f"postgresql+psycopg://{filled}")
    assert (code, document["database"]["isolation"]) == (0, "role"), text
    assert "4711" not in text
    assert strict.leftovers() == []


def run_verify(project, url, *options):
    """Run `mrt verify` as a process; return its exit code, its document, and all that it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "mrt_lint", "verify", "--db-url", url, "--format", "json", *options],
        cwd=project.root, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_role_that_may_create_roles_is_enough(verify, deploy, place):
    url = deploy("CREATEDB CREATEROLE")
    up = "\n    ".join(
        f"op.execute({sql!r})" for sql in (
            "CREATE ROLE r1", "CREATE TABLE t (id int PRIMARY KEY)", "GRANT SELECT ON t TO r1", f"GRANT SELECT ON t TO {place.member}",
            "CREATE SCHEMA s", "GRANT CREATE ON SCHEMA public TO r1", "ALTER TABLE t OWNER TO r1",
        )
    )  # fmt: skip
    down = "op.execute('DROP SCHEMA s; DROP TABLE t; REVOKE CREATE ON SCHEMA public FROM r1; DROP ROLE r1')"
    steps = [("a", up, down), ("evil", f"op.execute('/**/ALTER DATABASE {place.given} SET work_mem = 1000')")]
    verdicts = verify(
        [
            *steps,
            ("worse", f"op.execute(\"DO $$ BEGIN EXECUTE 'ALTER ' || 'DATABASE {place.given} SET work_mem = 1000'; END $$\")"),
        ],
        url,
        chain=False,
    )
    assert verify.facts["isolation"] == "role"
    assert verdicts["a"].passed, verdicts["a"]
    assert "must be owner of database" in str(verdicts["worse"])


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_role_that_may_create_no_roles_is_told_loudly_in_every_report(deploy, place, project):
    url = deploy("CREATEDB")
    project.add("a")
    code, document, _ = run_verify(project, url)
    warning = document["database"]["isolation_warning"]
    assert code == 0
    assert document["database"]["isolation"] == "statements"
    assert warning.startswith("Isolated by reading statements only, not by the database server: the role ")
    assert f'(ALTER ROLE "{place.name}_deploy" CREATEROLE allows it)' in warning
    assert warning in name_database({**document["database"]}, "--db-url")
    table = subprocess.run(
        [sys.executable, "-m", "mrt_lint", "verify", "--db-url", url],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert warning in " ".join(table.stdout.split())
    (project.root / "pyproject.toml").write_text(f"[tool.mrt]\ndb_url = {json.dumps(url)}\n")
    pytest_mrt = [sys.executable, "-m", "pytest", "--mrt", "-p", "no:cacheprovider"]
    output = subprocess.run(pytest_mrt, cwd=project.root, capture_output=True, text=True, check=False, timeout=120).stdout
    assert warning in " ".join(output.split())
    assert place.leftovers() == []


def test_statements_can_be_asked_for(verify):
    verify([("a", "pass")], isolation="statements")
    assert "it was asked for" in verify.facts["isolation_warning"]


def test_the_scratch_role_has_the_given_roles_settings_and_schema(verify, deploy, place):
    url = deploy("CREATEDB CREATEROLE")
    place.execute(
        f"CREATE SCHEMA AUTHORIZATION {place.name}_deploy",
        f"ALTER ROLE {place.name}_deploy SET work_mem = '7MB'",
        database=place.given,
    )
    own = f"{place.name}_deploy"
    up = f"op.execute({LOCKED!r}); assert op.get_bind().exec_driver_sql('SELECT memory FROM {own}.seen').scalar() == '7MB'"
    [verdict] = verify([("a", up, f"op.execute('DROP TABLE {own}.seen')")], url).values()
    assert verdict.passed, verdict


@pytest.mark.parametrize("driver", keep(["psycopg", "psycopg2", "asyncpg"], "psycopg", "asyncpg"))
def test_every_driver_connects_as_the_scratch_role_and_is_refused_the_same(strict, project, driver):
    strict.execute(f"CREATE ROLE {strict.name}_deploy LOGIN SUPERUSER PASSWORD 'secret 4711'")
    if driver == "asyncpg":
        project.write_async_env()
    project.add("a", upgrade=f"op.execute(\"DO $$ BEGIN EXECUTE 'DROP RO' || 'LE {strict.name}_spare'; END $$\")", downgrade="pass")
    project.add("b", upgrade=f"op.execute({LOCKED!r})", downgrade="op.execute('DROP TABLE seen')")
    host = strict.server.query.get("host") or strict.server.host
    before = strict.fingerprint()
    _, document, text = run_verify(project, f"postgresql+{driver}://{strict.name}_deploy:secret%204711@/{strict.given}?host={host}")
    verdicts = {revision["revision"]: revision for revision in document["revisions"]}
    assert verdicts["b"]["outcome"] == "reversible", text
    [failure] = verdicts["a"]["failures"]
    assert "permission denied to drop role" in failure["message"]
    assert 'set isolation = "statements"' in failure["message"]
    assert failure["line"] == 12
    assert strict.fingerprint() == before
    assert strict.leftovers() == []


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("URL.set(username={user!r}, password=None)", "It has to connect as the user in the scratch database's URL"),
        ("URL, connect_args={{'options': '-c role={user}'}}", "permission denied to set role"),
    ],
)
def test_an_env_py_that_connects_as_another_user_is_told_which_setting_helps(place, project, engine, words):
    made = f"sqlalchemy.create_engine({engine.format(user=place.server.username)})"
    text = project.env.read_text().replace(
        "engine = engine_from_config(",
        f"import sqlalchemy\nURL = sqlalchemy.make_url(config.get_main_option('sqlalchemy.url'))\nengine = {made}\nother = dict(",
    )
    project.env.write_text(text.replace("engine = engine_from_config", "other = dict"))
    project.add("a")
    database = databases.connect(place.url)
    with database.make_scratch() as scratch, pytest.raises((WrongDatabaseError, MigrationError)) as told:
        Migrator(project.config(), scratch).upgrade("a")
    database.close()
    assert words in str(told.value)
    assert 'set isolation = "statements" under [tool.mrt]' in str(told.value)


def test_an_env_py_that_sets_an_existing_role_goes_on_working(verify, place, project):
    project.env.write_text(
        project.env.read_text().replace(
            "    context.configure(",
            f"    connection.exec_driver_sql('SET ROLE {place.name}_owner')\n    connection.commit()\n    context.configure(",
        )
    )
    [verdict] = verify([("a", "op.execute('CREATE TABLE t (id int PRIMARY KEY)')", "op.execute('DROP TABLE t')")]).values()
    assert verdict.passed, verdict
