"""URLs: reading them, showing them without what is secret, and choosing a driver that is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sqlalchemy_version import IS_1_4
from mrt_runtime.secret import MASK, NAME, conceal, register_secret, register_settings, register_text, scrub

ASYNC_DRIVERS = {
    "sqlite": {"aiosqlite": "aiosqlite"},
    "postgresql": {"asyncpg": "asyncpg", "psycopg_async": "psycopg"},
    "mysql": {"aiomysql": "aiomysql", "asyncmy": "asyncmy"},
    "mariadb": {"aiomysql": "aiomysql", "asyncmy": "asyncmy"},
}
"""SQLAlchemy's name of each async driver → the module to import, best first."""


def parse_url(url: str | URL) -> URL:
    """Read a URL, and register its secrets. Raises ConfigurationError where it is none.

    `postgres://`, which SQLAlchemy no longer knows, is accepted.
    """
    if isinstance(url, URL):
        return register_url(url)
    register_text(url)
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise ConfigurationError(
            f"The database URL {scrub(str(url))!r} cannot be read: it looks like sqlite:///test.db or "
            "postgresql://user:password@host:5432/database (special characters in the password as %XX)."
        ) from None
    name, plus, driver = parsed.drivername.partition("+")
    # hosting providers hand out postgres:// (SQLAlchemy 1.4 dropped it)
    return register_url(parsed.set(drivername=f"postgresql{plus}{driver}") if name == "postgres" else parsed)


def register_url(url: URL) -> URL:
    """Have the secrets of a URL replaced wherever a text is written, and return the URL."""
    shown = (url.username, url.database, url.host, url.get_backend_name())
    register_secret(url.password, apart_from=shown)
    register_settings(url.query, shown)
    return url


def mask(url: URL) -> str:
    """Show a URL without its password and what else is secret in it."""
    hidden = {name: MASK for name in url.query if NAME.search(name)}
    shown = url.update_query_dict(hidden).render_as_string(hide_password=True)
    # in a URL the mask is written %2A%2A%2A
    return conceal(shown.replace(quote_plus(MASK), MASK))


def choose_driver(url: URL, sync: Mapping[str, str], extra: str, package: str = "") -> URL:
    """Return the URL with a sync driver that is installed.

    sync: SQLAlchemy's name of each sync driver → the module to import, best first. The one that the URL names is kept
    where it is among them. For the ConfigurationError where none is installed, `extra` is the one of ours that brings one,
    and `package` what brings it alone.
    """
    _, _, named = url.drivername.partition("+")
    backend = url.get_backend_name()
    known = {driver: module for driver, module in sync.items() if is_known(url.set(drivername=f"{backend}+{driver}"))}
    for driver in (named, *known):
        if driver in known and is_installed(known[driver]):
            return url.set(drivername=f"{backend}+{driver}")
    alone = f", or the driver alone: pip install {package}" if package else ""
    # the extra brings the best one, which SQLAlchemy 1.4 may be too old for
    advice = f"pip install 'pytest-mrt[{extra}]'{alone}" if known.keys() == sync.keys() else f"pip install {package}"
    raise ConfigurationError(f"No driver for {backend} is installed ({' or '.join(known.values())}): {advice}.")


def is_known(url: URL) -> bool:
    """Whether SQLAlchemy has a dialect for the driver that a URL names."""
    try:
        url.get_dialect()
    except exc.NoSuchModuleError:
        return False
    return True


def is_installed(module: str) -> bool:
    """Whether a module can be found. Looking for `a.b` imports `a`, and raises where that is missing."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def keep_driver(url: URL, own: URL) -> URL:
    """Return the user's URL for env.py: unchanged where its driver is installed, otherwise with the driver of `own`."""
    try:
        dialect: Any = url.get_dialect()
        # SQLAlchemy 1.4 calls it so
        (dialect.dbapi if IS_1_4 else dialect.import_dbapi)()
    except (ImportError, exc.ArgumentError):
        return url.set(drivername=own.drivername)
    return url


def find_async(url: URL) -> URL | None:
    """Return the URL with an async driver that is installed; None where there is none."""
    for driver, module in ASYNC_DRIVERS.get(url.get_backend_name(), {}).items():
        if is_installed(module):
            return url.set(drivername=f"{url.get_backend_name()}+{driver}")
    return None
