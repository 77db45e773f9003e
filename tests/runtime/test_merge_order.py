"""Merges whose branches come to another schema when they are applied in the other order."""

import pytest

from mrt_runtime.config_discovery import settle
from mrt_runtime.migrate import read_graph
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.merge_order import find_orders
from mrt_runtime.verify.session import Verification
from tests.axes import keep

RENAME = 'op.alter_column("users", "name", type_=sa.String({}), existing_type=sa.String(50))'
TABLE = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))'
DROP = 'op.drop_table("users")'
BATCH = 'with op.batch_alter_table("users") as batch:\n        batch.alter_column("name", type_=sa.String({}), existing_type=sa.String(50))'
BACK = BATCH.format(50)


@pytest.fixture
def verify(project):
    """Verify a fork with these upgrades on its branches, and the merge that follows."""

    def run(url, left, right, *, merge="pass", more=(), back=BACK, **settings):
        project.add("fork", upgrade=TABLE, downgrade=DROP)
        project.add("left", "fork", upgrade=left, downgrade=BACK)
        project.add("right", "fork", upgrade=right, downgrade=back)
        project.add("merge", ("left", "right"), upgrade=merge, downgrade="pass")
        for name, parent, upgrade in more:
            project.add(name, parent, upgrade=upgrade, downgrade="pass")
        with Verification(
            settle(project.config(db_url=url, **{"merge_order": "warn", **settings}), [project.root])
        ) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return run


def test_the_schema_after_a_merge_depends_on_the_order(verify, sqlite_url):
    verdict = verify(sqlite_url, BATCH.format(60), BATCH.format(70))["merge"]
    assert verdict.passed
    words = "Column 'users.name': type VARCHAR(60) became VARCHAR(70) where the branch of left was applied first"
    assert verdict.warnings == (f"The order of the branches matters: {words}",)


def test_it_fails_where_that_is_asked_for(verify, sqlite_url):
    verdict = verify(sqlite_url, BATCH.format(60), BATCH.format(70), merge_order="fail")["merge"]
    assert verdict.outcome is Outcome.ORDER_MATTERS
    assert [(failure.kind, failure.table) for failure in verdict.failures] == [("order-matters", "users")]


@pytest.mark.parametrize("server", keep(["postgres_url", "mysql_url"], "mysql_url"))
@pytest.mark.slow
def test_it_is_seen_on_servers_too(verify, server, request):
    verdicts = verify(request.getfixturevalue(server), RENAME.format(60), RENAME.format(70))
    assert "VARCHAR(60) became VARCHAR(70)" in verdicts["merge"].warnings[0].upper().replace(
        "CHARACTER VARYING", "VARCHAR"
    ).replace("BECAME", "became")


def test_nothing_is_said_where_the_order_does_not_matter(verify, sqlite_url):
    columns = [f'op.add_column("users", sa.Column("{name}", sa.Integer))' for name in ("a", "b")]
    # the order of columns is another, which no query notices
    assert not verify(sqlite_url, *columns)["merge"].warnings


def test_a_merge_that_settles_it_is_none_the_worse(verify, sqlite_url):
    assert not verify(sqlite_url, BATCH.format(60), BATCH.format(70), merge=BATCH.format(70))["merge"].warnings


def test_an_upgrade_that_fails_in_the_other_order_is_named(verify, sqlite_url):
    left, right = (f'op.execute("CREATE TABLE {words} notes (id INTEGER)")' for words in ("IF NOT EXISTS", ""))
    verdict = verify(sqlite_url, left, right, back='op.execute("DROP TABLE notes")')["merge"]
    [warning] = [one for one in verdict.warnings if "order" in one]
    assert warning.startswith(
        "The order of the branches matters: the upgrade of right fails where the branch of left was applied first: "
    )
    assert warning.endswith("right.py:12)")


def test_nothing_is_tried_unless_it_is_asked_for(verify, sqlite_url):
    assert not verify(sqlite_url, BATCH.format(60), BATCH.format(70), merge_order="off")["merge"].warnings


def test_one_walk_leads_from_merge_to_merge(verify, sqlite_url, monkeypatch):
    from mrt_runtime.migrate.migrator import Migrator

    applied = []
    upgrade_in_order = Migrator.upgrade_in_order
    monkeypatch.setattr(Migrator, "upgrade_in_order", lambda self, order: applied.extend(order) or upgrade_in_order(self, order))
    more = [("l2", "merge", BATCH.format(80)), ("r2", "merge", "pass"), ("m2", ("l2", "r2"), "pass")]
    verdicts = verify(sqlite_url, BATCH.format(60), "pass", more=more)
    assert not verdicts["m2"].warnings
    assert applied == [
        *("fork", "right", "left", "merge"),
        *("left", "right", "merge"),
        *("r2", "l2", "m2"),
        *("l2", "r2", "m2"),
    ]


def test_the_orders_are_those_of_whole_branches(project):
    for name, parents in {"a": None, "b1": "a", "b2": "b1", "c1": "a", "d1": "c1", "m": ("b2", "d1"), "n": ("m", "c1")}.items():
        project.add(name, parents)
    graph = read_graph(project.config())
    assert find_orders(graph, graph["m"]) == ({"a"}, [["c1", "d1", "b1", "b2", "m"], ["b1", "b2", "c1", "d1", "m"]])
    assert find_orders(graph, graph["n"])[1] == []  # c1 is behind m
    assert find_orders(graph, graph["b2"])[1] == []
