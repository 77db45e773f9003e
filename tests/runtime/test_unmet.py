"""A data migration that met no row is said, with its line."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from mrt_runtime.verify.unmet import has_more

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text()))'
NEVER = {
    "a condition that no row can meet": 'op.execute("UPDATE t SET note = 1 WHERE id < 0 AND id > 5")',
    "what each row holds already": "op.execute(\"UPDATE t SET note = replace(note, '~~', '-') WHERE id > 0\")",
    "a column with its schema and an alias": 'op.execute("UPDATE main.t SET note = coalesce(t.note, note)")',
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
        line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "UPDATE" in text)
        return found["002"], f"Line {line}: "

    return run


@pytest.mark.parametrize("kind", NEVER)
def test_it_is_a_warning(verify, kind):
    verdict, line = verify(NEVER[kind])
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith(line)
    assert "custom_seeds" in warning


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
