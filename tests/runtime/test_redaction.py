"""Whatever a project does with its secrets, no output of a run shows them: not the terminal, JSON, JUnit's XML or a log."""

import json
import logging
import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from mrt_runtime.redaction import RedactedLog, redact_report, redact_verdict
from mrt_runtime.secret import register_secret
from mrt_runtime.verdict import Failure, Outcome, RowExample, Verdict

pytestmark = pytest.mark.exhaustive

PASSWORD, PHRASE, TOKEN = "corr%ct h/rse", "b@ttery-staple", "tok3n-of-env-py"
PIECES = ("rse", "b@ttery", "b%40ttery", "ttery-staple", "tok3n")
LEAKY_ENV = """
import logging
from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
logging.getLogger("leaky").error("connecting to %s", url)
engine = create_engine(url, poolclass=pool.NullPool, connect_args={"application_name": "x", "passfile": "/TOKEN"})
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
""".replace("TOKEN", TOKEN)
LEAK = """url = op.get_bind().engine.url
    print(url.render_as_string(hide_password=False), dict(url.query))
    password = url.password
    raise RuntimeError(f"{password} {url.render_as_string(hide_password=False)} {url.query!r} /TOKEN")""".replace("TOKEN", TOKEN)
TEST = """
import logging, os
import sqlalchemy as sa
from mrt_runtime.plugin.collect import settle_session

def test_one(mrt, request):
    config = settle_session(request.config)
    engine = mrt._sandbox.scratch.engine
    raw = config.db_url
    password = sa.make_url(raw).password
    arguments = engine.dialect.create_connect_args(engine.url)
    print(password, arguments)
    logging.getLogger("x").warning("with %r", arguments)
    mrt.upgrade("a")

def test_two(mrt):
    mrt.assert_all_reversible()
"""


@pytest.fixture
def leaky(project, postgres_url, tmp_path):
    """A project that gives its secrets away at every opportunity, and the environment to verify it in."""
    project.env.write_text(LEAKY_ENV)
    project.add("a", upgrade=LEAK)
    (tmp_path / "test_it.py").write_text(TEST)
    url = sa.make_url(postgres_url).set(password=PASSWORD, query={"sslpassword": PHRASE})

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=os.environ | {"MRT_DATABASE_URL": url.render_as_string(hide_password=False)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, "".join([done.stdout, done.stderr, *(file.read_text() for file in tmp_path.glob("*.out"))])

    return run


def shown(text):
    return [line for line in text.splitlines() if any(piece in line for piece in PIECES)]


@pytest.mark.parametrize("style", ["long", "native"])
def test_pytest_shows_no_secret_with_all_the_locals(leaky, style):
    options = ("-l", f"--tb={style}", "--junitxml=junit.out", "-ojunit_logging=all", "-olog_cli=true", "-olog_level=DEBUG", "--mrt")
    done, text = leaky("pytest", "-p", "no:cacheprovider", *options)
    assert done.returncode == 1
    assert "RuntimeError: ***" in text
    assert "connecting to postgresql" in text
    assert shown(text) == []


def test_pytest_shows_no_secret_of_its_workers(leaky):
    _, text = leaky("pytest", "-p", "no:cacheprovider", "-n1", "-l", "-vv", "--junitxml=junit.out")
    assert "RuntimeError: ***" in text
    assert shown(text) == []


@pytest.mark.parametrize("form", ["table", "json"])
def test_mrt_verify_shows_no_secret(leaky, form):
    done, text = leaky("mrt_lint", "verify", "--format", form)
    assert done.returncode == 1
    assert "RuntimeError: ***" in text
    assert shown(text) == []
    if form == "json":
        assert json.loads(done.stdout)["database"]["url"].endswith("?sslpassword=***")


def test_a_server_that_is_not_there_is_told_without_the_secrets_of_its_url(project, tmp_path):
    project.add("a")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mrt_lint",
            "verify",
            "--db-url",
            "postgresql://u@127.0.0.1:1/d?password=hunter2&sslpassword=hunter3",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "u@127.0.0.1:1/d?password=***&sslpassword=***" in done.stderr
    assert "hunter" not in done.stderr


def test_a_verdict_keeps_its_names_and_loses_its_secrets():
    register_secret("hunter2-x")
    row = RowExample(before={"hunter2-x": "hunter2-x"}, after=None)
    failure = Failure(kind="data-loss", message="says hunter2-x", table="hunter2-x", evidence=("hunter2-x",), examples=(row,))
    verdict = Verdict(
        revision="hunter2-x", outcome=Outcome.DATA_LOSS, failures=(failure,), warnings=("hunter2-x",), unseeded={"t": "hunter2-x"}
    )
    shown = redact_verdict(verdict)
    assert shown.revision == shown.failures[0].table == "hunter2-x"
    assert (shown.failures[0].message, shown.failures[0].evidence, shown.warnings) == ("says ***", ("***",), ("***",))
    assert shown.unseeded == {"t": "***"}
    assert shown.failures[0].examples == (RowExample(before={"hunter2-x": "***"}, after=None),)


def test_a_long_value_that_was_cut_in_the_middle_shows_no_half_of_a_secret():
    register_secret("hunter2-is-the-password")

    class Report:
        longrepr = "arguments = {'x': 'hunter2-is-th...word', 'y': 1}"
        sections = ()
        user_properties = ()

    assert redact_report(Report()).longrepr == "arguments = {'x': '***...***', 'y': 1}"


def test_log_records_lose_their_secrets_and_others_stay_as_they_are(caplog):
    register_secret("hunter2-x")
    log = RedactedLog()
    log.open()
    logging.getLogger("x").warning("with %s", "hunter2-x")
    logging.getLogger("x").warning("with %d", 3)
    log.close()
    logging.getLogger("x").warning("after %d", 4)
    first, second, third = caplog.records
    assert (first.getMessage(), first.args) == ("with ***", ())
    assert (second.msg, second.args) == ("with %d", (3,))
    assert third.msg == "after %d"
