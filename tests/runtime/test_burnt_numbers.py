"""A second upgrade takes the numbers of the first, so that what later revisions find is what they find when verified alone."""

import pytest

from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.compare.sequence_position import SequencePosition
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.burnt_numbers import find_burnt

ROLES = """op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)),
        sa.Column("made_at", sa.DateTime, server_default=sa.func.now()), sqlite_autoincrement=True)
    op.execute("INSERT INTO roles (name) VALUES ('owner')")"""
DROP = 'op.drop_table("roles")'
ADD, BACK = (
    """op.execute("INSERT INTO roles (name) VALUES ('guest')")""",
    """op.execute("DELETE FROM roles WHERE name = 'guest'")""",
)
REQUIRE = """found = op.get_bind().execute(sa.text("SELECT id FROM roles WHERE name = 'guest'")).scalars().all()
    before = op.get_bind().execute(sa.text("SELECT {}")).scalar()
    op.execute(f"CREATE TABLE {{'fine' if found == [before + 1] else 'other'}} (id INTEGER)")"""
BEFORE_IT = "max(r.id) FROM roles r JOIN roles g ON r.id < g.id AND g.name = 'guest'"
# rows that were made up are ahead of what an application would number next, but on PostgreSQL
LAST = {"postgres": "1", "mysql": BEFORE_IT, "sqlite": BEFORE_IT}


@pytest.mark.parametrize("server", LAST)
def test_rows_that_a_migration_inserts_have_the_numbers_that_they_have_without_a_rollback(verify, request, server):
    found = verify(
        request.getfixturevalue(f"{server}_url"),
        (ROLES, DROP),
        (ADD, BACK),
        (REQUIRE.format(LAST[server]), 'op.execute("DROP TABLE fine")'),
        seed_rows=1,
        after_writes="off",
    )
    assert {verdict.outcome for verdict in found.values()} == {Outcome.REVERSIBLE}, [one.failures for one in found.values()]
    assert not any(verdict.warnings for verdict in found.values())


def test_a_time_of_this_run_that_a_migration_writes_again_is_a_warning(verify, postgres_url):
    again = """op.execute("INSERT INTO roles (id, name) VALUES (1, 'owner')")"""
    verdict = verify(
        postgres_url, (ROLES.replace("now()", "clock_timestamp()"), DROP), ('op.execute("DELETE FROM roles WHERE id = 1")', again)
    )["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    assert "Column 'roles.made_at': 1/4 values became the time of this run after rollback" in verdict.warnings


@pytest.mark.parametrize(
    ("was", "now", "rows", "expected"),
    [
        (1, 4, (7, 8), {("t", "id"): 1}),
        (1, 4, (2, 8), {}),
        (4, 4, (7,), {}),
        (4, 1, (7,), {}),
    ],
)
def test_numbers_that_no_row_has_are_brought_back(was, now, rows, expected):
    table = TableRows(table="t", columns=("id",), key=("id",), rows=tuple((number,) for number in rows))
    before, after = (
        Rows({"t": table}, positions=(SequencePosition(subject="Sequence 's'", next=at, table="t", column="id"),))
        for at in (was, now)
    )
    assert find_burnt(before, after) == expected
