"""The MySQL or MariaDB database in `db_url`, beside which scratch databases are made."""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.engine import URL

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, keep_driver, mask
from mrt_runtime.databases.isolation import ROLE, STATEMENTS, Isolation
from mrt_runtime.databases.mysql.account import Accounts, NoAccountError
from mrt_runtime.databases.mysql.created import CreatedMySQLContents
from mrt_runtime.databases.mysql.existing import ExistingMySQLContents
from mrt_runtime.databases.mysql.place import ScratchPlace
from mrt_runtime.databases.mysql.quoting import literal
from mrt_runtime.databases.mysql.scratch import MySQLScratch
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.token import make_name

DRIVERS = {"pymysql": "pymysql", "mysqldb": "MySQLdb", "mariadbconnector": "mariadb", "mysqlconnector": "mysql.connector"}
LONGEST_NAME = 64
DENIED = {1044, 1045, 1227}
"""Error numbers of missing rights. Source: MySQL's server error reference."""


class MySQLDatabase:
    """Makes databases on the given one's server, with its character set and collation."""

    def __init__(self, url: URL, own: URL, isolation: str) -> None:
        self._isolation = isolation
        self._url = url
        self._own = own
        self._server = MySQLServer(own)
        self._name = own.database or ""
        self.dialect = "mariadb" if "mariadb" in self.version().lower() else "mysql"
        self._made = 0
        self._accounts = Accounts(self._server)

    @property
    def url(self) -> str:
        return mask(self._url)

    def version(self) -> str:
        return str(self._server.run("SELECT VERSION()")[0][0])

    def make_scratch(self, worker: str = "main") -> MySQLScratch:
        self.sweep()
        self._made += 1
        stem = (self._name or "scratch").lower()  # servers on Windows and macOS store names in lower case
        name = make_name(stem, self._server.token, f"{worker}_{self._made}".lower(), LONGEST_NAME - len("_c99999"))
        contents: CreatedMySQLContents | ExistingMySQLContents = self._fill(name)
        try:
            contents.make()
        except exc.DBAPIError as error:
            if error.orig is None or error.orig.args[0] not in DENIED:
                raise
            contents = self._borrow()
        except BaseException:  # Ctrl-C among them
            contents.remove()
            raise
        own = self._own.set(database=contents.name)
        try:
            return self._isolate(contents, own, keep_driver(self._url.set(database=contents.name), own))
        except BaseException:  # Ctrl-C among them
            contents.remove()
            raise

    def _fill(self, name: str) -> CreatedMySQLContents:
        """Return what fills the scratch database of that name."""
        return CreatedMySQLContents(self._server, name, self._options())

    def _isolate(self, contents: CreatedMySQLContents | ExistingMySQLContents, url: URL, env_url: URL) -> MySQLScratch:
        """Create an account for a scratch database, where that was not declined and the given one may create it."""
        definer, isolation = None, Isolation(level=STATEMENTS, reason="it was asked for")
        if self._isolation == ROLE:
            try:
                account = self._accounts.make(self._made, url, env_url)
            except NoAccountError as error:
                isolation = Isolation(level=STATEMENTS, reason=str(error))
            else:
                url, env_url = account.enter(url), account.enter(env_url)
                self._server.accounts[contents.name] = url
                definer, isolation = account.spelled, Isolation(level=ROLE, exposed=account.exposed)
        case, log, trust = self._server.run("SELECT @@lower_case_table_names, @@log_bin, @@log_bin_trust_function_creators")[0]
        place = ScratchPlace(
            own=contents.name,
            given=self._name,
            dialect=self.dialect,
            definer=definer,
            trusts=definer is None or not int(log) or bool(int(trust)),
            folds=bool(int(case)),
        )
        return MySQLScratch(self, self._server, contents, (url, env_url), place=place, isolation=isolation)

    def sweep(self) -> None:
        self._server.sweep()

    def close(self) -> None:
        self._server.close()

    def _options(self) -> str:
        found = self._server.run(
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
            f"WHERE schema_name = {literal(self._name)}"
        )
        return f"CHARACTER SET {found[0][0]} COLLATE {found[0][1]}" if found else ""

    def _borrow(self) -> ExistingMySQLContents:
        """Use the given database itself, if it has nothing to lose."""
        contents = ExistingMySQLContents(self._server, self._name)
        trouble = contents.find_obstacle()
        if trouble is None:
            return contents
        user, _, host = str(self._server.run("SELECT CURRENT_USER()")[0][0]).partition("@")
        # in a GRANT an underscore stands for any character
        pattern = self._name.replace("_", "\\_") + "\\_mrt\\_%"
        raise ConfigurationError(
            f"The account '{user}'@'{host}' may not create scratch databases, and {self.url} cannot serve as one because it "
            f"{trouble}. Grant it with GRANT ALL ON `{pattern}`.* TO '{user}'@'{host}', or let db_url name an empty database. "
            "Nothing was touched."
        )


def connect(url: URL, isolation: str) -> MySQLDatabase:
    """Reach the server; the given database need not exist yet. Raises ConfigurationError where that fails."""
    own = choose_driver(url, DRIVERS, "mysql")
    if "charset" in own.query:  # what we write is not what the project writes
        own = own.update_query_dict({"charset": "utf8mb4"})
    return MySQLDatabase(url, own, isolation)
