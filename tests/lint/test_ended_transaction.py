"""MRT444 speaks where a migration ends Alembic's transaction, and nowhere else; what it says of the connection is so."""

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.orm import Session

from tests.lint.test_downgrade_kinds import BASE, holds, sql, told

INSERT = "INSERT INTO parcels (code) VALUES ('a')"
ADD = 'op.add_column("parcels", sa.Column("kind", sa.Text))'
COMMIT = sql("COMMIT")
DROP = 'op.drop_column("parcels", "kind")'
SESSION = 's = sa.orm.Session(op.get_bind())\ns.execute(sa.text("UPDATE parcels SET code = 1"))\n'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (f"{sql(INSERT + ';commit;')}\n{ADD}", "+MRT444"),
        (sql(f"{INSERT}; COMMIT; {INSERT}"), "+MRT444"),
        (f"{sql(INSERT)}\n{COMMIT}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\n{sql('commit work')}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\n{sql('END TRANSACTION;')}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\n{sql('COMMIT AND CHAIN')}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\nop.get_bind().execute(sa.text('COMMIT'))\n{ADD}", "+MRT444"),
        (f"{sql('BEGIN', INSERT, 'COMMIT')}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\n{sql('ROLLBACK')}", "+MRT444"),
        (f"{sql(INSERT)}\n{sql('abort')}\n{ADD}", "+MRT444"),
        (f"{sql(INSERT)}\nop.get_bind().commit()", "+MRT444"),
        (f"bind = op.get_bind()\n{ADD}\nbind.commit()\n{sql(INSERT)}", "+MRT444"),
        (f"{sql(INSERT)}\nop.get_bind().rollback()", "+MRT444"),
        (f"with op.get_bind() as c:\n    {sql(INSERT)}\n    c.commit()", "+MRT444"),
        (sql(f"{INSERT};commit;"), "-MRT444"),
        (f"{COMMIT}\n{sql(INSERT)}\n{ADD}", "-MRT444"),
        (f"{sql('SET lock_timeout = 1')}\n{COMMIT}\n{ADD}", "-MRT444"),
        (f"{ADD}\n{COMMIT}\n{sql('CREATE INDEX CONCURRENTLY i ON parcels (code)')}", "-MRT444"),
        (f"{ADD}\n{COMMIT}\n{sql('VACUUM parcels')}", "-MRT444"),
        (f"{ADD}\nwith op.get_context().autocommit_block():\n    {COMMIT}\n{sql(INSERT)}", "-MRT444"),
        (f"{ADD}\n{sql('ROLLBACK TO SAVEPOINT a')}\n{sql(INSERT)}", "-MRT444"),
        (f"{ADD}\nfor _ in op.get_bind().execute(sa.text('SELECT 1')):\n    {sql(INSERT)}\n    {COMMIT}", "-MRT444"),
        (f"{SESSION}s.commit()\n{ADD}", "-MRT444"),
        (f"c = op.get_bind().engine.connect()\nc.execute(sa.text('{INSERT.replace(chr(39), '')}'))\nc.commit()\n{ADD}", "-MRT444"),
        (f"part = op.get_bind().begin_nested()\n{sql(INSERT)}\npart.commit()\n{ADD}", "-MRT444"),
        (f"{ADD}\ntry:\n    {sql(INSERT)}\nexcept Exception:\n    op.get_bind().rollback()", "-MRT444"),
    ],
)
def test_what_ends_the_transaction_of_a_migration(upgrade: str, expected: str):
    assert holds(expected, told([BASE, (upgrade, "pass")], "postgresql"))


def test_each_function_has_one_finding_and_other_databases_only_those_of_the_connection():
    both = f"{sql(INSERT)}\n{COMMIT}\n{sql(INSERT)}\n{COMMIT}\n{ADD}"
    assert [found.code for found in told([BASE, (both, both.replace(ADD, DROP))], "sqlite")].count("MRT444") == 2
    assert holds("-MRT444", told([BASE, (both, "pass")], "mysql"))
    assert holds("+MRT444", told([BASE, (f"{sql(INSERT)}\nop.get_bind().commit()", "pass")], "mysql"))


@pytest.mark.parametrize(("ends", "left"), [("bind.commit()", [1]), ("bind.rollback()", []), ("Session(bind).commit()", [1, 2])])
def test_what_follows_a_commit_of_the_connection_is_taken_back(ends: str, left: list[int]):
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE parcels (code INT)"))
    with engine.connect() as bind:
        context = MigrationContext.configure(bind)
        with context.begin_transaction(_per_migration=True), Operations.context(context) as op:
            op.execute("INSERT INTO parcels VALUES (1)")
            exec(ends, {"bind": bind, "Session": Session})
            op.execute("INSERT INTO parcels VALUES (2)")
    with engine.connect() as connection:
        assert list(connection.scalars(sa.text("SELECT code FROM parcels ORDER BY code"))) == left
