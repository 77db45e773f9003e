"""What a finding advises runs: its Python is Python, its SQL is taken by a real database, for tables with names of all kinds."""

import ast
import os
import re

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.check.judgement import judge
from mrt_lint.model.advice import literal, with_literals
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\n\n"
KINDS = {
    "two keys": (
        "packages",
        "url",
        'sa.Column("name", sa.Text, primary_key=True), sa.Column("version", sa.Text, primary_key=True)',
    ),
    "a word of SQL": ("user", "order", 'sa.Column("group", sa.Integer, primary_key=True)'),
    "capitals and spaces": ("Order Items", "Unit Price", 'sa.Column("Item No", sa.Integer, primary_key=True)'),
    "quotes": ('it"s', "isn't", 'sa.Column("k", sa.Integer, primary_key=True)'),
    "no key": ("logs", "line", 'sa.Column("at", sa.Text)'),
    "plain": ("users", "phone", 'sa.Column("id", sa.Integer, primary_key=True)'),
}
SCHEMA = {"in a schema": ("app.users", "phone", 'sa.Column("id", sa.Integer, primary_key=True)')}
CASES = {
    "MRT201": ("op.drop_column(T, C)", "op.add_column(T, sa.Column(C, sa.Text))"),
    "MRT202": ("op.drop_table(T)", "op.create_table(T, sa.Column(C, sa.Text))"),
    "MRT203": ("op.execute(f'TRUNCATE {Q}')", "pass"),
    "MRT214": ("op.execute(f'DELETE FROM {Q}')", "pass"),
    "MRT205": ('op.drop_constraint("fk x", T, type_="foreignkey")', 'op.execute("SELECT 1")'),
    "MRT301": ('op.rename_table(T, "other")', 'op.execute("SELECT 1")'),
    "MRT302": ('op.alter_column(T, C, new_column_name="Other One")', 'op.execute("SELECT 1")'),
    "MRT401": ('op.add_column(T, sa.Column("new one", sa.Integer, nullable=False))', 'op.drop_column(T, "new one")'),
    "MRT402": ("op.alter_column(T, C, nullable=False)", 'op.execute("SELECT 1")'),
    "MRT403": ("op.execute(f'ALTER TABLE {Q} ALTER COLUMN {QC} SET NOT NULL')", 'op.execute("SELECT 1")'),
    "MRT406": ('op.create_unique_constraint("uq x", T, [C])', 'op.drop_constraint("uq x", T)'),
    "MRT407": ('op.create_index("ix new", T, [C])', 'op.drop_index("ix new", T)'),
    "MRT408": ('op.drop_index("ix x", T)', 'op.execute("SELECT 1")'),
    "MRT409": ('op.drop_constraint("uq old", T, type_="unique")', 'op.execute("SELECT 1")'),
    "MRT110": ('op.create_index("ix new", T, [C])', 'op.execute("SELECT 1")'),
    "MRT120": ("op.alter_column(T, C, nullable=True, existing_nullable=False)", "op.alter_column(T, C, nullable=False)"),
    "MRT422": ('op.create_foreign_key("fk y", T, "parents", ["pid"], ["id"])', 'op.drop_constraint("fk y", T)'),
    "MRT423": ('op.create_check_constraint("ck y", T, "pid > 0")', 'op.drop_constraint("ck y", T)'),
    "MRT431": ('op.create_foreign_key("fk y", T, "parents", ["pid"], ["id"])', 'op.drop_constraint("fk y", T)'),
    "MRT502": ("op.execute(f'CREATE TRIGGER \"Tr\" BEFORE UPDATE ON {Q} FOR EACH ROW EXECUTE FUNCTION f()')", "pass_()"),
}
NO_PLACEHOLDER = set(CASES) - {"MRT120"}


def quoted(name):
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def histories(kind, code):
    table, column, key = (KINDS | SCHEMA)[kind]
    schema, _, last = table.rpartition(".")
    names = f"T = {last!r}\nC = {column!r}\nQ = {quoted(table)!r}\nQC = {quoted(column)!r}\n"
    within = f", schema={schema!r}" if schema else ""
    make = (
        f'op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True))\n'
        f'op.create_table(T, {key}, sa.Column(C, sa.Text), sa.Column("pid", sa.Integer), sa.UniqueConstraint(C, "pid", name="uq old")'
        f'{within})\nop.create_index("ix x", T, [C]{within})\n'
        f'op.create_foreign_key("fk x", T, "parents", ["pid"], ["id"]{within.replace("schema", "source_schema")})'
    )
    up, down = (text.replace("pass_()", 'op.execute("SELECT 1")') for text in CASES[code])
    if schema:
        up, down = (re.sub(r"(op\.(?!execute|f\()\w+\((?:[^()]|\([^()]*\))*)\)$", rf"\1{within})", text) for text in (up, down))
        up = up.replace("source_schema", "schema")
        up = re.sub(r"(create_foreign_key\(.*), schema=", r"\1, source_schema=", up)
        down = re.sub(r"(create_foreign_key\(.*), schema=", r"\1, source_schema=", down)
    body = "def upgrade():\n    {}\n\n\ndef downgrade():\n    {}\n"
    indent = lambda text: text.replace("\n", "\n    ")  # noqa: E731
    return {
        "a.py": HEAD.format("a", None) + names + body.format(indent(make), 'op.execute("SELECT 1")'),
        "b.py": HEAD.format("b", "a") + names + body.format(indent(up), indent(down)),
    }


def advice(kind, code, dialect):
    sources = {path: text.encode() for path, text in histories(kind, code).items()}
    settings = Settings(extend_select=("MRT4", "MRT1", "MRT5")).over(dialect=dialect)
    readings = {path: read(MigrationSource(path, text, dialect)) for path, text in sources.items()}
    report = judge(sources, readings, settings, ())
    found = [finding.instead for finding in report.findings if finding.code == code and finding.path == "b.py"]
    assert found, [finding.code for finding in report.findings]
    return found[0]


def calls(text):
    """The Python in advice: what begins like a call, up to where it is whole."""
    for start in re.finditer(r"with op\.|(?<!batch: )(?<!: )op\.|(?<=\): )op\.|(?<=was: )op\.|(?<=dex: )op\.|(?<=hen )op\.", text):
        if text[: start.start()].endswith("autocommit_block(): "):
            continue
        ends = [end for end in range(start.start() + 5, len(text) + 1) if text[end - 1] == ")"]
        good = [end for end in ends if parses(text[start.start() : end])]
        assert good, f"no Python: {text[start.start() :]}"
        yield text[start.start() : good[0] if not text[start.start() :].startswith("with") else good[-1]]


def parses(code):
    try:
        ast.parse(code.replace("…", "..."))
    except SyntaxError:
        return False
    return True


def statements(text):
    """The SQL in advice, in parentheses."""
    for start in re.finditer(r"\((?=CREATE TABLE|ALTER TABLE|SELECT|UPDATE)", text):
        depth, quote = 0, ""
        for place in range(start.start(), len(text)):
            mark = text[place]
            quote = "" if mark == quote else mark if not quote and mark in "\"'`" else quote
            depth += ((mark == "(") - (mark == ")")) * (not quote)
            if depth == 0:
                yield text[start.start() + 1 : place]
                break


@pytest.mark.parametrize("code", CASES)
@pytest.mark.parametrize("kind", [*KINDS, *SCHEMA])
def test_the_python_in_advice_is_python_and_whole(kind, code):
    if kind in SCHEMA and code in {"MRT203", "MRT214"}:
        pytest.skip("the schema is in the SQL")
    text = advice(kind, code, "postgresql")
    for call in calls(text):
        assert "…" not in call or code not in NO_PLACEHOLDER, call
    for statement in statements(text):
        assert "…" not in statement or code == "MRT406", statement


URL = os.environ.get("MRT_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432").replace(
    "postgresql://", "postgresql+psycopg://"
)


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("psycopg")
    engine = sa.create_engine(f"{URL.rstrip('/')}/postgres")
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL server")
    yield engine
    engine.dispose()


@pytest.fixture
def op(engine):
    """Operations in a transaction that is rolled back, in which names without a schema are those of a new one."""
    with engine.connect() as connection:
        for statement in ("CREATE SCHEMA mrt_advice", "CREATE SCHEMA app", "SET search_path = mrt_advice"):
            connection.execute(sa.text(statement))
        connection.execute(sa.text("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"))
        yield Operations(MigrationContext.configure(connection))
        connection.rollback()


def run(op, source, function="upgrade"):
    scope = {"op": op}
    exec(source.replace("from alembic import op", ""), scope)
    scope[function]()


def execute(op, text):
    """Run the SQL in advice, and its Python."""
    for statement in statements(text):
        if "…" not in statement:
            op.execute(sa.text(statement.replace(":", r"\:")))
    for call in calls(text.replace("with op.get_context().autocommit_block(): ", "")):  # all of this is rolled back
        code = call.replace("= …", "= DEFAULT").replace("postgresql_concurrently=True", "")
        exec(code, {"op": op, "sa": sa})


BEFORE = {"MRT201", "MRT202", "MRT203", "MRT214", "MRT406", "MRT407", "MRT120"}
"""What is advised to do before, or in place of, upgrade(); the rest comes after it."""


@pytest.mark.parametrize("code", CASES)
@pytest.mark.parametrize("kind", [*KINDS, *SCHEMA])
def test_advice_runs_on_postgresql(op, kind, code):
    if kind in SCHEMA and code in {"MRT203", "MRT214"}:
        pytest.skip("the schema is in the SQL")
    sources = histories(kind, code)
    run(op, sources["a.py"])
    if code not in BEFORE:
        run(op, sources["b.py"])
    execute(op, advice(kind, code, "postgresql"))


@pytest.mark.parametrize("code", ["MRT402", "MRT401", "MRT409", "MRT205", "MRT201", "MRT202", "MRT302"])
@pytest.mark.parametrize("kind", KINDS)
def test_advice_runs_on_sqlite(kind, code):
    text = advice(kind, code, "sqlite")
    engine = sa.create_engine("sqlite://")
    table, column, _ = KINDS[kind]
    with engine.connect() as connection:
        op = Operations(MigrationContext.configure(connection))
        op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True))
        op.create_table(
            table,
            *(
                sa.Column(name, sa.Integer)
                for name in ("name", "version", "group", "Item No", "k", "at", "id", "new one", "Other One")
            ),
            *([] if code == "MRT302" else [sa.Column(column, sa.Text)]),
            sa.Column("pid", sa.Integer),
        )
        execute(op, text)


@pytest.mark.parametrize("text", ["plain", "it's", 'a "b"', 'it\'s "b"', "back\\slash", "new\nline", "…"])
def test_a_string_is_written_as_python_has_it(text):
    assert ast.literal_eval(literal(text)) == text
    assert with_literals(f"op.f(«{text}»)") == f"op.f({literal(text)})"
