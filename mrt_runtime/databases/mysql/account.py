"""An account of its own for a scratch database: it may do everything there and nothing anywhere else, whatever a statement says.

It is named after the run's token, "mrt_<token>_1", as the databases are: a sweep finds those of dead runs. It never exists
without its database, which is made before it and dropped after it, so its name follows from the database's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sqlalchemy import create_engine, exc
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from mrt_runtime.databases.mysql.names import account_name
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.sentences import end, join

PASSWORD_LENGTH = 32
PASSWORD_PLUGINS = ("caching_sha2_password", "sha256_password", "ed25519", "parsec", "mysql_native_password")
"""Plugins that take a password. Source: the manuals' chapters on pluggable authentication."""
GRANT = re.compile(r"GRANT .*? ON (?P<target>(?:\*|`(?:[^`]|``)*`)\.(?:\*|\S+)) TO ")
SUFFIX = re.compile(r"_mrt_[0-9a-f]{20}_.*$")
"""What a scratch database's name appends to the given one's."""
VISIBLE = frozenset({"information_schema", "performance_schema"})
"""Databases that every account sees and that none can change without a right that the scratch account is not given."""


class NoAccountError(Exception):
    """No account can be made; the message is the end of a sentence that says why and what to grant."""


@dataclass(frozen=True, slots=True)
class ScratchAccount:
    """An account that exists for one scratch database."""

    name: str
    host: str
    password: str
    exposed: tuple[str, ...] = ()
    """Other databases in which every account of the server has rights."""

    @property
    def spelled(self) -> str:
        """The account as SQL spells it."""
        return spell(self.name, self.host)

    @property
    def current_user(self) -> str:
        """What CURRENT_USER() is for it."""
        return f"{self.name}@{self.host}"

    def enter(self, url: URL) -> URL:
        """Return a URL with this account in place of the one that it names."""
        return url.set(username=self.name, password=self.password)


@dataclass(frozen=True, slots=True)
class Login:
    """What an account sees when it logs in."""

    user: str
    schemas: frozenset[str]
    grants: tuple[str, ...]

    def find_more_than(self, database: str) -> set[str]:
        """Return what it has rights in besides a database: by grants to PUBLIC, or by roles that every account has."""
        own = {"*.*": "GRANT USAGE ON", f"{pattern_of(database)}.*": "GRANT ALL PRIVILEGES ON"}
        more = set()
        for grant in self.grants:
            match = GRANT.match(grant)
            if match is None or not grant.startswith(own.get(match["target"], "\0")):
                more.add(re.sub(r"(?<=`)\.\*$", "", match["target"]) if match is not None else grant)
        return more


class Accounts:
    """Makes and drops the accounts of one server's scratch databases."""

    def __init__(self, server: MySQLServer) -> None:
        self._server = server
        self.user, _, self.host = str(server.run("SELECT CURRENT_USER()")[0][0]).rpartition("@")

    def make(self, number: int, url: URL, env_url: URL) -> ScratchAccount:
        """Make the account of a scratch database and prove that it can log in there, as we do and as env.py does.

        Raises NoAccountError where there can be none; nothing of it is left then.
        """
        name = account_name(self._server.token, number)
        causes = []
        # which of several accounts of one name is taken depends on the host; proving it by a login is the only way to know
        for host in self._hosts():
            for clause in self._identifications(password := make_password()):
                account = ScratchAccount(name, host, password)
                try:
                    self._server.run(f"CREATE USER {account.spelled} {clause}")
                except exc.DBAPIError as error:
                    causes.append(self._explain(error, str(url.database)))
                    continue
                try:
                    return self._complete(account, url, env_url)
                except NoAccountError as error:
                    causes.append(str(error))
                    self._drop(account)
                except BaseException:  # Ctrl-C among them
                    self._drop(account)
                    raise
        raise NoAccountError(causes[0])

    def _drop(self, account: ScratchAccount) -> None:
        self._server.run(f"DROP USER IF EXISTS {account.spelled}")

    def _complete(self, account: ScratchAccount, url: URL, env_url: URL) -> ScratchAccount:
        database = str(url.database)
        try:
            self._server.run(f"GRANT ALL PRIVILEGES ON {pattern_of(database)}.* TO {account.spelled}")
        except exc.DBAPIError as error:
            raise NoAccountError(self._explain(error, database)) from None
        login = self._prove(account, url)
        if env_url.drivername != url.drivername:
            self._prove(account, env_url)
        seen = {quote(schema) for schema in login.schemas - VISIBLE - {database}}
        return replace(account, exposed=tuple(sorted({*seen, *login.find_more_than(database), *self._find_anonymous()})))

    def _prove(self, account: ScratchAccount, url: URL) -> Login:
        """Log in as env.py will; return what was seen."""
        try:
            login = log_in(account.enter(url), self._server)
        except Exception as error:  # noqa: BLE001  drivers have no common class of their own for what goes wrong here
            cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
            words = end(join(cause.args[-1] if cause.args else cause)).rstrip(".")
            raise NoAccountError(f"an account made for it cannot log in with {url.drivername} ({words})") from None
        if login.user != account.current_user:
            raise NoAccountError(f"the server takes an account made for it, {account.spelled}, for {login.user}")
        return login

    def _hosts(self) -> Iterator[str]:
        """List the hosts for which an account may be found first: as the given account's, and as the server sees this client."""
        yield self.host
        client = str(self._server.run("SELECT USER()")[0][0]).rpartition("@")[2]
        if client != self.host:
            yield client

    def _identifications(self, password: str) -> Iterator[str]:
        """List the ways to set the password: by the plugin of the given account, then by the server's own choice."""
        try:
            definition = str(self._server.run("SHOW CREATE USER CURRENT_USER")[0][0])
        except exc.DBAPIError:
            definition = ""
        plugin = next((plugin for plugin in PASSWORD_PLUGINS if plugin in definition), None)
        if plugin is not None and "mariadb" in str(self._server.run("SELECT VERSION()")[0][0]).lower():
            yield f"IDENTIFIED VIA {plugin} USING PASSWORD({literal(password)})"
        elif plugin is not None:
            yield f"IDENTIFIED WITH {plugin} BY {literal(password)}"
        yield f"IDENTIFIED BY {literal(password)}"

    def _find_anonymous(self) -> set[str]:
        """Return the databases in which the anonymous account, and so every one, has rights; none where that cannot be read."""
        with contextlib.suppress(exc.DBAPIError):
            return {quote(str(name)) for (name,) in self._server.run("SELECT db FROM mysql.db WHERE user = ''")}
        return set()

    def _explain(self, error: exc.DBAPIError, database: str) -> str:
        words = end(join(error.orig.args[-1] if error.orig is not None and error.orig.args else error)).rstrip(".")
        own = spell(self.user, self.host)
        return (
            f"the account {own} may make no account for it ({words}): GRANT CREATE USER ON *.* TO {own}, and GRANT ALL ON "
            f"{pattern_of(SUFFIX.sub('', database))[:-1]}\\_mrt\\_%`.* TO {own} WITH GRANT OPTION"
        )


def pattern_of(database: str) -> str:
    """Quote a database's name for GRANT, which takes `_` and `%` for wildcards unless a backslash is before them."""
    return quote(re.sub(r"([\\_%])", r"\\\1", database))


def spell(user: str, host: str) -> str:
    """Write an account as SQL spells it."""
    return f"{quote(user)}@{quote(host)}"


def make_password() -> str:
    """Return a password that needs no quoting in a URL or an ini file and that usual rules for passwords accept."""
    letters = string.ascii_letters + string.digits
    # validate_password asks for a digit, both cases and a special character
    return "".join(secrets.choice(letters) for _ in range(PASSWORD_LENGTH - 4)) + "-aZ7"


def log_in(url: URL, server: MySQLServer) -> Login:
    """Log in, with a sync or an async driver, and look around."""
    if not url.get_dialect().is_async:
        engine: Engine = server.handshake.watch(create_engine(url, future=True, poolclass=NullPool))
        with engine.connect() as connection:
            return look_around(connection)

    async def ask() -> Login:
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  only for the few whose driver is async

        async with create_async_engine(url, poolclass=NullPool).connect() as connection:
            return await connection.run_sync(look_around)

    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop that runs
        return thread.submit(asyncio.run, ask()).result()


def look_around(connection: Connection) -> Login:
    """Return who is logged in and what can be seen and done."""
    return Login(
        user=str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()),
        schemas=frozenset(map(str, connection.exec_driver_sql("SELECT schema_name FROM information_schema.schemata").scalars())),
        grants=tuple(map(str, connection.exec_driver_sql("SHOW GRANTS").scalars())),
    )
