"""Where a migration cannot convert a made-up value, it is judged with values of the sort that the error asks for."""

import pytest

from mrt_runtime.verdict import Outcome

ITEMS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(200), nullable=False),
        sa.Column("data", sa.Text, nullable=False), sa.Column("n", sa.String(300)))"""
DROP = 'op.drop_table("items")'


def converted(verdict):
    return [doubt.warning for doubt in verdict.doubts if doubt.failure.rows == "converted"]


POSTGRESQL = {
    "a part behind a prefix": ("substring(code from 4)::uuid", "no UUID after the first 3 characters"),
    "a computed type": ("md5(code)::uuid::text || format('%s', (left(code, 36))::uuid)", "no UUID"),
    "an address": ("host(concat('', code)::inet)", "no IP address"),
    "a number": ("(code || '')::numeric", "no number"),
    "a format of dates": ("to_date(trim(code), 'DD/MM/YYYY')", "not of the format '%d/%m/%Y'"),
    "JSON": ("(trim(data))::jsonb", "no JSON"),
    "base64": ("decode(trim(code), 'base64')", "no base64"),
    "an interval": ("(code || '')::interval", "no interval"),
    "an array": ("((code || '')::int[])[1]", "no array"),
}


@pytest.mark.parametrize("case", POSTGRESQL)
def test_postgresql(verify, postgres_url, case):
    expression, words = POSTGRESQL[case]
    change = f'''op.get_bind().exec_driver_sql("""UPDATE items SET n = CAST({expression.replace("%", "%%")} AS text)""")'''
    found = verify(postgres_url, (ITEMS, DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]
    [warning] = converted(found["002"])
    assert words in warning
    assert "'items." in warning


ROWS = 'bind = op.get_bind()\n    for row in bind.execute(sa.text("SELECT id, code, data FROM items")).all():\n        '
WRITE = '\n        bind.execute(sa.text("UPDATE items SET n = :n WHERE id = :id"), {"n": str(found), "id": row.id})'
PYTHON = {
    "int": ("", "found = (lambda text: int(text))(row.code)", "no integer"),
    "UUID behind a prefix": (
        "import uuid",
        'found = uuid.UUID(bytes=uuid.UUID(row.code[4:] + "").bytes)',
        "no UUID after the first 4 characters",
    ),
    "JSON": ("import json", "text = (row.code,)\n        found = json.loads(*text)", "no JSON"),
    "base64": ("import base64", "found = (lambda text: base64.b64decode(text, validate=True))(row.code)", "no base64"),
    "a date": ("import datetime", "found = datetime.date.fromisoformat(*[row.code])", "no date"),
    "a time": ("import datetime", "found = datetime.time.fromisoformat(*[row.code])", "no time"),
    "a form": ("import datetime", 'found = datetime.datetime.strptime(*[row.code, "%d.%m.%Y"])', "not of the format '%d.%m.%Y'"),
    "an enum": (
        "import enum\n    class Colour(enum.Enum):\n        RED = 'red'\n        BLUE = 'blue'",
        "found = (lambda text: Colour(text))(*[row.code])",
        "no label",
    ),
    "a mapping": ("known = {'red': 1, 'blue': 2}", "found = (lambda text: known[text])(row.code)", "knows no equivalent"),
    "a decimal": ("import decimal", "found = (lambda text: decimal.Decimal(text))(row.code)", "no number"),
    "a part of a document": (
        "import json",
        'found = (lambda text: int(text))(json.loads(row.data)["owner"])',
        "'items.data' at owner that are no integer",
    ),
    "a key of a document": (
        "import json\n    name = 'ow' + 'ner'",
        "document = json.loads(row.data)\n        found = document[name]",
        "without the key 'owner'",
    ),
    "a document in a document": (
        "import json\n    name = 'ow' + 'ner'",
        "document = json.loads(row.data)\n        inner = document[name]\n        found = inner['na' + 'me']",
        "at owner without the key 'name'",
    ),
}


@pytest.mark.parametrize("case", PYTHON)
def test_python(verify, sqlite_url, case):
    before, code, words = PYTHON[case]
    found = verify(sqlite_url, (ITEMS, DROP), (f"{before}\n    {ROWS}{code}{WRITE}", "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]
    assert any(words in warning for warning in converted(found["002"])), found["002"]


MYSQL = {
    "JSON": (
        "SET @change = 'ALTER TABLE items MODIFY code JSON NOT NULL'; EXECUTE IMMEDIATE @change",
        "'items.code' that are no JSON",
    ),
    "JSON in another column": ("ALTER TABLE items ADD doc JSON; UPDATE items SET doc = TRIM(data)", "no JSON"),
    "a function of JSON": ("UPDATE items SET n = JSON_EXTRACT(TRIM(data), '$.a')", "'items.data' that are no JSON"),
    "an integer": ("ALTER TABLE items ADD m INT; UPDATE items SET m = TRIM(code)", "no integer"),
    "a number": ("UPDATE items SET n = TRIM(code) + 1", "no number"),
    "a part": ("ALTER TABLE items ADD m INT; UPDATE items SET m = SUBSTRING(code, 6)", "no integer after the first 5 characters"),
    "a date": ("ALTER TABLE items ADD m DATETIME; UPDATE items SET m = TRIM(code)", "no date and time"),
    "a format of dates": ("UPDATE items SET n = STR_TO_DATE(TRIM(code), '%d/%m/%Y')", "not of the format '%d/%m/%Y'"),
    "a label": ("ALTER TABLE items ADD m ENUM('red', 'blue'); UPDATE items SET m = TRIM(code)", "no label of m"),
    "a UUID": ("SET @change = 'ALTER TABLE items MODIFY code UUID NOT NULL'; EXECUTE IMMEDIATE @change", "no UUID"),
}


@pytest.mark.parametrize("case", MYSQL)
def test_mysql(verify, mysql_url, case):
    statements, words = MYSQL[case]
    change = "\n    ".join(f'op.execute("""{sql.strip()}""")' for sql in statements.split(";"))
    found = verify(mysql_url, (ITEMS, DROP), (change, "pass"))
    assert found["002"].outcome is not Outcome.UPGRADE_FAILED, found["002"]
    assert found["002"].outcome is not Outcome.UNPROVEN, found["002"]
    assert any(words in warning for warning in converted(found["002"])), found["002"]


KEYS = """op.create_table("users", sa.Column("id", sa.String(60), primary_key=True), sa.Column("name", sa.String(60)))
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(200)),
        sa.Column("user_id", sa.String(60), sa.ForeignKey("users.id"), nullable=False))"""


@pytest.mark.parametrize("database", ["postgres_url", "sqlite_url", "mysql_url"])
def test_a_key_changes_with_what_refers_to_it(verify, request, database):
    change = """import uuid
    bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT n.id, u.id AS owner FROM notes n JOIN users u ON u.id = n.user_id")).all():
        owner = (lambda text: uuid.UUID(text[5:]))(row.owner)
        bind.execute(sa.text("UPDATE notes SET text = :text WHERE id = :id"), {"text": str(owner), "id": row.id})"""
    found = verify(
        request.getfixturevalue(database), (KEYS, 'op.drop_table("notes")\n    op.drop_table("users")'), (change, "pass")
    )
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]
    [warning] = converted(found["002"])
    assert "no UUID after the first 5 characters" in warning


def test_what_comes_behind_a_value_that_cannot_be_read_is_judged_too(verify, postgres_url):
    change = """op.execute("UPDATE items SET n = (trim(code))::uuid")
    op.execute("UPDATE items SET n = (trim(data))::inet")
    op.execute("ALTER TABLE items ADD must integer NOT NULL")"""
    found = verify(postgres_url, (ITEMS, DROP), (change, 'op.drop_column("items", "must")'))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED
    assert [failure.line for failure in found["002"].failures][:1] == [14], found["002"].failures
    assert "null values" in found["002"].failures[0].message
    assert len(converted(found["002"])) == 2


def test_a_guard_behind_a_value_that_cannot_be_read_is_named_too(verify, postgres_url):
    change = """op.execute("UPDATE items SET n = (trim(code))::uuid")
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM items")):
        raise RuntimeError("there are items")"""
    found = verify(postgres_url, (ITEMS, DROP), (change, "pass"))
    assert [doubt.failure.rows for doubt in found["002"].doubts] == ["converted", "refused"]
    assert found["002"].outcome is Outcome.UNPROVEN


def test_an_enum_is_read_from_the_migration(verify, postgres_url):
    change = """kinds = ["red", "blue"]
    sa.Enum(*kinds, name="colour").create(op.get_bind())
    op.execute("ALTER TABLE items ADD c colour")
    op.execute("UPDATE items SET c = (trim(n))::colour")"""
    back = """op.execute("ALTER TABLE items DROP c")
    op.execute("DROP TYPE colour")"""
    found = verify(postgres_url, (ITEMS, DROP), (change, back))
    assert found["002"].outcome is Outcome.REVERSIBLE, found["002"]
    [warning] = converted(found["002"])
    assert "'items.n' that are no label of colour" in warning


def test_rows_of_a_migration_stay_as_they_are(verify, postgres_url):
    made = ITEMS + """\n    op.execute("INSERT INTO items VALUES (1, 'first', '-', 'x')")"""
    found = verify(postgres_url, (made, DROP), ("""op.execute("UPDATE items SET n = (trim(code))::uuid")""", "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_rows_of_a_project_stay_as_they_are(verify, sqlite_url):
    rows = [{"id": 1, "code": "a", "data": "b", "n": "c"}]
    change = f"{ROWS}found = int(row.code){WRITE}"
    found = verify(sqlite_url, (ITEMS, DROP), (change, "pass"), custom_seeds={"items": lambda: rows})
    assert found["002"].outcome is Outcome.UPGRADE_FAILED
    assert not converted(found["002"])


def test_a_warning_names_the_value_that_could_not_be_read(verify, sqlite_url):
    change = f"import math\n    {ROWS}found = (lambda text: math.sqrt(-len(text)))(row.code){WRITE}"
    found = verify(sqlite_url, (ITEMS, DROP), (change, "pass"))
    [doubt] = found["002"].doubts
    assert doubt.failure.rows == "unreadable"
    assert "('items.code', such as '" in doubt.warning


def test_null_where_it_is_not_allowed_any_more_fails(verify, mysql_url):
    change = 'op.execute("ALTER TABLE items MODIFY n VARCHAR(300) NOT NULL")'
    found = verify(mysql_url, (ITEMS, DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_a_check_of_a_column_fails(verify, mysql_url):
    change = """op.execute("ALTER TABLE items MODIFY n VARCHAR(300) CHECK (n LIKE 'a%') COMMENT 'no json'")"""
    found = verify(mysql_url, (ITEMS, DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_where_no_value_helps_it_is_judged_without_rows(verify, sqlite_url):
    change = f"{ROWS}found = (lambda text: int(text[:2] + 'x'))(row.code){WRITE}"
    found = verify(sqlite_url, (ITEMS, DROP), (change, "pass"))
    assert [doubt.failure.rows for doubt in found["002"].doubts] == ["unreadable"]
    assert found["002"].outcome is Outcome.UNPROVEN


@pytest.mark.parametrize("code", ['json.loads(row.data)["owner"]', 'json.loads(row.data).get("owner")'])
def test_the_kind_of_a_part_is_not_that_of_the_document(verify, sqlite_url, code):
    found = verify(sqlite_url, (ITEMS, DROP), (f"import json\n    {ROWS}found = int({code}){WRITE}", "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]


DOCUMENTS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("data", sa.JSON, nullable=False),
        sa.Column("n", sa.String(300)))"""
TESTED = {
    "at its place": ("row[1]", "result = bind.execute(query)\n    rows = result.fetchall()"),
    "under a name": ("row.data", "rows = bind.execute(query).all()"),
    "in the middle": ("(lambda given: given)(row).data", "rows = list(bind.execute(query))"),
}
LISTED = """import json
    bind = op.get_bind()
    query = sa.text("SELECT id, data FROM items")
    {rows}
    for row in rows:
        found = {value} if isinstance({value}, list) else json.loads({value} or "[]")
        bind.execute(sa.text("UPDATE items SET n = :n WHERE id = :id"), {{"n": ",".join(map(str, found)), "id": row[0]}})"""


@pytest.mark.parametrize("case", TESTED)
def test_a_document_of_which_the_code_asks_whether_it_is_a_list_is_one(verify, postgres_url, case):
    value, rows = TESTED[case]
    found = verify(postgres_url, (DOCUMENTS, DROP), (LISTED.format(value=value, rows=rows), "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]


def test_a_document_that_is_parsed_again_fails_whatever_it_is(verify, postgres_url):
    change = LISTED.format(value="row.data", rows=TESTED["under a name"][1]).replace(
        "row.data if isinstance(row.data, list) else", ""
    )
    found = verify(postgres_url, (DOCUMENTS, DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_a_warning_names_the_value_that_was_there_first(verify, sqlite_url):
    _, code, _ = PYTHON["a time"]
    found = verify(sqlite_url, (ITEMS, DROP), (f"import datetime\n    {ROWS}{code}{WRITE}", "pass"))
    [warning] = converted(found["002"])
    assert "that are no time, such as '2021-03-04 05:08:07'" in warning  # not the date that was tried before


LIST = """op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(60), nullable=False))
    op.execute("INSERT INTO kinds VALUES (1, '11'), (2, '22')")"""
REFERRING = """op.create_table("kinds", sa.Column("name", sa.String(60), primary_key=True))
    op.execute("INSERT INTO kinds VALUES ('11'), ('22')")
    op.create_table("things", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(60), sa.ForeignKey("kinds.name"), nullable=False))"""


@pytest.mark.parametrize(
    ("made", "table", "column"), [(LIST, "kinds", "name"), (REFERRING, "things", "kind")], ids=["itself", "what refers to it"]
)
def test_a_list_that_migrations_fill_gets_no_other_values(verify, postgres_url, made, table, column):
    drop = "\n    ".join(f'op.drop_table("{name}")' for name in ("things", "kinds") if name in made)
    read = f'op.execute("SELECT count(*) FROM {table} WHERE (trim({column}))::integer > 0")'
    found = verify(postgres_url, (made, drop), (read, "pass"))
    assert not converted(found["002"])
    assert found["002"].outcome is Outcome.REVERSIBLE


@pytest.mark.parametrize("database", ["postgres_url", "sqlite_url", "mysql_url"])
def test_what_refers_to_rows_of_a_project_stays_as_well(verify, request, database):
    change = """import uuid
    for owner in op.get_bind().scalars(sa.text("SELECT user_id FROM notes")).all():
        (lambda text: uuid.UUID(text))(owner)"""
    rows = {"users": lambda: [{"id": "first", "name": "a"}, {"id": "second", "name": "b"}]}
    found = verify(
        request.getfixturevalue(database),
        (KEYS, 'op.drop_table("notes")\n    op.drop_table("users")'),
        (change, "pass"),
        custom_seeds=rows,
    )
    assert not converted(found["002"])


def test_a_check_of_json_is_known_in_any_language(verify, mysql_url):
    statements, words = MYSQL["JSON"]
    change = "\n    ".join(f'op.execute("""{sql.strip()}""")' for sql in statements.split(";"))
    found = verify(f"{mysql_url}?init_command=SET+lc_messages='de_DE'", (ITEMS, DROP), (change, "pass"))
    assert any(words in warning for warning in converted(found["002"])), found["002"]
    assert "fehlgeschlagen" in converted(found["002"])[0]


SHOWS = """op.create_table("shows", sa.Column("id", sa.Integer, primary_key=True), sa.Column("titles", sa.JSON, nullable=False))
    op.create_table("other", sa.Column("id", sa.Integer, primary_key=True), sa.Column("titles", sa.JSON, nullable=False))"""
METHODS = {
    "replace": "value.replace('{old}', '{new}') * (1 if value.endswith(',') else 2)",
    "split": "value.split(',')",
    "keys": "list(value.keys())",
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url", "mysql_url"])
def test_values_in_documents_are_of_the_sort_whose_method_is_called(verify, request, database, method):
    change = f"""import json
    bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT id, titles FROM shows ORDER BY id")).all():
        found = row.titles if isinstance(row.titles, dict) else json.loads(row.titles)
        found = {{name: {METHODS[method]} for name, value in found.items()}}
        bind.execute(sa.text("UPDATE shows SET titles = :found WHERE id = :id"), {{"found": json.dumps(found), "id": row.id}})"""
    drop = 'op.drop_table("other")\n    op.drop_table("shows")'
    found = verify(request.getfixturevalue(database), (SHOWS, drop), (change, "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]
    assert all("'shows.titles'" in warning for warning in converted(found["002"])), found["002"]


@pytest.mark.parametrize("type_", ["String(200)", "Text"])
def test_base64_is_longer_than_a_line_where_there_is_room(verify, postgres_url, type_):
    """PostgreSQL's encode() breaks lines as MIME does, and what was one line does not come back as one."""
    table = (
        f'op.create_table("blobs", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.{type_}, nullable=False))'
    )
    ways = (
        "bytea USING decode(body, 'base64')",
        "{} USING encode(body, 'base64')".format("text" if type_ == "Text" else "varchar(200)"),
    )
    change = (f'op.execute("ALTER TABLE blobs ALTER body TYPE {way}")' for way in ways)
    found = verify(postgres_url, (table, 'op.drop_table("blobs")'), tuple(change))
    assert [failure.column for failure in found["002"].failures] == ["body"], found["002"]


ANIMALS = """op.create_table("animals", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("legs", sa.Integer, nullable=False))"""
CLASSES = """from sqlalchemy import orm
    Base = orm.declarative_base()
    class Animal(Base):
        __tablename__ = "animals"
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(20))
        legs = sa.Column(sa.Integer)
        __mapper_args__ = {"polymorphic_on": kind}
    class Dog(Animal):
        __mapper_args__ = {"polymorphic_identity": "dog"}
    class Cat(Animal):
        __mapper_args__ = {"polymorphic_identity": "cat"}
    session = orm.Session(op.get_bind())
    for animal in session.query(Animal).all():
        animal.legs = animal.legs + 1000
    session.commit()"""


def test_a_discriminator_is_one_that_a_class_is_mapped_to(verify, sqlite_url):
    found = verify(sqlite_url, (ANIMALS, 'op.drop_table("animals")'), (CLASSES, "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS, found["002"]
    [warning] = converted(found["002"])
    assert "values of 'animals.kind' that no class is mapped to" in warning
