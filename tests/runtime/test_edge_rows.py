"""A row at the edge of its type that alone makes a step fail is a warning that names it; a typical row decides."""

import pytest

from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep_pairs

TABLE = """op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(20)), sa.Column("n", sa.Integer(), nullable=False))"""
STEPS = {
    "the largest integer": ("UPDATE items SET n = n + 1", "UPDATE items SET n = n - 1", "2147483647"),
    "a full-length text": (
        "UPDATE items SET code = concat('+', code) WHERE code IS NOT NULL",
        "UPDATE items SET code = substr(code, 2) WHERE code IS NOT NULL",
        "20 long",
    ),
}

MOODS = (("ADD", "'low', 'high'"), ("MODIFY", "'low'"), ("MODIFY", "'low', 'high'"))


@pytest.fixture(params=["postgres", "mysql"])
def verify(project, request):
    """Verify a project on a database that refuses what does not fit, which SQLite does not."""

    def run(upgrade, downgrade, **settings):
        project.add("001", upgrade=TABLE, downgrade='op.drop_table("items")')
        project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        project.add("003", "002", upgrade='op.execute("DELETE FROM items WHERE n > 2000000000")', downgrade="pass")
        url = request.getfixturevalue(f"{request.param}_url")
        with Verification(project.config(db_url=url, **settings)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return run


@pytest.mark.parametrize(("verify", "kind"), keep_pairs(["mysql", "postgres"], STEPS), indirect=["verify"])
def test_a_step_that_only_such_a_row_breaks_is_judged_without_it_and_names_it(verify, kind):
    up, down, shown = STEPS[kind]
    verdict = verify(f'op.execute("{up}")', f'op.execute("{down}")')["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert "'items' id = " in warning
    assert shown.replace("20 long", "code = ") in warning
    assert "Upgrade failed" in warning


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
def test_what_is_wrong_with_the_rollback_is_found_without_such_rows(verify):
    verdict = verify('op.execute("UPDATE items SET n = n + 1")', "pass")["002"]
    assert verdict.outcome is Outcome.DATA_LOSS
    assert verdict.warnings


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
def test_such_a_row_is_back_for_the_next_revision(verify):
    found = verify('op.execute("UPDATE items SET n = n + 1")', 'op.execute("UPDATE items SET n = n - 1")')
    assert found["003"].outcome is Outcome.DATA_LOSS


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
def test_a_typical_row_that_breaks_a_step_decides(verify):
    verdict = verify('op.execute("UPDATE items SET n = n * 1000000")', "pass")["002"]
    assert verdict.outcome is Outcome.UPGRADE_FAILED


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
@pytest.mark.parametrize(("edge_rows", "outcome"), [("fail", Outcome.UPGRADE_FAILED), ("off", Outcome.REVERSIBLE)])
def test_such_rows_may_fail_or_not_be_there_at_all(verify, edge_rows, outcome):
    up, down, _ = STEPS["the largest integer"]
    verdict = verify(f'op.execute("{up}")', f'op.execute("{down}")', edge_rows=edge_rows)["002"]
    assert (verdict.outcome, verdict.warnings) == (outcome, ())


FIRST = {
    "update": 'op.execute("UPDATE items SET code = code")',
    "add a column": 'op.add_column("items", sa.Column("x", sa.Integer()))',
}


@pytest.mark.parametrize(("verify", "kind"), keep_pairs(["postgres", "mysql"], FIRST), indirect=["verify"])
def test_what_such_a_row_breaks_first_does_not_hide_what_breaks_with_every_row(verify, kind):
    """Both are failures of the same step: the row at the edge ends it at another line than the fault that all rows meet."""
    half = 'op.add_column("items", sa.Column("y", sa.Integer()))'  # MySQL keeps it, so the database has to be made again
    down = f'op.execute("UPDATE items SET n = n + 1")\n    {half}\n    op.drop_column("items", "absent")'
    verdict = verify(FIRST[kind], down)["002"]
    [failure] = verdict.failures
    assert (failure.kind, "absent" in failure.message) == ("downgrade-failed", True)
    assert any(warning.startswith("Only with rows at the edge") and "('items' id" in warning for warning in verdict.warnings)


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
def test_such_rows_are_not_blamed_where_the_step_breaks_at_the_same_line_without_them(verify):
    """The key that the message quotes is another one without them; the fault is the same."""
    verdict = verify('op.execute("UPDATE items SET n = n * 1000000")', "pass")["002"]
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert not any("edge of their types" in warning for warning in verdict.warnings)


def test_rows_that_are_out_already_are_still_named(project, postgres_url):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("items")')
    project.add("002", "001", upgrade='op.execute("UPDATE items SET n = n")', downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        runner = verification.runner
        step = runner.graph["002"]
        runner.approach(step)
        runner.approach(step, [Adjustment.EDGES])
        named = runner.adjusted[Adjustment.EDGES]
        runner.approach(step, [Adjustment.EDGES])
        assert named
        assert runner.adjusted[Adjustment.EDGES] == named


def test_rows_with_nulls_stay_where_such_a_row_comes_and_goes(project, sqlite_url):
    broken = "raise NotImplementedError"
    project.add("r1", upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))')
    project.add("r2", "r1", upgrade='op.create_index("ix_2", "t", ["n"])', downgrade=broken)
    project.add("r3", "r2", upgrade='op.add_column("t", sa.Column("c", sa.Integer))', downgrade='op.drop_column("t", "c")')
    project.add("r4", "r3", upgrade='op.create_index("ix_4", "t", ["c"])', downgrade=broken)
    narrow = 'with op.batch_alter_table("t") as batch:\n        batch.alter_column("n", nullable=False)'
    project.add("r5", "r4", upgrade=narrow, downgrade=narrow.replace("False", "True"))
    with Verification(project.config(db_url=sqlite_url)) as verification:
        outcomes = [verdict.outcome for verdict in verification.check_all()]
    assert outcomes[2:] == [Outcome.REVERSIBLE, Outcome.DOWNGRADE_FAILED, Outcome.UPGRADE_FAILED]


def test_the_rows_that_are_named_are_those_of_the_table_at_fault(project, postgres_url):
    for number in ("001", "002"):
        earlier = "001" if number == "002" else None
        project.add(number, earlier, upgrade=TABLE.replace("items", f"items{number}"), downgrade=f'op.drop_table("items{number}")')
    change = 'op.execute("UPDATE items002 SET n = n {} 1")'
    project.add("003", "002", upgrade=change.format("+"), downgrade=change.format("-"))
    with Verification(project.config(db_url=postgres_url)) as verification:
        verdict = verification.check("003")
    [warning] = [warning for warning in verdict.warnings if "at the edge of their types" in warning]
    assert "'items002' id" in warning
    assert "'items001'" not in warning


def test_where_a_trigger_writes_to_another_table_its_rows_at_the_edge_are_taken_out_too(project, postgres_url):
    """The file names the one table, and the row that breaks the upgrade is in the other."""
    trigger = (
        "CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE totals SET n = n + 1; RETURN NEW; END';"
        "CREATE TRIGGER counting AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION counted()"
    )
    tables = f"{TABLE}\n    {TABLE.replace('items', 'totals')}\n    op.execute({trigger!r})"
    project.add(
        "001",
        upgrade=tables,
        downgrade='op.drop_table("items")\n    op.drop_table("totals")\n    op.execute("DROP FUNCTION counted")',
    )
    project.add("002", "001", upgrade='op.execute("UPDATE items SET code = code")', downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        verdict = verification.check("002")
    assert verdict.outcome is Outcome.REVERSIBLE
    assert any("'totals' id" in warning for warning in verdict.warnings)


@pytest.mark.parametrize("verify", ["postgres"], indirect=True)
def test_such_a_row_only_warns_where_a_null_is_in_the_way_before_it(verify):
    fill = "ALTER TABLE items ALTER COLUMN code SET NOT NULL"
    found = verify(
        f'op.execute("{fill}")\n    op.execute("UPDATE items SET n = n + 1")', 'op.execute("UPDATE items SET n = n - 1")'
    )["002"]
    assert [failure.message.split(":")[1].strip() for failure in found.failures if failure.kind == "upgrade-failed"] == [
        "NotNullViolation"
    ]
    assert any("rows at the edge" in warning for warning in found.warnings)


def test_a_label_that_such_a_row_held_is_at_no_edge(project, mysql_url):
    moods, less, more = ("ALTER TABLE items {} mood enum({}) NOT NULL".format(*words) for words in MOODS)
    project.add("001", upgrade=f'{TABLE}\n    op.execute("{moods}")', downgrade='op.drop_table("items")')
    project.add("002", "001", upgrade=f'op.execute("{less}")', downgrade=f'op.execute("{more}")')
    with Verification(project.config(db_url=mysql_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.UPGRADE_FAILED


REFLECTED = """bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT n FROM items")).all():
        if row.n and row.n > 2000000000:
            sa.Table("nowhere", sa.MetaData(), autoload_with=bind)
    sa.Table("nowhere", sa.MetaData(), autoload_with=bind)"""


@pytest.mark.parametrize("verify", ["mysql"], indirect=True)
def test_what_fails_in_the_same_words_without_such_a_row_is_not_about_it(verify):
    verdict = verify(REFLECTED, "pass")["002"]
    [failure] = verdict.failures
    assert failure.message.startswith("Upgrade failed: NoSuchTableError: nowhere")
    assert not any(warning.startswith("Only with") for warning in verdict.warnings)
