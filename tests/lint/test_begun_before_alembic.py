"""Whether autocommit_block() works under an env.py that executes something of its own: Alembic is asked, and so is the reader."""

import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext

from mrt_lint.files.env_py import what_begins_before_alembic

SAID = 'connection.execute(sa.text("SELECT 1"))'
CONFIGURE = "context = configure(connection)"
RUN = "with context.begin_transaction():\n    run()"


def runs(steps: list[str], *, per_migration: bool) -> bool:
    """Return whether a block that commits by itself opens in a migration."""
    with sa.create_engine("sqlite://").connect() as connection:
        made: list[MigrationContext] = []

        def configure(connection):
            made.append(
                MigrationContext.configure(connection, opts={"transaction_per_migration": per_migration, "transactional_ddl": True})
            )
            return made[0]

        def run():
            with made[0].begin_transaction(_per_migration=True), made[0].autocommit_block():
                connection.execute(sa.text("SELECT 2"))

        try:
            exec("\n".join(steps), {"connection": connection, "configure": configure, "run": run, "sa": sa})
        except AssertionError:
            return False
    return True


@pytest.mark.parametrize("per_migration", [True, False])
@pytest.mark.parametrize(
    ("steps", "begun"),
    [
        ([CONFIGURE, RUN], ""),
        ([SAID, CONFIGURE, RUN], "statement"),
        ([CONFIGURE, SAID, RUN], ""),
        ([SAID, "connection.commit()", CONFIGURE, RUN], ""),
        (["connection.begin()", CONFIGURE, RUN], "begin"),
    ],
)
def test_only_what_is_open_when_alembic_is_configured_is_in_the_way(
    tmp_path: Path, steps: list[str], begun: str, per_migration: bool
):
    assert runs(steps, per_migration=per_migration) is (begun == "")
    body = textwrap.indent("\n".join(steps), "    ").replace("context = configure(connection)", "context.configure(connection)")
    (tmp_path / "env.py").write_text(f"def run_migrations_online():\n{body}\n")
    (versions := tmp_path / "versions").mkdir()
    assert what_begins_before_alembic([versions]) == begun
