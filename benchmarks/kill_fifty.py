"""Kill a run at random moments, and look what the next run leaves: no scratch database, and the given one as it was.

usage: python kill_fifty.py [ROUNDS] [URL ...]      (default: fifty rounds, in turn on SQLite and the servers of the tests)
Exits with 1 at the first thing that is left.
"""

import contextlib
import hashlib
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.token import find_token

BUSY = pathlib.Path(__file__).with_name("busy_run.py")
DEFAULTS = ("sqlite", "postgresql+psycopg://postgres@127.0.0.1:5432/mrt_kill", "mysql+pymysql://root@127.0.0.1:3306/mrt_kill")
LISTING = {"postgresql": "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles", "mysql": "SHOW DATABASES"}


class Place:
    """A given database that holds a table with a row, and the scratch databases around it."""

    def __init__(self, url, folder):
        self.file = folder / "given.db" if url == "sqlite" else None
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.url = sa.make_url(f"sqlite:///{self.file}" if self.file else url)
        if self.file:
            with contextlib.closing(sqlite3.connect(self.file)) as connection:
                connection.executescript("CREATE TABLE customers (id INTEGER); INSERT INTO customers VALUES (1)")
        else:
            self._on_server(f"DROP DATABASE IF EXISTS {self.url.database}", f"CREATE DATABASE {self.url.database}")
            self._on(self.url, "CREATE TABLE customers (id INTEGER)", "INSERT INTO customers VALUES (1)")

    def digest(self):
        """What the given database holds: the file's hash, or its tables and rows."""
        if self.file:
            return hashlib.sha256(self.file.read_bytes()).hexdigest()
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return sa.inspect(connection).get_table_names(), connection.exec_driver_sql("SELECT * FROM customers").all()

    def leftovers(self):
        """The scratch databases, their roles, folders and locks that are there."""
        left = [path.name for path in self.temporary.iterdir() if find_token(path.name)]
        if not self.file:
            [rows] = self._on_server(LISTING[self.url.get_backend_name()])
            left += [name for (name,) in rows if name.startswith(f"{self.url.database}_mrt_") and find_token(name)]
        return left

    def sweep(self):
        """Do what the next run does first."""
        database = databases.connect(self.url)
        database.make_scratch().drop()
        database.close()

    def remove(self):
        if not self.file:
            self._on_server(f"DROP DATABASE {self.url.database}")

    def _on_server(self, *statements):
        maintenance = {"postgresql": "postgres", "mysql": "mysql"}[self.url.get_backend_name()]
        return self._on(self.url.set(database=maintenance), *statements)

    @staticmethod
    def _on(url, *statements):
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            results = [connection.exec_driver_sql(statement) for statement in statements]
            return [result.all() if result.returns_rows else [] for result in results]


def kill_one(place, folder, how=signal.SIGKILL, longest=0.4):
    """Start a run, end it at a random moment after it began, and return what it printed last on stderr."""
    environment = os.environ | {"TMPDIR": str(place.temporary), "PYTHONPATH": str(BUSY.parents[1])}
    command = [sys.executable, BUSY, folder / "project", place.url.render_as_string(hide_password=False)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        time.sleep(random.uniform(0, longest))
        process.send_signal(how)
        try:
            return process.communicate(timeout=30)[1]
        finally:
            process.kill()  # one that does not end is not waited for


def wait_until_clean(place, seconds=5.0):
    """Sweep; a server may need a moment to notice that the connection of a killed run is gone."""
    deadline = time.monotonic() + seconds
    place.sweep()
    while place.leftovers() and time.monotonic() < deadline:
        time.sleep(0.05)
        place.sweep()
    return place.leftovers()


def main(rounds, urls):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tempfile.tempdir = str(folder / "temporary")
        places = [Place(url, folder) for url in urls]
        before = [place.digest() for place in places]
        for number in range(rounds):
            place = places[number % len(places)]
            kill_one(place, folder)
            at_first = len(place.leftovers())
            left = wait_until_clean(place)
            print(f"{number + 1:>3} {place.url.get_backend_name():<12} left {at_first}, after the next run {len(left)}", flush=True)
            if left:
                sys.exit(f"left behind: {left}")
            if place.digest() != before[places.index(place)]:
                sys.exit("the given database has changed")
        for place in places:
            place.remove()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, sys.argv[2:] or DEFAULTS)
