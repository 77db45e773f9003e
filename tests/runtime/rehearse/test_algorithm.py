"""By which algorithm MariaDB and MySQL change a table, as they say themselves."""

import pytest

from tests.runtime.own_names import own
from tests.runtime.rehearse.conftest import make_source

pytestmark = pytest.mark.slow

# source: the tables of Online DDL in the manuals of both
KINDS = {
    "add a column": ('op.add_column("users", sa.Column("a", sa.Integer))', "INSTANT"),
    "add an index": ('op.create_index("ix", "users", ["phone"])', "NONE"),
    "add an index in SQL": ('op.execute("CREATE UNIQUE INDEX ix ON `users` (id, phone);")', "NONE"),
    "change a type": ('op.alter_column("users", "name", type_=sa.Text(), existing_type=sa.String(50))', "COPY, LOCK=SHARED"),
    "add a full-text index": ('op.execute("CREATE FULLTEXT INDEX ft ON users (name)")', "LOCK=SHARED"),
    "change rows": ("op.execute(\"UPDATE users SET name = 'x'\")", ""),
    "make a table": ('op.create_table("new", sa.Column("id", sa.Integer, primary_key=True))', ""),
    "locked by itself": (
        'op.execute("LOCK TABLES users WRITE")\n    op.add_column("users", sa.Column("a", sa.Integer))\n    op.execute("UNLOCK TABLES")',
        "",
    ),
}


@pytest.fixture(scope="module")
def server(mysql_server):
    with make_source(mysql_server.set(database=own("algorithms")), mysql_server) as source:
        yield source


@pytest.mark.parametrize("kind", KINDS)
def test_the_algorithm_is_the_first_one_that_the_server_accepts(server, rehearse, kind):
    code, algorithm = KINDS[kind]
    [revision] = rehearse(server, ("one", code, "pass")).values()
    assert revision.verdict.outcome.value in {"reversible", "schema-not-restored", "data-loss"}, revision.verdict.failures
    statement = revision.verdict.steps[0].statements[1 if kind == "locked by itself" else 0]
    assert statement.algorithm.endswith(algorithm) if algorithm else statement.algorithm == ""
    assert statement.locks is None
