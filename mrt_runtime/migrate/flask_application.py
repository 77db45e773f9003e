"""The Flask application that env.py finds in `current_app`: the one that FLASK_APP names, or one of the run's own."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import URL

from mrt_runtime.compare.blame import contains_word, place_of
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.error import describe, locate
from mrt_runtime.migrate.modules import is_own
from mrt_runtime.migrate.project import AlembicProject, spell

NAME = "FLASK_APP"
"""The variable in which `flask` looks for the application; here it counts where the configuration sets it."""
USUAL_FILES = ("wsgi.py", "app.py", "manage.py", "application.py", "run.py")


class FlaskApplication:
    """Provides for env.py and the migrations what `flask db` would.

    An env.py that has an application's context of its own (`app_context`) is left alone. Otherwise the one that FLASK_APP
    names is loaded; where none is named, an env.py that asks for `current_app` finds one that holds nothing but the scratch
    database: loading the project's can connect to anything, and needs its whole configuration.
    """

    def __init__(self, project: AlembicProject) -> None:
        source = project.read_env_py()
        self._home = project.home
        self._is_named = NAME in project.named_variables and "app_context" not in source
        self._is_own = not self._is_named and "current_app" in source and "app_context" not in source
        self._found: tuple[URL, Any] | None = None
        self._dotenv: dict[str, str] | None = None

    @contextlib.contextmanager
    def entered(self, url: URL) -> Iterator[None]:
        """Run the body in the application's context, its connections closed afterwards; in none where none is asked for."""
        application = self._find(url)
        if application is None:
            yield
            return
        with application.app_context():
            try:
                yield
            finally:
                with contextlib.suppress(Exception):  # the application may have no Flask-Migrate, or no such engine
                    application.extensions["migrate"].db.engine.dispose()

    def forget(self) -> None:
        """Load the application again at the next run: its modules are imported again."""
        self._found = None

    def advise(self) -> str:
        """Return a sentence on the project's own application where env.py found one of the run's; empty otherwise."""
        if not self._is_own:
            return ""
        found = (name for name in USUAL_FILES if (self._home / name).is_file())
        return f' If your Flask application is needed for it, name it: {NAME} = "{next(found, "...")}" under [tool.mrt.env].'

    def warn(self, file: str | None) -> str:
        """Return a sentence where a migration asks `current_app` and finds the run's application, which has no settings."""
        if not (self._is_own and file and contains_word(file, "current_app")):
            return ""
        return f"current_app holds none of the project's settings here.{self.advise()}"

    def _find(self, url: URL) -> Any:
        if not (self._is_named or self._is_own):
            return None
        if self._is_named:
            self._read_dotenv()
        if self._found is None or self._found[0] != url:
            self._found = url, self._load() if self._is_named else make_application(url)
        return self._found[1]

    def _read_dotenv(self) -> None:
        """Set the variables of `.env` and `.flaskenv`, as `flask` does; what is set already stays."""
        if self._dotenv is None:
            before = dict(os.environ)
            with contextlib.suppress(ImportError):  # loading the application says that Flask is not there
                from flask.cli import load_dotenv  # noqa: PLC0415  the project's own Flask, where it has one

                load_dotenv()
            self._dotenv = {name: value for name, value in os.environ.items() if name not in before}
        os.environ.update(self._dotenv)

    def _load(self) -> Any:
        name = os.environ[NAME]
        try:
            from flask.cli import ScriptInfo  # noqa: PLC0415  as above

            return ScriptInfo(app_import_path=name).load_app()
        except ConfigurationError:  # the guard's: it opens another database
            raise
        except (Exception, SystemExit) as raised:  # noqa: BLE001  a project's own code raises what it likes
            # of an ImportError, Flask makes a text with the whole traceback
            error = raised.__context__ if isinstance(raised.__context__, ImportError) else raised
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame.filename for frame in reversed(frames) if is_own(frame.filename, f"{self._home}/")]
            file, line = locate(error, own[:1])
            why = end(describe(error) + place_of(file, line))
            raise ConfigurationError(
                f"The Flask application that {NAME} names, {name}, cannot be loaded: {why} Set what it "
                f"needs under [tool.mrt.env], or leave {NAME} out: env.py then finds an application that holds only the scratch "
                "database."
            ) from None


def make_application(url: URL) -> Any:
    """Make an application with Flask-SQLAlchemy and Flask-Migrate on a database; None where these are not installed."""
    try:
        from flask import Flask  # noqa: PLC0415  only where a project has it
        from flask_migrate import Migrate  # noqa: PLC0415  as Flask
        from flask_sqlalchemy import SQLAlchemy  # noqa: PLC0415  as Flask
    except ImportError:
        return None
    application = Flask(__name__)
    application.config.update(SQLALCHEMY_DATABASE_URI=spell(url), SQLALCHEMY_TRACK_MODIFICATIONS=False)
    Migrate(application, SQLAlchemy(application))
    return application
