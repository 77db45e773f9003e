"""Rows that meet what a migration's statements ask for, beside those that do not."""

import json
import pathlib

import pytest

from mrt_runtime.seed import Seeder

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR(30), n INTEGER, note TEXT)"
HEAD = "import json, uuid\nimport sqlalchemy as sa\nfrom alembic import op\n\nLEGACY = ['old', 'older']\n\n\ndef upgrade():\n"
LOOP = "for a, b in op.get_bind().execute(sa.text('SELECT id, kind FROM t')):\n        "
CONDITIONS = {
    "an equal constant": ("op.execute(\"UPDATE t SET n = 1 WHERE kind = 'legacy'\")", lambda kind, n: kind == "legacy"),
    "a pattern": ("op.execute(\"DELETE FROM t WHERE kind LIKE 'done-%'\")", lambda kind, n: str(kind).startswith("done-")),
    "a range": ('op.execute("DELETE FROM t WHERE n BETWEEN 20 AND 29")', lambda kind, n: n is not None and 20 <= n <= 29),
    "two columns together": (
        "op.execute(\"UPDATE t SET note = NULL WHERE kind = 'x1' AND n > 100000\")",
        lambda kind, n: kind == "x1" and n > 100000,
    ),
    "a qualified column": ("op.execute(\"UPDATE t SET n = 1 WHERE t.kind = 'q'\")", lambda kind, n: kind == "q"),
    "a branch of a CASE": ("op.execute(\"UPDATE t SET n = CASE kind WHEN 'hi' THEN 1 ELSE n END\")", lambda kind, n: kind == "hi"),
    "a beginning in Python": (LOOP + "if b.startswith('https://idp.'): pass", lambda kind, n: str(kind).startswith("https://idp.")),
    "a list in Python": (LOOP + "if b in LEGACY: pass", lambda kind, n: kind == "older"),
    "a pattern in an f-string": (
        "for old in LEGACY:\n        op.execute(f\"DELETE FROM t WHERE kind LIKE '{old}-%'\")",
        lambda kind, n: str(kind).startswith("older-"),
    ),
    "a table and a value in an f-string": (
        "for table in ('other', 't'):\n        op.execute(f\"DELETE FROM {table} WHERE kind = 'here'\")",
        lambda kind, n: kind == "here",
    ),
    "a parameter of a call": (
        "op.get_bind().execute(sa.text('SELECT id FROM t WHERE n = :number'), {'number': 33})",
        lambda kind, n: n == 33,
    ),
    "a parameter in bindparams": (
        "for old in LEGACY:\n        op.execute(sa.text('DELETE FROM t WHERE kind = :k').bindparams(k=old))",
        lambda kind, n: kind == "older",
    ),
    "an SQLAlchemy expression": (
        "t = sa.table('t', sa.column('kind'))\n    op.execute(t.delete().where(t.c.kind == 'gone'))",
        lambda kind, n: kind == "gone",
    ),
}


def write(tmp_path, body):
    file = tmp_path / "migration.py"
    file.write_text(HEAD + f"    {body}\n")
    return str(file)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_some_rows_meet_a_condition_and_some_do_not(any_field, tmp_path, condition):
    body, meets = CONDITIONS[condition]
    any_field.seed(TABLE)
    with any_field.scratch.engine.begin() as connection:
        assert any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, write(tmp_path, body))
    rows = any_field.rows("t", "id, kind, n")
    met = [row for row in rows if meets(*row[1:])]
    assert met
    assert len(met) < len(rows)
    assert len(any_field.seeded.keys["t"]) == len(rows)


def test_nothing_is_written_twice_or_for_another_table(field, tmp_path):
    field.seed(TABLE)
    here, there = write(tmp_path, "op.execute(\"DELETE FROM t WHERE kind = 'x'\")"), tmp_path / "other.py"
    there.write_text(HEAD + "    op.execute(\"DELETE FROM other WHERE kind = 'y'\")\n")
    with field.scratch.engine.begin() as connection:
        assert not field.seeder.write_wanted(connection, field.schema, field.seeded, str(there))
        assert field.seeder.write_wanted(connection, field.schema, field.seeded, here)
        assert not field.seeder.write_wanted(connection, field.schema, field.seeded, here)


@pytest.mark.parametrize(
    "call",
    [
        "json.loads(b)",
        "int(b)",
        "float(b)",
        "uuid.UUID(b)",
        "datetime.datetime.strptime(b, '%d/%m/%Y %H:%M')",
        "b.split('/')[2]",
        "b.rsplit('-', 1)[-2]",
        "base64.b64decode(b, validate=True)",
        "bytes.fromhex(b)",
        "ipaddress.ip_address(b)",
        "Mood(b)",
        "Mood[b]",
        "NUMBERS[b]",
        "json.loads(b)['title'].upper()",
        "json.loads(b)['author']['name'].upper()",
        "[item['price'] for item in json.loads(b)['items']]",
        "[item['price'] for item in json.loads(b)]",
    ],
)
def test_texts_hold_what_python_parses_them_as(any_field, tmp_path, call):
    facts = "class Mood(enum.Enum):\n    sad = 'down'\n    happy = 'up'\n\n\nNUMBERS = {'one': 1, 'two': 2}\n"
    file = write(tmp_path, LOOP + call)
    pathlib.Path(file).write_text(f"import enum\n\n\n{facts}{pathlib.Path(file).read_text()}")
    any_field.seeder = Seeder(any_field.scratch.database, files=[file])
    any_field.seed(TABLE.replace("VARCHAR(30)", "VARCHAR(300)"))
    names = {}
    exec(f"import base64, datetime, enum, ipaddress, json, uuid\n{facts}", names)
    texts = [kind for (kind,) in any_field.rows("t", "kind") if kind is not None]
    assert texts
    for text in texts:
        eval(call, names, {"b": text})


def test_a_json_column_has_the_keys_that_code_reads(any_field, tmp_path):
    file = write(
        tmp_path,
        "for row in op.get_bind().execute(sa.text('SELECT prefs FROM t')):\n        row.prefs['theme']['dark'] or row.prefs.get('size')",
    )
    any_field.seeder = Seeder(any_field.scratch.database, files=[file])
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, prefs JSON NOT NULL)")
    documents = [json.loads(text) if isinstance(text, str) else text for _, text in any_field.rows("t", "id, prefs")]
    assert documents
    assert all(document["theme"]["dark"] and document["size"] for document in documents)


DUPLICATES = [
    "DELETE FROM child WHERE id NOT IN (SELECT x FROM (SELECT min(id) AS x FROM child GROUP BY parent_id, kind) AS kept)",
    (
        "DELETE FROM child WHERE id IN (SELECT x FROM (SELECT a.id AS x FROM child a JOIN child b ON a.kind = b.kind"
        " AND a.parent_id = b.parent_id AND a.id > b.id) AS more)"
    ),
    (
        "DELETE FROM child WHERE id IN (SELECT x FROM (SELECT id AS x, row_number() OVER (PARTITION BY parent_id, kind ORDER BY id) AS n"
        " FROM child) AS numbered WHERE n > 1)"
    ),
]


@pytest.mark.parametrize("statement", DUPLICATES)
def test_rows_that_a_statement_takes_for_duplicates_are_there(any_field, tmp_path, statement):
    any_field.seed(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id), kind VARCHAR(20))",
    )
    file = write(tmp_path, f'op.execute("{statement}")')
    with any_field.scratch.engine.begin() as connection:
        assert not connection.exec_driver_sql(statement).rowcount
        assert any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, file)
        assert connection.exec_driver_sql(statement).rowcount == 1


def test_what_may_not_repeat_is_not_asked_to(field, tmp_path):
    field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR(20) UNIQUE)")
    file = write(tmp_path, 'op.execute("DELETE FROM t WHERE id NOT IN (SELECT min(id) FROM t GROUP BY kind)")')
    with field.scratch.engine.begin() as connection:
        assert not field.seeder.write_wanted(connection, field.schema, field.seeded, file)


@pytest.mark.parametrize("statement", ["UPDATE t SET kind = '' WHERE kind IS NULL", "UPDATE t SET kind = coalesce(kind, '')"])
def test_a_column_that_is_compared_with_null_has_the_empty_text_too(any_field, tmp_path, statement):
    any_field.seed(TABLE)
    file = write(tmp_path, f'op.execute("{statement}")')
    with any_field.scratch.engine.begin() as connection:
        any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, file)
    kinds = {kind for (kind,) in any_field.rows("t", "kind")}
    assert {None, ""} < kinds


def test_a_file_that_cannot_be_read_asks_for_nothing(field, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def upgrade(:\n")
    field.seed(TABLE)
    with field.scratch.engine.begin() as connection:
        assert not field.seeder.write_wanted(connection, field.schema, field.seeded, str(broken))


@pytest.mark.parametrize(
    ("upgrade", "rows"), [("INSERT INTO t (id, kind) VALUES (1, 'x')", 0), ("UPDATE t SET n = 1 WHERE id > 1", 1)]
)
def test_what_a_downgrade_asks_for_is_there_before_unless_the_upgrade_inserts_it(field, tmp_path, upgrade, rows):
    file = tmp_path / "migration.py"
    file.write_text(
        HEAD + f"""    op.execute("{upgrade}")\n\n\ndef downgrade():\n    op.execute("DELETE FROM t WHERE kind = 'x'")\n"""
    )
    field.seed(TABLE)
    with field.scratch.engine.begin() as connection:
        assert field.seeder.write_wanted(connection, field.schema, field.seeded, str(file)) is bool(rows)
    assert len(field.seeded.held.get("t", ())) == rows


def test_a_setting_that_code_looks_up_and_compares_is_one_row_beside_rows_that_meet_one_comparison(any_field, tmp_path):
    """Code that reads one row by its name, and changes it where its value is among those listed."""
    any_field.seed(TABLE)
    body = "t = sa.table('t')\n    if row.kind == 'theme' and row.note in ('old', 'older'): pass"
    with any_field.scratch.engine.begin() as connection:
        any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, write(tmp_path, body))
    pairs = any_field.rows("t", "kind, note")
    assert {("theme", "old"), ("theme", "older")} <= set(pairs)
    assert any(kind == "theme" and note not in {"old", "older"} for kind, note in pairs)
    assert any(kind != "theme" and note == "old" for kind, note in pairs)


@pytest.mark.parametrize(
    "body",
    [
        "row.get('legacy') or row.kind.pop('legacy')",
        "op.execute(t.update().where(t.c.kind == sa.bindparam('legacy')))",
        "if json.loads(row.kind)['legacy'] == 'a': pass",
    ],
)
def test_keys_of_documents_and_names_of_parameters_are_no_values_of_columns(field, tmp_path, body):
    file = write(tmp_path, f"t = sa.table('t')\n    for row in rows:\n        {body}")
    field.seeder = Seeder(field.scratch.database, files=[file])
    field.seed(TABLE)
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, field.seeded, file)
    assert not {kind for (kind,) in field.rows("t", "kind")} & {"legacy", "a"}


READ_BY_SQL = {
    "a function": "UPDATE t SET note = json_set(note, '$.new', json_extract(note, '$.theme.dark'))",
    "an arrow": "UPDATE t SET kind = note ->> 'theme'",
}


@pytest.mark.parametrize("statement", READ_BY_SQL)
def test_a_text_that_sql_reads_as_json_has_the_keys_that_are_read(sqlite, tmp_path, statement):
    file = write(tmp_path, f'op.execute("{READ_BY_SQL[statement]}")')
    sqlite.seeder = Seeder(sqlite.scratch.database, files=[file])
    sqlite.seed(TABLE)
    documents = [json.loads(note) for (note,) in sqlite.rows("t", "note") if note is not None]
    assert documents
    assert all("theme" in document and "new" not in document for document in documents)


ROWS = {
    "by place": "for row in op.get_bind().execute('SELECT id, t.kind FROM t'):\n        json.loads(row[1])",
    "by place, of a variable": "rows = op.get_bind().execute('SELECT id, kind FROM t')\n    for row in rows.all(): json.loads(row[1])",
    "unpacked, of a variable": "rows = op.get_bind().execute('SELECT id, kind FROM t')\n    for a, b in rows: json.loads(b)",
}


@pytest.mark.parametrize("body", ROWS.values(), ids=ROWS)
def test_a_column_is_known_by_its_place_in_a_query(field, tmp_path, body):
    field.seeder = Seeder(field.scratch.database, files=[write(tmp_path, body)])
    field.seed(TABLE.replace("VARCHAR(30)", "VARCHAR(300)"))
    texts = [kind for (kind,) in field.rows("t", "kind") if kind is not None]
    assert texts
    for text in texts:
        json.loads(text)


def test_a_blank_that_code_splits_at_is_between_words(field, tmp_path):
    field.seed(TABLE)
    file = write(tmp_path, "t = sa.table('t')\n    first, _, last = row.note.partition(' ')")
    with field.scratch.engine.begin() as connection:
        field.seeder.write_wanted(connection, field.schema, field.seeded, file)
    notes = {note for (note,) in field.rows("t", "note")}
    assert "one two" in notes
    assert not {" ", " 1/"} & notes
