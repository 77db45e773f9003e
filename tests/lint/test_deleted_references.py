"""The advice on rows that downgrade() deletes although others may refer to them (MRT123), or leaves (MRT106), is executed here."""

import re

import pytest
import sqlalchemy as sa

from tests.lint.test_downgrade_kinds import NOTHING, sql, told

STATES = 'op.create_table("states", sa.Column("cd", sa.String(20), primary_key=True), sa.Column("note", sa.Text()))'
CHILD = 'op.create_table("{0}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("state", sa.String(20), {1}))'
KEY = 'sa.ForeignKey("states.cd"{})'
BASE = "\n".join([STATES, CHILD.format("events", KEY.format("")), CHILD.format("requests", KEY.format(', ondelete="CASCADE"'))])
NEW = sql("INSERT INTO states (cd, note) VALUES ('new', 'x'), ('old', 'y')")
DELETED = "DELETE FROM states WHERE cd IN ('new', 'old')"


@pytest.mark.parametrize("child", ["events", "requests"])
def test_rows_that_any_table_refers_to_are_left(child: str):
    [found] = [finding for finding in told([(BASE, "pass"), (NEW, sql(DELETED))]) if finding.code == "MRT123"]
    condition = re.search(r"DELETE …(.*), and let upgrade", found.instead)
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE states (cd TEXT PRIMARY KEY, note TEXT)")
        for table in ("events", "requests"):
            connection.exec_driver_sql(f"CREATE TABLE {table} (id INTEGER, state TEXT)")
        connection.exec_driver_sql("INSERT INTO states VALUES ('new', 'x'), ('old', 'y')")
        connection.exec_driver_sql(f"INSERT INTO {child} VALUES (1, 'new')")
        connection.exec_driver_sql(DELETED + condition[1])
        assert connection.exec_driver_sql("SELECT cd FROM states").fetchall() == [("new",)]


@pytest.mark.parametrize("child", ["events", "requests"])
def test_rows_that_upgrade_itself_makes_refer_to_them_go_first(child: str):
    own = sql(f"INSERT INTO {child} (id, state) VALUES (1, 'new')")
    [found] = [finding for finding in told([(BASE, "pass"), (f"{NEW}\n{own}", sql(DELETED))]) if finding.code == "MRT123"]
    assert found.instead.startswith(
        f"delete first the rows that upgrade() itself inserts into '{child}', by what these hold; then "
    )
    first = sql(f"DELETE FROM {child} WHERE id = 1")
    followed = sql(DELETED + re.search(r"DELETE …(.*), and let upgrade", found.instead)[1])
    assert "MRT123" not in {each.code for each in told([(BASE, "pass"), (f"{NEW}\n{own}", f"{first}\n{followed}")])}


@pytest.mark.parametrize(
    ("insert", "where"),
    [
        (NEW, "WHERE cd IN (…)"),
        ('op.bulk_insert(sa.table("states", sa.column("cd"), sa.column("note")), [{"cd": "new", "note": "x"}])', "WHERE cd IN (…)"),
        (sql("INSERT INTO states (note) VALUES ('x')"), "WHERE …"),
    ],
)
def test_rows_are_deleted_by_their_key(insert: str, where: str):
    [found] = [
        finding
        for finding in told([(STATES, "pass"), (insert, NOTHING + '\nop.drop_column("t", "a")')])
        if finding.code == "MRT106"
    ]
    assert found.instead.endswith(f'op.execute("DELETE FROM states {where}")')


ROW = sql("INSERT INTO events (id, state) VALUES (1, 'new')")
SEED = f'op.bulk_insert(sa.table("states", sa.column("cd"), sa.column("note")), [{{"cd": "new", "note": "x"}}])\n{ROW}'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize("insert", [NEW, SEED])
def test_rows_that_others_refer_to_go_behind_those(insert: str, dialect: str):
    found = [finding for finding in told([(BASE, "pass"), (insert, NOTHING)], dialect) if finding.code == "MRT106"]
    advice = {finding.message.partition("'")[2].partition("'")[0]: finding.instead for finding in found}
    assert advice["states"].endswith("), once those of 'events' that refer to them are gone: a foreign key refuses it before")
    assert "gone" not in advice.get("events", "")


@pytest.mark.parametrize(("number", "named"), [(2, "'t0' and 't1'"), (4, "'t0' and 't1' and 2 more")])
def test_of_many_tables_that_refer_to_rows_the_first_are_named(number: int, named: str):
    tables = "\n".join([STATES, *(CHILD.format(f"t{place}", KEY.format("")) for place in range(number))])
    [found] = [finding for finding in told([(tables, "pass"), (NEW, NOTHING)]) if finding.code == "MRT106"]
    assert f"once those of {named} that refer" in found.instead


@pytest.mark.parametrize("rule", [', ondelete="SET NULL"', ', ondelete="CASCADE"'])
def test_what_on_delete_takes_care_of_needs_no_order(rule: str):
    tables = f"{STATES}\n{CHILD.format('events', KEY.format(rule))}"
    [found] = [finding for finding in told([(tables, "pass"), (NEW, NOTHING)]) if finding.code == "MRT106"]
    assert "gone" not in found.instead


def test_a_table_that_downgrade_drops_refers_to_nothing_by_then():
    child = CHILD.format("events", KEY.format(""))
    [found] = [
        finding for finding in told([(STATES, "pass"), (f"{child}\n{NEW}", 'op.drop_table("events")')]) if finding.code == "MRT106"
    ]
    assert "gone" not in found.instead
