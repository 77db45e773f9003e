"""A migration that points at a row by its key takes it that the row is there."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLES = """op.create_table("keeper", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(40), nullable=False))
    op.create_table("cage", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String(20)))"""
DROP = 'op.drop_table("cage")\n    op.drop_table("keeper")'
ADD = 'op.add_column("cage", sa.Column("keeper_id", sa.Integer(), sa.ForeignKey("keeper.id", name="fk_keeper")))\n    '
CORE = """cage = sa.table("cage", sa.column("keeper_id", sa.Integer))
    op.execute(cage.update().values({}))"""
MAPPED = """from sqlalchemy import orm
    class Cage(orm.declarative_base()):
        __tablename__ = "cage"
        id = sa.Column(sa.Integer, primary_key=True)
        keeper_id = sa.Column(sa.Integer)
    session = orm.Session(op.get_bind())
    for cage in session.query(Cage).all():
        cage.keeper_id = 1
    session.commit()"""
SPELLINGS = {
    "text": ADD + 'op.execute("UPDATE cage SET keeper_id = 1 WHERE keeper_id IS NULL")',
    "in place of NULL": ADD + 'op.execute("UPDATE cage SET keeper_id = coalesce(keeper_id, 1)")',
    "a parameter": ADD + 'op.get_bind().execute(sa.text("UPDATE cage SET keeper_id = :k"), {"k": 1})',
    "a constant": ADD + "FIRST = 1\n    " + CORE.format("keeper_id=FIRST"),
    "an argument": ADD + CORE.format("keeper_id=1"),
    "a dictionary": ADD + CORE.format('{"keeper_id": 1}'),
    "an object": ADD + MAPPED,
    "a default": ADD.replace("),\n", "").replace('name="fk_keeper")', 'name="fk_keeper"), server_default="1"').strip(),
    "an INSERT": ADD + "op.execute(\"INSERT INTO cage (id, note, keeper_id) VALUES (1, 'x', 1)\")",
}


@pytest.fixture
def verify(project, postgres_url):
    def run(upgrade, before=TABLES, **settings):
        project.add("001", upgrade=before, downgrade=DROP)
        project.add("002", "001", upgrade=upgrade, downgrade='op.drop_column("cage", "keeper_id")')
        with Verification(project.config(db_url=postgres_url, **settings)) as verification:
            return list(verification.check_all())[-1]

    return run


@pytest.mark.parametrize("kind", SPELLINGS)
def test_the_row_is_there(verify, kind):
    verdict = verify(SPELLINGS[kind])
    expected = Outcome.DATA_LOSS if kind == "an INSERT" else Outcome.REVERSIBLE
    assert verdict.outcome is expected, verdict


@pytest.mark.parametrize(
    "query",
    [
        'f"INSERT INTO cage (note, keeper_id) SELECT k.name, {FIRST} FROM keeper k WHERE k.id < 0"',
        '"INSERT INTO cage (note, keeper_id) SELECT * FROM pair"',
    ],
)
def test_an_insert_of_fewer_values_than_columns_as_far_as_it_is_read_ends_no_run(verify, query):
    pair = "op.execute(\"CREATE TEMPORARY TABLE pair AS SELECT CAST('x' AS varchar(20)) AS a, 1 AS b WHERE false\")\n    "
    assert verify(f"{ADD}FIRST = 1\n    {pair}op.execute({query})").outcome is Outcome.REVERSIBLE


def test_a_row_that_migrations_write_themselves_is_not_made_up(verify):
    upgrade = "op.execute(\"INSERT INTO keeper (id, name) VALUES (1, 'first')\")\n    " + SPELLINGS["text"]
    verdict = verify(upgrade)
    assert verdict.outcome is Outcome.DATA_LOSS
    assert "left behind" in verdict.failures[0].message


def test_the_rows_of_a_project_are_all_that_there_are(verify):
    verdict = verify(SPELLINGS["text"], custom_seeds={"keeper": lambda: [{"id": 5, "name": "x"}]})
    assert verdict.outcome is Outcome.UPGRADE_FAILED


def test_the_row_is_there_beside_others_that_might_serve(project, postgres_url):
    """What an earlier revision leaves behind is no row of the number that this one names."""
    own_key = 'sa.Column("id", sa.Integer(), primary_key=True)'
    shared_key = 'sa.Column("id", sa.Integer(), sa.ForeignKey("party.id"), primary_key=True)'
    project.add(
        "001",
        upgrade=f"""op.create_table("party", {own_key}, sa.Column("kind", sa.String(20)))
    op.create_table("keeper", {shared_key}, sa.Column("name", sa.String(40), nullable=False))
    op.create_table("cage", {own_key}, sa.Column("note", sa.String(20)))""",
        downgrade="\n    ".join(f'op.drop_table("{name}")' for name in ("cage", "keeper", "party")),
    )
    project.add("002", "001", upgrade="op.execute(\"INSERT INTO party (id, kind) VALUES (5, 'guild')\")", downgrade="pass")
    project.add("003", "002", upgrade=SPELLINGS["a default"], downgrade='op.drop_column("cage", "keeper_id")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        outcomes = [verdict.outcome for verdict in verification.check_all()]
    assert outcomes == [Outcome.REVERSIBLE, Outcome.DATA_LOSS, Outcome.REVERSIBLE]


READERS = [
    "seeder.write_named_parents",
    "row_steps.write_linked_rows",
    "migration_hints.read_code",
    "migration_hints.read_way_back",
    "migration_hints.find_joined",
    "migration_hints.find_computed_back",
    "migration_hints.find_restored",
    "migration_hints.SingleRows",
    "hint_reader.HintReader._label",
]


@pytest.mark.parametrize("error", [IndexError, TypeError, RecursionError])
@pytest.mark.parametrize("reader", READERS)
def test_an_error_of_a_reader_costs_its_hint_and_is_a_warning(project, sqlite_url, monkeypatch, reader, error):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(f"mrt_runtime.seed.{reader}", fail)
    project.add("001", upgrade=TABLES, downgrade=DROP)
    upgrade = "op.execute(\"UPDATE cage SET note = (SELECT k.name FROM keeper k WHERE k.id = cage.id) WHERE note = 'a'\")"
    upgrade += '\n    op.create_index("ix", "cage", ["note", "id"], unique=True)'
    file = project.add(
        "002", "001", upgrade=upgrade, downgrade='op.drop_index("ix", "cage")\n    op.execute("DELETE FROM cage WHERE note = 1")'
    )
    with Verification(project.config(db_url=sqlite_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is not Outcome.NOT_REACHED
    [warning] = [one for one in verdict.warnings if "please report it" in one]
    assert f"could not read {file.name} for rows ({error.__name__} in " in warning
