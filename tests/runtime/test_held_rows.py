"""Rows that hold before an upgrade what only its downgrade changes: a loss of those that migrations show is one, others warn."""

import pytest

from mrt_runtime.verdict import Outcome

ITEMS = """op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(40)),
        sa.Column("v", sa.Integer, nullable=False), sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(20), server_default="dra" "ft"), sa.Column("code", sa.String(40), unique=True))"""
DROP = 'op.drop_table("items")'
TABLE = """items = sa.table("items", sa.column("kind"), sa.column("active"), sa.column("v"))
    """
LOOP = """for old, new in {pairs}:
        op.get_bind().execute(sa.text("UPDATE items SET kind = :{to} WHERE kind = :{of}"), {{"old": old, "new": new}})"""
PAIRS = '[("o1", "n1"), ("o2", "n2")]'


def run(sql):
    return f'op.execute("{sql}")'


LOST = {
    "a number that it takes for the new one": ("UPDATE items SET v = 2 WHERE v = 3", "UPDATE items SET v = 3 WHERE v = 2"),
    "a number that it never wrote": ("SELECT 1", "UPDATE items SET v = 5 WHERE v = 6"),
    "what it fills NULL with": (
        "UPDATE items SET kind = 'en' WHERE kind IS NULL",
        "UPDATE items SET kind = NULL WHERE kind = 'en'",
    ),
    "the default": ("UPDATE items SET state = 'draft' WHERE state = 'n'", "UPDATE items SET state = 'n' WHERE state = 'draft'"),
    "what it sets, by the same condition": (
        "UPDATE items SET active = true WHERE kind = 'sys'",
        "UPDATE items SET active = false WHERE kind = 'sys'",
    ),
}
DOUBTED = {
    "renamed": ("UPDATE items SET kind = 'new' WHERE kind = 'old'", "UPDATE items SET kind = 'old' WHERE kind = 'new'"),
    "in a case": (
        "UPDATE items SET kind = CASE kind WHEN 'o' THEN 'n' ELSE kind END",
        "UPDATE items SET kind = CASE kind WHEN 'n' THEN 'o' ELSE kind END",
    ),
    "deleted by its number": ("SELECT 1", "DELETE FROM items WHERE v = 9"),
    "deleted": ("SELECT 1", "DELETE FROM items WHERE kind = 'webhook'"),
}
UNTOUCHED = {
    "inserted": ("INSERT INTO items (id, kind, v, active) VALUES (1, 'sys', 1, true)", "DELETE FROM items WHERE kind = 'sys'"),
    "unique": ("UPDATE items SET code = 'new' WHERE code = 'old'", "UPDATE items SET code = 'old' WHERE code = 'new'"),
    "numbered": ("SELECT 1", "UPDATE items SET kind = 'x' WHERE id = 12"),
    "swapped": (*["UPDATE items SET v = CASE v WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE v END"] * 2,),
}


@pytest.fixture(params=["sqlite_url", "postgres_url", "mysql_url"])
def url(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", LOST)
def test_a_downgrade_that_changes_rows_which_the_upgrade_left_alone_loses_values(verify, url, name):
    there, back = map(run, LOST[name])
    verdict = verify(url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome is Outcome.DATA_LOSS, verdict
    assert not verdict.doubts


@pytest.mark.parametrize("name", DOUBTED)
def test_it_only_warns_where_no_migration_shows_such_rows(verify, url, name):
    there, back = map(run, DOUBTED[name])
    verdict = verify(url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert {doubt.failure.rows for doubt in verdict.doubts} == {"held"}
    assert "Only with rows that hold before the upgrade what its downgrade looks for" in verdict.warnings[-1]


@pytest.mark.parametrize("name", UNTOUCHED)
def test_it_is_silent_on_rows_that_cannot_have_been_there(verify, url, name):
    there, back = map(run, UNTOUCHED[name])
    verdict = verify(url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert not verdict.doubts


@pytest.mark.parametrize("earlier", ["UPDATE items SET kind = 'new' WHERE v > 5", "DELETE FROM items WHERE kind = 'new'"])
def test_an_earlier_migration_shows_that_a_value_is_in_use(verify, sqlite_url, earlier):
    there, back = map(run, DOUBTED["renamed"])
    verdict = verify(sqlite_url, (ITEMS, DROP), (run(earlier), "raise NotImplementedError"), (there, back), after_writes="off")[
        "003"
    ]
    assert verdict.outcome is Outcome.DATA_LOSS, verdict
    assert not verdict.doubts


@pytest.mark.parametrize(("to", "rows", "outcome"), [('kind="en"', "kind == None", "data-loss"), ('kind="n"', 'kind == "o"', "")])
def test_so_it_is_where_expressions_of_sqlalchemy_say_it(verify, sqlite_url, to, rows, outcome):
    there = f"{TABLE}op.execute(items.update().where(items.c.{rows}).values({to}))"
    back = f"{TABLE}op.execute(items.update().where(items.c.{to.replace('=', ' == ')}).values(kind={rows.split()[-1]}))"
    verdict = verify(sqlite_url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome.value == (outcome or "reversible"), verdict
    assert {doubt.failure.rows for doubt in verdict.doubts} == (set() if outcome else {"held"})


@pytest.mark.parametrize("pairs", [PAIRS, '{"o1": "n1", "o2": "n2"}.items()'])
def test_a_loop_over_pairs_has_their_values(verify, sqlite_url, pairs):
    there, back = LOOP.format(pairs=pairs, of="old", to="new"), LOOP.format(pairs=pairs, of="new", to="old")
    verdict = verify(sqlite_url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert not verdict.unmet
    assert {doubt.failure.rows for doubt in verdict.doubts} == {"held"}


def test_what_a_downgrade_reads_of_a_copy_is_no_loss(verify, sqlite_url):
    there = run("CREATE TABLE kept AS SELECT id FROM items WHERE v = 3") + "\n    " + run("UPDATE items SET v = 2 WHERE v = 3")
    back = run("UPDATE items SET v = 3 WHERE v = 2 AND id IN (SELECT id FROM kept)") + '\n    op.drop_table("kept")'
    verdict = verify(sqlite_url, (ITEMS, DROP), (there, back), after_writes="off")["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert not verdict.doubts


def test_rows_that_are_left_out_do_not_come_back(verify, sqlite_url):
    there, back = map(run, DOUBTED["renamed"])
    later = 'op.add_column("items", sa.Column("w", sa.Integer))', 'op.drop_column("items", "w")'
    found = verify(sqlite_url, (ITEMS, DROP), (there, back), later, after_writes="off")
    assert found["003"].outcome is Outcome.REVERSIBLE
    assert not found["003"].warnings


def test_a_downgrade_that_asks_nothing_of_rows_is_not_read_by_the_linter(verify, sqlite_url, monkeypatch):
    monkeypatch.setattr("mrt_runtime.seed.way_back.read_migration", lambda *_: pytest.fail("the parser takes long to import"))
    both = run("UPDATE items SET v = v")
    assert verify(sqlite_url, (ITEMS, DROP), (both, both))["002"].outcome is Outcome.REVERSIBLE
