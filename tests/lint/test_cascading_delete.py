"""Rows that go along with deleted ones by ON DELETE CASCADE: which findings name them, and which must not."""

import pytest

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import sql, told

TABLES = """
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
op.create_table("visits", sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
op.create_table("pages", sa.Column("visit_id", sa.Integer))
op.create_foreign_key("fk", "pages", "visits", ["visit_id"], ["id"], ondelete="cascade")
op.create_table("mails", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
op.create_table("notes", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="SET NULL")))
"""
SOME, ALL = "DELETE FROM users WHERE name IS NULL", "DELETE FROM users"
KEEP = sql("CREATE TABLE kept AS SELECT * FROM users", ALL)
BACK = "INSERT INTO users SELECT * FROM kept"


def naming(upgrade: str, downgrade: str = "op.execute('SELECT 1')", dialect: str = "postgresql") -> list[Finding]:
    """Return the findings of a lost row that say what goes along."""
    found = told([(TABLES, "pass"), (upgrade, downgrade)], dialect)
    return [finding for finding in found if finding.code in {"MRT104", "MRT214"} and "CASCADE" in finding.message]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "code"),
    [
        (sql(SOME), "pass", "MRT104"),
        ('op.execute(sa.table("users", sa.column("name")).delete().where(sa.column("name") == "x"))', "pass", "MRT104"),
        (sql(SOME), sql("INSERT INTO users (id) VALUES (1)"), "MRT104"),
        (sql(ALL), sql("SELECT 1"), "MRT214"),
        ('op.execute(sa.table("users").delete())', sql("SELECT 1"), "MRT214"),
        (KEEP, sql(BACK), "MRT214"),
    ],
)
def test_the_children_of_deleted_rows_are_named(upgrade: str, downgrade: str, code: str, dialect: str):
    (finding,) = naming(upgrade, downgrade, dialect)
    assert finding.code == code
    assert "'pages', 'visits'" in finding.message
    assert "mails" not in finding.message
    assert "notes" not in finding.message


@pytest.mark.parametrize(
    "upgrade",
    [
        # nothing points there with CASCADE, or the rows go by themselves or are given to another parent before
        sql("DELETE FROM pages WHERE visit_id IS NULL"),
        sql("UPDATE visits SET user_id = 1 WHERE user_id = 2", SOME),
        sql("DELETE FROM visits WHERE user_id IS NULL", SOME),
        f'op.drop_constraint("visits_user_id_fkey", "visits", type_="foreignkey")\n{sql(SOME)}',
        f'op.drop_table("pages")\nop.drop_table("visits")\n{sql(SOME)}',
        sql("DELETE FROM users WHERE NOT EXISTS (SELECT 1 FROM visits WHERE user_id = users.id)"),
    ],
)
def test_where_no_child_goes_along_none_is_named(upgrade: str):
    assert [
        finding for finding in naming(upgrade) if "'visits'" in finding.message and "table 'visits'" not in finding.message
    ] == []


def test_children_that_come_back_are_not_lost_and_sqlite_takes_none_along_by_itself():
    copies = (
        f"CREATE TABLE {name} AS SELECT * FROM {table}" for name, table in (("kept", "users"), ("v", "visits"), ("p", "pages"))
    )
    kept = sql(*copies, ALL)
    back = sql(BACK, "INSERT INTO visits SELECT * FROM v", "INSERT INTO pages SELECT * FROM p")
    assert naming(kept, back) == []
    assert naming(sql(SOME), dialect="sqlite") == []


TOTALS = 'op.create_table("totals", sa.Column("day", sa.Date), sa.Column("n", sa.Integer))'
FILLED = {
    "a query": sql("INSERT INTO totals (day, n) SELECT day, count(*) FROM visits GROUP BY day"),
    "Core": 't = sa.table("totals", sa.column("n"))\nop.execute(t.insert().from_select(["n"], sa.select(sa.table("v", sa.column("n")))))',
    "Python": 'op.bulk_insert(sa.table("totals", sa.column("n")), [{"n": n} for n in numbers()])',
}


@pytest.mark.parametrize("again", FILLED)
@pytest.mark.parametrize(
    ("downgrade", "severity"),
    [(sql("SELECT 1"), "warning"), (sql("DELETE FROM totals", "INSERT INTO totals (day) SELECT day FROM visits"), None)],
)
def test_rows_that_are_computed_again_are_not_said_to_be_unknown(again, downgrade, severity):
    found = told([(TOTALS, "pass"), (f"{sql('DELETE FROM totals')}\n{FILLED[again]}", downgrade)])
    found = [finding for finding in found if finding.code == "MRT214"]
    assert [finding.severity.value for finding in found] == ([severity] if severity else [])
    assert all("computed again" in finding.instead and "writes others" in finding.message for finding in found)


@pytest.mark.parametrize("again", ["", sql("INSERT INTO totals (n) VALUES (0)")])
def test_rows_that_are_written_out_are_no_computation(again):
    (finding,) = (
        found
        for found in told([(TOTALS, "pass"), (f"{sql('DELETE FROM totals')}\n{again}", sql("SELECT 1"))])
        if found.code == "MRT214"
    )
    assert finding.severity.value == "error"
