"""A value that an earlier migration wrote was not made up: a migration that cannot read it fails on every database."""

import pytest

from mrt_runtime.verdict import Outcome

ITEMS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(200), nullable=False),
        sa.Column("n", sa.String(300)))"""
KEYLESS = """op.execute("CREATE TABLE items (code VARCHAR(200) NOT NULL, n VARCHAR(300))")"""
DROP = 'op.drop_table("items")'


WRITES = {
    "an update": (ITEMS, """op.execute("UPDATE items SET code = 'not known'")"""),
    "an update of some": (ITEMS, """op.execute("UPDATE items SET code = 'not known' WHERE n IS NULL")"""),
    "an expression": (ITEMS, """items = sa.table("items", sa.column("code"))
    op.execute(items.update().values(code="not known"))"""),
    "a row": (ITEMS, """op.execute("INSERT INTO items VALUES (1, 'not known', NULL)")"""),
    "a row without a key": (KEYLESS, """op.execute("INSERT INTO items VALUES ('not known', NULL)")"""),
    "a row of the same upgrade": (KEYLESS + """\n    op.execute("INSERT INTO items VALUES ('not known', NULL)")""", "pass"),
}  # fmt: skip
READS = {
    "postgres_url": """op.execute("UPDATE items SET n = (trim(code))::integer")""",
    "mysql_url": """op.execute("UPDATE items SET n = TRIM(code) + 1")""",
    "sqlite_url": """for text in op.get_bind().scalars(sa.text("SELECT code FROM items")).all():
        (lambda code: int(code))(text)""",
}


@pytest.mark.parametrize("database", READS)
@pytest.mark.parametrize("case", WRITES)
def test_what_a_migration_wrote_is_no_made_up_value(verify, request, case, database):
    made, write = WRITES[case]
    found = verify(request.getfixturevalue(database), (made, DROP), (write, "pass"), (READS[database], "pass"))
    assert found["003"].outcome is Outcome.UPGRADE_FAILED, found["003"]
    assert "not known" in found["003"].failures[0].message


def test_what_it_computed_from_made_up_values_is_made_up(verify, postgres_url):
    found = verify(
        postgres_url,
        (ITEMS, DROP),
        ("""op.execute("UPDATE items SET code = upper(code)")""", "pass"),
        (READS["postgres_url"], "pass"),
    )
    assert [doubt.failure.rows for doubt in found["003"].doubts] == ["converted"], found["003"]
