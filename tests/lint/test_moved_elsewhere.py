"""MRT208 where values go to a new table, or to several columns: what comes back whole, and what the advice names."""

import pytest

from tests.lint.test_downgrade_kinds import told

MADE = """
op.create_table("plans", sa.Column("id", sa.Integer(), primary_key=True))
op.create_table(
    "jobs",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("note", sa.Text()),
    sa.Column("plan_id", sa.Integer(), sa.ForeignKey("plans.id")),
)
"""
NEW = """
op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text()))
op.add_column("jobs", sa.Column("note_id", sa.Integer()))
op.create_foreign_key("fk_note", "jobs", "notes", ["note_id"], ["id"])
c = op.get_bind()
"""
LOOP = """
for row in c.execute(sa.text("SELECT id, note FROM jobs")).fetchall():
    if row.note is not None:
        {}
        c.execute(sa.text("UPDATE jobs SET note_id = :n WHERE id = :id"), {{"n": last(c), "id": row.id}})
"""
VERBATIM = LOOP.format('c.execute(sa.text("INSERT INTO notes (note) SELECT note FROM jobs WHERE id = :id"), {"id": row.id})')
SHORTENED = VERBATIM.replace("SELECT note FROM jobs", "SELECT left(note, 9) FROM jobs")
DROP = 'op.drop_column("jobs", "note")'
BACK = """
op.add_column("jobs", sa.Column("note", sa.Text()))
op.execute("UPDATE jobs SET note = (SELECT note FROM notes WHERE notes.id = note_id)")
op.drop_column("jobs", "note_id")
op.drop_table("notes")
"""
NO_WAY_BACK = 'op.add_column("jobs", sa.Column("note", sa.Text()))\nop.drop_column("jobs", "note_id")\nop.drop_table("notes")'


def advice(upgrade: str, downgrade: str) -> list[str]:
    found = told([(MADE, 'op.drop_table("jobs")\nop.drop_table("plans")'), (upgrade, downgrade)])
    return [finding.instead for finding in found if finding.code == "MRT208"]


@pytest.mark.parametrize(
    ("moved", "downgrade", "lost"),
    [
        (VERBATIM, BACK, False),
        ('op.execute("INSERT INTO notes (id, note) SELECT id, note FROM jobs")', BACK, False),
        (SHORTENED, BACK, True),
        (VERBATIM, NO_WAY_BACK, True),
        ("op.execute(\"INSERT INTO notes (note) SELECT note FROM jobs WHERE note <> ''\")", BACK, True),
    ],
)
def test_values_that_are_copied_as_they_are_and_back_are_not_lost(moved: str, downgrade: str, lost: bool):
    assert bool(advice(f"{NEW}{moved}\n{DROP}", downgrade)) is lost


def test_a_new_table_and_the_key_to_it_are_named_as_what_they_are():
    [text] = advice(f"{NEW}{SHORTENED}\n{DROP}", BACK)
    assert text.startswith("add note_id and table notes and fill them in this release")
    assert text.endswith("downgrade() then only drops note_id and table notes")


def test_every_new_column_is_named_and_the_table_that_the_old_one_refers_to():
    upgrade = """
op.add_column("jobs", sa.Column("kind", sa.Text()))
op.add_column("jobs", sa.Column("size", sa.Integer()))
c = op.get_bind()
for row in c.execute(sa.text("SELECT id, plan_id FROM jobs")):
    c.execute(sa.text("UPDATE jobs SET kind = :k, size = :s WHERE id = :id"), {"k": f(row.plan_id), "s": g(row.plan_id), "id": row.id})
op.drop_column("jobs", "plan_id")
op.drop_table("plans")
"""
    [text] = advice(upgrade, 'op.execute("SELECT 1")')
    assert "add kind and size and fill them" in text
    assert "downgrade() then only drops kind and size; table plans, which plan_id refers to, is to stay until then, too" in text


@pytest.mark.parametrize(
    ("upgrade", "start", "end"),
    [
        ('op.add_column("plans", sa.Column("note", sa.Text()))', "add note and fill it in", "only drops note"),
        # made by an earlier revision: it belongs to the older release
        ("pass", "fill plans.note in this release", "and drop note in a later release"),
    ],
)
def test_a_column_that_was_there_is_filled_and_not_dropped(upgrade: str, start: str, end: str):
    before = MADE if upgrade != "pass" else f'{MADE}\nop.add_column("plans", sa.Column("note", sa.Text()))'
    moved = 'op.execute("UPDATE plans SET note = jobs.note FROM jobs WHERE jobs.plan_id = plans.id")'
    found = told([(before, "pass"), (f"{upgrade}\n{moved}\n{DROP}", 'op.execute("SELECT 1")')])
    [text] = [finding.instead for finding in found if finding.code == "MRT208"]
    assert text.startswith(start)
    assert text.endswith(end)


@pytest.mark.parametrize("new_type", ["sa.LargeBinary(16)", "sa.Uuid()"])
def test_a_column_whose_name_the_new_one_takes_stays_and_the_new_one_has_another(new_type: str):
    upgrade = f"""
op.alter_column("jobs", "note", new_column_name="note_old", existing_type=sa.Text())
op.add_column("jobs", sa.Column("note", {new_type}))
op.execute("UPDATE jobs SET note = decode(note_old, 'hex')")
op.drop_column("jobs", "note_old")
"""
    [text] = advice(upgrade, 'op.execute("SELECT 1")')
    assert text.startswith("leave note as it is, add a column under another name and fill that in this release")
    assert text.endswith("and drop note in a later release; downgrade() then only drops the new one")
