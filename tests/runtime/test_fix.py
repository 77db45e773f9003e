"""What `mrt check --fix` writes rolls back: fixed projects are verified on real databases."""

from random import Random

import pytest

from benchmarks.random_histories import write
from mrt_lint.cli import main
from mrt_runtime.config import MRTConfig
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

HEAD = (
    "Column('id', sa.Integer, primary_key=True)",
    "Column('name', sa.String(50), nullable=False, server_default='none')",
    "Column('email', sa.String(80))",
)
USERS = (
    f"op.create_table('users', {', '.join(f'sa.{column}' for column in HEAD)})\n    op.create_index('ix_name', 'users', ['name'])"
)
EMPTY = "pass"


def read(project):
    return {file.stem: file.read_text() for file in project.versions.glob("*.py")}


@pytest.fixture
def fixed(project, monkeypatch, capsys):
    """Fixes the project and verifies it on a database; gives {revision: verdict}."""

    def run(url, *arguments):
        monkeypatch.chdir(project.root)
        main(["check", str(project.versions), "--fix", "--no-cache", *arguments])
        out = capsys.readouterr().out
        texts = read(project)
        main(["check", str(project.versions), "--fix", "--no-cache", *arguments])
        capsys.readouterr()
        assert read(project) == texts, "fixing twice changes nothing"
        with Verification(project.config(db_url=url)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}, out

    return run


def test_written_downgrades_are_reversible_on_sqlite(project, fixed, sqlite_url):
    project.add("001", upgrade=USERS, downgrade=EMPTY)
    project.add("002", "001", upgrade="op.add_column('users', sa.Column('age', sa.Integer))", downgrade=EMPTY)
    project.add(
        "003",
        "002",
        upgrade="""with op.batch_alter_table('users') as batch_op:
        batch_op.alter_column('email', existing_type=sa.String(80), server_default='x')
        batch_op.create_unique_constraint('uq_users_id_age', ['id', 'age'])
        batch_op.drop_index('ix_name')""",
        downgrade=EMPTY,
    )
    project.add(
        "004",
        "003",
        upgrade="""op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True), sa.Column('kind', sa.Enum('a', 'b', name='kind')))
    op.rename_table('users', 'people')
    op.execute('CREATE VIEW everybody AS SELECT id FROM people')""",
        downgrade=EMPTY,
    )
    project.add(
        "005", "004", upgrade="op.create_index('ix_mail', 'people', ['email'])", downgrade="op.drop_index('ix_mail', 'people')"
    )
    found, out = fixed(sqlite_url, "--ignore", "MRT301")
    assert "Fixed 6 findings in 5 files" in out, out
    assert {revision: (verdict.outcome, verdict.failures) for revision, verdict in found.items()} == {
        f"00{number}": (Outcome.REVERSIBLE, ()) for number in range(1, 6)
    }
    assert "autocommit_block" in read(project)["005"]


def test_written_downgrades_are_reversible_on_postgresql(project, fixed, postgres_url):
    project.add("001", upgrade=USERS, downgrade=EMPTY)
    project.add(
        "002",
        "001",
        upgrade="""op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True), sa.Column('owner', sa.Integer),
        sa.Column('mood', sa.Enum('sad', 'ok', name='mood'), nullable=False))
    op.create_foreign_key('fk_owner', 'pets', 'users', ['owner'], ['id'], ondelete='CASCADE')
    op.add_column('users', sa.Column('pet', sa.Integer, sa.ForeignKey('pets.id')))
    op.create_check_constraint('ck_id', 'users', 'id > -1000000')
    op.alter_column('users', 'email', type_=sa.Text())
    op.execute('CREATE MATERIALIZED VIEW names AS SELECT name FROM users')
    op.execute("CREATE SEQUENCE numbers")""",
        downgrade=EMPTY,
    )
    project.add(
        "003",
        "002",
        upgrade="op.drop_constraint('fk_owner', 'pets', type_='foreignkey')\n    op.drop_constraint('ck_id', 'users')",
        downgrade=EMPTY,
    )
    project.add(
        "004", "003", upgrade="op.create_index('ix_mail', 'users', ['email'])", downgrade="op.drop_index('ix_mail', 'users')"
    )
    project.add("005", "004", upgrade="op.drop_index('ix_name', 'users')\n    op.drop_index('ix_mail', 'users')", downgrade=EMPTY)
    project.add(
        "006",
        "005",
        upgrade="""op.create_table('rooms', sa.Column('size', sa.Enum('s', 'l', name='size')))
    op.create_check_constraint('ck_pet', 'users', 'pet IS NULL OR pet > -1000000')""",
        downgrade="""op.drop_constraint('ck_pet', 'users')
    op.drop_table('rooms')""",
    )
    found, _ = fixed(postgres_url, "--unsafe-fixes", "--dialect", "postgresql", "--extend-select", "MRT420")
    assert {revision: (verdict.outcome, verdict.failures) for revision, verdict in found.items()} == {
        f"00{number}": (Outcome.REVERSIBLE, ()) for number in range(1, 7)
    }
    texts = read(project)
    assert all("concurrently=True" in texts[revision] and "autocommit_block" in texts[revision] for revision in ("004", "005"))
    assert 'name="size").drop(' in texts["006"].replace("'", '"')
    assert "postgresql_not_valid=True" in texts["006"]


def test_a_column_that_comes_back_has_its_definition_and_not_its_values_and_both_halves_say_so(project, fixed, sqlite_url):
    project.add("001", upgrade=USERS, downgrade=EMPTY)
    project.add("002", "001", upgrade="op.drop_column('users', 'email')", downgrade=EMPTY)
    found, out = fixed(sqlite_url, "--unsafe-fixes")
    assert found["002"].outcome is Outcome.DATA_LOSS  # and no word of the schema
    assert [failure.message for failure in found["002"].failures] == ["Column 'users.email': 2/3 values lost after rollback"]
    assert "MRT201" in out


@pytest.mark.parametrize(
    ("server", "seed"),
    [
        ("sqlite_url", 0),
        pytest.param("sqlite_url", 1, marks=pytest.mark.exhaustive),
        pytest.param("postgres_url", 0, marks=pytest.mark.exhaustive),  # histories of its own are written above
        ("mysql_url", 0),
    ],
)
def test_random_histories_without_downgrades_roll_back_once_they_are_written(tmp_path, monkeypatch, request, server, seed):
    url = request.getfixturevalue(server)
    dialect = url.partition(":")[0].partition("+")[0]
    write(Random(seed), tmp_path, dialect, length=8 if dialect == "sqlite" else 5)
    files = {file.stem: file for file in (tmp_path / "migrations" / "versions").glob("*.py")}
    for file in files.values():
        file.write_text(file.read_text().partition("def downgrade")[0] + "def downgrade():\n    pass\n")
    monkeypatch.chdir(tmp_path)
    main(["check", "migrations/versions", "--fix", "--unsafe-fixes", "--no-cache", "--ignore", "MRT4", "--dialect", dialect])
    written = {revision for revision, file in files.items() if "pass" not in file.read_text()}
    assert written
    with Verification(MRTConfig(alembic_ini=str(tmp_path / "alembic.ini"), db_url=url)) as verification:
        found = {verdict.revision: verdict for verdict in verification.check_all()}
    wrong = [
        found[revision]
        for revision in written
        if found[revision].outcome in {Outcome.DOWNGRADE_FAILED, Outcome.SCHEMA_NOT_RESTORED}
    ]
    assert not wrong
