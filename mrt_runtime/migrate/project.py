"""The user's Alembic project: its alembic.ini, the folder that its relative paths mean, and how it is handed a database."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from configparser import Error as IniError
from pathlib import Path
from typing import Any

from alembic.config import CommandLine, Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import URL, make_url

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.error import describe
from mrt_runtime.migrate.output import OutputCapture
from mrt_runtime.secret import register_text

PART = re.compile(r"\{(url|host|port|database|user|password)\}")
"""A placeholder for a part of the scratch database's URL in a variable."""
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}


class AlembicProject:
    """What stays the same over all steps of a run."""

    def __init__(self, config: MRTConfig) -> None:
        self.ini = Path(config.alembic_ini).resolve()
        if not self.ini.is_file():
            raise ConfigurationError(f"There is no {config.alembic_ini}: alembic_ini has to name the project's alembic.ini.")
        self._x_arguments = tuple(config.x_arguments)
        self._variables = dict(config.env)
        self.output = OutputCapture()
        self.alembic = Config(str(self.ini), stdout=self.output.begin())
        register_text(read_url(self.alembic))
        toml = self.ini.with_name("pyproject.toml")
        if toml.is_file():  # Alembic before 1.16 does not look there
            self.alembic.toml_file_name = str(toml)
        self._engine = self._find_engine(config.engine)
        self._application: Path | None = None
        self.home = self._find_home()
        self._options = {"upgrade": self._parse("upgrade", "heads"), "downgrade": self._parse("downgrade", "base")}

    @contextlib.contextmanager
    def at_home(self) -> Iterator[None]:
        """Change to the folder that the project's relative paths start from; sys.path is as before afterwards."""
        before, path = Path.cwd(), sys.path[:]
        os.chdir(self.home)
        try:
            yield
        finally:
            sys.path[:] = path
            os.chdir(before)

    def open_directory(self) -> ScriptDirectory:
        """Open the folder of migrations, with what alembic.ini prepends to sys.path; imports none of them yet."""
        try:
            directory = ScriptDirectory.from_config(self.alembic)
            for folder in directory._version_locations:  # noqa: SLF001  Alembic takes one that cannot be read for empty
                with contextlib.suppress(FileNotFoundError), os.scandir(folder):
                    pass
        except OSError as error:
            raise ConfigurationError(f"{error.filename} cannot be read: {error.strerror}.") from None
        except (CommandError, ImportError, IniError, ValueError) as error:
            raise ConfigurationError(f"{self.ini}: {end(describe(error).partition(': ')[2])}") from None
        if self._application is not None:
            sys.path.insert(0, str(self._application))
        # Python remembers which folder "." was when it first looked there; it has been another one since.
        sys.path[:] = [str(self.home / entry) if entry else entry for entry in sys.path]
        return directory

    def hand_over(self, url: URL) -> None:
        """Set the URL in the configuration that env.py reads, every time, because env.py may have replaced it.

        An env.py that goes over several databases is left with the chosen one.
        """
        spelled = spell(url).replace("%", "%%")
        self.alembic.set_main_option("sqlalchemy.url", spelled)
        if self._engine is not None:
            self.alembic.set_main_option("databases", self._engine)
            self.alembic.set_section_option(self._engine, "sqlalchemy.url", spelled)

    def variables(self, url: URL) -> dict[str, str]:
        """Return the environment variables that MRTConfig.env asks for, the parts of the URL in place of their names."""
        parts = {
            "url": spell(url),
            "host": url.host,
            "port": url.port or DEFAULT_PORTS.get(url.get_backend_name()),
            "database": url.database,
            "user": url.username,
            "password": url.password,
        }
        return {
            name: PART.sub(lambda part: str(parts[part[1]] if parts[part[1]] is not None else ""), value)
            for name, value in self._variables.items()
        }

    @property
    def named_variables(self) -> frozenset[str]:
        """Names of the environment variables that MRTConfig.env sets."""
        return frozenset(self._variables)

    def read_env_py(self) -> str:
        """Return the source of env.py; empty where it is in an installed package, or cannot be read."""
        try:
            return Path(self.home, self._read_location() or "", "env.py").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def options(self, command: str) -> Namespace:
        """Return the command line that a deploy would have used, for env.py files that look at it (`-x`, the command's name)."""
        return self._options[command]

    def _find_engine(self, wanted: str | None) -> str | None:
        """Return which of several databases is verified; None where alembic.ini names none, as usual.

        Alembic's multidb template keeps their names in `databases`, and the URL of each in a section of that name.
        """
        try:
            listed = self.alembic.file_config.get(self.alembic.config_ini_section, "databases", fallback="")
        except (IniError, UnicodeDecodeError, CommandError, ValueError):  # reading the next setting says so
            return None
        names = [name for name in re.split(r"[,\s]+", listed) if name]
        if wanted is None and len(names) <= 1:
            return names[0] if names else None
        if wanted in names:
            return wanted
        if not names:
            raise ConfigurationError(f"engine is {wanted!r}, and {self.ini.name} names no databases under [alembic]: leave it out.")
        raise ConfigurationError(
            f"{self.ini.name} names several databases, {' and '.join(names)}, and they are verified one at a time: choose with "
            f'--engine {names[0]}, engine = "{names[0]}" under [tool.mrt], or MRTConfig(engine="{names[0]}"), and db_url with it.'
        )

    def _find_home(self) -> Path:
        """Choose where `script_location` starts: in the current folder, which Alembic means, in alembic.ini's, or in one above it.

        `flask db` overrides it, so an alembic.ini beside env.py may say anything there.
        """
        location, own = self._read_location(), self.ini.parent
        if location is None:
            return self._take_own_folder(own.parent)
        if Path(location).is_absolute() or ":" in location:
            return Path.cwd()
        homes = (Path.cwd(), own)
        home = next((folder for folder in homes if (folder / location / "env.py").is_file()), None)
        if (own / "env.py").is_file() and (home is None or (home / location).resolve() == own):
            places = (folder for folder in (*homes, *own.parents) if (folder / location).resolve() == own)
            return self._take_own_folder(next((folder for folder in places if folder != own), own.parent))
        return home or next((folder for folder in homes if (folder / location).is_dir()), own)

    def _take_own_folder(self, home: Path) -> Path:
        """Read an alembic.ini beside env.py: it names that folder, and starts in `home`, for Flask-Migrate in the one above."""
        folder = self.ini.parent
        if not (folder / "env.py").is_file():
            raise ConfigurationError(
                f"{self.ini} names no script_location: write `script_location = %(here)s/migrations` under [alembic], for the "
                "folder that holds env.py."
            )
        self.alembic.set_main_option("script_location", str(folder).replace("%", "%%"))
        self._application = home
        return home

    def _read_location(self) -> str | None:
        read: Any = getattr(self.alembic, "get_alembic_option", self.alembic.get_main_option)
        try:
            location: str | None = read("script_location")
        except (IniError, UnicodeDecodeError, CommandError, ValueError) as error:
            raise ConfigurationError(f"{self.ini} cannot be read: {describe(error).partition(': ')[2]}.") from None
        return location

    def _parse(self, *command: str) -> Namespace:
        arguments = [part for argument in self._x_arguments for part in ("-x", argument)]
        return CommandLine().parser.parse_args(["-c", str(self.ini), *arguments, *command])


def spell(url: URL) -> str:
    """Return the URL as text, the folder of a server's socket in it with plain slashes.

    Many an env.py gives a URL to `config.set_main_option()`, which refuses a `%`.
    """
    written = url.render_as_string(hide_password=False)
    address, mark, query = written.partition("?")
    plain = address + mark + query.replace("%2F", "/")
    return plain if make_url(plain) == url else written


def read_url(alembic: Config) -> str:
    """Read the URL of an alembic.ini as it is written; empty where there is none."""
    try:
        return alembic.file_config.get(alembic.config_ini_section, "sqlalchemy.url", raw=True, fallback="")
    except (IniError, UnicodeDecodeError, CommandError, ValueError):  # reading the next setting says so
        return ""
