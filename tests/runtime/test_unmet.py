"""A data migration that met no row is said, with its line."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.same_values import read_update
from mrt_runtime.verify.session import Verification
from mrt_runtime.verify.unmet import has_more
from tests.axes import keep

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text()))'
NEVER = {
    "a condition that no row can meet": 'op.execute("UPDATE t SET note = 1 WHERE id < 0 AND id > 5")',
    "what each row holds already": "op.execute(\"UPDATE t SET note = replace(note, '~~', '-') WHERE id > 0\")",
    "a column with its schema and an alias": 'op.execute("UPDATE main.t SET note = coalesce(t.note, note)")',
    "a common table expression": 'op.execute("WITH x AS (SELECT 1 AS i) UPDATE t SET note = 1 WHERE id < 0 AND id > 5")',
    "a query in the place of a value": 'op.execute("UPDATE t SET note = (SELECT s.note FROM t AS s WHERE s.id = t.id)")',
    "another table's values": 'op.execute("UPDATE t SET note = s.note FROM t AS s WHERE s.id = t.id")',
    "two columns together": 'op.execute("UPDATE t SET (id, note) = (SELECT s.id, s.note FROM t AS s WHERE s.id = t.id)")',
    "a loop that changes nothing": """bind = op.get_bind()
    for id_, note in bind.execute(sa.text("SELECT id, note FROM t")).all():
        if hash(note) == 5:
            bind.execute(sa.text("UPDATE t SET note = 'x' WHERE id = :i"), {"i": id_})""",
}


@pytest.fixture
def verify(project, sqlite_url):
    def run(upgrade, **settings):
        project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
        file = project.add("002", "001", upgrade=upgrade, downgrade="pass")
        with Verification(project.config(db_url=sqlite_url, **settings)) as verification:
            found = {verdict.revision: verdict for verdict in verification.check_all()}
        line = next(
            number for number, text in enumerate(file.read_text().splitlines(), 1) if "UPDATE" in text or "row.note =" in text
        )
        return found["002"], f"Line {line}: "

    return run


@pytest.mark.parametrize("kind", NEVER)
def test_it_is_a_warning(verify, kind):
    verdict, line = verify(NEVER[kind])
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith(line)
    assert "custom_seeds" in warning


def test_a_statement_that_begins_with_a_common_table_expression_was_executed(verify):
    verdict, line = verify(NEVER["a common table expression"])
    assert verdict.warnings[0].startswith(f"{line}no row has another value after WITH x AS")


def test_each_statement_of_a_text_counts(project, postgres_url):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add(
        "002",
        "001",
        upgrade="op.execute(\"CREATE TABLE u (); UPDATE t SET note = 'y' WHERE id < 0 AND id > 5\")",
        downgrade='op.drop_table("u")',
    )
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    [warning] = verdict.warnings
    assert warning.startswith("Line 12: no row has another value after UPDATE t SET note = 'y'")


@pytest.mark.parametrize("kind", NEVER)
def test_it_is_unproven_where_the_configuration_says_so(verify, kind):
    verdict, line = verify(NEVER[kind], unmet="fail")
    assert verdict.outcome is Outcome.UNPROVEN
    assert verdict.failures[0].message.startswith(line)


def test_a_change_that_met_rows_is_not_said(verify):
    verdict, _ = verify("op.execute(\"UPDATE t SET note = note WHERE note LIKE 'done-%'\")")
    assert (verdict.outcome, verdict.warnings) == (Outcome.REVERSIBLE, ())


def test_each_statement_of_a_loop_counts(verify):
    verdict, line = verify(
        "for word in ('done', 'never'):\n        op.execute(f\"UPDATE t SET note = '{word}' WHERE note LIKE '{word[:1]}%' AND id > 0\")"
    )
    assert verdict.outcome is Outcome.DATA_LOSS
    [warning] = verdict.warnings
    assert warning.startswith(f"{line}no row met UPDATE t SET note = 'done' WHERE note LIKE 'd%'")


OBJECTS = """from sqlalchemy import orm
    class Row(orm.declarative_base()):
        __tablename__ = "t"
        id = sa.Column(sa.Integer, primary_key=True)
        note = sa.Column(sa.Text)
    session = orm.Session(op.get_bind())
    for row in session.query(Row):
        if hash(row.note) == 5:
            row.note = "x"
    session.flush()"""


def test_an_object_that_no_row_made_it_change_is_said(verify):
    verdict, line = verify(OBJECTS)
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith(line)


MAPPED = """from sqlalchemy import orm
    class Row(orm.declarative_base()):
        __tablename__ = "t"
        id = sa.Column(sa.Integer, primary_key=True)
        note = sa.Column(sa.Text)
        kind = sa.Column(sa.Text)
    session = orm.Session(op.get_bind())
    for row in session.query(Row).all():
        {change}
    session.commit()"""
SENT_LATER = {
    "an attribute": "row.note = f'{row.id} seen'",
    "setattr()": "setattr(row, 'note', f'{row.id} seen')",
    "an object that is deleted": "session.delete(row)",
    "one that is added to": "row.note = (row.note or '')\n        row.note += '!'",
}


@pytest.mark.parametrize("kind", SENT_LATER)
@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_a_change_of_an_object_is_known_by_the_statement_that_is_sent_on_another_line(project, request, url, kind):
    table = TABLE.replace("sa.Text())", 'sa.Text()), sa.Column("kind", sa.Text())')
    project.add("001", upgrade=table, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=MAPPED.format(change=SENT_LATER[kind]), downgrade="pass")
    with Verification(project.config(db_url=request.getfixturevalue(url))) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.DATA_LOSS
    assert verdict.unmet == ()


def test_a_statement_for_another_column_is_not_that_of_an_object(project, sqlite_url):
    table = TABLE.replace("sa.Text())", 'sa.Text()), sa.Column("kind", sa.Text())')
    change = "row.kind = 'seen'\n        if hash(row.note) == 5:\n            row.note = 'x'"
    project.add("001", upgrade=table, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=MAPPED.format(change=change), downgrade="pass")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        *_, verdict = verification.check_all()
    [unmet] = verdict.unmet
    assert "no row of 't' got another value from `row.note = 'x'`" in unmet.message


CHANGES = {
    "a value": "op.execute(\"UPDATE t SET note = 'x'\")",
    "a new column, which had the default": """op.add_column("t", sa.Column("ok", sa.Boolean(), server_default="1"))
    op.execute("UPDATE t SET ok = 1")""",
    "the same statement on another line": """op.execute("UPDATE t SET note = 'x' WHERE note IS NULL")
    op.execute("UPDATE t SET note = 'x' WHERE note IS NULL")""",
}


@pytest.mark.parametrize("kind", CHANGES)
def test_nothing_is_said_of_a_change_of(verify, kind):
    verdict, _ = verify(CHANGES[kind])
    assert verdict.warnings == ()


def test_a_change_for_another_database_is_not_said(verify):
    verdict, _ = verify("if op.get_bind().dialect.name == 'postgresql':\n        op.execute('UPDATE t SET note = 1')")
    assert (verdict.outcome, verdict.warnings) == (Outcome.REVERSIBLE, ())


UPDATES = {
    "UPDATE `a`.`t` SET b = 1": {"t"},
    "UPDATE t JOIN p ON p.id = t.p_id SET t.b = p.b WHERE p.c = 1": {"t", "p"},
    "WITH x AS (UPDATE p SET c = 1 RETURNING id) UPDATE t SET b = 2 FROM x": {"t"},
    "UPDATE t SET (b) = (SELECT 1)": {"t"},
    "UPDATE t SET a = a, b = 2": {"t"},
}


@pytest.mark.parametrize("statement", UPDATES)
def test_an_update_is_read_as_what_it_changes(statement):
    tables, columns = read_update(statement, "mysql" if "`" in statement else "postgresql")
    assert tables >= UPDATES[statement]
    assert columns == ("b",)


LINES = {
    "nothing but what was executed": ('op.execute("UPDATE t SET a = 1")', False),
    "another statement": ('op.execute("UPDATE t SET a = 1")\n    op.execute("DELETE FROM t")', True),
    "a branch that was not taken": ('op.execute("UPDATE t SET a = 1")\n    if False:\n        op.execute("DELETE FROM t")', True),
    "the head of a loop": ('op.execute("UPDATE t SET a = 1")\n    for sql in ["DELETE FROM t"]:\n        print()', True),
    "a handler": (
        'op.execute("UPDATE t SET a = 1")\n    try: pass\n    except ValueError:\n        op.execute("DELETE FROM t")',
        True,
    ),
    "a docstring": ('op.execute("UPDATE t SET a = 1")\n    """Update them."""', False),
    "what cannot be parsed": ('op.execute("UPDATE t SET a = 1"', True),
}


@pytest.mark.parametrize(("body", "more"), LINES.values(), ids=LINES)
def test_the_slow_reader_is_asked_only_where_lines_were_not_executed(tmp_path, body, more):
    file = tmp_path / "m.py"
    file.write_text(
        f'"""Update t."""\nfrom alembic import op\ndef upgrade():\n    {body}\ndef downgrade():\n    op.execute("DELETE FROM t")\n'
    )
    assert has_more(str(file), {4}) is more


def test_it_is_not_said_of_a_change_that_failed_with_the_rows_that_met_it(project, sqlite_url):
    project.add(
        "001",
        upgrade=TABLE.replace("sa.Text())", 'sa.Text()), sa.Column("kind", sa.Text(), nullable=False)'),
        downgrade='op.drop_table("t")',
    )
    project.add("002", "001", upgrade='op.execute("UPDATE t SET kind = note WHERE note IS NULL")', downgrade="pass")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert not verdict.warnings


BOUND = """t = sa.table("t", sa.column("id"), sa.column("note"))
    for word in ("absent", ):
        op.execute(t.update().where(t.c.id < -5, t.c.id > 5).values(note=sa.func.replace(t.c.note, word, "another text")))"""
SEVERAL = """for number in range(-3, 0):
        op.execute(f"UPDATE t SET note = 'x' WHERE id = {number} AND note IS NULL")"""


@pytest.mark.parametrize("url", keep(["sqlite_url", "postgres_url", "mysql_url"], "sqlite_url", "postgres_url"))
def test_the_values_of_its_condition_are_shown_and_the_condition_to_its_end(project, url, request):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=BOUND, downgrade="pass")
    with Verification(project.config(db_url=request.getfixturevalue(url))) as verification:
        *_, verdict = verification.check_all()
    [warning] = verdict.warnings
    assert "no row met UPDATE t SET note=" in warning
    assert " WHERE t.id < -5 AND t.id > 5, so nothing is proved about it" in warning.replace("::INTEGER", "")


def test_how_many_more_there_are_is_no_part_of_the_statement(verify):
    verdict, line = verify(SEVERAL)
    [warning] = verdict.warnings
    assert warning.startswith(
        f"{line}no row met UPDATE t SET note = 'x' WHERE id = -3 AND note IS NULL (nor 2 more statements of this line), so"
    )
