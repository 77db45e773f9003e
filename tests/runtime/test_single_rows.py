"""A table of which a migration reads a single row holds one: what fails, or is lost, only where there are several is a warning."""

from functools import partial

import pytest

from mrt_runtime.seed.single_row import SingleRows
from mrt_runtime.verdict import Outcome

SETTINGS = """op.create_table("settings", sa.Column("id", sa.Integer, primary_key=True), sa.Column("theme", sa.String(30)))
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)))"""
DROP = 'op.drop_table("users")\n    op.drop_table("settings")'
BACK = 'with op.batch_alter_table("users") as batch:\n        batch.drop_column("theme")'
ADD = 'op.add_column("users", sa.Column("theme", sa.String(30)))\n    bind = op.get_bind()\n    '
FAILS = {
    "one": 'bind.execute(sa.text("SELECT theme FROM settings")).one()',
    "scalar_one": 'bind.execute(sa.select(sa.column("theme")).select_from(sa.table("settings"))).scalar_one()',
    "one_or_none": 'query = sa.text("SELECT * FROM settings")\n    bind.execute(query).one_or_none()',
    "one place": '[row] = bind.execute(sa.text("SELECT theme FROM settings")).fetchall()',
    "a length": 'rows = bind.execute(sa.text("SELECT theme FROM settings")).all()\n    assert len(rows) <= 1',
    "a constant key": """op.execute("CREATE TEMPORARY TABLE conf (id INT PRIMARY KEY, theme VARCHAR(30))")
    op.execute("INSERT INTO conf SELECT 1, theme FROM settings")
    op.execute("DROP TABLE conf")""",
}
SESSION = """from sqlalchemy.orm import Session, declarative_base
    class Setting(declarative_base()):
        __tablename__ = "settings"
        id = sa.Column(sa.Integer, primary_key=True)
        theme = sa.Column(sa.String)
    Session(bind).query(Setting).one()"""
MOVED = """row = op.get_bind().execute(sa.text("SELECT theme FROM settings")).fetchone()
    op.create_table("themes", sa.Column("name", sa.String(30)))
    op.get_bind().execute(sa.text("INSERT INTO themes VALUES (:name)"), {"name": row.theme})
    with op.batch_alter_table("settings") as batch:
        batch.drop_column("theme")"""
MOVED_BACK = """with op.batch_alter_table("settings") as batch:
        batch.add_column(sa.Column("theme", sa.String(30)))
    op.execute("UPDATE settings SET theme = (SELECT name FROM themes)")
    op.drop_table("themes")"""
WARNING = "Only with several rows in a table of which the migration reads a single one, so judged with one ('settings')"


@pytest.fixture(params=["sqlite", "postgres"])
def verify(verify, request):
    return partial(verify, request.getfixturevalue(f"{request.param}_url"))


@pytest.mark.parametrize("kind", [*FAILS, "session"])
def test_an_upgrade_that_several_rows_break_passes_with_a_warning(verify, kind):
    verdict = verify((SETTINGS, DROP), (ADD + FAILS.get(kind, SESSION), BACK))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith(f"{WARNING}: Upgrade failed: ")
    assert verdict.doubts[0].failure.rows == "singles"


@pytest.mark.parametrize("verify", ["postgres"], indirect=True)
def test_so_does_one_with_a_subquery_in_place_of_a_value(verify):
    verdict = verify((SETTINGS, DROP), (f'{ADD}op.execute("UPDATE users SET theme = (SELECT theme FROM settings)")', BACK))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    assert verdict.warnings[0].startswith(WARNING)


def test_what_is_lost_of_all_rows_but_one_only_warns(verify):
    verdict = verify((SETTINGS, DROP), (MOVED, MOVED_BACK))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    assert any(warning.startswith(f"{WARNING}: Column 'settings.theme'") for warning in verdict.warnings)


def test_what_is_lost_of_a_single_row_is_a_loss(verify):
    verdict = verify((SETTINGS, DROP), (ADD + FAILS["one"] + """\n    op.execute("UPDATE settings SET theme = 'x'")""", BACK))[
        "002"
    ]
    assert verdict.outcome is Outcome.DATA_LOSS


def test_several_rows_are_there_for_the_next_revision(verify):
    change = """op.execute("UPDATE settings SET theme = 'x' WHERE theme IS NULL")"""
    found = verify((SETTINGS, DROP), (ADD + FAILS["one"], BACK), (change, "pass"))
    assert found["003"].outcome is Outcome.DATA_LOSS


def test_an_upgrade_that_several_rows_break_elsewhere_fails(verify):
    change = """bind.execute(sa.text("SELECT theme FROM settings")).one()
    op.execute("UPDATE users SET id = 1")"""
    found = verify((SETTINGS, DROP), (ADD + change, BACK))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def read(project, code, *, exact):
    return SingleRows(str(project.add("001", upgrade=code)), "postgres").find(["settings", "users"], exact=exact)


@pytest.mark.parametrize(
    "code",
    [
        'bind.execute(sa.text("SELECT id FROM users WHERE name = :n"), {"n": "admin"}).one()',
        'bind.execute(sa.text("SELECT count(*) FROM users")).scalar_one()',
        'bind.execute(sa.select(sa.func.count()).select_from(sa.table("users"))).scalar_one()',
        'session.query(User).filter_by(name="admin").one()',
        'op.execute("UPDATE settings SET owner = (SELECT max(id) FROM users)")',
        'op.execute("UPDATE settings SET owner = (SELECT id FROM users WHERE users.name = settings.name)")',
        'op.execute("INSERT INTO settings SELECT id, name FROM users")',
        'op.execute("SELECT id FROM users WHERE id IN (SELECT owner FROM settings)")',
        'bind.execute(sa.text("SELECT id FROM users")).fetchall()',
        "op.execute(sa.text('SELECT name FROM users ORDER BY id')).first()",
    ],
)
def test_what_reads_chosen_rows_or_all_of_them_says_nothing(project, code):
    assert read(project, code, exact=False) == set()


@pytest.mark.parametrize(
    "code",
    [
        'bind.execute("SELECT * FROM settings LIMIT 1").fetchall()',
        'bind.execute("SELECT * FROM settings").fetchone()',
        "session.execute(sa.select(settings)).first()",
        'op.execute("UPDATE users SET name = (SELECT name FROM settings LIMIT 1)")',
    ],
)
def test_what_takes_any_row_is_not_exact(project, code):
    assert read(project, code, exact=True) == set()
    assert read(project, code, exact=False) == {"settings"}
