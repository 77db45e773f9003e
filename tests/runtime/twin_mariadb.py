"""A private MariaDB server that runs the same program as one that is installed, in memory.

The installed one writes each table that is made or dropped to disk, and it is one process for all tests: what crashes it, fails
the rest of them.
"""

import contextlib
import getpass
import os
import shutil
import subprocess

import sqlalchemy as sa

from tests.runtime.guarded_server import make_folder, serve, unused_port

INSTALLED = "SELECT @@version, @@character_set_server, @@collation_server"
HASTE = [
    "innodb-flush-log-at-trx-commit=0",
    "innodb-flush-method=nosync",
    "innodb-doublewrite=0",
    "sync-frm=0",
    "innodb-fast-shutdown=2",
]
NO_ANONYMOUS_ACCOUNTS = ["DELETE FROM mysql.global_priv WHERE user = ''", "FLUSH PRIVILEGES"]
ANY_CHARACTERS = ("utf8mb4", "utf8mb4_general_ci")


@contextlib.contextmanager
def twin(server):
    """The URL of such a server; the given one's own where that runs on another machine or is another program or version."""
    characters = find_installed(server)
    if characters is None:
        yield server
        return
    folder = make_folder()
    data, temporary = folder / "data", folder / "temporary"
    temporary.mkdir()
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}", f"--tmpdir={temporary}"]
    install = [shutil.which("mariadb-install-db"), *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True, env=os.environ | {"TMPDIR": str(temporary)})
    port = unused_port()
    options = [f"port={port}", f"socket={folder}/s", f"pid-file={folder}/pid", f"log-error={folder}/log", "bind-address=127.0.0.1"]
    options += [f"character-set-server={characters[0]}", f"collation-server={characters[1]}", *HASTE]
    url = server.set(host="127.0.0.1", port=port, username="root", password=None, query={})
    command = [shutil.which("mariadbd"), *common, *(f"--{option}" for option in options)]
    with serve(url, folder, command, "KILL"):
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
            for statement in NO_ANONYMOUS_ACCOUNTS:  # which the server prefers to accounts of any host, and Debian does not have
                connection.exec_driver_sql(statement)
        yield url


def is_installed():
    return shutil.which("mariadbd") is not None and shutil.which("mariadb-install-db") is not None


def find_installed(server):
    """The character set and collation of the installed server that is given; None where it is not this machine's program."""
    if not is_installed() or server.host not in {"127.0.0.1", "localhost"}:
        return None
    with contextlib.suppress(sa.exc.OperationalError), sa.create_engine(server, poolclass=sa.NullPool).connect() as connection:
        version, *characters = connection.exec_driver_sql(INSTALLED).one()
        told = subprocess.run([shutil.which("mariadbd"), "--version"], check=True, capture_output=True, text=True).stdout
        return characters if version.partition("-")[0] in told else None
    return ANY_CHARACTERS  # the installed program, which does not run or has crashed
