"""A database server of the tests' own, in a folder that is gone with it, however the tests end."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import sqlalchemy as sa

MEMORY = "/dev/shm"
ROOM = 4 << 30
"""Bytes that have to be free there; a container often has little, and each of some hundred databases takes eight million."""
GUARDED = '"$@" & read -r _; kill -$SIGNAL $!; wait; rm -rf "$FOLDER"'
"""Ends the server and removes its folder when standard input ends: with the tests, however they end."""


def make_folder():
    """Return an empty folder in memory, where there is room for the databases of a whole run, or on the disk."""
    in_memory = pathlib.Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return pathlib.Path(tempfile.mkdtemp(prefix="mrtt_", dir=MEMORY if in_memory else None))


def unused_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@contextlib.contextmanager
def serve(url, folder, command, ended_by, **account):
    """Run a server for as long as the block, which begins when it answers at the URL; `ended_by` is the signal that ends it at once."""
    with subprocess.Popen(
        ["sh", "-c", GUARDED, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=os.environ | {"FOLDER": str(folder), "SIGNAL": ended_by},
        start_new_session=True,  # Ctrl-C is for the tests, which clean up
        **account,
    ) as process:
        deadline = time.monotonic() + 30
        while not answers(sa.create_engine(url, poolclass=sa.NullPool)):
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < deadline, f"{command[0]} does not answer at {url}"
            time.sleep(0.05)
        yield url


def answers(engine):
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        return False
    return True
