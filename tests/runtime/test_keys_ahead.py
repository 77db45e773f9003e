"""Rows satisfy the keys that a migration ahead adds: the application kept them before the database did."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

PARENT = 'op.create_table("p", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(20), unique=True))'
CHILD = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("p", sa.{}, nullable=False))'
CHILDREN = {
    "number": "Integer",
    "text": "String(20)",
    "sql": "Integer",
    "late": "Integer",
    "converted": "String(20)",
    "inserted": "String(20)",
    "bulk": "String(20)",
    "cleaned": "Integer",
    "in_vain": "Integer",
    "broken": "Integer",
}
WORDS = """op.create_table("words", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Enum("x", "y", name="ea"), nullable=False), sa.Column("b", sa.Enum("u", "v", name="eb"), nullable=False))"""
KEY = 'op.create_foreign_key("fk_{0}", "{0}", "{1}", ["p"], ["{2}"])'
LISTED = 'made = op.create_table("{}", sa.Column("code", sa.String(20), primary_key=True))'
UPGRADES = {
    "number": KEY.format("number", "p", "id"),
    "text": KEY.format("text", "p", "code"),
    "sql": 'op.execute("ALTER TABLE sql ADD CONSTRAINT fk_sql FOREIGN KEY (p) REFERENCES p (id)")',
    "late_parent": PARENT.replace('"p"', '"late_p"'),
    "late": KEY.format("late", "late_p", "id"),
    "converted": 'op.alter_column("converted", "p", type_=sa.Integer, postgresql_using="p::integer")\n    '
    + KEY.format("converted", "p", "id"),
    "inserted": LISTED.format("one")
    + "\n    op.execute(\"INSERT INTO one (code) VALUES ('one'), ('two')\")\n    "
    + KEY.format("inserted", "one", "code"),
    "bulk": LISTED.format("other")
    + '\n    op.bulk_insert(made, [{"code": "one"}, {"code": "two"}])\n    '
    + KEY.format("bulk", "other", "code"),
    "words": 'op.create_unique_constraint("uq", "words", ["a", "b"])',
    "cleaned": 'op.execute("DELETE FROM cleaned WHERE p NOT IN (SELECT id FROM p)")\n    ' + KEY.format("cleaned", "p", "id"),
    "in_vain": 'op.execute("DELETE FROM in_vain WHERE id < 0")\n    ' + KEY.format("in_vain", "p", "id"),
    "broken": 'op.execute("UPDATE broken SET p = 0")\n    ' + KEY.format("broken", "p", "id"),
}
DOWNGRADES = {
    **{name: f'op.drop_constraint("fk_{name}", "{name}", type_="foreignkey")' for name in UPGRADES},
    "late_parent": 'op.drop_table("late_p")',
    "words": 'op.drop_constraint("uq", "words", type_="unique")',
}
DOWNGRADES["converted"] += '\n    op.alter_column("converted", "p", type_=sa.String(20))'
DOWNGRADES["inserted"] += '\n    op.drop_table("one")'
DOWNGRADES["bulk"] += '\n    op.drop_table("other")'


@pytest.fixture
def verdicts(project, postgres_url):
    tables = [PARENT, WORDS, *(CHILD.format(name, kind) for name, kind in CHILDREN.items())]
    drop = f"""for name in {("words", *CHILDREN, "p")}:
        op.drop_table(name)
    op.execute("DROP TYPE ea")
    op.execute("DROP TYPE eb")"""
    project.add("first", upgrade="\n    ".join(tables), downgrade=drop)
    earlier = "first"
    for name, upgrade in UPGRADES.items():
        project.add(name, earlier, upgrade=upgrade, downgrade=DOWNGRADES[name])
        earlier = name
    with Verification(project.config(db_url=postgres_url)) as verification:
        return {verdict.revision: verdict for verdict in verification.check_all()}


def test_columns_that_become_keys_hold_what_the_keys_take(verdicts):
    others = {name: verdict.outcome for name, verdict in verdicts.items() if verdict.outcome is not Outcome.REVERSIBLE}
    # rows that are cleaned before are there, and what makes rows break a key fails as ever
    assert others == {"cleaned": Outcome.DATA_LOSS, "broken": Outcome.UPGRADE_FAILED}
    assert any("so judged without them ('in_vain' id = " in warning for warning in verdicts["in_vain"].warnings)


def test_a_column_that_is_made_again_before_it_becomes_a_key_has_values_of_its_type(project, database):
    tables = """op.create_table("p", sa.Column("code", sa.String(20), primary_key=True))
    op.create_table("c", sa.Column("id", sa.Integer, primary_key=True), sa.Column("p", sa.Integer, nullable=False))"""
    project.add("first", upgrade=tables, downgrade='op.drop_table("c")\n    op.drop_table("p")')
    again = 'op.drop_column("c", "p")\n    op.add_column("c", sa.Column("p", sa.String(20)))'
    project.add("again", "first", upgrade=again, downgrade="pass")
    key = """with op.batch_alter_table("c") as batch:
        batch.create_foreign_key("fk", "p", ["p"], ["code"])"""
    project.add("key", "again", upgrade=key, downgrade="pass")
    with Verification(project.config(db_url=database.url)) as verification:
        found = {verdict.revision: verdict for verdict in verification.check_all()}
    assert not found["again"].unseeded


def test_a_name_that_another_table_gets_later_still_means_the_table_that_has_it_now(project, postgres_url):
    tables = """op.create_table("family", sa.Column("id", sa.Uuid, primary_key=True))
    op.create_table("build", sa.Column("id", sa.Integer, primary_key=True), sa.Column("family_id", sa.Uuid))"""
    project.add("first", upgrade=tables, downgrade='op.drop_table("build")\n    op.drop_table("family")')
    key = 'op.create_foreign_key("fk", "build", "family", ["family_id"], ["id"])'
    project.add("key", "first", upgrade=key, downgrade='op.drop_constraint("fk", "build", type_="foreignkey")')
    names = 'op.rename_table("build", "job")\n    op.rename_table("family", "build")'
    project.add("names", "key", upgrade=names, downgrade='op.rename_table("build", "family")\n    op.rename_table("job", "build")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        assert [verdict.outcome for verdict in verification.check_all()] == [Outcome.REVERSIBLE] * 3
