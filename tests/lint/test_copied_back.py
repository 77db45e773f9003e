"""Values that downgrade() copies back to a column which is shorter than where they were kept: in SQL and through the ORM (MRT120)."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

TABLES = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("label", sa.String(64)))\n'
    'op.create_table("marks", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("parcel_id", sa.Integer()), '
    'sa.Column("value", sa.String({})))'
)
MOVED = f'{sql("INSERT INTO marks (parcel_id, value) SELECT id, label FROM parcels")}\nop.drop_column("parcels", "label")'
BACK = 'op.add_column("parcels", sa.Column("label", sa.String(64)))\n'
ORM = """
from sqlalchemy.orm import Session, declarative_base
Base = declarative_base()
class Parcel(Base):
    __tablename__ = "parcels"
    id = sa.Column(sa.Integer, primary_key=True)
    label = sa.Column(sa.Text)
class Mark(Base):
    __tablename__ = "marks"
    id = sa.Column(sa.Integer, primary_key=True)
    parcel_id = sa.Column(sa.Integer)
    value = sa.Column(sa.Text)
session = Session(bind=op.get_bind())
for parcel in session.query(Parcel).all():
    mark = session.query(Mark).filter(Mark.parcel_id == parcel.id).one()
    {}
session.commit()
"""
COPIES = [
    sql("UPDATE parcels SET label = (SELECT value FROM marks WHERE marks.parcel_id = parcels.id)"),
    sql("UPDATE parcels SET label = marks.value FROM marks WHERE marks.parcel_id = parcels.id"),
    sql("INSERT INTO parcels (id, label) SELECT parcel_id, value FROM marks"),
    ORM.format("parcel.label = mark.value"),
    ORM.format("setattr(parcel, 'label', mark.value)"),
]


def about(downgrade: str, *, length: int = 256, dialect: str = "postgresql") -> list[tuple[str, str]]:
    found = told([(TABLES.format(length), "pass"), (MOVED, BACK + downgrade)], dialect)
    return [(each.message, each.instead) for each in found if each.code == "MRT120"]


@pytest.mark.parametrize("downgrade", COPIES)
def test_values_may_be_longer_by_then_than_the_column_that_comes_back(downgrade: str):
    ((message, instead),) = about(downgrade)
    assert message.startswith("downgrade copies 'marks.value' (VARCHAR(256)) to 'parcels.label' (VARCHAR(64)): the rollback fails")
    assert instead.endswith("SELECT value FROM marks WHERE char_length(value) > 64")
    assert about(downgrade, length=64) == []
    assert about(downgrade, dialect="sqlite") == []


@pytest.mark.parametrize(
    "downgrade",
    [
        sql("UPDATE parcels SET label = (SELECT left(value, 64) FROM marks WHERE marks.parcel_id = parcels.id)"),
        sql("UPDATE parcels SET label = marks.value FROM marks WHERE marks.parcel_id = parcels.id AND length(marks.value) < 65"),
        f"{sql('DELETE FROM marks WHERE length(value) > 64')}\n{COPIES[1]}",
        f"{sql('UPDATE marks SET value = left(value, 64)')}\n{COPIES[0]}",
        ORM.format("parcel.label = mark.value[:64]"),
        ORM.format("if len(mark.value) < 65:\n        parcel.label = mark.value"),
    ],
)
def test_what_is_shortened_or_chosen_is_not_said(downgrade: str):
    assert about(downgrade) == []
