"""A private PostgreSQL server that runs the same programs as one that is installed, and writes nothing for a power cut's sake.

DROP DATABASE has the whole server write to disk what it knows of, which takes seconds where hundreds of databases are made.
"""

import contextlib
import os
import pathlib
import pwd
import subprocess

import sqlalchemy as sa

from mrt_runtime.databases.embedded import HASTE
from tests.runtime.guarded_server import make_folder, serve, unused_port

INSTALLED = "SELECT setting, datcollate FROM pg_config(), pg_database WHERE name = 'BINDIR' AND datname = 'template0'"


@contextlib.contextmanager
def twin(server):
    """The URL of such a server; the installed one's own where its programs are not on this machine, or it does not say where."""
    installed = find_installed(server)
    if installed is None:
        yield server
        return
    programs, locale = installed
    folder = make_folder()
    account = lower(folder)
    data = folder / "data"
    install = [programs / "initdb", "-D", data, "-A", "trust", "-U", server.username, "-E", "UTF8", f"--locale={locale}"]
    subprocess.run([*install, "--no-sync"], check=True, capture_output=True, cwd=folder, **account)
    port = unused_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    settings += [setting.replace(" ", "") for setting in HASTE]
    command = [programs / "postgres", "-D", data, *(word for setting in settings for word in ("-c", setting))]
    url = server.set(host="127.0.0.1", port=port, password=None, query={})
    with serve(url, folder, command, "QUIT", **account):
        yield url


def find_installed(server):
    """The folder of the installed server's programs, and its locale; None where they cannot be told or are elsewhere."""
    with contextlib.suppress(sa.exc.DBAPIError), sa.create_engine(server, poolclass=sa.NullPool).connect() as connection:
        programs, locale = connection.exec_driver_sql(INSTALLED).one()
        if server.host in {"127.0.0.1", "localhost"} and pathlib.Path(programs, "initdb").exists():
            return pathlib.Path(programs), locale
    return None


def lower(folder):
    """Give the folder to an account that a server may run under, which is not root; how to start a process under that."""
    if os.geteuid():
        return {}
    account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
