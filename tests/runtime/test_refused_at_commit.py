"""A row that the database refuses only at COMMIT is a refused row like any other, and ends no run."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

FUNCTION = """CREATE FUNCTION require_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM cases WHERE id = NEW.id AND number <= 0) THEN
        RAISE EXCEPTION 'a number must be assigned before commit' USING ERRCODE = '23514'; END IF; RETURN NULL; END $$"""
TRIGGER = """CREATE CONSTRAINT TRIGGER numbered AFTER INSERT OR UPDATE ON cases DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_number()"""
NEVER = TRIGGER.replace("require_number()", "refuse()")
REFUSE = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no row of this kind'; END $$"
TABLE = 'op.create_table("cases", sa.Column("id", sa.Integer, primary_key=True), sa.Column("number", sa.Integer, nullable=False))'
LINES = """op.create_table("cases", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, unique=True))"""
HAS_LINE = """CREATE FUNCTION require_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM lines WHERE case_id = NEW.id) THEN RAISE 'a case has a line'; END IF; RETURN NULL; END $$"""


def execute(*statements):
    return "\n    ".join(f"op.execute({statement!r})" for statement in statements)


@pytest.fixture
def verify(project, postgres_url):
    def check(*upgrades):
        for number, upgrade in enumerate(upgrades, start=1):
            parent = f"{number - 1:03}" if number > 1 else None
            drop = "DROP TABLE IF EXISTS lines, cases CASCADE" if number == 1 else "SELECT 1"
            undo = execute(drop, "DROP TRIGGER numbered ON cases" if number == 2 else "SELECT 1")
            project.add(f"{number:03}", parent, upgrade=upgrade, downgrade=undo)
        functions = execute(*(f"{one} " for one in (FUNCTION, REFUSE)))
        project.add("000", None, upgrade=functions, downgrade=execute("DROP FUNCTION require_number, refuse"))
        first = project.versions / "001.py"
        first.write_text(first.read_text().replace("down_revision = None", "down_revision = '000'"))
        with Verification(project.config(db_url=postgres_url)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return check


def test_rows_that_a_deferred_trigger_refuses_are_left_out(verify):
    later = 'op.add_column("cases", sa.Column("note", sa.String(9)))'
    found = verify(TABLE, execute(TRIGGER), later)
    assert [verdict.outcome for verdict in found.values()] == [Outcome.REVERSIBLE] * 3 + [Outcome.SCHEMA_NOT_RESTORED]
    assert not found["003"].unseeded


def test_a_table_of_which_it_refuses_every_row_is_named(verify):
    found = verify('op.create_table("other", sa.Column("id", sa.Integer))', f"{TABLE}\n    {execute(NEVER)}", execute("SELECT 1"))
    assert "no row of this kind" in found["003"].unseeded["cases"]


def test_rows_that_need_each_other_at_the_end_are_written_together(verify):
    replaced = execute("DROP FUNCTION require_number", HAS_LINE, TRIGGER)
    found = verify(LINES, replaced, 'op.add_column("cases", sa.Column("note", sa.String(9)))')
    assert not found["003"].unseeded
    assert found["003"].outcome is Outcome.SCHEMA_NOT_RESTORED


def test_a_unique_key_that_is_put_off_refuses_a_row_alone(verify):
    key = "ALTER TABLE cases ADD UNIQUE (number) DEFERRABLE INITIALLY DEFERRED"
    rise = """CREATE FUNCTION rise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.number := abs(NEW.number) % 2; RETURN NEW; END $$"""
    trigger = "CREATE TRIGGER numbered BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION rise()"
    found = verify(TABLE, execute(rise, trigger), execute("DELETE FROM cases", key), execute("SELECT 1"))
    assert found["004"].outcome is Outcome.REVERSIBLE
