"""Whether SQLite enforces foreign keys while migrations run, as env.py says it, and what MRT217 makes of it."""

from pathlib import Path

import pytest

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine
from mrt_lint.files.env_py import enforces_foreign_keys
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.settings import Settings

PLAIN = "import logging\nfrom alembic import context\nfrom sqlalchemy import engine_from_config\n"
APPLICATION = PLAIN + "from app.models import Base\n"
ON = "connection.exec_driver_sql('PRAGMA foreign_keys=ON')\n"
OFF = 'connection.execute(text("pragma foreign_keys = off"))\n'
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "1"
down_revision = None
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
    op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.create_table("members", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE")))
def downgrade():
    op.drop_table("members")
    op.drop_table("teams")
    op.drop_table("orders")
    op.drop_table("users")
"""
REBUILD = """
from alembic import op
revision = "2"
down_revision = "1"
def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", nullable=False)
def downgrade():
    with op.batch_alter_table("teams") as batch:
        batch.alter_column("name", nullable=True)
"""


def project(folder: Path, env: str | None) -> Path:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "1.py").write_text(MIGRATION)
    (versions / "2.py").write_text(REBUILD)
    if env is not None:
        (versions.parent / "env.py").write_text(env)
    return versions


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (None, None),
        (PLAIN, False),
        (PLAIN + "# PRAGMA foreign_keys=ON\n", False),
        (APPLICATION, None),
        (PLAIN + "from . import settings\n", None),
        (PLAIN + "import importlib\n", None),
        (APPLICATION + ON, True),
        (PLAIN + "x('PRAGMA foreign_keys(1)')", True),
        (PLAIN + "x('PRAGMA foreign_keys')", False),
        (APPLICATION + OFF, False),
        (APPLICATION + OFF + ON, False),
        (PLAIN + ON + "def", None),
    ],
)
def test_env_py_is_read_and_never_run(tmp_path: Path, env: str | None, expected: bool | None):
    assert enforces_foreign_keys([project(tmp_path, env)]) is expected


def test_two_environments_that_differ_say_nothing(tmp_path: Path):
    one, other = project(tmp_path / "one", PLAIN), project(tmp_path / "two", PLAIN + ON)
    assert enforces_foreign_keys([one, other]) is None
    assert enforces_foreign_keys([one, one]) is False


@pytest.mark.parametrize(
    ("env", "declared", "lines"),
    [
        (PLAIN, None, []),
        (APPLICATION, None, [7]),
        (APPLICATION + ON, None, [7, 10]),
        (PLAIN + OFF, None, []),
        (APPLICATION + ON, False, []),
        (PLAIN, True, [7, 10]),
    ],
)
def test_what_is_said_of_a_rebuilt_parent_follows_env_py_unless_it_is_declared(
    tmp_path: Path, env: str, declared: bool | None, lines: list[int]
):
    target = DatabaseTarget(dialect="sqlite", sqlite_foreign_keys=declared)
    versions = project(tmp_path, env)
    for _ in range(2):  # the second from what is remembered
        engine = CheckEngine(Settings(root=tmp_path, target=target), cache=DiskCache(tmp_path / "cache"))
        report = engine.check(sorted(versions.glob("*.py")))
        assert [finding.place.line for finding in report.findings if finding.code == "MRT217"] == lines


def test_another_env_py_is_noticed(tmp_path: Path):
    versions = project(tmp_path, PLAIN)
    found = []
    for env in (PLAIN, APPLICATION, PLAIN):
        (versions.parent / "env.py").write_text(env)
        engine = CheckEngine(Settings(root=tmp_path, target=DatabaseTarget(dialect="sqlite")), cache=DiskCache(tmp_path / "cache"))
        report = engine.check(sorted(versions.glob("*.py")))
        found.append(sum(finding.code == "MRT217" for finding in report.findings))
    assert found == [0, 1, 0]


ONLINE = """
from alembic import context

def run_migrations_online():
    with {connect} as connection:
        {first}
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute("SELECT 1")
"""
INDEX = MIGRATION.replace('"1"', '"2"').replace("None", '"1"').partition("def upgrade")[0] + (
    'def upgrade():\n    op.create_index("ix_name", "users", ["name"])\ndef downgrade():\n    op.drop_index("ix_name", "users")\n'
)
