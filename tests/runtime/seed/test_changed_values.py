"""Rows whose values a migration's UPDATE changes, and rows that are reached over others."""

import json

import pytest

from mrt_runtime.seed import Seeder

HEAD = "import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade():\n"
PARENT = "CREATE TABLE p (id INTEGER PRIMARY KEY, name VARCHAR(60), flag INTEGER)"
COLUMNS = "id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id), name VARCHAR(60), note TEXT, n INTEGER"
ANYWHERE = {
    "a needle": "UPDATE t SET name = replace(name, 'foo', 'bar')",
    "a needle within another call": "UPDATE t SET name = upper(replace(name, 'foo', 'bar')), n = 3 WHERE name = replace(name, 'q', 'Q')",
    "case": "UPDATE t SET name = lower(name)",
    "blanks": "UPDATE t SET note = trim(note)",
    "a number": "UPDATE t SET n = CASE WHEN n > 100000 THEN 100000 ELSE n END",
    "a parent by its name": "UPDATE t SET note = 'q!' WHERE p_id IN (SELECT id FROM p WHERE name = 'zz')",
    "a parent by two columns": (
        "UPDATE t SET note = 'q!' WHERE t.n = 17 AND EXISTS (SELECT 1 FROM p WHERE p.id = t.p_id AND p.flag = 5 AND p.name = 'zz')"
    ),
    "deleted with its parent's name": "DELETE FROM t WHERE p_id IN (SELECT p.id FROM p WHERE p.name LIKE 'old-%')",
}
POSTGRES = {
    "a pattern": "UPDATE t SET name = regexp_replace(name, '^foo_', '')",
    "an element": "UPDATE t SET roles = array_remove(roles, 'admin')",
    "an element under another name": "UPDATE t AS x SET roles = array_replace(x.roles, 'admin', 'root')",
    "any element": "UPDATE t SET roles = array_append(roles, 'new') WHERE 'admin' = ANY(roles)",
    "elements": "UPDATE t SET note = 'q!' WHERE roles @> ARRAY['admin', 'boss']",
    "written elements": "UPDATE t SET note = 'q!' WHERE roles @> '{admin,boss}'",
    "one of the elements": "UPDATE t SET note = 'q!' WHERE roles && ARRAY['admin', 'boss']::text[]",
    "a numbered element": "UPDATE t SET numbers = array_remove(numbers, 4711)",
    "a key": "UPDATE t SET data = data - 'theme'",
    "a key of JSON": "UPDATE t SET plain = (plain::jsonb - 'theme')::json",
    "a path": "UPDATE t SET data = data #- '{a,theme}'",
    "a path to set": "UPDATE t SET data = jsonb_set(data, '{a,theme}', '1', false)",
    "a key that is there": "UPDATE t SET data = data - 'theme' WHERE data ? 'theme'",
    "one of the keys": "UPDATE t SET data = data - 'b' WHERE data ?| array['b', 'c']",
    "a key's value": "UPDATE t SET data = jsonb_set(data, '{kind}', '\"new\"') WHERE data->>'kind' = 'old'",
    "a key's number": "UPDATE t SET note = 'q!' WHERE (data->>'size')::int > 500",
    "a path's value": "UPDATE t SET note = 'q!' WHERE data->'a'->>'kind' IN ('old', 'older')",
    "a written path's value": "UPDATE t SET note = 'q!' WHERE data #>> '{a,kind}' = 'old'",
    "a document": "UPDATE t SET note = 'q!' WHERE data @> '{\"kind\": \"old\"}'",
    "a document's text": "UPDATE t SET data = replace(data::text, '\"foo\"', '\"bar\"')::jsonb",
    "an item": "UPDATE t SET data = jsonb_set(data, '{tags}', (data->'tags') - 'old') WHERE data->'tags' ? 'old'",
    "the second statement of a call": "UPDATE p SET flag = 5; UPDATE t SET note = 'q!' WHERE name = 'second'",
    "a statement of a block": "DO $$ BEGIN IF true THEN UPDATE t SET note = 'q!' WHERE name = 'inner'; END IF; END $$",
    "a parent in FROM": "UPDATE t SET note = 'q!' FROM p WHERE p.id = t.p_id AND p.name = 'zz'",
    "a parent in USING": "DELETE FROM t USING p AS x WHERE x.id = t.p_id AND x.name = 'zz'",
    "a parent in WITH": "WITH x AS (SELECT id FROM p WHERE name = 'zz') UPDATE t SET note = 'q!' FROM x WHERE x.id = t.p_id",
}
SQLITE = {
    "a key": "UPDATE t SET data = json_remove(data, '$.a.theme')",
    "a key to replace": "UPDATE t SET data = json_replace(data, '$.theme', 1)",
    "a key's value": "UPDATE t SET data = json_set(data, '$.b', 1) WHERE json_extract(data, '$.a') = 5",
    "a key's text": "UPDATE t SET note = 'q!' WHERE data ->> 'kind' = 'old'",
}
MYSQL = {
    "a key's text": "UPDATE t SET note = 'q!' WHERE json_unquote(json_extract(data, '$.a.kind')) = 'old'",
    "a key's number": "UPDATE t SET note = 'q!' WHERE json_extract(data, '$.a') = 5",
    "a joined parent": "UPDATE t JOIN p ON p.id = t.p_id SET t.note = 'q!' WHERE p.name = 'zz'",
    "a joined parent to delete from": "DELETE t FROM t JOIN p ON p.id = t.p_id WHERE p.name = 'zz'",
}
MORE = {"sqlite": ", data JSON", "mysql": ", data JSON", "postgres": ", roles TEXT[], numbers INTEGER[], data JSONB, plain JSON"}
EXAMPLES = [
    pytest.param(dialect, statement, id=f"{dialect}: {what}")
    for dialect, own in (("sqlite", SQLITE), ("postgres", POSTGRES), ("mysql", MYSQL))
    for what, statement in (ANYWHERE | own).items()
]


def look(connection, text):
    return {tuple(map(str, row)) for row in connection.exec_driver_sql(f"SELECT {text} FROM t")}


@pytest.mark.parametrize(("dialect", "statement"), EXAMPLES)
def test_a_row_is_there_that_the_statement_changes(request, tmp_path, dialect, statement):
    field = request.getfixturevalue(dialect)
    field.seeder.edges = False
    file = tmp_path / "migration.py"
    file.write_text(f'{HEAD}    op.execute("""{statement}""")\n')
    field.seed(PARENT, f"CREATE TABLE t ({COLUMNS}{MORE[dialect]})")
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, field.seeded, str(file))
        before = look(connection, "*")
        connection.connection.cursor().execute(statement)
        after = look(connection, "*")
        assert len(after) < len(before) or len(before - after) >= 1
        assert not field.seeder.write_wanted(connection, field.schema, field.seeded, str(tmp_path / "none.py"))


def test_a_row_that_such_a_statement_changes_anyway_needs_no_other(any_field, tmp_path):
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(60))")
    file = tmp_path / "migration.py"
    file.write_text(f'{HEAD}    op.execute("UPDATE t SET name = upper(name)")\n')
    with any_field.scratch.engine.begin() as connection:
        assert not any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, str(file))


CODE = {
    "a function's argument": "t = sa.table('t', sa.column('name')); t.update().values(name=sa.func.replace(t.c.name, 'foo', 'bar'))",
    "a function's element": "t = sa.table('t', sa.column('roles')); t.update().values(roles=sa.func.array_remove(t.c.roles, 'admin'))",
    "an element": "if row.roles and 'admin' in row.roles: row.name = 'y'",
    "a key": "if row.data and 'theme' in row.data: row.name = 'y'",
    "a key's value": "if row.data and row.data.get('kind') == 'pie': row.name = 'y'",
}


@pytest.mark.parametrize("code", CODE)
def test_code_that_asks_for_what_is_inside_of_a_value_finds_it(postgres, tmp_path, code):
    file = tmp_path / "migration.py"
    file.write_text(f"{HEAD}    for row in op.get_bind().execute(sa.text('SELECT roles, data FROM t')):\n        {CODE[code]}\n")
    postgres.seed(f"{PARENT}", f"CREATE TABLE t ({COLUMNS}{MORE['postgres']})")
    with postgres.scratch.engine.begin() as connection:
        postgres.seeder.write_wanted(connection, postgres.schema, postgres.seeded, str(file))
        rows = [row._mapping for row in connection.exec_driver_sql("SELECT name, roles, data FROM t")]
    met = {
        "an element": lambda row: "admin" in (row["roles"] or ()),
        "a function's argument": lambda row: "foo" in (row["name"] or ""),
        "a function's element": lambda row: "admin" in (row["roles"] or ()),
        "a key": lambda row: "theme" in (row["data"] or ()),
        "a key's value": lambda row: isinstance(row["data"], dict) and row["data"].get("kind") == "pie",
    }[code]
    assert any(map(met, rows))


NUMBERS = {
    "postgres": ("UPDATE t SET n = (data->>'size')::int", "UPDATE t SET n = CAST(data->>'size' AS integer)"),
    "sqlite": ("UPDATE t SET note = 'x' WHERE json_extract(data, '$.size') > 5",),
    "mysql": ("UPDATE t SET note = 'x' WHERE json_extract(data, '$.size') = 5",),
}


@pytest.mark.parametrize(("dialect", "statement"), [(dialect, one) for dialect, all_ in NUMBERS.items() for one in all_])
def test_a_part_of_a_document_that_is_read_as_a_number_is_one(request, tmp_path, dialect, statement):
    field = request.getfixturevalue(dialect)
    file = tmp_path / "migration.py"
    file.write_text(f'{HEAD}    op.execute("""{statement}""")\n')
    field.seeder = Seeder(field.scratch.database, files=[str(file)])
    field.seed(PARENT, f"CREATE TABLE t ({COLUMNS}{MORE[dialect]})")
    documents = [json.loads(one) if isinstance(one, str) else one for _, one in field.rows("t", "id, data") if one is not None]
    assert documents
    assert all(isinstance(document["size"], int) for document in documents)
