"""A value that the upgrade took and that the way back cannot read is one that an application may write, too: that fails."""

import pytest

from mrt_runtime.verdict import Outcome

ITEMS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(200), nullable=False),
        sa.Column("data", sa.Text, nullable=False), sa.Column("n", sa.String(300)))"""
DROP = 'op.drop_table("items")'


def kinds(verdict):
    return {doubt.failure.rows for doubt in verdict.doubts}


COPY = 'op.execute("ALTER TABLE items ADD copy VARCHAR(200)")\n    op.execute("UPDATE items SET copy = code")'
BACK = {
    "postgres_url": """op.execute("UPDATE items SET n = n WHERE copy::integer > 0")""",
    "mysql_url": """op.execute("UPDATE items SET n = n WHERE copy <> '' AND id = id + copy")""",
    "sqlite_url": """for text in op.get_bind().scalars(sa.text("SELECT copy FROM items")).all():
        int(text)""",
}


@pytest.mark.parametrize("database", BACK)
def test_a_rollback_that_cannot_read_what_the_upgrade_took_fails(verify, request, database):
    back = BACK[database] + '\n    op.drop_column("items", "copy")'
    found = verify(request.getfixturevalue(database), (ITEMS, DROP), (COPY, back), after_writes="off")
    assert found["002"].outcome is Outcome.DOWNGRADE_FAILED, found["002"]
    assert not kinds(found["002"])


def test_a_key_that_the_upgrade_does_without_is_missing_on_the_way_back(verify, sqlite_url):
    rename = """import json
    old, new = "ow" + "ner", "hol" + "der"
    bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT id, data FROM items")).all():
        document = json.loads(row.data)
        {}
        bind.execute(sa.text("UPDATE items SET data = :data WHERE id = :id"), {{"data": json.dumps(document), "id": row.id}})"""
    there = rename.format("document.update({new: document.pop(old)} if old in document else {})")
    back = rename.format("document[old] = document[new]")
    found = verify(sqlite_url, (ITEMS, DROP), (there, back), after_writes="off")
    assert found["002"].outcome is Outcome.DOWNGRADE_FAILED, found["002"]
    assert kinds(found["002"]) <= {"edges"}


def test_a_second_upgrade_that_cannot_read_what_the_rollback_left_fails(verify, sqlite_url):
    there = """rows = op.get_bind().execute(sa.text("SELECT code, data FROM items")).all()
    if rows and all(len(row.data) == 1 for row in rows):
        [(lambda text: int(text))(row.code) for row in rows]"""
    back = """op.execute("UPDATE items SET data = '-'")"""
    found = verify(sqlite_url, (ITEMS, DROP), (there, back), after_writes="off")
    assert [failure.kind for failure in found["002"].failures] == ["data-loss", "reupgrade-failed"], found["002"]
    assert not kinds(found["002"])


def test_what_the_upgrade_cannot_read_either_is_judged_with_other_values(verify, postgres_url):
    there = 'op.execute("ALTER TABLE items ALTER code TYPE uuid USING (trim(code))::uuid")'
    back = 'op.execute("ALTER TABLE items ALTER code TYPE varchar(200) USING (trim(code::text))::uuid::text")'
    found = verify(postgres_url, (ITEMS, DROP), (there, back))
    assert found["002"].outcome is Outcome.REVERSIBLE, found["002"]
