"""A value that was made up and that a migration cannot read says nothing about the migration; nor does its own check of the rows."""

import pytest

from mrt_runtime.verdict import Outcome

ITEMS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(60), nullable=False),
        sa.Column("data", sa.JSON, nullable=False), sa.Column("n", sa.Integer))"""
DROP = 'op.drop_table("items")'
ROWS = 'bind = op.get_bind()\n    for row in bind.execute(sa.text("SELECT id, code, data FROM items")).all():\n        '
GUARDS = {
    "raise": """rows = op.get_bind().execute(sa.text("SELECT count(*) FROM items")).scalar()
    if rows > 0:
        raise RuntimeError(f"{rows} rows are there; take them away before this migration")""",
    "assert": """rows = op.get_bind().execute(sa.text("SELECT count(*) FROM items")).scalar()
    assert rows == 0, "take the rows away first\"""",
    "of more than one row": """rows = op.get_bind().execute(sa.text("SELECT count(*) FROM items")).scalar()
    if rows != 1:
        raise ValueError(f"exactly one item is supported, and there are {rows}")""",
}


@pytest.fixture
def verify(verify, sqlite_url):
    def check(*revisions, url=sqlite_url, **settings):
        return verify(url, *revisions, **settings)

    return check


def about(verdict, rows):
    return [doubt.warning for doubt in verdict.doubts if doubt.failure.rows == rows]


@pytest.mark.parametrize("guard", GUARDS)
def test_a_check_of_its_own_only_warns(verify, guard):
    change = f'{GUARDS[guard]}\n    op.add_column("items", sa.Column("more", sa.Integer))'
    found = verify((ITEMS, DROP), (change, 'op.drop_column("items", "more")'), ('op.execute("DELETE FROM items")', "pass"))
    assert found["002"].outcome is Outcome.REVERSIBLE
    [warning] = about(found["002"], "guarded") or about(found["002"], "refused")
    assert "custom_seeds={'items': …}" in warning
    assert found["003"].outcome is Outcome.DATA_LOSS  # the rows are there again


def test_a_check_that_fails_whatever_the_rows_fails(verify):
    found = verify((ITEMS, DROP), ('raise RuntimeError("not on this database")', "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_a_downgrade_that_refuses_rows_fails(verify):
    back = 'if op.get_bind().execute(sa.text("SELECT count(*) FROM items")).scalar():\n        raise RuntimeError("no way back")'
    found = verify((ITEMS, DROP), ('op.execute("SELECT 1")', back))
    assert found["002"].outcome is Outcome.DOWNGRADE_FAILED


def test_what_python_cannot_read_leaves_what_it_changes_unproven(verify):
    change = (
        ROWS
        + """parts = row.code.split(":")
        if len(parts) != 3 or sum(map(ord, parts[0])) % 97 != int(parts[1]):
            raise ValueError(f"not a code: {row.code}")
        bind.execute(sa.text("UPDATE items SET code = :code WHERE id = :id"), {"code": parts[2], "id": row.id})"""
    )
    found = verify((ITEMS, DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.UNPROVEN
    assert found["002"].doubts


def test_the_table_that_the_line_in_question_names_is_the_one_to_supply(verify):
    aside = 'op.create_table("aside", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(20)))\n    '
    change = f"""op.execute("UPDATE aside SET note = 'x'")
    {ROWS}if sum(map(ord, row.code)) % 97 != 5:
            raise ValueError(f"not a code: {{row.code}}")
        bind.execute(sa.text("UPDATE items SET n = 1 WHERE id = :id"), {{"id": row.id}})"""
    found = verify((aside + ITEMS, f'op.drop_table("aside")\n    {DROP}'), (change, "pass"))
    [doubt] = found["002"].doubts
    assert "custom_seeds={'items': …}" in doubt.warning


def test_code_that_is_wrong_for_every_row_fails(verify):
    found = verify((ITEMS, DROP), (ROWS + 'print(row["id"])', "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


@pytest.mark.parametrize("change", [
    'op.alter_column("items", "n", existing_type=sa.Integer(), nullable=False)',
    'op.create_unique_constraint("only", "items", ["n"])\n    op.execute("UPDATE items SET n = 1")',
    'op.execute("UPDATE items SET n = 9")\n    op.create_check_constraint("few", "items", "n < 5")',
])  # fmt: skip
def test_what_the_migration_imposes_fails(verify, postgres_url, change):
    found = verify((ITEMS, DROP), (change, "pass"), url=postgres_url)
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_a_label_that_the_new_type_lacks_fails(verify, postgres_url):
    made = """op.execute("CREATE TYPE kind AS ENUM ('a', 'b')")
    op.execute("CREATE TABLE things (id integer PRIMARY KEY, kind kind NOT NULL)")"""
    change = """op.execute("CREATE TYPE kind2 AS ENUM ('a', 'c')")
    op.execute("ALTER TABLE things ALTER kind TYPE kind2 USING kind::text::kind2")"""
    found = verify((made, 'op.execute("DROP TABLE things")\n    op.execute("DROP TYPE kind")'), (change, "pass"), url=postgres_url)
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_what_a_function_of_the_database_cannot_read_only_warns(verify, postgres_url):
    change = """op.execute('''CREATE FUNCTION verified(t text) RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN RETURN (split_part(encode(decode(md5(t), 'hex'), 'base64'), '=', 1))::integer; END $$''')
    op.execute("UPDATE items SET n = verified(code)")
    op.execute("DROP FUNCTION verified(text)")"""
    found = verify((ITEMS, DROP), (change, "pass"), url=postgres_url)
    assert found["002"].outcome is Outcome.UNPROVEN
    assert about(found["002"], "unreadable")


def test_an_exception_that_the_database_raises_only_warns(verify, postgres_url):
    change = """op.execute('''DO $$ BEGIN IF EXISTS (SELECT 1 FROM items) THEN RAISE EXCEPTION 'items are there'; END IF; END $$''')
    op.add_column("items", sa.Column("more", sa.Integer))"""
    found = verify((ITEMS, DROP), (change, 'op.drop_column("items", "more")'), url=postgres_url)
    assert found["002"].outcome is Outcome.REVERSIBLE
    assert about(found["002"], "refused")


READ = {
    "a truth value": "UPDATE items SET n = 1 WHERE (data->>'is_new')::boolean",
    "a key": "UPDATE items SET n = 1 WHERE (items.data->>'owner')::uuid IS NOT NULL",
    "a date below another key": "UPDATE items SET n = 1 WHERE CAST(data->'dates'->>'made' AS date) > '2000-01-01'",
    "a list": "UPDATE items SET n = (SELECT count(*) FROM json_array_elements(data->'nodes'))",
    "a list of a text": "UPDATE items SET n = (SELECT count(*) FROM jsonb_array_elements_text(data::jsonb->'nodes'))",
}


@pytest.mark.parametrize("change", READ)
def test_a_key_of_a_document_holds_what_is_read_there(verify, postgres_url, change):
    found = verify((ITEMS, DROP), (f'op.execute("{READ[change]}")', "pass"), url=postgres_url)
    assert found["002"].outcome is Outcome.DATA_LOSS  # n is not brought back
    assert not found["002"].doubts


def test_the_expression_of_an_index_is_read_like_a_statement(verify, postgres_url):
    index = """op.create_index("by_new", "items", [sa.text("((data->>'is_new')::boolean)")])"""
    found = verify((ITEMS, DROP), (index, 'op.drop_index("by_new", "items")'), url=postgres_url)
    assert found["002"].outcome is Outcome.REVERSIBLE
    assert not found["002"].doubts
