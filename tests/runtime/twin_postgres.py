"""A private PostgreSQL server that runs the same programs as one that is installed, and writes nothing for a power cut's sake.

DROP DATABASE has the whole server write to disk what it knows of, which takes seconds where hundreds of databases are made.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

import sqlalchemy as sa

from mrt_runtime.databases.embedded import HASTE
from tests.runtime.private_mariadb import answers

INSTALLED = "SELECT setting, datcollate FROM pg_config(), pg_database WHERE name = 'BINDIR' AND datname = 'template0'"
MEMORY = "/dev/shm"
ROOM = 4 << 30
"""Bytes that have to be free there; a container often has little, and each of some hundred databases takes eight million."""
GUARDED = '"$@" & read -r _; kill -QUIT $!; wait; rm -rf "$FOLDER"'
"""Ends the server and removes its folder when standard input ends: with the tests, however they end."""


@contextlib.contextmanager
def twin(server):
    """The URL of such a server; the installed one's own where its programs are not on this machine, or it does not say where."""
    installed = find_installed(server)
    if installed is None:
        yield server
        return
    programs, locale = installed
    in_memory = pathlib.Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mrtt_", dir=MEMORY if in_memory else None))
    account = lower(folder)
    data = folder / "data"
    install = [
        programs / "initdb",
        "-D",
        data,
        "-A",
        "trust",
        "-U",
        server.username,
        "-E",
        "UTF8",
        f"--locale={locale}",
        "--no-sync",
    ]
    subprocess.run(install, check=True, capture_output=True, cwd=folder, **account)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    settings += [setting.replace(" ", "") for setting in HASTE]
    command = [programs / "postgres", "-D", data, *(word for setting in settings for word in ("-c", setting))]
    url = server.set(host="127.0.0.1", port=port, password=None, query={})
    with subprocess.Popen(
        ["sh", "-c", GUARDED, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ | {"FOLDER": str(folder)},
        start_new_session=True,  # Ctrl-C is for the tests, which clean up
        **account,
    ) as process:
        deadline = time.monotonic() + 30
        while not answers(sa.create_engine(url, poolclass=sa.NullPool)) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
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
