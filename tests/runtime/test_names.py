"""Databases, tables and columns with any name that a server takes, and rooms that are too small."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_runtime.verify.session import Verification
from tests.runtime.own_names import TOKEN

pytestmark = pytest.mark.exhaustive

EXAMPLE = Path(__file__).parents[2] / "fixtures/projects/example"
NAMES = [
    "back\\slash:x",
    "end\\",
    "quo'te dou\"ble grave`",
    "under_score%s%(x)s",
    "sch\u00f6n",
]
EMOJI = "party\U0001f389"


def quoted(engine, name):
    return engine.dialect.identifier_preparer.quote_identifier(name)


@pytest.fixture(params=["postgres", "mysql"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


def verify_all(project, url):
    with Verification(project.config(db_url=url)) as verification:
        verdicts = list(verification.check_all())
    return [(verdict.outcome.value, [failure.message for failure in verdict.failures], verdict.warnings) for verdict in verdicts]


@pytest.mark.parametrize("name", [*NAMES, EMOJI])
def test_the_given_database_may_have_any_name(project, server, name):
    if server.get_backend_name() == "mysql" and name == EMOJI:
        pytest.skip("MySQL's own names hold no characters beyond the first 65,536")
    name = f"mrtt {TOKEN} {name}"
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})
    project.add("a")
    project.add("b", "a", upgrade='op.add_column("t_a", sa.Column("x", sa.Integer))', downgrade='op.drop_column("t_a", "x")')
    with admin.connect() as connection:
        for exists in (True, False):
            if exists:
                connection.exec_driver_sql(f"CREATE DATABASE {quoted(admin, name)}")
            url = server.set(database=name).render_as_string(hide_password=False)
            try:
                assert verify_all(project, url) == [("reversible", [], ()), ("reversible", [], ())]
            finally:
                if exists:
                    connection.exec_driver_sql(f"DROP DATABASE {quoted(admin, name)}")
        query = "SHOW DATABASES" if "mysql" in str(server) else "SELECT datname FROM pg_database"
        assert not [found for found in connection.exec_driver_sql(query).scalars() if found.startswith(f"mrtt {TOKEN}")]


@pytest.mark.parametrize("name", [*NAMES, EMOJI])
def test_tables_and_columns_may_have_any_name(project, request, server, name):
    if server.get_backend_name() == "mysql" and name == EMOJI:
        pytest.skip("MySQL's own names hold no characters beyond the first 65,536")
    url = request.getfixturevalue("mysql_url" if "mysql" in str(server) else "postgres_url")
    column, table = f"{name}c", f"{name}t"
    create = (
        f"op.create_table({table!r}, sa.Column('id', sa.Integer, primary_key=True), sa.Column({column!r}, sa.String(20), unique=True),"
        " sa.Column('number', sa.Integer))"
    )
    project.add("a", upgrade=create, downgrade=f"op.drop_table({table!r})")
    project.add(
        "b", "a", upgrade=f"op.add_column({table!r}, sa.Column('x', sa.Integer))", downgrade=f"op.drop_column({table!r}, 'x')"
    )
    project.add(
        "c",
        "b",
        upgrade=f"op.drop_column({table!r}, {column!r})",
        downgrade=f"op.add_column({table!r}, sa.Column({column!r}, sa.String(20)))",
    )
    found = verify_all(project, url)
    assert found[:2] == [("reversible", [], ()), ("reversible", [], ())]
    assert found[2][0] == "data-loss"
    assert f"Column '{table}.{column}': 2/3 values lost after rollback" in found[2][1]


def test_a_process_that_may_open_few_files_verifies_a_project(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "project")

    def run(files):
        return subprocess.run(
            [sys.executable, "-m", "mrt_lint", "verify"],
            cwd=tmp_path / "project",
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        )

    done = run(20)
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗  003  data loss detected" in done.stdout
    for files in range(7, 12):
        done = run(files)
        assert done.returncode in {1, 2}
        assert done.stderr.count("\n") == (done.returncode == 2), files
        assert "failed" not in done.stdout


def test_a_folder_that_was_removed_is_told(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "project")
    (tmp_path / "gone").mkdir()
    command = f"rmdir ../gone; exec '{sys.executable}' -m mrt_lint verify -c '{tmp_path}/project/alembic.ini'"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path / "gone",
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(EXAMPLE.parents[2])},
    )
    assert done.returncode == 2
    assert done.stderr == "mrt verify: The current folder is not there any more: change to the project's, and run again.\n"


def test_a_migration_that_removes_the_folder_where_it_is_run_is_one_sentence(project, tmp_path):
    (tmp_path / "work").mkdir()
    project.add("a", upgrade=f"import shutil; shutil.rmtree({str(tmp_path / 'work')!r})", downgrade="pass")
    text = (project.root / "alembic.ini").read_text().replace("= migrations", f"= {project.root}/migrations")
    (project.root / "alembic.ini").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mrt_lint", "verify", "-c", project.root / "alembic.ini"],
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(EXAMPLE.parents[2])},
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"mrt verify: The folder {tmp_path}/work, where env.py is run, cannot be entered any more: ")
    assert done.stderr.count("\n") == 1
