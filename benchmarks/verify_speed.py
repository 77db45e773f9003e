"""What a verification costs beside bare Alembic: `upgrade head` and `downgrade base` in one process.

usage: python benchmarks/verify_speed.py [URL] [N ...]

URL: sqlite:// (default) or a server's; N: lengths of the histories, default 50 100 400. Quote ratios: times differ by machine.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
STEPS = (
    (
        'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))',
        'op.drop_table("{table}")',
    ),
    ('op.add_column("{table}", sa.Column("email", sa.String(120)))', 'op.drop_column("{table}", "email")'),
    ('op.create_index("ix_{table}", "{table}", ["name"])', 'op.drop_index("ix_{table}", table_name="{table}")'),
    ('op.execute("UPDATE {table} SET name = name")', 'op.execute("UPDATE {table} SET name = name")'),  # seeds fill VARCHAR(50)
)


def write(folder: Path, given: str, url: str, length: int) -> None:
    """Write a chain of reversible revisions: every fourth makes a table, the others work on it.

    given: what is verified beside; url: where bare Alembic works.
    """
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    (folder / "test_all.py").write_text("def test_all(mrt):\n    mrt.assert_all_reversible()\n")
    (folder / "conftest.py").write_text(
        "from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n"
        f"    config._mrt_config = MRTConfig(db_url={given!r}, seed_rows=2)\n"
    )
    for number in range(length):
        upgrade, downgrade = (code.format(table=f"t{number // 4}") for code in STEPS[number % 4])
        parent = f"r{number - 1}" if number else None
        body = f"def upgrade():\n    {upgrade}\ndef downgrade():\n    {downgrade}\n"
        (versions / f"r{number}.py").write_text(HEAD.format(revision=f"r{number}", parent=parent) + body)


def measure(command: list[str], folder: Path) -> float:
    """Run a command; gives wall seconds."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begin


def main(arguments: list[str]) -> None:
    """Print a line for each length."""
    given = arguments[0] if arguments and "://" in arguments[0] else "sqlite://"
    lengths = [int(argument) for argument in arguments if argument.isdigit()] or [50, 100, 400]
    database = connect(given)
    print(f"{database.dialect} {database.version()}\n{'N':>5} {'verify':>9} {'bare':>9} {'ratio':>7}")
    for length in lengths:
        with tempfile.TemporaryDirectory() as name, database.make_scratch() as scratch:
            folder, url = Path(name), scratch.env_url.render_as_string(hide_password=False)
            write(folder, given, url, length)
            bare = measure([sys.executable, "-c", BARE], folder)
            scratch.reset()
            verified = measure([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], folder)
            print(f"{length:>5} {verified:>8.2f}s {bare:>8.2f}s {verified / bare:>6.1f}x", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
