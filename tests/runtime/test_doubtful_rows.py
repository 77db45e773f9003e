"""What fails only with rows that an application may never write is a warning, and what else is wrong is judged without them."""

from functools import partial

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

USERS = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30), nullable=False))'
OWNERS = (
    'op.create_table("owners", sa.Column("id", sa.Integer, primary_key=True), '
    'sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), unique=True, nullable=False))'
)
DROP = 'op.drop_table("owners")\n    op.drop_table("users")'
INSERTS = {
    "INSERT … SELECT": 'op.execute("INSERT INTO owners (user_id) SELECT id FROM users")',
    "op.bulk_insert": """owners = sa.table("owners", sa.column("user_id", sa.Integer))
    users = op.get_bind().execute(sa.text("SELECT id FROM users")).all()
    op.bulk_insert(owners, [{"user_id": user.id} for user in users])""",
}
PETS = (
    'op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True), '
    'sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False), sa.Column("name", sa.String(30), nullable=False))'
)
FIRST_PET = """bind = op.get_bind()
    for user in bind.execute(sa.text("SELECT id FROM users WHERE name = 'admin'")).all():
        pets = bind.execute(sa.text("SELECT name FROM pets WHERE user_id = :id"), {"id": user.id}).all()
        bind.execute(sa.text("UPDATE users SET name = :name WHERE id = :id"), {"name": f"of {pets[0].name}", "id": user.id})"""
NOTES = (
    'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), '
    'sa.Column("text", sa.String(30)), sa.Column("kind", sa.String(30), nullable=False))'
)
LOWER = """bind = op.get_bind()
    for note in bind.execute(sa.text("SELECT id, text FROM notes")).all():
        bind.execute(sa.text("UPDATE notes SET text = :t, kind = 'x' WHERE id = :id"), {"t": note.text.lower(), "id": note.id})"""
KEYLESS = 'op.create_table("pairs", sa.Column("one", sa.Integer), sa.Column("two", sa.Integer))'


@pytest.fixture
def verify(verify, sqlite_url):
    return partial(verify, sqlite_url)


def kinds(verdict):
    return [failure.kind for failure in verdict.failures]


@pytest.mark.parametrize("insert", INSERTS)
def test_rows_that_an_insert_repeats_are_left_out(verify, insert):
    found = verify((f"{USERS}\n    {OWNERS}", DROP), (INSERTS[insert], "pass"), ('op.execute("DELETE FROM owners")', "pass"))
    assert kinds(found["002"])[:1] == ["data-loss"]  # the rows that it inserts stay after the rollback
    assert any("before it inserts its own, so judged without them ('owners')" in warning for warning in found["002"].warnings)
    assert found["003"].outcome is Outcome.DATA_LOSS  # there are rows again


def test_an_insert_that_repeats_the_rows_it_reads_fails(verify):
    found = verify(
        (USERS, 'op.drop_table("users")'), ('op.execute("INSERT INTO users (id, name) SELECT id, name FROM users")', "pass")
    )
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_parents_without_the_child_that_code_asks_for_are_given_one(verify):
    found = verify((f"{USERS}\n    {PETS}", 'op.drop_table("pets")\n    op.drop_table("users")'), (FIRST_PET, "pass"))
    assert kinds(found["002"]) == ["data-loss"]
    assert any("so judged with one for each ('users' and 'pets')" in warning for warning in found["002"].warnings)


def test_a_null_that_the_upgrade_does_not_take_hides_no_loss_of_other_rows(verify):
    found = verify(
        (NOTES, 'op.drop_table("notes")'), (LOWER, "pass"), ('op.execute("DELETE FROM notes WHERE text IS NULL")', "pass")
    )
    assert kinds(found["002"])[:2] == ["upgrade-failed", "data-loss"]
    assert found["003"].outcome is Outcome.DATA_LOSS  # rows that hold NULL are there again


def test_nor_does_one_in_a_table_without_a_key(verify):
    change = """op.execute("UPDATE pairs SET two = 1")
    with op.batch_alter_table("pairs") as batch:
        batch.alter_column("one", existing_type=sa.Integer(), nullable=False)"""
    back = (
        'with op.batch_alter_table("pairs") as batch:\n        batch.alter_column("one", existing_type=sa.Integer(), nullable=True)'
    )
    found = verify((KEYLESS, 'op.drop_table("pairs")'), (change, back))
    assert kinds(found["002"])[:2] == ["upgrade-failed", "data-loss"]


def test_a_sign_that_is_taken_away_is_missed(verify):
    table = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer, nullable=False))'
    found = verify((table, 'op.drop_table("t")'), ('op.execute("UPDATE t SET n = abs(n)")', "pass"), edge_rows="off")
    assert found["002"].outcome is Outcome.DATA_LOSS


ARTICLES = """op.create_table("journals", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)))
    op.create_table("articles", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("journal_id", sa.Integer, sa.ForeignKey("journals.id")))"""


@pytest.mark.parametrize(
    ("seeds", "expected"), [({}, "upgrade-failed"), ({"articles": [{"id": 1, "journal_id": None}]}, "data-loss")]
)
def test_rows_that_point_at_deleted_ones_are_an_applications_unless_a_project_says_otherwise(
    project, postgres_url, seeds, expected
):
    """A foreign key that is there is one that the application can fill, whether it may be NULL or not."""
    given = {label: lambda rows=rows: rows for label, rows in seeds.items()}
    project.add("001", upgrade=ARTICLES, downgrade='op.drop_table("articles")\n    op.drop_table("journals")')
    project.add("002", "001", upgrade='op.execute("DELETE FROM journals")', downgrade="pass")
    with Verification(project.config(db_url=postgres_url, custom_seeds=given)) as verification:
        assert [verdict.outcome.value for verdict in verification.check_all()] == ["reversible", expected]
