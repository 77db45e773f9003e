"""End runs at random moments, on given databases and on lent ones that a person goes on using: nothing is left, nothing is lost.

usage: python kill_drill.py [ROUNDS] [URL ...]     (default: 200 rounds, in turn on SQLite and the servers of the tests)
Each round ends a run by SIGKILL, SIGTERM, SIGINT or SIGHUP. A server is drilled twice: beside a given database that holds a row,
and in an empty one that is lent because the role may not create any, while a person makes tables and rows in it. What the person
made must be there, with every row, whatever the run and the next ones do; and when it is gone, the next run leaves nothing.
Exits with 1 at the first thing that is left or lost.
"""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

import kill_fifty
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
NAME = f"mrt_drill_{os.getpid()}"
LEAST = "SELECT 1"
SETUP = {
    "postgresql": (
        f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)",
        f"DROP ROLE IF EXISTS {NAME}",
        f"CREATE ROLE {NAME} LOGIN PASSWORD 'x'",
        f"CREATE DATABASE {NAME} OWNER {NAME}",
    ),
    "mysql": (
        f"DROP DATABASE IF EXISTS {NAME}",
        f"DROP USER IF EXISTS '{NAME}'@'%'",
        f"CREATE DATABASE {NAME}",
        f"CREATE USER '{NAME}'@'%' IDENTIFIED BY 'x'",
        f"GRANT ALL ON {NAME}.* TO '{NAME}'@'%'",
    ),
}
PRESENT = {
    "postgresql": "SELECT relname FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'v', 'S') "
    "UNION ALL SELECT nspname FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'",
    "mysql": f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{NAME}' "
    f"UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = '{NAME}'",
}


class LentPlace:
    """An empty database of a role that may not create any, and a person who works there."""

    def __init__(self, url, folder):
        server = sa.make_url(url)
        self.kind = server.get_backend_name()
        self.server = server.set(database={"postgresql": "postgres", "mysql": "mysql"}[self.kind])
        self.url = server.set(username=NAME, password="x", database=NAME)
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        execute(self.server, *SETUP[self.kind])

    def present(self):
        """The names of all that is there."""
        return sorted(str(name) for (name,) in execute(self.url, PRESENT[self.kind])[0])

    def remove(self):
        execute(self.server, *SETUP[self.kind][:2])


class Person(threading.Thread):
    """Makes tables with rows, a few each moment, from a session that stays open; knows exactly what there has to be."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.place = place
        self.made = {}
        self.failure = None
        self.has_to_go = threading.Event()

    def run(self):
        engine = sa.create_engine(
            self.place.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True}
        )
        try:
            with engine.connect() as connection:
                while not self.has_to_go.is_set():
                    name = f"person_{random.randrange(10**9)}"
                    connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
                    self.made[name] = 0
                    for _ in range(random.randrange(4)):
                        connection.exec_driver_sql(f"INSERT INTO {name} VALUES (1)")
                        self.made[name] += 1
                    self.has_to_go.wait(random.uniform(0, 0.1))
        except sa.exc.SQLAlchemyError as error:  # the session was ended, or a statement
            self.failure = error

    def stop(self):
        self.has_to_go.set()
        self.join()

    def check(self):
        """What has been lost: tables and rows."""
        if self.failure is not None:
            return [str(self.failure)]
        lost = []
        for name, count in self.made.items():
            try:
                [[(found,)]] = execute(self.place.url, f"SELECT count(*) FROM {name}")
            except sa.exc.SQLAlchemyError:
                lost.append(name)
                continue
            lost += [] if found == count else [f"{count - found} rows of {name}"]
        return lost

    def tidy(self):
        """Take everything away again."""
        execute(self.place.url, *(f"DROP TABLE {name}" for name in self.made), LEAST)


def execute(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"no_parameters": True})
    with engine.connect() as connection:
        results = [connection.exec_driver_sql(statement) for statement in statements]
        return [result.all() if result.returns_rows else [] for result in results]


def next_run(place):
    """Do what the next run does; what it says where it refuses to begin."""
    try:
        database = databases.connect(place.url)
        try:
            database.make_scratch().drop()
        finally:
            database.close()
    except ConfigurationError as error:
        return str(error)
    return ""


def drill_lent(place, folder, how, *, is_used=None):
    """One round in a lent database: what went wrong, and how the next run dealt with it."""
    is_used = random.random() < 0.7 if is_used is None else is_used
    person = Person(place)
    process = start(place, folder)
    with process:
        time.sleep(random.uniform(0, 0.3))
        if is_used:
            person.start()
        time.sleep(random.uniform(0, 0.6))
        process.send_signal(how)
        process.communicate(timeout=60)
    if is_used:
        time.sleep(random.uniform(0, 0.2))
        person.stop()
    said = next_run(place) or next_run(place)
    lost = person.check()
    if lost:
        return f"lost: {lost}", ""
    person.tidy()
    again = next_run(place)
    left = place.present()
    if again or left:
        return f"left: {left} {again}", ""
    return "", "refused to begin" if said else "cleaned up"


def start(place, folder):
    """Start a run, and wait until it has its database."""
    environment = os.environ | {"TMPDIR": str(place.temporary), "PYTHONPATH": str(kill_fifty.BUSY.parents[1])}
    command = [sys.executable, kill_fifty.BUSY, folder / "project", place.url.render_as_string(hide_password=False)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


def drill_given(place, folder, how):
    """One round beside a given database."""
    before = place.digest()
    kill_fifty.kill_one(place, folder, how)
    left = kill_fifty.wait_until_clean(place)
    changed = [] if place.digest() == before else ["the given database has changed"]
    return "; ".join([*left, *changed]), "cleaned up"


def main(rounds, urls):
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        tempfile.tempdir = str(folder / "temporary")
        drills = [(kill_fifty.Place(url, folder), drill_given) for url in urls]
        drills += [(LentPlace(url, folder), drill_lent) for url in urls if url != "sqlite"]
        for place, _ in drills:
            stack.callback(place.remove)
        counts = Counter()
        for number in range(rounds):
            place, drill = drills[number % len(drills)]
            how = random.choice(SIGNALS)
            wrong, outcome = drill(place, folder, how)
            kind = f"{place.url.get_backend_name()} {drill.__name__.removeprefix('drill_')}"
            print(f"{number + 1:>3} {kind:<18} {how.name:<8} {wrong or outcome}", flush=True)
            if wrong:
                sys.exit(1)
            counts[kind, outcome] += 1
        for (kind, outcome), count in sorted(counts.items()):
            print(f"{kind}: {outcome} {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:] or kill_fifty.DEFAULTS)
