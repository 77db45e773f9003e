"""What a verification costs beside bare Alembic: `upgrade head` and `downgrade base` in one process.

usage: python benchmarks/verify_speed.py [URL] [N ...] [--broken | --edges] [--jobs N] [--best-of N]

URL: sqlite:// (default) or a server's; N: lengths of the histories, default 50 100 400. Quote ratios: times differ by machine.
--broken: a quarter of the revisions is refused by rows, lacks its way back, or has one that raises; --edges: a quarter fails with
rows at the edge of their types. Bare Alembic runs the same history without them. --jobs: in so many processes. --best-of: each side runs
so often, in turn, and its shortest time counts: what else the machine does makes both longer. Beside each time is that of the processor,
ours and the client's part of bare Alembic's. The packages are compiled first, as pip does it when it installs them.
"""

import argparse
import compileall
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import mrt_lint
import mrt_runtime
from mrt_runtime.databases import connect

ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool
engine = engine_from_config(context.config.get_section(context.config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
BARE = """
from alembic import command
from alembic.config import Config
config = Config("alembic.ini")
command.upgrade(config, "head")
command.downgrade(config, "base")
"""
HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {revision!r}\ndown_revision = {parent!r}\n"
MADE = '"{table}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)), sa.Column("n", sa.Integer)'
STEPS = (
    (f"op.create_table({MADE})", 'op.drop_table("{table}")'),
    ('op.add_column("{table}", sa.Column("email", sa.String(120)))', 'op.drop_column("{table}", "email")'),
    ('op.create_index("ix_{table}", "{table}", ["name"])', 'op.drop_index("ix_{table}", table_name="{table}")'),
    ('op.execute("UPDATE {table} SET name = name")', 'op.execute("UPDATE {table} SET name = name")'),  # seeds fill VARCHAR(50)
)
EDGES = (('op.execute("UPDATE {table} SET n = n + 1")', 'op.execute("UPDATE {table} SET n = n - 1")'),)
BROKEN = (
    ('op.add_column("{table}", sa.Column("must", sa.Integer, nullable=False))', 'op.drop_column("{table}", "must")'),
    ('op.create_index("ix_{table}_id", "{table}", ["id", "name"])', "pass"),
    ('op.create_index("ix_{table}_id", "{table}", ["id", "name"])', 'op.drop_index("ix_{table}_never", table_name="{table}")'),
)


def write(folder: Path, url: str, length: int, last: Sequence[tuple[str, str]]) -> None:
    """Write a chain of revisions: every fourth makes a table, the others work on it, the last of four in one of these ways in turn."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    for number in range(length):
        table, of_four = divmod(number, 4)
        step = (*STEPS[:3], last[table % len(last)])[of_four]
        upgrade, downgrade = (code.format(table=f"t{table}") for code in step)
        parent = f"r{number - 1}" if number else None
        body = f"def upgrade():\n    {upgrade}\ndef downgrade():\n    {downgrade}\n"
        (versions / f"r{number}.py").write_text(HEAD.format(revision=f"r{number}", parent=parent) + body)


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command, and return its seconds and those of the processor."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stdout + done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: argparse.Namespace) -> None:
    """Print a line for each length."""
    for package in (mrt_lint, mrt_runtime):
        compileall.compile_dir(Path(package.__file__ or "").parent, quiet=1)
    database = connect(arguments.url)
    last = BROKEN if arguments.broken else EDGES if arguments.edges else STEPS[3:]
    verify = [
        sys.executable,
        "-m",
        "mrt_lint",
        "verify",
        "--db-url",
        arguments.url,
        "--seed-rows",
        "2",
        "--jobs",
        str(arguments.jobs),
    ]
    print(
        f"{database.dialect} {database.version()}\n{'N':>5} {'verify':>9} {'processor':>9} {'bare':>9} {'processor':>9} {'ratio':>7}"
    )
    for length in arguments.lengths:
        with tempfile.TemporaryDirectory() as name, database.make_scratch() as scratch:
            url = scratch.env_url.render_as_string(hide_password=False)
            sound, verified = Path(name, "sound"), Path(name, "verified")
            write(sound, url, length, STEPS[3:])
            write(verified, url, length, last)
            runs = [(measure([sys.executable, "-c", BARE], sound), measure(verify, verified)) for _ in range(arguments.best_of)]
            (bare, bare_cpu), (wall, cpu) = map(min, zip(*runs, strict=True))
            print(f"{length:>5} {wall:>8.2f}s {cpu:>8.2f}s {bare:>8.2f}s {bare_cpu:>8.2f}s {wall / bare:>6.1f}x", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="sqlite://")
    parser.add_argument("lengths", nargs="*", type=int, default=[50, 100, 400])
    parser.add_argument("--broken", action="store_true")
    parser.add_argument("--edges", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--best-of", type=int, default=1)
    main(parser.parse_args())
