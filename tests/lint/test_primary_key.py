"""Primary keys that a rollback leaves, loses or changes, in several spellings: what has to be said ("+"), and what must not ("-")."""

import pytest

from tests.lint.test_downgrade_kinds import holds, sql, told

SLOTS = (
    'op.create_table("slots", sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Integer, nullable=False), '
    'sa.PrimaryKeyConstraint("a", "b", name="slots_pkey"))'
)
USERS = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mail", sa.Text))'
BARE = 'op.create_table("bare", sa.Column("id", sa.Integer), sa.Column("k", sa.Integer))'
BASE = (f"{SLOTS}\n{USERS}\n{BARE}", "pass")
DROP, DROP_NEW = (f'op.drop_constraint("{name}", "slots", type_="primary")' for name in ("slots_pkey", "pk_slots"))
ON_A, ON_BOTH = (f'op.create_primary_key("slots_pkey", "slots", {columns})' for columns in ('["a"]', '["a", "b"]'))
NEW_ON_A = 'op.create_primary_key("pk_slots", "slots", ["a"])'
DROP_SQL, ON_A_SQL, BOTH_SQL = "ALTER TABLE slots DROP PRIMARY KEY", "ADD PRIMARY KEY (a)", "ADD PRIMARY KEY (a, b)"
ID = 'op.add_column("users", sa.Column("id", sa.Integer, nullable=False, server_default="0"))'
MADE_AGAIN = 'op.create_table("slots", sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Integer, nullable=False)'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (f"{DROP}\n{ON_A}", f"{DROP}\n{ON_BOTH}", "-MRT409 -MRT111 -MRT110"),
        (f"{DROP}\n{ON_A}", DROP, "+MRT409"),
        (f"{DROP}\n{ON_A}", sql("SELECT 1"), "+MRT111"),
        (f"{DROP}\n{ON_A}", f"{DROP}\n{ON_A}".replace('["a"]', '["b"]'), "+MRT111"),
        (f"{DROP}\n{NEW_ON_A}", f"{DROP_NEW}\n{ON_BOTH}", "-MRT409 -MRT111 -MRT110"),
        (f"{DROP}\n{NEW_ON_A}", DROP_NEW, "+MRT409"),
        ('op.create_primary_key(None, "bare", ["id"])', sql("SELECT 1"), "+MRT110"),
        # the key of a column goes with it
        ('op.drop_column("users", "id")', ID, "+MRT409"),
        ('op.drop_column("users", "id")', f'{ID}\nop.create_primary_key(None, "users", ["id"])', "-MRT409"),
        ('op.drop_column("users", "mail")', 'op.add_column("users", sa.Column("mail", sa.Text))', "-MRT409"),
        ('op.drop_table("users")', USERS, "-MRT409 -MRT111"),
        # of a table that is made again
        ('op.drop_table("slots")', SLOTS, "-MRT409 -MRT111"),
        ('op.drop_table("slots")', f'{MADE_AGAIN}, sa.PrimaryKeyConstraint("b", "a"))', "-MRT409 -MRT111"),
        ('op.drop_table("slots")', f'{MADE_AGAIN}, sa.PrimaryKeyConstraint("a"))', "+MRT111"),
        ('op.drop_table("slots")', f"{MADE_AGAIN})", "+MRT409"),
    ],
)
def test_a_primary_key_comes_back_as_it_was(upgrade: str, downgrade: str, expected: str, dialect: str):
    assert holds(expected, told([BASE, (upgrade, downgrade)], dialect))


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (sql(DROP_SQL), sql("SELECT 1"), "+MRT409"),
        (sql("ALTER TABLE users DROP PRIMARY KEY"), sql("SELECT 1"), "+MRT409"),
        (sql("ALTER TABLE elsewhere DROP PRIMARY KEY"), sql("SELECT 1"), "+MRT409"),
        (sql(f"{DROP_SQL}, {ON_A_SQL}"), sql("SELECT 1"), "+MRT111 -MRT110"),
        (sql(f"{DROP_SQL}, {ON_A_SQL}"), sql(DROP_SQL), "+MRT409"),
        (sql(f"{DROP_SQL}, {ON_A_SQL}"), sql(f"{DROP_SQL}, {BOTH_SQL}"), "-MRT409 -MRT111 -MRT110"),
        (sql(f"{DROP_SQL}, {ON_A_SQL}"), f"{sql(DROP_SQL)}\n{ON_BOTH}", "-MRT409 -MRT111"),
        (f"{DROP}\n{ON_A}", sql(f"{DROP_SQL}, {BOTH_SQL}"), "-MRT409 -MRT111 -MRT110"),
        ('op.drop_constraint("PRIMARY", "slots", type_="primary")', sql(f"ALTER TABLE slots {BOTH_SQL}"), "-MRT409 -MRT111"),
        ('op.drop_constraint("PRIMARY", "users", type_="primary")', 'op.create_primary_key("x", "users", ["id"])', "-MRT409"),
    ],
)
def test_mysql_calls_every_primary_key_primary(upgrade: str, downgrade: str, expected: str, dialect: str):
    assert holds(expected, told([BASE, (upgrade, downgrade)], dialect))


def test_advice_for_a_key_goes_by_what_is_in_the_way_of_its_index():
    columns = (
        'sa.Column("id", sa.Integer(), nullable=False), sa.Column("code", sa.Text()), sa.Column("town", sa.Text(), nullable=False)'
    )
    table = f'op.create_table("marks", {columns})'
    key = 'op.create_primary_key("pk_marks", "marks", [{}])'

    def instead(*statements: str) -> str:
        found = told([(table, "pass"), ("\n".join(statements), "pass")])
        return next(each.instead for each in found if each.code == "MRT426")

    assert instead(key.format('"id", "town"')).startswith(
        "build its index: with op.get_context().autocommit_block(): op.create_index("
    )
    assert "then set code NOT NULL, proved by a validated CHECK" in instead(key.format('"id", "code"'))
    required = 'op.alter_column("marks", "code", nullable=False)'
    assert "NOT NULL" not in instead(required, key.format('"id", "code"'))
    deletion = 'op.execute("DELETE FROM marks WHERE id IN (SELECT id FROM marks GROUP BY id HAVING count(*) > 1)")'
    assert instead(deletion, key.format('"id"')).startswith(
        "delete the duplicates in a revision before this one; build its index: "
    )
