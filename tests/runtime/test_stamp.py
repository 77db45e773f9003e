"""What is stamped or counted whenever a row changes is a note; what is lost under such a look is not."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from mrt_runtime.verify.stamp import is_named, is_present

pytestmark = pytest.mark.exhaustive

TABLE = """op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20)),
        sa.Column("{name}", sa.{type}(), nullable=False{more}))"""
CHANGE = 'op.execute("UPDATE t SET code = {more}{stamp}")'
BACK = 'op.execute("UPDATE t SET code = left(code, char_length(code) - 1){stamp}")'
STAMPS = {
    "updated_at": ("updated_at", "DateTime", "CURRENT_TIMESTAMP"),
    "a day": ("last_modified", "Date", "CURRENT_DATE"),
    "seconds": ("ChangedOn", "BigInteger", "{epoch}"),
}
EPOCH = {"postgres": "extract(epoch FROM now())::bigint", "mysql": "unix_timestamp()"}
LOSSES = {
    "a time that is no stamp": ("verified_at", "DateTime", "CURRENT_TIMESTAMP"),
    "the time of one sort of change": ("last_status_change", "DateTime", "CURRENT_TIMESTAMP"),
    "a stamp that becomes another time": ("updated_at", "DateTime", "'2011-11-11 11:11:11'"),
}
COUNTING = {
    "sqlite": ["CREATE TRIGGER counting AFTER UPDATE ON t BEGIN UPDATE t SET changes = changes + 1 WHERE id = NEW.id; END"],
    "postgres": [
        "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END $$",
        "CREATE TRIGGER counting BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION counts()",
    ],
    "mysql": ["CREATE TRIGGER counting BEFORE UPDATE ON t FOR EACH ROW SET NEW.changes = OLD.changes + 1"],
}


@pytest.fixture
def verify(project, request):
    def run(dialect, first, upgrade, downgrade="pass", **settings):
        project.add("001", upgrade="\n    ".join(first), downgrade='op.drop_table("t")')
        project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        url = request.getfixturevalue(f"{dialect}_url")
        with Verification(project.config(db_url=url, edge_rows="off", **settings)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}["002"]

    return run


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
@pytest.mark.parametrize("kind", STAMPS)
def test_the_time_of_a_change_is_a_note(verify, dialect, kind):
    name, type_, now = STAMPS[kind]
    stamp = f', {chr(92)}"{name}{chr(92)}" = {now}' if dialect == "postgres" else f", {name} = {now}"
    stamp = stamp.format(epoch=EPOCH[dialect])
    table = TABLE.format(name=name, type=type_, more="")
    more = "code || '!'" if dialect == "postgres" else "concat(code, '!')"
    verdict = verify(dialect, [table], CHANGE.format(more=more, stamp=stamp), BACK.format(stamp=stamp))
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())
    [warning] = verdict.warnings
    assert warning.startswith(f"Column 't.{name}': ")
    assert warning.endswith(" values became the time of this run after rollback")


@pytest.mark.parametrize("kind", LOSSES)
def test_another_time_that_is_overwritten_is_lost(verify, kind):
    name, type_, now = LOSSES[kind]
    table = TABLE.format(name=name, type=type_, more="")
    verdict = verify("sqlite", [table], f'op.execute("UPDATE t SET {name} = {now}")')
    assert [failure.column for failure in verdict.failures] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "updated_at",
        "UpdatedAt",
        "last_modified",
        "modified_on",
        "date_updated",
        "lastupdate",
        "mtime",
        "changed",
        "edited_ts",
        "user_updated",
    ],
)
def test_a_stamp_is_called_by_the_change_of_a_row(name):
    assert is_named("public.users", name)


@pytest.mark.parametrize(
    "name", ["last_status_change", "password_changed_at", "price_updated_at", "created_at", "verified_on", "n1"]
)
def test_the_time_of_one_sort_of_change_is_no_stamp(name):
    assert not is_named("public.users", name)


PRICE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("price", sa.{type}, nullable=False))'


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "mysql"])
def test_a_decimal_that_arithmetic_brings_back_is_back(verify, dialect):
    back = 'op.execute("UPDATE t SET price = price - 0.7")'
    verdict = verify(dialect, [PRICE.format(type="Numeric(12, 2)")], 'op.execute("UPDATE t SET price = price + 0.7")', back)
    assert (verdict.outcome, verdict.failures, verdict.warnings) == (Outcome.REVERSIBLE, (), ())


@pytest.mark.parametrize(("type_", "change"), [("Numeric(12, 2)", "price + 0.01"), ("Float()", "price + 1e-9")])
def test_a_number_that_is_another_to_its_last_digit_is_lost(verify, type_, change):
    verdict = verify("sqlite", [PRICE.format(type=type_)], f'op.execute("UPDATE t SET price = {change}")')
    assert [failure.column for failure in verdict.failures] == ["price"]


def test_a_stamp_that_is_dropped_and_comes_back_with_a_default_is_lost(verify):
    table = TABLE.format(name="updated_at", type="DateTime", more="")
    again = 'op.add_column("t", sa.Column("updated_at", sa.DateTime(), server_default=sa.func.now(), nullable=False))'
    verdict = verify("postgres", [table], 'op.drop_column("t", "updated_at")', again)
    assert "Column 't.updated_at': 3/3 values changed after rollback" in [failure.message for failure in verdict.failures]


def test_the_first_time_of_a_change_is_a_note_too(verify):
    table = TABLE.format(name="updated_at", type="DateTime", more="").replace("False", "True")
    verdict = verify("sqlite", [table], 'op.execute("UPDATE t SET updated_at = CURRENT_TIMESTAMP")')
    assert verdict.warnings == ("Column 't.updated_at': 3/3 values became the time of this run after rollback",)
    assert verdict.outcome is Outcome.REVERSIBLE


def test_another_column_that_was_empty_has_a_value_too_many(verify):
    table = TABLE.format(name="verified_at", type="DateTime", more="").replace("False", "True")
    verdict = verify("sqlite", [table], 'op.execute("UPDATE t SET verified_at = CURRENT_TIMESTAMP WHERE verified_at IS NULL")')
    assert [failure.message for failure in verdict.failures] == ["Column 't.verified_at': 1/3 values changed after rollback"]


def test_what_the_server_stamps_by_itself_is_a_note_whatever_its_name(verify):
    table = TABLE.format(name="seen", type="TIMESTAMP", more=', server_default=sa.text("now() ON UPDATE now()")')
    verdict = verify("mysql", [table], CHANGE.format(more="concat(code, '!')", stamp=""), BACK.format(stamp=""))
    assert (verdict.outcome, len(verdict.warnings)) == (Outcome.REVERSIBLE, 1)


@pytest.mark.parametrize("dialect", COUNTING)
def test_what_a_trigger_counts_is_a_note(verify, dialect):
    first = [TABLE.format(name="changes", type="Integer", more=""), *(f'op.execute("{sql}")' for sql in COUNTING[dialect])]
    verdict = verify(dialect, first, 'op.execute("UPDATE t SET code = upper(code)")')
    assert [failure.column for failure in verdict.failures] == ["code"]
    assert [warning.rpartition("values ")[2] for warning in verdict.warnings] == ["counted on by a trigger after rollback"]


def test_a_number_that_the_migration_overwrites_is_lost_beside_a_trigger_that_compares_it(verify):
    first = [
        TABLE.format(name="changes", type="Integer", more=""),
        'op.execute("CREATE TRIGGER watching AFTER UPDATE ON t WHEN NEW.changes = OLD.changes BEGIN SELECT 1; END")',
    ]
    verdict = verify("sqlite", first, 'op.execute("UPDATE t SET changes = 5")')
    assert [failure.column for failure in verdict.failures] == ["changes"]


def test_what_a_trigger_does_when_our_rows_are_written_is_no_warning(verify):
    """The parent becomes 'dirty' whenever a child is written."""
    first = [
        'op.create_table("p", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("state", sa.String(9)))',
        'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("p", sa.Integer(), sa.ForeignKey("p.id")))',
        "op.execute(\"CREATE TRIGGER soiling AFTER INSERT ON t BEGIN UPDATE p SET state = 'dirty' || NEW.id; END\")",
    ]
    verdict = verify("sqlite", first, 'op.add_column("t", sa.Column("x", sa.Integer()))', 'op.drop_column("t", "x")')
    assert (verdict.outcome, verdict.warnings) == (Outcome.REVERSIBLE, ())


@pytest.mark.parametrize("value", ["2024-01-01 00:00:00", "9999-99-99", "x", "123", 5, 1.5, None, b"2024"])
def test_other_values_are_not_the_present(value):
    assert not is_present(value)
