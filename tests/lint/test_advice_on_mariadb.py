"""What a finding advises on MySQL and MariaDB runs on a server, for tables with names of all kinds."""

import os
import re

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.check.judgement import judge
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings
from tests.lint.test_advice import BEFORE, KINDS, calls, histories, run, statements

URL = os.environ.get("MRT_TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306")
_QUERY = re.compile(r": (SELECT .*)$")
CODES = ["MRT110", "MRT201", "MRT202", "MRT205", "MRT301", "MRT302", "MRT401", "MRT402", "MRT406", "MRT408", "MRT409"]


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("pymysql")
    engine = sa.create_engine(sa.make_url(URL).set(database=None, drivername="mysql+pymysql"), isolation_level="AUTOCOMMIT")
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        pytest.skip("no MySQL or MariaDB server")
    yield engine
    engine.dispose()


@pytest.fixture
def op(engine):
    """Operations in a database of their own."""
    name = f"mrt_advice_{os.getpid()}"
    with engine.connect() as connection:
        for statement in (f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}", f"USE {name}"):
            connection.execute(sa.text(statement))
        yield Operations(MigrationContext.configure(connection))
        connection.execute(sa.text(f"DROP DATABASE {name}"))


def on_mysql(source: str) -> str:
    """Return a migration as MySQL takes it: text in a key has a length, a change of a column its type."""
    source = source.replace("sa.Text", "sa.String(50)")
    return re.sub(r"(op\.alter_column\([^)]*)\)", r"\1, existing_type=sa.String(50))", source)


def advice(kind: str, code: str, dialect: str) -> str:
    sources = {path: on_mysql(text).encode() for path, text in histories(kind, code).items()}
    readings = {path: read(MigrationSource(path, text, dialect)) for path, text in sources.items()}
    report = judge(sources, readings, Settings(extend_select=("MRT4", "MRT1")).over(dialect=dialect), ())
    return next(finding.instead for finding in report.findings if finding.code == code and finding.path == "b.py")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("kind", KINDS)
def test_advice_runs_on_mysql_and_mariadb(op, kind, code):
    sources = {path: on_mysql(text) for path, text in histories(kind, code).items()}
    run(op, sources["a.py"])
    if code not in BEFORE:
        run(op, sources["b.py"])
    text = advice(kind, code, "mariadb")
    assert text == advice(kind, code, "mysql")
    queries, made = [*statements(text), *_QUERY.findall(text)], list(calls(text))
    assert queries or made, "something runs"
    for statement in queries:
        op.execute(sa.text(statement.replace(":", r"\:")))
    for call in made:
        exec(call.replace("existing_type=…", "existing_type=sa.String(50)").replace("= …", "= DEFAULT"), {"op": op, "sa": sa})
