"""By which algorithm MariaDB and MySQL change a table, as they say themselves."""

import pytest

from mrt_runtime.rehearse.session import RehearsalSession
from tests.runtime.conftest import Project
from tests.runtime.own_names import own
from tests.runtime.rehearse.conftest import make_source

pytestmark = pytest.mark.slow

# what upgrade() does, what takes it back, and the algorithm; source: the tables of Online DDL in the manuals of both
KINDS = {
    "add a column": ('op.add_column("users", sa.Column("a", sa.Integer))', 'op.drop_column("users", "a")', "INSTANT"),
    "add an index": ('op.create_index("ix", "users", ["phone"])', 'op.drop_index("ix", table_name="users")', "NONE"),
    "add an index in SQL": ('op.execute("CREATE UNIQUE INDEX ix_sql ON `users` (id, phone);")', 'op.drop_index("ix_sql", table_name="users")', "NONE"),
    "change a type": ('op.alter_column("users", "name", type_=sa.Text(), existing_type=sa.String(50))', 'op.alter_column("users", "name", type_=sa.String(50), existing_type=sa.Text())', "COPY, LOCK=SHARED"),
    "add a full-text index": ('op.execute("CREATE FULLTEXT INDEX ft ON users (name)")', 'op.drop_index("ft", table_name="users")', "LOCK=SHARED"),
    "change rows": ("op.execute(\"UPDATE users SET name = 'x'\")", "pass", ""),
    "make a table": ('op.create_table("new", sa.Column("id", sa.Integer, primary_key=True))', 'op.drop_table("new")', ""),
    "locked by itself": (
        'op.execute("LOCK TABLES users WRITE")\n    op.add_column("users", sa.Column("b", sa.Integer))\n    op.execute("UNLOCK TABLES")',
        'op.drop_column("users", "b")',
        "",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def rehearsed(mysql_server, tmp_path_factory):
    """The verdict of each kind of change, one after the other on the same copy."""
    project = Project(tmp_path_factory.mktemp("algorithms"))
    project.add("first")
    parent = "first"
    for number, (upgrade, downgrade, _) in enumerate(KINDS.values()):
        project.add(f"k{number}", parent, upgrade=upgrade, downgrade=downgrade)
        parent = f"k{number}"
    with (
        make_source(mysql_server.set(database=own("algorithms")), mysql_server) as source,
        RehearsalSession(source.url, project.config()) as session,
    ):
        found = [revision.verdict for revision in session.rehearse(session.select())]
    return dict(zip(KINDS, found, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_algorithm_is_the_first_one_that_the_server_accepts(rehearsed, kind):
    *_, algorithm = KINDS[kind]
    verdict = rehearsed[kind]
    assert verdict.outcome.value in {"reversible", "schema-not-restored", "data-loss"}, verdict.failures
    statement = verdict.steps[0].statements[1 if kind == "locked by itself" else 0]
    assert statement.algorithm.endswith(algorithm) if algorithm else statement.algorithm == ""
    assert statement.locks is None
