"""What a rehearsal costs beside bare Alembic on the same copy: ten revisions, a database of twenty tables with two million rows.

usage: python benchmarks/rehearse_speed.py [URL [ROWS]]

URL: of a PostgreSQL server, as a user who may create databases and roles (default: postgresql://postgres@127.0.0.1:5432/postgres).
ROWS: in each table, default 100000. Quote ratios: times differ by machine.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.verify_speed import ENV, HEAD
from mrt_runtime.databases.address import choose_driver
from mrt_runtime.databases.postgresql.database import DRIVERS

TABLES = 20
LIMIT = 2.5
MEMORY = 300  # megabytes
STEPS = (
    ('op.add_column("t1", sa.Column("email", sa.String(120)))', 'op.drop_column("t1", "email")'),
    (
        'op.add_column("t2", sa.Column("state", sa.String(9), server_default="new", nullable=False))',
        'op.drop_column("t2", "state")',
    ),
    (
        'op.add_column("t3", sa.Column("folded", sa.String(50)))\n    op.execute("UPDATE t3 SET folded = lower(name)")',
        'op.drop_column("t3", "folded")',
    ),
    ('op.create_index("ix_t4", "t4", ["name"])', 'op.drop_index("ix_t4")'),
    ('op.alter_column("t5", "amount", type_=sa.BigInteger)', 'op.alter_column("t5", "amount", type_=sa.Integer)'),
    ('op.create_foreign_key("fk_t6", "t6", "t7", ["other"], ["id"])', 'op.drop_constraint("fk_t6", "t6", type_="foreignkey")'),
    ('op.alter_column("t7", "name", nullable=False)', 'op.alter_column("t7", "name", nullable=True)'),
    ('op.create_unique_constraint("uq_t8", "t8", ["name"])', 'op.drop_constraint("uq_t8", "t8")'),
    (
        'op.execute("CREATE TABLE names AS SELECT id, name FROM t9")\n    op.create_primary_key("pk", "names", ["id"])',
        'op.drop_table("names")',
    ),
    (
        'op.add_column("t10", sa.Column("twice", sa.Integer))\n    op.execute("UPDATE t10 SET twice = amount * 2")',
        'op.drop_column("t10", "twice")',
    ),
)


def write(folder, url):
    """Write the history: "r0" is what the database is at."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url}\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    for number, (up, down) in enumerate((("pass", "pass"), *STEPS)):
        head = HEAD.format(revision=f"r{number}", parent=f"r{number - 1}" if number else None)
        (versions / f"r{number}.py").write_text(f"{head}\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n")


def fill(connection, rows):
    for number in range(1, TABLES + 1):
        connection.exec_driver_sql(
            f"CREATE TABLE t{number} (id int PRIMARY KEY, name varchar(50), amount int, other int, note text, at timestamptz)"
        )
        connection.exec_driver_sql(
            f"INSERT INTO t{number} SELECT i, 'Name ' || i, mod(i, 1000), i, md5(i::text), now() - i * interval '1 minute'"
            f" FROM generate_series(1, {rows}) AS i"
        )
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('r0')")
    connection.exec_driver_sql("VACUUM ANALYZE")
    connection.exec_driver_sql("CHECKPOINT")


def run_alembic(folder, *arguments):
    """Return the seconds that a command of Alembic takes, as a person waits for it."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "alembic", *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def rehearse(folder, url):
    """Return the report, the seconds and the megabytes that the command took."""
    began = time.perf_counter()
    with (folder / "report.json").open("wb") as report:
        process = subprocess.Popen(
            [sys.executable, "-m", "mrt_lint", "rehearse", "--from", url, "--format", "json"], cwd=folder, stdout=report
        )
        _, status, usage = os.wait4(process.pid, 0)
    assert not status, (folder / "report.json").read_text()
    return json.loads((folder / "report.json").read_text()), time.perf_counter() - began, usage.ru_maxrss / 1024


def main(server, rows):
    server = choose_driver(sa.make_url(server), DRIVERS, "")
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    stem = f"rehearse_speed_{secrets.token_hex(3)}"
    source, plain = (server.set(database=f"{stem}{end}") for end in ("", "_bare"))
    with tempfile.TemporaryDirectory() as name, admin.connect() as connection:
        folder = Path(name)
        write(folder, plain.render_as_string(hide_password=False))
        try:
            connection.exec_driver_sql(f"CREATE DATABASE {source.database}")
            engine = sa.create_engine(source, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
            with engine.connect() as filling:
                fill(filling, rows)
            connection.exec_driver_sql(f"CREATE DATABASE {plain.database} TEMPLATE {source.database} STRATEGY file_copy")
            bare = run_alembic(folder, "upgrade", "head") + run_alembic(folder, "downgrade", "r0")
            connection.exec_driver_sql(f"DROP DATABASE {plain.database}")
            told, seconds, memory = rehearse(folder, source.render_as_string(hide_password=False))
        finally:
            for database in (source.database, plain.database):
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    assert told["summary"]["reversible"] == len(STEPS), told["summary"]
    copy = told["copy"]["seconds"]
    steps = sum(step["seconds"] for revision in told["revisions"] for step in revision["steps"])
    ratio = (seconds - copy) / bare
    print(f"{told['copy']['rows']:,} rows in {told['copy']['tables']} tables, {told['copy']['bytes'] / 1e6:.0f} MB")
    print(f"alembic upgrade and downgrade {bare:.2f} s; rehearsal {seconds:.2f} s: copy {copy:.2f} s, steps {steps:.2f} s")
    print(f"without the copy {ratio:.2f} times Alembic (at most {LIMIT}); {memory:.0f} MB (at most {MEMORY})")
    return ratio <= LIMIT and memory <= MEMORY


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else "postgresql://postgres@127.0.0.1:5432/postgres"
    sys.exit(not main(given, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))
