"""Advice about rows that upgrade() deletes, inserts or renumbers: how they are kept, so that downgrade() can tell them."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, sql, told

DESKS = """op.create_table(
    "desks",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("note", sa.Text()),
)"""
EMPTY = sql("DELETE FROM desks")
DROP_KIND = 'op.drop_column("desks", "kind")'
KIND = 'op.add_column("desks", sa.Column("kind", sa.Text(), nullable=False))'


def advice(code: str, upgrade: str, downgrade: str = NOTHING, before: str = DESKS) -> str:
    return next(each.instead for each in told([(before, NOTHING), (upgrade, downgrade)]) if each.code == code)


def test_rows_come_back_by_the_names_of_their_columns_where_these_move():
    listed = "INSERT INTO desks (id, kind, note) SELECT id, kind, note FROM desks_backup"
    assert listed in advice("MRT214", f"{EMPTY}\n{DROP_KIND}", KIND)
    assert "keep them first" in advice("MRT214", f"{EMPTY}\n{DROP_KIND}", KIND)
    assert "keep them before their columns are dropped" in advice("MRT214", f"{DROP_KIND}\n{EMPTY}", KIND)
    assert "INSERT INTO desks SELECT * FROM desks_backup" in advice("MRT214", EMPTY)
    assert "INSERT INTO desks (…) SELECT … FROM desks_backup" in advice("MRT214", f"{EMPTY}\n{DROP_KIND}", KIND, NOTHING)


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("INSERT INTO desks (id, kind) SELECT DISTINCT desk_id, 'x' FROM rooms", True),
        ("INSERT INTO desks (id, kind) SELECT r.desk_id, r.kind FROM rooms r ON CONFLICT DO NOTHING", True),
        ("INSERT INTO desks (kind) SELECT kind FROM rooms", True),
        ("INSERT INTO desks (id, kind) SELECT 7, kind FROM rooms", False),
        ("INSERT INTO desks (id, kind) SELECT 7, 'x' WHERE NOT EXISTS (SELECT 1 FROM desks WHERE id = 7)", True),
        ("INSERT INTO desks (id, kind) VALUES (7, 'x') ON CONFLICT DO NOTHING", True),
        ("INSERT INTO desks (id, kind) VALUES (7, 'x')", False),
    ],
)
def test_rows_whose_keys_come_from_rows_are_told_by_a_list_of_them(statement: str, kept: bool):
    text = advice("MRT106", sql(statement))
    assert ("DELETE FROM desks WHERE id IN (SELECT id FROM desks_added)" in text) is kept
    assert ("keep id of the rows" in text) is kept


CORE = 'desks = sa.table("desks", sa.column("id"), sa.column("kind"))\nrow = op.get_bind().execute(sa.select(desks.c.id)).first()\n'
PUT = 'op.get_bind().execute(desks.insert().values(kind="x"))'
SET = 'op.get_bind().execute(desks.update().where(desks.c.id == row.id).values(kind="x"))'


@pytest.mark.parametrize(
    ("upgrade", "said"),
    [
        (f"{CORE}if row is None:\n    {PUT}\nelse:\n    {SET}", "since others were there before, which it leaves or changes"),
        (f"{CORE}if row is None:\n    {PUT}", "delete them by their keys"),
        (f"{CORE}{PUT}", "delete them by their keys"),
        (
            f"{EMPTY}\n{CORE}{PUT}",
            "keep the former rows before they are deleted (CREATE TABLE desks_backup_r1 AS SELECT * FROM desks)",
        ),
        (f"{sql('TRUNCATE desks')}\n{CORE}{PUT}", "insert those again that are missing"),
        (f"{CORE}{PUT}\n{EMPTY}", "delete them by their keys"),
        (f"{sql('DELETE FROM rooms')}\n{CORE}{PUT}", "delete them by their keys"),
    ],
)
def test_rows_that_were_there_before_are_not_deleted_by_what_they_hold(upgrade: str, said: str):
    rooms = f'{DESKS}\nop.create_table("rooms", sa.Column("id", sa.Integer()))'
    assert said in advice("MRT106", upgrade, 'op.drop_column("rooms", "id")', rooms)


@pytest.mark.parametrize(
    ("before", "statement", "by_key"),
    [
        (DESKS, "UPDATE desks SET id = (SELECT max(id) + 1 FROM desks) WHERE id = 0", True),
        (NOTHING, "UPDATE desks SET id = 9 WHERE id = 0", True),
        (DESKS, "UPDATE desks SET kind = 'x' WHERE id = 0", False),
        (
            DESKS.replace('"id", sa.Integer(), primary_key=True', '"nr", sa.Integer(), primary_key=True'),
            "UPDATE desks SET nr = 9",
            True,
        ),
    ],
)
def test_a_key_that_changes_is_noted_with_the_former_one(before: str, statement: str, by_key: bool):
    assert advice("MRT103", sql(statement), before=before).startswith("note the former and the new") is by_key


def test_rows_of_another_table_are_no_reason_to_copy_these():
    change = sql("UPDATE desks SET kind = 'x' WHERE kind = 'y'")
    assert "deletes next" not in advice("MRT103", change + "\n" + sql("DELETE FROM rooms WHERE id = 1"))
    assert "deletes next" in advice("MRT103", change + "\n" + sql("DELETE FROM desks WHERE id = 1"))
