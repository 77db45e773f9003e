"""SQL that a migration reads from a file of its project."""

from __future__ import annotations

import json

import pytest

from mrt_lint.model.ops import DropTable, Execute
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose

SQL = "DROP TABLE users;\nUPDATE pets SET name = NULL;\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of migrations with an SQL file beside it, in a project."""
    versions = tmp_path / "migrations" / "versions"
    (versions / "sql").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (versions / "sql" / "up.sql").write_text(SQL)
    (versions.parent / "up.sql").write_text(SQL)
    return versions


def read(folder, body, module):
    return parse_migration(compose(body, module=module).encode(), "versions/a.py", folder)


@pytest.mark.parametrize(
    ("module", "body"),
    [
        ("from pathlib import Path", 'op.execute((Path(__file__).parent / "sql" / "up.sql").read_text())'),
        (
            "from pathlib import Path",
            'op.execute(sa.text(Path(__file__).resolve().parents[1].joinpath("up.sql").read_text("utf-8")))',
        ),
        (
            "import pathlib\nHERE = pathlib.Path(__file__).parent",
            'with (HERE / "sql/up.sql").open() as f:\n    op.execute(f.read())',
        ),
        (
            "import pathlib\nHERE = pathlib.Path(__file__).parent",
            'with open(HERE / "sql" / f"{\'up\'}.sql") as f:\n    op.execute(f.read())',
        ),
        (
            "import os",
            'with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sql", "up.sql")) as f:\n    op.execute(f.read())',
        ),
        (
            "import os.path",
            'op.get_bind().exec_driver_sql(open(os.path.dirname(__file__) + "/sql/up.sql", "r", encoding="utf-8").read())',
        ),
        (
            "from os import path",
            'sql = path.join(path.dirname(__file__), "..", "up.sql")\nop.execute("".join(open(sql).readlines()))',
        ),
        (
            "import io, os",
            'f = io.open(os.path.realpath(f"{os.path.dirname(__file__)}/sql/up.sql"))\nop.execute(f.read())\nf.close()',
        ),
        (
            "from pathlib import Path\ndef load(name):\n    return Path(__file__).with_name('sql').joinpath(f'{name}.sql').read_text()",
            'op.execute(load("up"))',
        ),
    ],
)
def test_the_text_of_a_file_of_the_project_is_read(folder, module, body):
    migration = read(folder, body, module)
    assert migration.unreadable == ()
    assert [op.statement for op in migration.upgrade_ops] == [SQL]
    assert [path for path, digest in migration.consulted if path.endswith("up.sql") and digest]


def test_each_statement_of_a_file_can_be_run_by_itself(folder):
    body = 'for statement in open(HERE / "sql" / "up.sql").read().split(";"):\n    if statement.strip():\n        op.execute(statement)'
    migration = read(folder, body, "from pathlib import Path\nHERE = Path(__file__).parent")
    assert [op.statement.strip() for op in migration.upgrade_ops] == ["DROP TABLE users", "UPDATE pets SET name = NULL"]


@pytest.mark.parametrize(
    "text",
    [
        'Path("/etc/hostname").read_text()',  # outside of the project
        '(Path(__file__).parent / "sql" / "missing.sql").read_text()',
        '(Path(__file__).parent / name() / "up.sql").read_text()',
        '(Path(__file__).parent / "sql" / "up.sql").read_bytes()',
        'open(Path(__file__).parent / "sql" / "up.sql", "rb").read()',
        'open(Path(__file__).parent / "sql" / "up.sql", mode()).read()',
        'Path(__file__).parent.joinpath("sql", "latin.sql").read_text()',
        "Path(__file__).parent.read_text()",
    ],
)
def test_what_cannot_be_read_of_a_file_is_listed(folder, text):
    (folder / "sql" / "latin.sql").write_bytes(b"DELETE FROM caf\xe9")
    migration = read(folder, f"op.execute({text})", "from pathlib import Path")
    assert [call.why for call in migration.unreadable] == ["the statement is not a literal"]


def test_a_migration_without_a_place_reads_no_file():
    migration = parse_migration(compose('op.execute(open(__file__ + ".sql").read())').encode(), "a.py")
    assert migration.unreadable


def test_a_helper_reads_beside_itself(folder):
    (folder.parent / "tools.py").write_text(
        "from pathlib import Path\nfrom alembic import op\n\ndef run():\n    op.execute(Path(__file__).with_name('up.sql').read_text())\n"
    )
    migration = read(folder, "run()", "from migrations.tools import run")
    assert [op.statement for op in migration.upgrade_ops] == [SQL]


def test_a_changed_file_changes_the_findings(project):
    """The statements are judged like any other, and a stored reading is not used once the file is another one."""
    body = "from pathlib import Path\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = 'a1'\ndown_revision = None\n\n\ndef upgrade():\n"
    body += "    op.create_table('users', sa.Column('id', sa.Integer))\n    op.execute(Path(__file__).with_name('up.sql').read_text())\n\n\n"
    body += "def downgrade():\n    op.drop_table('users')\n"
    folder = project.root / "versions"
    folder.mkdir(exist_ok=True)
    (folder / "a1.py").write_text(body)

    def codes(text):
        (folder / "up.sql").write_text(text)
        found = json.loads(project.mrt("check", "versions", "--format", "json", "--dialect", "postgresql").out)
        return {finding["code"] for finding in found["findings"]}

    assert "MRT202" in codes("DROP TABLE pets;")
    assert "MRT202" not in codes("SELECT 1;")
    assert "MRT202" in codes("DROP TABLE pets;")


def test_operations_of_a_file_are_at_the_line_that_runs_it(folder):
    from mrt_lint.parse.sql.expand import expand_sql

    migration = expand_sql(
        read(folder, 'op.execute(open(HERE / "sql" / "up.sql").read())', "import pathlib\nHERE = pathlib.Path(__file__).parent"),
        "postgresql",
    )
    statement, dropped = migration.upgrade_ops[:2]
    assert isinstance(statement, Execute)
    assert isinstance(dropped, DropTable)
    assert dropped.origin == statement.origin
