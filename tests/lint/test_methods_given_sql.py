"""A method of the project's own class that is given SQL executes it, by whatever name: Alembic's connection may be inside."""

import pytest

from mrt_lint.model.ops import Delete, Execute
from tests.lint.test_downgrade_kinds import BASE, told
from tests.lint.test_no_silence import read

MODULE = "from app.db import OwnSession, OwnClient, client, logger\n"
SESSION = "with OwnSession(logger) as session:\n    {}"
GIVEN = [
    SESSION.format('session.execute_sql(sa.text("DROP TABLE parcels"))'),
    SESSION.format('session.run_sql("DROP TABLE parcels")'),
    SESSION.format('rows = session.fetch_all_of(sa.sql.text("DROP TABLE parcels"))'),
    SESSION.format('session.apply(logger, sql="-- the old ones\\nDROP TABLE parcels")'),
    'OwnClient().fetch_all(sa.text("DROP TABLE parcels"))',
    'rows = client.run_query("DROP TABLE parcels")',
    'made = OwnClient(url)\nrows = made.exec_statement("DROP TABLE parcels")',
    'client.connection.handle(sa.text("DROP TABLE parcels"))',
    'rows = op.get_bind().perform("drop table parcels ")',
]
ONLY_MADE = [
    'text = op.get_bind().connection.cursor().mogrify("DROP TABLE parcels")',
    'done = client.label("update parcels")',
    'client.logger.info("DROP TABLE parcels")',
    SESSION.format('session.log_info("DROP TABLE parcels")'),
    'rows = client.run_query("parcels that were dropped")',
    SESSION.format('session.rename("create")'),
]


@pytest.mark.parametrize("body", GIVEN)
def test_sql_that_a_method_is_given_is_executed(body: str):
    migration = read(body, module=MODULE)
    [executed] = [op for op in migration.upgrade.ops if isinstance(op, Execute)]
    assert "DROP TABLE" in executed.statement.upper()
    assert migration.unreadable == ()


@pytest.mark.parametrize("body", ONLY_MADE)
def test_what_is_only_written_out_or_no_sql_is_not(body: str):
    assert not [op for op in read(body, module=MODULE).upgrade.ops if isinstance(op, Execute)]


def test_core_that_a_method_is_given_is_executed():
    body = 'parcels = sa.table("parcels", sa.column("id"))\nrows = client.send(parcels.delete())'
    assert [op.table for op in read(body, module=MODULE).upgrade.ops if isinstance(op, Delete)] == ["parcels"]


def test_the_rules_judge_it_as_any_other():
    body = "from app.db import OwnSession\nwith OwnSession() as session:\n    session.execute_sql(sa.text('TRUNCATE parcels'))"
    assert "MRT203" in {finding.code for finding in told([BASE, (body, "pass")])}
