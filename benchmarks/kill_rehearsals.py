"""End rehearsals at random moments: the database that they copy stays as it is, and the next one drops what is left.

usage: python benchmarks/kill_rehearsals.py [ROUNDS] [URL ...]     (default: 60 rounds, in turn on SQLite and the servers of the tests)

Each round rehearses revisions that lose rows, so that there are two copies at times, with traffic or stopped half way, and ends that by
SIGKILL, SIGINT or SIGTERM. Exits with 1 at the first thing that is left or changed.
"""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import kill_fifty
import sqlalchemy as sa

from mrt_runtime import databases

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
OPTIONS = ((), ("--with-traffic",), ("--half-way",), ("--old-code",))
ROWS = 2000
STEPS = (
    ('op.add_column("customers", sa.Column("note", sa.String(20)))', 'op.drop_column("customers", "note")'),
    ('op.drop_column("customers", "name")', 'op.add_column("customers", sa.Column("name", sa.String(50)))'),
    ('op.create_index("ix_note", "customers", ["note"])', 'op.drop_index("ix_note", "customers")'),
    (
        'op.execute("DELETE FROM customers WHERE id > 1000")\n    op.create_table("more", sa.Column("id", sa.Integer))',
        'op.drop_table("more")',
    ),
)
ENV = """from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
STEP = """import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {parent!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""
ACCOUNTS = "SELECT user FROM mysql.user"


class RehearsedPlace(kill_fifty.Place):
    """A database with rows that is behind its migrations."""

    def __init__(self, url, folder):
        super().__init__(url, folder)
        self.prefix = Path(self.url.database).name if self.file else self.url.database
        rows = ", ".join(f"({number}, 'Name {number}')" for number in range(2, ROWS))
        self._on(
            self.url,
            "ALTER TABLE customers ADD COLUMN name VARCHAR(50)",
            f"INSERT INTO customers (id, name) VALUES {rows}",
            "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
            "INSERT INTO alembic_version VALUES ('r0')",
        )

    def digest(self):
        """What the given database holds: the file's hash, or that of its columns and rows."""
        if self.file:
            return super().digest()
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            tables = sorted(sa.inspect(connection).get_table_names())
            held = [connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
            return hashlib.sha256(
                repr([(table, list(one.keys()), one.all()) for table, one in zip(tables, held, strict=True)]).encode()
            ).hexdigest()

    def leftovers(self):
        """The copies, their roles, accounts, folders and locks that are there."""
        accounts = self._on_server(ACCOUNTS)[0] if self.url.get_backend_name() == "mysql" else []
        return super().leftovers() + [name for (name,) in accounts if kill_fifty.find_token(name)]

    def sweep(self):
        """Do what the next rehearsal does first."""
        database = databases.connect_copying(self.url, None)
        database.make_scratch().drop()
        database.close()


def write_project(root):
    """Write a history of which the databases have the first revision."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text(ENV)
    for number, (up, down) in enumerate((("pass", "pass"), *STEPS)):
        text = STEP.format(revision=f"r{number}", parent=f"r{number - 1}" if number else None, up=up, down=down)
        (versions / f"r{number}.py").write_text(text)


def rehearse(place, root, how=None, longest=0.0):
    """Rehearse, and end it by a signal at a random moment, if one is given; the seconds that it took, its exit code and what it said."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "mrt_lint", "rehearse", "--from", place.url.render_as_string(hide_password=False)]
    environment = os.environ | {"TMPDIR": str(place.temporary), "PYTHONPATH": str(kill_fifty.BUSY.parents[1])}
    with subprocess.Popen(
        [*command, *random.choice(OPTIONS)], cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        if how is not None:
            time.sleep(random.uniform(0, longest))
            process.send_signal(how)
        try:
            said = process.communicate(timeout=120)[0]
        finally:
            process.kill()  # one that does not end is not waited for
    assert "Traceback" not in said, said
    assert how is not None or process.returncode == 1, said
    return time.perf_counter() - began, process.returncode, said


def main(rounds, urls):
    """Drill, and print what was left at first."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        tempfile.tempdir = str(folder / "temporary")
        root = folder / "project"
        write_project(root)
        places = [RehearsedPlace(url, folder) for url in urls]
        for place in places:
            stack.callback(place.remove)
        before = [place.digest() for place in places]
        longest = [rehearse(place, root)[0] for place in places]
        counts = Counter()
        for number in range(rounds):
            at = number % len(places)
            place, how = places[at], random.choice(SIGNALS)
            _, code, said = rehearse(place, root, how, longest[at])
            at_first = place.leftovers()
            left = kill_fifty.wait_until_clean(place, 30.0)
            kind = place.url.get_backend_name()
            print(
                f"{number + 1:>3} {kind:<12} {how.name:<8} exit {code:>3}, left {len(at_first)}, after the next {len(left)}",
                flush=True,
            )
            if left:
                sys.exit(f"left behind: {left}")
            if place.digest() != before[at]:
                sys.exit("the given database has changed")
            if at_first and how is not signal.SIGKILL and code not in {0, 1}:
                sys.exit(f"{how.name} has left behind: {at_first}\n{said}")
            counts[kind, how.name, "something left" if at_first else "nothing left"] += 1
        for (kind, how, outcome), count in sorted(counts.items()):
            print(f"{kind} {how}: {outcome} {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60, sys.argv[2:] or kill_fifty.DEFAULTS)
