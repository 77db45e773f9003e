"""A run that never ends: migrations up and down, checkpoints and restores, until it is killed.

usage: python busy_run.py FOLDER URL      (writes an Alembic project into FOLDER, says "ready" once it has a scratch database)
"""

import pathlib
import sys

from mrt_runtime import databases
from mrt_runtime.config import MRTConfig
from mrt_runtime.migrate import Migrator
from mrt_runtime.termination import Termination, catching, check

ENV = """from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
STEP = """import sqlalchemy as sa
from alembic import op

revision, down_revision = "r{i}", {parent!r}


def upgrade():
    op.create_table("t{i}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
    op.execute("INSERT INTO t{i} VALUES (1, 'one')")


def downgrade():
    op.drop_table("t{i}")
"""


def write_project(root):
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text(ENV)
    for i in range(5):
        (versions / f"r{i}.py").write_text(STEP.format(i=i, parent=f"r{i - 1}" if i else None))
    return MRTConfig(alembic_ini=str(root / "alembic.ini"))


def run(root, url):
    config = write_project(root)
    database = databases.connect(url)
    try:
        with database.make_scratch() as scratch:
            print("ready", flush=True)
            migrator = Migrator(config, scratch)
            while True:
                check()
                migrator.upgrade("head")
                checkpoint = scratch.checkpoint()
                migrator.downgrade_to("base")
                if checkpoint is not None:
                    scratch.restore(checkpoint)
                    checkpoint.drop()
                scratch.reset()
    finally:
        database.close()


if __name__ == "__main__":
    with Termination(), catching():
        run(pathlib.Path(sys.argv[1]), sys.argv[2])
