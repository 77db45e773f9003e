"""What `--fix` makes of operations that ask the database first, of schemas that the environment names, and of rows that are filled."""

from __future__ import annotations

import pytest

from tests.lint.conftest import functions

CREATE = functions(
    """
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(50)))
    op.create_table("runs", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mode", sa.String(50)))
    """,
    'op.drop_table("runs")\nop.drop_table("users")',
)
TABLE = 'if sa.inspect(op.get_bind()).has_table("runs"):\n        '
DROP = 'op.drop_column("runs", "a")'
ADD = 'op.add_column("runs", sa.Column("a", sa.Text))'


@pytest.fixture
def runs(project):
    """A history that begins with two tables."""
    project.migration("a1", None, CREATE)
    return project


def fixed(project, upgrade: str, *arguments: str, before: str = "") -> tuple[str, str]:
    """Fix an empty downgrade(); give its body and what was said."""
    path = project.migration("a2", "a1", before + functions(upgrade, "pass"))
    said = project.mrt("check", "versions", "--fix", *arguments, "--ignore", "MRT4").out
    text = path.read_text()
    compile(text, str(path), "exec")
    return text.partition("def downgrade():\n")[2].strip(), said


def unsafely(project, upgrade: str, *, before: str = "") -> str:
    """Fix an empty downgrade() with unsafe fixes, after seeing that it is not fixed without; give its body."""
    assert fixed(project, upgrade, before=before)[0] == "pass"
    return fixed(project, upgrade, "--unsafe-fixes", before=before)[0]


@pytest.mark.parametrize(
    "upgrade",
    [
        'if sa.inspect(op.get_bind()).has_table("runs"):\n    {add}',
        'if has_table("runs"):\n    {add}',
        'if table_exists(op.get_bind(), "runs"):\n    {add}',
        'tables = sa.inspect(op.get_bind()).get_table_names()\nif "runs" in tables:\n    {add}',
        'if "runs" not in sa.inspect(op.get_bind()).get_table_names():\n    return\n{add}',
        'if not has_table("runs"):\n    pass\nelse:\n    {add}',
        'if has_table("runs") and not has_column("runs", "a"):\n    {add}',
        'if has_table("runs"):\n    if not has_column("runs", "a"):\n        {add}',
    ],
)
def test_a_table_that_was_asked_for_is_asked_for_again(runs, upgrade):
    before = "from shop import has_column, has_table, table_exists\n\n\n"
    assert unsafely(runs, upgrade.format(add=ADD), before=before) == TABLE + DROP


@pytest.mark.parametrize(
    "test",
    [
        'not has_column("runs", "a")',
        'not inspector.has_column("runs", "a")',
        '"a" not in [column["name"] for column in sa.inspect(op.get_bind()).get_columns("runs")]',
        'not ("a" in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("runs")})',
    ],
)
def test_what_is_made_where_it_is_missing_is_there_afterwards(runs, test):
    upgrade = f"if {test}:\n    {ADD}\n    op.create_index('ix', 'runs', ['a'])"
    before = "from shop import has_column, inspector\n\n\n"
    assert unsafely(runs, upgrade, before=before) == f'op.drop_index("ix", table_name="runs")\n    {DROP}'
    said = fixed(runs, upgrade, before=before)[1]
    assert "MRT102: the column may have been there before" in said


def test_tables_and_indexes_that_are_made_where_they_are_missing_are_dropped(runs):
    table = 'if not has_table("notes"):\n    op.create_table("notes", sa.Column("id", sa.Integer))\n    op.create_index("ix", "notes", ["id"])'
    index = 'if not has_index("runs", "iy"):\n    op.create_index("iy", "runs", ["mode"])'
    before = "from shop import has_index, has_table\n\n\n"
    assert (
        unsafely(runs, f"{table}\n{index}", before=before) == 'op.drop_index("iy", table_name="runs")\n    op.drop_table("notes")'
    )


@pytest.mark.parametrize(
    "upgrade",
    [
        'if wanted("runs"):\n    {add}',
        'if not has_table("runs"):\n    {add}',
        'if has_column("runs", "a"):\n    {add}',
        'if not has_column("runs", "b"):\n    {add}',
        'if not has_column("users", "a"):\n    {add}',
        'if has_table("runs") or wanted():\n    {add}',
        'if not (has_table("runs") and wanted()):\n    {add}',
        'if has_table("runs") and wanted():\n    {add}',
        'if has_table("runs"):\n    if has_table("users"):\n        {add}',
        'if has_table("runs", schema="x"):\n    {add}',
        'if "runs" in sa.inspect(op.get_bind()).get_table_names(schema="x"):\n    {add}',
        'if "runs" in sa.inspect(op.get_bind()).get_table_names("x"):\n    {add}',
        'if "a" not in [c["name"] for c in sa.inspect(op.get_bind()).get_columns("runs") if c["nullable"]]:\n    {add}',
        'tables = sa.inspect(op.get_bind()).get_table_names()\ntables = wanted(tables)\nif "runs" in tables:\n    {add}',
        "if wanted():\n    return\n{add}",
        'if has_table("runs"):\n    return\n{add}',
        'for _ in wanted():\n    if not has_column("runs", "a"):\n        {add}',
        'if has_table("runs"):\n    op.drop_table("runs")',
        'if has_table("runs"):\n    op.rename_table("runs", "walks")',
        'if has_column("runs", "mode"):\n    op.drop_column("runs", "mode")',
        'if has_index("runs", "ix"):\n    op.create_index("ix", "runs", ["mode"])',
    ],
)
def test_other_conditions_are_left_alone(runs, upgrade):
    before = "from shop import has_column, has_index, has_table, wanted\n\n\n"
    body, said = fixed(runs, upgrade.format(add=ADD), "--unsafe-fixes", before=before)
    assert body == "pass"
    assert "reading cannot decide whether it runs" in said


def test_a_question_stands_below_its_dialect_and_above_its_batch(runs):
    upgrade = """
    if op.get_bind().dialect.name == "postgresql":
        if has_table("runs"):
            with op.batch_alter_table("runs") as batch:
                batch.add_column(sa.Column("a", sa.Text))
    """
    assert unsafely(runs, upgrade, before="from shop import has_table\n\n\n").splitlines() == [
        'if op.get_context().dialect.name == "postgresql":',
        '        if sa.inspect(op.get_bind()).has_table("runs"):',
        '            with op.batch_alter_table("runs") as batch:',
        '                batch.drop_column("a")',
    ]


# Schemas ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "schema"),
    [
        ('schema = op.get_context().version_table_schema if op.get_context().version_table_schema else ""', "schema"),
        ('schema = os.environ["SCHEMA"]', "schema"),
        ("schema = get_schema()", "schema"),
        ("", 'os.environ.get("SCHEMA", "x")'),
        ("", 'op.get_context().config.get_main_option("schema")'),
        ("", "SCHEMA"),
    ],
)
def test_a_schema_is_asked_for_in_the_same_words(runs, line, schema):
    upgrade = f'{line}\nop.add_column("runs", sa.Column("a", sa.Text), schema={schema})\nop.create_table("notes", sa.Column("id", sa.Integer), schema={schema})'
    before = 'import os\nfrom shop import get_schema\n\nSCHEMA = os.environ["SCHEMA"]\n\n\n'
    body, _ = fixed(runs, upgrade, before=before)
    lines = [line, f'op.drop_table("notes", schema={schema})', f'op.drop_column("runs", "a", schema={schema})']
    assert " ".join(body.split()).replace("( ", "(").replace(", )", ")") == " ".join(" ".join(filter(None, lines)).split())


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        ('schema = make_schema()\nop.add_column("runs", sa.Column("a", sa.Text), schema=schema)', "a name is not known"),
        ('schema = get_next_tenant()\nop.add_column("runs", sa.Column("a", sa.Text), schema=schema)', "a name is not known"),
        ('op.add_column("runs", sa.Column("a", sa.Text), schema=get_or_create_schema())', "a name is not known"),
        (
            'schema = get_schema()\nschema = schema or get()\nop.add_column("runs", sa.Column("a", sa.Text), schema=schema)',
            "a name is not",
        ),
        ('for schema in get():\n    op.add_column("runs", sa.Column("a", sa.Text), schema=schema)', ""),
        (
            'op.add_column("runs", sa.Column("a", sa.Text), schema=get())\nop.add_column("runs", sa.Column("a", sa.Text), schema=get_schema())',
            "it names several schemas that are not known",
        ),
        ('op.drop_column("runs", "mode", schema=get())', "the name of its schema is not known, and so what existed there is not"),
        ('op.drop_table("runs", schema=get())', "the name of its schema is not known"),
        ('op.alter_column("runs", "mode", server_default="x", schema=get())', "the former default of mode is not known"),
        ('op.drop_index("ix", "runs", schema=get())', "the name of its schema is not known"),
        (
            'with op.batch_alter_table("runs", schema=get()) as batch:\n    batch.drop_column("mode")',
            "the name of its schema is not known",
        ),
    ],
)
def test_a_schema_that_may_be_another_is_left_alone(runs, upgrade, why):
    body, said = fixed(runs, upgrade, "--unsafe-fixes", before="from shop import get, get_schema, make_schema\n\n\n")
    assert body == "pass"
    assert why in said


def test_tables_of_one_name_in_two_schemas_are_two_tables(runs):
    upgrade = 'op.create_table("notes", sa.Column("id", sa.Integer), schema=get())\nop.add_column("notes", sa.Column("a", sa.Text))'
    body, _ = fixed(runs, upgrade, "--unsafe-fixes", before="from shop import get\n\n\n")
    assert body in {"pass", 'op.drop_column("notes", "a")\n    op.drop_table("notes", schema=get())'}


# Rows -------------------------------------------------------------------------------------------------------------------------

FORBID = 'op.alter_column("runs", "mode", existing_type=sa.String(50), nullable=False)'


def test_rows_that_were_given_a_value_before_null_is_forbidden_may_keep_it(runs):
    upgrade = f"op.execute(\"UPDATE runs SET mode = 'x' WHERE mode IS NULL\")\n{FORBID}"
    assert unsafely(runs, upgrade) == 'op.alter_column("runs", "mode", existing_type=sa.String(50), nullable=True)'
    assert "MRT102: rows that had no value keep the one that they were given" in fixed(runs, upgrade)[1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET mode = 'x'",
        "UPDATE runs SET mode = 'x' WHERE id IS NULL",
        "UPDATE runs SET mode = 'x' WHERE mode IS NULL OR id = 1",
        "UPDATE runs SET mode = 'x', id = 2 WHERE mode IS NULL",
        "UPDATE users SET mode = 'x' WHERE mode IS NULL",
        "UPDATE runs SET mode = 'x' WHERE mode IS NULL; UPDATE runs SET mode = 'y'",
    ],
)
def test_rows_that_are_changed_otherwise_are_left_alone(runs, statement):
    body, said = fixed(runs, f'op.execute("{statement}")\n{FORBID}', "--unsafe-fixes")
    assert body == "pass"
    assert "what the rows were before is not known" in said


# Order ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "owner", ['op.create_table("notes", sa.Column("id", sa.Integer))', 'op.add_column("notes", sa.Column("c", sa.Integer))']
)
def test_a_type_goes_after_the_table_that_has_come_to_need_it(runs, owner):
    upgrade = f"""
    {owner}
    op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    op.execute("ALTER TABLE notes {"ADD COLUMN" if "table" in owner else "ALTER COLUMN"} c {"mood" if "table" in owner else "TYPE mood"}")
    op.execute("CREATE TYPE other AS ENUM ('sad', 'ok')")
    """
    if "add_column" in owner:
        runs.migration("a15", "a1", functions('op.create_table("notes", sa.Column("id", sa.Integer))', 'op.drop_table("notes")'))
    path = runs.migration("a2", "a15" if "add_column" in owner else "a1", functions(upgrade, "pass"))
    runs.mrt("check", "versions", "--fix", "--unsafe-fixes", "--ignore", "MRT4")
    gone = 'op.drop_table("notes")' if "table" in owner else 'op.drop_column("notes", "c")'
    lines = path.read_text().partition("def downgrade():\n")[2].split("\n")
    assert [line.strip() for line in lines if line] == ['op.execute("DROP TYPE other")', gone, 'op.execute("DROP TYPE mood")']


@pytest.mark.parametrize(
    ("statement", "back"),
    [
        ("ALTER TABLE runs RENAME COLUMN mode TO kind", "ALTER TABLE runs RENAME COLUMN kind TO mode"),
        ('alter table "runs" rename mode to "Kind";', 'alter table "runs" rename "Kind" to mode;'),
    ],
)
def test_a_column_that_sql_renamed_is_renamed_back_in_sql_which_mysql_takes_without_its_type(runs, statement, back):
    body, _ = fixed(runs, f"op.execute({statement!r})")
    assert body in {f"op.execute({back!r})", f'op.execute("{back}")'}


def test_columns_that_a_loop_renames_are_renamed_back_each(runs):
    upgrade = "for old, new in [('id', 'key'), ('mode', 'kind')]:\n    op.execute(f'ALTER TABLE runs RENAME COLUMN {old} TO {new}')"
    body, _ = fixed(runs, upgrade)
    assert body.replace("'", '"').split("\n    ") == [
        'op.execute("ALTER TABLE runs RENAME COLUMN kind TO mode")',
        'op.execute("ALTER TABLE runs RENAME COLUMN key TO id")',
    ]
