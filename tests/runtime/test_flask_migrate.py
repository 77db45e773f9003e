"""Projects of Flask-Migrate: env.py asks the current application for its database, and `flask db` is not there to provide one."""

import os
import sys
from importlib.metadata import distribution
from pathlib import Path
from textwrap import dedent

import pytest

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.verify.session import Verification

TEMPLATE = Path(distribution("flask-migrate").locate_file("flask_migrate/templates/flask/env.py"))
OLDER = """
from alembic import context
from flask import current_app
from sqlalchemy import engine_from_config, pool

config = context.config
config.set_main_option("sqlalchemy.url", current_app.config.get("SQLALCHEMY_DATABASE_URI").replace("%", "%%"))
target_metadata = current_app.extensions["migrate"].db.metadata
engine = engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=target_metadata, **current_app.extensions["migrate"].configure_args
    )
    with context.begin_transaction():
        context.run_migrations()
"""
APPLICATION = """
    import os

    from flask import Flask
    from flask_migrate import Migrate
    from flask_sqlalchemy import SQLAlchemy


    def create_app():
        app = Flask("shop")
        app.config["SQLALCHEMY_DATABASE_URI"] = {uri}
        app.config["GREETING"] = os.environ["GREETING"]
        Migrate(app, SQLAlchemy(app))
        return app
"""
READS = "from flask import current_app\n    assert current_app.config['GREETING'] == 'hello'"


@pytest.fixture
def shop(project, monkeypatch):
    """A project as `flask db init` makes it, with one migration."""
    (project.root / "alembic.ini").unlink()
    (project.root / "migrations" / "alembic.ini").write_text("[alembic]\n[loggers]\nkeys = root\n" + LOGGING)
    project.env.write_text(TEMPLATE.read_text())
    project.add("a")
    monkeypatch.chdir(project.root)
    yield project
    for name in ("wsgi", "shop"):
        sys.modules.pop(name, None)


LOGGING = """
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(message)s
"""


def outcomes(shop, url="sqlite:///test.db", **settings):
    config = MRTConfig(alembic_ini=str(shop.root / "migrations" / "alembic.ini"), db_url=url, **settings)
    with Verification(config) as verification:
        return [verdict.outcome.value for verdict in verification.check_all()]


@pytest.mark.parametrize("source", [TEMPLATE.read_text(), OLDER], ids=["the template", "an older one"])
def test_env_py_finds_an_application_connected_to_the_scratch_database(shop, source):
    shop.env.write_text(source)
    assert outcomes(shop) == ["reversible"]


@pytest.mark.parametrize("location", [".", "%(here)s", "migrations", "elsewhere", "./"])
@pytest.mark.parametrize("folder", [".", "migrations", ".."])
def test_a_location_that_flask_db_overrides_is_that_of_alembic_ini(shop, monkeypatch, location, folder):
    ini = shop.root / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]\n", f"[alembic]\nscript_location = {location}\n"))
    monkeypatch.chdir(folder)
    assert outcomes(shop) == ["reversible"]


def test_a_server_that_asks_for_a_password_lets_it_in(shop, postgres_url):
    assert outcomes(shop, postgres_url) == ["reversible"]


def test_the_application_that_is_named_is_the_current_one(shop):
    shop.add("b", "a", upgrade=READS, downgrade="pass")
    (shop.root / "wsgi.py").write_text(dedent(APPLICATION.format(uri='os.environ["SHOP_URL"]')))
    named = {"FLASK_APP": "wsgi.py", "GREETING": "hello", "SHOP_URL": "{url}"}
    assert outcomes(shop, env=named) == ["reversible", "reversible"]


def test_migrations_are_imported_within_the_application_that_is_named(shop):
    file = shop.add("b", "a")
    file.write_text("from flask import current_app\nassert current_app.config['GREETING'] == 'hello'\n" + file.read_text())
    (shop.root / "wsgi.py").write_text(dedent(APPLICATION.format(uri='os.environ["SHOP_URL"]')))
    with pytest.raises(ConfigurationError) as failed:
        outcomes(shop)
    assert "KeyError: 'GREETING'" in str(failed.value)
    assert 'FLASK_APP = "wsgi.py" under [tool.mrt.env]' in str(failed.value)
    named = {"FLASK_APP": "wsgi:create_app()", "GREETING": "hello", "SHOP_URL": "{url}"}
    assert outcomes(shop, env=named) == ["reversible", "reversible"]


def test_a_migration_that_finds_none_of_the_settings_is_warned_of(shop):
    """What it writes then is not what it writes in a deploy."""
    shop.add("b", "a", upgrade="from flask import current_app\n    current_app.config.get('GREETING')", downgrade="pass")
    shop.add("c", "b", upgrade="from flask import current_app\n    current_app.config['GREETING']", downgrade="pass")
    config = MRTConfig(alembic_ini="migrations/alembic.ini", db_url="sqlite:///test.db")
    with Verification(config) as verification:
        silent, quiet, loud = verification.check_all()
    words = (
        "current_app holds none of the project's settings here. If your Flask application is needed for it, name it: FLASK_APP ="
    )
    assert silent.warnings == ()
    assert words in quiet.warnings[0]
    assert words in loud.failures[0].message


def test_the_application_that_is_named_has_the_variables_of_its_env_file(shop):
    shop.add("b", "a", upgrade=READS, downgrade="pass")
    (shop.root / "wsgi.py").write_text(dedent(APPLICATION.format(uri='os.environ["SHOP_URL"]')))
    (shop.root / ".env").write_text(f"GREETING=hello\nSHOP_URL=sqlite:///{shop.root}/production.db\n")
    assert outcomes(shop, env={"FLASK_APP": "wsgi.py", "SHOP_URL": "{url}"}) == ["reversible", "reversible"]
    assert "GREETING" not in os.environ


def test_an_application_with_another_database_is_refused_before_its_first_statement(shop):
    other = shop.root / "production.db"
    (shop.root / "wsgi.py").write_text(dedent(APPLICATION.format(uri=repr(f"sqlite:///{other}"))))
    with pytest.raises(ConfigurationError, match=r"production\.db instead of the scratch database"):
        outcomes(shop, env={"FLASK_APP": "wsgi.py", "GREETING": "hello"})
    assert not other.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wsgi.py", "KeyError: 'GREETING', an environment variable that is not set"),
        ("nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("imports", "ModuleNotFoundError: No module named 'absent' (imports.py:1)"),
    ],
)
def test_an_application_that_cannot_be_loaded_is_reported_in_one_sentence(shop, name, words):
    (shop.root / "wsgi.py").write_text(dedent(APPLICATION.format(uri='os.environ["SHOP_URL"]')))
    (shop.root / "imports.py").write_text("import absent\n")
    with pytest.raises(ConfigurationError) as failed:
        outcomes(shop, env={"FLASK_APP": name, "SHOP_URL": "{url}"})
    assert str(failed.value).startswith(f"The Flask application that FLASK_APP names, {name}, cannot be loaded: ")
    assert words in str(failed.value)
    assert "leave FLASK_APP out" in str(failed.value)


def test_env_py_that_pushes_a_context_itself_keeps_it(shop):
    (shop.root / "shop.py").write_text(dedent(APPLICATION.format(uri='os.environ["SHOP_URL"]')))
    shop.add("b", "a", upgrade=READS, downgrade="pass")
    pushes = "from flask import has_app_context\nif not has_app_context():\n    from shop import create_app\n    create_app().app_context().push()\n"
    shop.env.write_text(pushes + shop.env.read_text())
    assert outcomes(shop, env={"GREETING": "hello", "SHOP_URL": "{url}"}) == ["reversible", "reversible"]
