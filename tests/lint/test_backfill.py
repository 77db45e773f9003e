"""An upgrade that only adds rows and values where there were none needs no way back: an empty downgrade is a warning."""

import textwrap

import pytest

from mrt_lint.model.finding import Finding, Severity
from tests.lint.test_downgrade_kinds import AGE, BASE, DROP_AGE, PARCELS, sql, told

MODEL = """
class Parcel(sa.orm.declarative_base()):
    __tablename__ = "parcels"
    id = sa.Column(sa.Integer, primary_key=True)
    code = sa.Column(sa.Text)
session = sa.orm.Session(bind=op.get_bind())
"""
CORE = 'parcels = sa.table("parcels", sa.column("id"), sa.column("code"))\n'
TOWNS = 'op.create_table("towns", sa.Column("name", sa.Text))'


def empty(upgrade: str, *before: tuple[str, str], of: str = "MRT102") -> list[Finding]:
    bodies = [BASE, (TOWNS, 'op.drop_table("towns")'), *before, (textwrap.dedent(upgrade), "pass")]
    return [finding for finding in told(bodies) if finding.code == of]


FILLS = [
    sql("UPDATE parcels SET code = 'x' WHERE code IS NULL"),
    sql("UPDATE parcels AS p SET code = 'x' WHERE (p.code is null) AND id > 10"),
    sql("UPDATE parcels SET code = COALESCE(code, 'x')"),
    sql("UPDATE parcels SET code = towns.name FROM towns WHERE parcels.code IS NULL"),
    f"{CORE}op.execute(parcels.update().where(parcels.c.code.is_(None)).values(code='x'))",
    f"{CORE}op.execute(sa.update(parcels).where(parcels.c.code == None, parcels.c.id > 3).values({{'code': 'x'}}))",
    f"{CORE}op.execute(parcels.update().where(sa.and_(parcels.c.code == sa.null(), parcels.c.id > 3)).values(code='x'))",
    f"{CORE}op.get_bind().execute(parcels.update().where((parcels.c.code == None) & (parcels.c.id > 3)).values(code='x'))",
    f"{MODEL}session.query(Parcel).filter(Parcel.code.is_(None)).update({{'code': 'x'}})",
    f"{MODEL}session.query(Parcel).filter_by(code=None).update({{Parcel.code: 'x'}})",
    f"{MODEL}for parcel in session.query(Parcel).filter(Parcel.code == None):\n    parcel.code = 'x'",
    f"{MODEL}for parcel in session.scalars(sa.select(Parcel).where(Parcel.code.is_(None))):\n    parcel.code = 'x'",
    sql("INSERT INTO towns (name) VALUES ('Ulm')"),
    sql("INSERT INTO towns (name) SELECT code FROM parcels ON CONFLICT DO NOTHING"),
    f"{sql('INSERT INTO parcels (id) VALUES (1)')}\n{sql('SELECT setval(chr(112), 1)')}",
    'op.bulk_insert(sa.table("towns", sa.column("name")), [{"name": "Ulm"}])',
    f"{sql('SET LOCAL lock_timeout = 5000')}\n{sql('INSERT INTO towns (name) VALUES (1)')}",
]
CHANGES = [
    sql("UPDATE parcels SET code = upper(code)"),
    sql("UPDATE parcels SET code = 'x'"),
    sql("UPDATE parcels SET code = 'x' WHERE code IS NULL OR code = ''"),
    sql("UPDATE parcels SET code = 'x', id = 3 WHERE code IS NULL"),
    sql("UPDATE parcels SET code = 'x' WHERE NOT (code IS NULL)"),
    sql("UPDATE parcels SET code = towns.name FROM towns WHERE towns.code IS NULL"),
    f"{CORE}op.execute(parcels.update().where((parcels.c.code == None) | (parcels.c.id > 3)).values(code='x'))",
    f"{CORE}op.execute(parcels.update().where(parcels.c.code != None).values(code='x'))",
    sql("DELETE FROM parcels WHERE code IS NULL"),
    sql("INSERT INTO towns (name) VALUES ('Ulm')", "DELETE FROM parcels WHERE code = 'Ulm'"),
    sql("INSERT INTO towns (name) VALUES ('Ulm')", "CREATE INDEX ix ON towns (name)"),
    f"{AGE}\n{sql('UPDATE parcels SET age = 1')}",
]


@pytest.mark.parametrize("upgrade", FILLS)
def test_filling_what_was_empty_is_a_warning_whose_advice_blocks_no_later_rollback(upgrade: str):
    (finding,) = empty(upgrade)
    assert finding.severity is Severity.WARNING
    assert "raise nothing" in finding.instead
    assert finding.fix is None


@pytest.mark.parametrize("upgrade", CHANGES)
def test_whatever_overwrites_or_changes_more_is_an_error(upgrade: str):
    (finding,) = empty(upgrade)
    assert finding.severity is Severity.ERROR


ADDED = (AGE, DROP_AGE)


@pytest.mark.parametrize(
    ("before", "upgrade", "severity"),
    [
        (ADDED, "UPDATE parcels SET age = 1", Severity.WARNING),
        (ADDED, "UPDATE parcels SET age = length(code)", Severity.WARNING),
        (ADDED, "UPDATE parcels SET age = age + 1", Severity.ERROR),
        (ADDED, "UPDATE parcels SET age = 2 WHERE age = 1", Severity.ERROR),
        ((f"{AGE}\n{sql('UPDATE parcels SET age = 1')}", DROP_AGE), "UPDATE parcels SET age = 2 WHERE id = 1", Severity.ERROR),
        (ADDED, "UPDATE parcels SET age = parcels.age + 1", Severity.ERROR),
        (ADDED, "UPDATE parcels SET age = 1, code = 'x'", Severity.ERROR),
        (
            (AGE.replace("sa.Integer()", 'sa.Integer(), server_default="0"'), DROP_AGE),
            "UPDATE parcels SET age = 1",
            Severity.ERROR,
        ),
        (("op.add_column('towns', sa.Column('age', sa.Integer))", "pass"), "UPDATE parcels SET age = 1", Severity.ERROR),
    ],
)
def test_a_column_that_an_earlier_revision_added_empty_is_filled(before: tuple[str, str], upgrade: str, severity: Severity):
    (finding,) = empty(sql(upgrade), before)
    assert finding.severity is severity


def test_a_back_fill_is_not_said_to_overwrite_values():
    assert "fills what was NULL" in empty(FILLS[0], of="MRT103")[0].message
    assert "overwrites values" in empty(CHANGES[0], of="MRT103")[0].message


def test_what_could_not_be_read_may_be_more_than_a_back_fill():
    source = f"{sql('INSERT INTO parcels (id) VALUES (1)')}\nimport tools\ntools.clean(op.get_bind())"
    assert [finding.severity for finding in told([(PARCELS, "pass"), (source, "pass")]) if finding.code == "MRT102"] == [
        Severity.ERROR
    ]


@pytest.mark.parametrize(
    ("update", "is_reported"),
    [
        ("UPDATE parcels SET code = code", False),
        ('UPDATE parcels SET "code" = parcels.code', False),
        ("UPDATE parcels SET code = upper(code)", True),
        ("UPDATE parcels SET code = code, id = id + 1", True),
        ("UPDATE parcels SET code = other.code FROM other", True),
    ],
)
def test_a_column_set_to_what_it_holds_keeps_its_values(update: str, is_reported: bool):
    found = told([(PARCELS, "pass"), (sql(update), 'op.execute("SELECT 1")')])
    assert any(finding.code == "MRT103" for finding in found) == is_reported


OBJECTS = """
from sqlalchemy.orm import Session
from app.models import Parcel
{}
session = Session(op.get_bind())
for parcel in session.query(Parcel):
    parcel.{} = parcel.code.strip()
session.commit()
"""


@pytest.mark.parametrize(
    ("added", "attribute", "is_reported"),
    [
        ("size", "size", False),
        ("size_id", "size", False),
        ("size", "code", True),
        ("size_id", "code", True),
    ],
)
def test_an_attribute_of_the_orm_is_a_column_that_the_same_upgrade_adds(added: str, attribute: str, is_reported: bool):
    column = f'op.add_column("parcels", sa.Column("{added}", sa.Text()))'
    found = told([(PARCELS, "pass"), (OBJECTS.format(column, attribute), f'op.drop_column("parcels", "{added}")')])
    assert any(finding.code == "MRT103" for finding in found) == is_reported


@pytest.mark.parametrize("update", ['op.execute(parcels.update().values(code="x"))', sql("UPDATE parcels SET code = 'x'")])
def test_a_column_of_the_table_is_no_relationship_beside_a_new_key(update: str):
    key = 'parcels = sa.table("parcels", sa.column("code"))\nop.add_column("parcels", sa.Column("code_id", sa.Integer()))'
    found = told([(PARCELS, "pass"), (f"{key}\n{update}", 'op.drop_column("parcels", "code_id")')])
    assert "MRT103" in {finding.code for finding in found}


TWO_NEW = """
op.add_column("parcels", sa.Column("kind", sa.Text(), server_default="box"))
op.add_column("parcels", sa.Column("label", sa.Text()))
{}
"""
EACH_ROW = """
for row in op.get_bind().execute(sa.text("SELECT id, code FROM parcels")):
    op.get_bind().execute(sa.text("UPDATE parcels SET {} = :code WHERE id = :id"), {{"code": row.code.upper(), "id": row.id}})
"""


@pytest.mark.parametrize(
    ("update", "column", "advice"),
    [
        (EACH_ROW.format("label"), "label", "fill the column in a later revision"),
        (EACH_ROW.format("kind"), "kind", "fill the column in a later revision"),
        (sql("UPDATE parcels SET label = code"), "label", "fill the column in a later revision"),
        (sql("UPDATE parcels SET code = 'x'"), "kind", "update the rows in a later revision"),
    ],
)
def test_the_column_that_is_filled_is_named_of_several_new_ones(update: str, column: str, advice: str):
    (finding,) = [each for each in told([(PARCELS, "pass"), (TWO_NEW.format(update), "pass")]) if each.code == "MRT438"]
    assert f"by the lock that added column 'parcels.{column}'" in finding.message
    assert finding.instead.startswith(advice)


LATER = 'op.add_column("parcels", sa.Column("note", sa.Text(), nullable=True))', 'op.drop_column("parcels", "note")'


@pytest.mark.parametrize(
    "update",
    [
        "SET note = code",
        "SET note = code WHERE code IS NULL",
        "SET note = NULL WHERE code IS NOT NULL",
        "SET note = 'x' WHERE id > 3",
    ],
)
def test_what_an_older_release_may_have_written_by_then_is_not_called_null(update: str):
    (finding,) = empty(sql(f"UPDATE parcels {update}"), LATER, of="MRT103")
    assert "fills" not in finding.message
    assert "column 'parcels.note'" in finding.message
    assert "the older release has written there since" in finding.message


@pytest.mark.parametrize("value", ["COALESCE(code, '') || 'x'", "COALESCE(code, '')::text || 'x'", "coalesce(code, 'a') || code"])
def test_a_part_of_a_value_that_keeps_what_is_there_keeps_nothing(value: str):
    (finding,) = empty(sql(f"UPDATE parcels SET code = {value}"), of="MRT103")
    assert "overwrites" in finding.message


def test_a_value_that_is_only_cast_keeps_what_is_there():
    (finding,) = empty(sql("UPDATE parcels SET code = COALESCE(code, 'x')::text"), of="MRT103")
    assert "fills what was NULL" in finding.message
