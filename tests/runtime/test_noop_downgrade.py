"""Which downgrades do the same whatever the database holds, and what a broken one costs the walk."""

import pytest

from mrt_runtime.verify.noop_downgrade import has_noop_downgrade
from mrt_runtime.verify.session import Verification
from tests.axes import DATABASES, keep_pairs

HEAD = "from alembic import op\n"
IDLE = [
    "def downgrade():\n    pass",
    'def downgrade() -> None:\n    """Nothing to undo."""',
    "def downgrade():\n    ...",
    "def downgrade():\n    return None\n    op.drop_table('t')",
    "def downgrade():\n    raise NotImplementedError",
    "def downgrade():\n    '''No way.'''\n    raise NotImplementedError('no way', 2)",
]
BUSY = [
    "def downgrade():\n    op.drop_table('t')",
    "def downgrade():\n    if op.get_bind():\n        raise ValueError",
    "def downgrade():\n    raise ValueError(op.get_bind().scalar('SELECT 1'))",
    "def downgrade():\n    pass\ndowngrade = op.f",
    "def downgrade():\n    pass\nif op:\n    def downgrade():\n        op.drop_table('t')",
    "@op.f\ndef downgrade():\n    pass",
    "def downgrade():\n    pass\nfrom elsewhere import *",
    "def downgrade():\n    pass\nfrom elsewhere import down as downgrade",
    "from elsewhere import downgrade",
    "def downgrade(:",
    "",
]


@pytest.mark.parametrize(("code", "expected"), [*((code, True) for code in IDLE), *((code, False) for code in BUSY)])
def test_only_what_certainly_does_nothing_is_idle(tmp_path, code, expected):
    file = tmp_path / "r.py"
    file.write_text(HEAD + code + "\n")
    assert has_noop_downgrade(str(file)) is expected


@pytest.fixture
def turns(monkeypatch):
    """Open a verification; and the names of what made its scratch database anew, as they come."""
    counted = []

    def watch(scratch, name):
        work = getattr(scratch, name)
        monkeypatch.setattr(scratch, name, lambda *given: counted.append(name) or work(*given))

    def open_verification(config):
        verification = Verification(config)
        watch(verification.runner.scratch, "reset")
        watch(verification.runner.scratch, "restore")
        return verification

    return open_verification, counted


@pytest.fixture
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


BACK = {
    "pass": ("pass", "schema-not-restored"),
    "raise": ("raise NotImplementedError('no way back')", "downgrade-failed"),
    "select": ('op.get_bind().execute(sa.text("SELECT 1"))', "schema-not-restored"),
}


@pytest.mark.parametrize(("url", "kind"), keep_pairs(DATABASES, BACK), indirect=["url"])
def test_a_downgrade_that_does_nothing_costs_no_new_database(project, turns, url, kind):
    downgrade, outcome = BACK[kind]
    project.add("a", upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))', downgrade='op.drop_table("t")')
    project.add("b", "a", upgrade='op.add_column("t", sa.Column("note", sa.String(20)))', downgrade=downgrade)
    project.add("c", "b", upgrade='op.add_column("t", sa.Column("more", sa.String(20)))', downgrade='op.drop_column("t", "more")')
    open_verification, counted = turns
    with open_verification(project.config(db_url=url)) as verification:
        verdicts = [verdict.outcome.value for verdict in verification.check_all()]
        assert verification.runner.migrator.current() == ("c",)
    assert verdicts == ["reversible", outcome, "reversible"]
    assert counted == [] or "SELECT" in downgrade


def test_what_is_not_as_it_was_is_not_built_upon(project, turns, sqlite_url):
    """The downgrade does half of its work, the second upgrade fails: the next revision needs another database."""
    project.add("a", upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))', downgrade='op.drop_table("t")')
    project.add(
        "b",
        "a",
        upgrade='op.add_column("t", sa.Column("x", sa.Integer)); op.add_column("t", sa.Column("y", sa.Integer))',
        downgrade='op.drop_column("t", "y")',
    )
    project.add("c", "b", upgrade='op.add_column("t", sa.Column("z", sa.Integer))', downgrade='op.drop_column("t", "z")')
    open_verification, counted = turns
    with open_verification(project.config(db_url=sqlite_url)) as verification:
        assert [verdict.outcome.value for verdict in verification.check_all()] == [
            "reversible",
            "schema-not-restored",
            "reversible",
        ]
    assert counted


def test_no_copy_is_kept_before_anything_is_broken(project, sqlite_url, monkeypatch):
    kept = []
    for number in range(12):
        project.add(f"r{number:02}", f"r{number - 1:02}" if number else None)
    with Verification(project.config(db_url=sqlite_url)) as verification:
        keep = verification.runner.scratch.checkpoint
        monkeypatch.setattr(verification.runner.scratch, "checkpoint", lambda: kept.append(1) or keep())
        assert all(verdict.passed for verdict in verification.check_all())
    assert kept == []
