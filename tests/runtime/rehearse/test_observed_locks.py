"""The locks that PostgreSQL's manual tells of, as they are observed. Source: Explicit Locking, and the page of each command."""

import pytest

from mrt_runtime import databases
from mrt_runtime.migrate import observation
from mrt_runtime.migrate.observer import StepObserver
from mrt_runtime.rehearse.scratch_copy import ScratchCopy
from mrt_runtime.rehearse.session import RehearsalSession
from tests.runtime.conftest import Project
from tests.runtime.own_names import own
from tests.runtime.rehearse.conftest import make_source

EXCLUSIVE, SHARE, UPDATE, SHARE_ROW, ROW = (
    "ACCESS EXCLUSIVE",
    "SHARE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE ROW EXCLUSIVE",
    "ROW EXCLUSIVE",
)


# what upgrade() does, the strongest lock on users, what is rewritten, and how many rows are read at least
KINDS = {
    "add_column": ('op.add_column("users", sa.Column("a", sa.Integer))', EXCLUSIVE, [], 0),
    "constant default": ('op.add_column("users", sa.Column("a", sa.Integer, server_default="1"))', EXCLUSIVE, [], 0),
    "volatile default": ('op.add_column("users", sa.Column("a", sa.Float, server_default=sa.func.random()))', EXCLUSIVE, ["users"], 30),
    "drop_column": ('op.drop_column("users", "phone")', EXCLUSIVE, [], 0),
    "wider text": ('op.alter_column("users", "phone", type_=sa.String(30))', EXCLUSIVE, [], 0),
    "another type": ('op.alter_column("users", "id", type_=sa.BigInteger)', EXCLUSIVE, ["users"], 30),
    "set not null": ('op.alter_column("users", "name", nullable=False)', EXCLUSIVE, [], 30),
    "set default": ('op.alter_column("users", "name", server_default="x")', EXCLUSIVE, [], 0),
    "rename": ('op.alter_column("users", "name", new_column_name="called")', EXCLUSIVE, [], 0),
    "create_index": ('op.create_index("ix", "users", ["phone"])', SHARE, [], 30),
    "check": ('op.create_check_constraint("c", "users", "id > 0")', EXCLUSIVE, [], 30),
    "check not valid": ('op.execute("ALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) NOT VALID")', EXCLUSIVE, [], 0),
    "foreign key": ('op.execute("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users")', SHARE_ROW, [], 0),
    "trigger": ('op.execute("CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()")', SHARE_ROW, [], 0),
    "comment": ('op.create_table_comment("users", "people")', UPDATE, [], 0),
    "statistics": ('op.execute("ALTER TABLE users ALTER COLUMN name SET STATISTICS 500")', UPDATE, [], 0),
    "analyze": ('op.execute("ANALYZE users")', UPDATE, [], 0),
    "update": ('op.execute("UPDATE users SET name = name")', ROW, [], 30),
    "select": ('op.get_bind().execute(sa.text("SELECT count(*) FROM users"))', "ACCESS SHARE", [], 30),
    "lock": ('op.execute("LOCK TABLE users IN EXCLUSIVE MODE")', "EXCLUSIVE", [], 0),
    "truncate": ('op.execute("TRUNCATE users")', EXCLUSIVE, ["users"], 0),
    "new table": ('op.create_table("new", sa.Column("id", sa.Integer, primary_key=True))', None, [], 0),
    "reindex": ('op.execute("REINDEX INDEX users_pkey")', SHARE, ["users_pkey"], 30),
}  # fmt: skip


@pytest.fixture(scope="module")
def observed(postgres_server, tmp_path_factory):
    """What each kind of operation took, each in an upgrade of its own on the same copy."""
    project = Project(tmp_path_factory.mktemp("kinds"))
    project.add("first")
    for number, (code, *_) in enumerate(KINDS.values()):
        project.add(f"k{number}", "first", upgrade=code)
    found = {}
    with make_source(postgres_server.set(database=own("kinds")), postgres_server) as source:
        source.execute("CREATE TABLE orders (id int PRIMARY KEY, user_id int)")
        database = databases.connect_copying(source.url, None)
        copy = ScratchCopy(database, project.config())
        copy.migrator.current()
        checkpoint = copy.scratch.checkpoint()
        for number, name in enumerate(KINDS):
            if number:
                copy.close()
                copy.scratch.restore(checkpoint)
            observer = StepObserver(copy.scratch.watch_locks(copy.connect))
            with observation.watched(observer):
                copy.migrator.upgrade(f"k{number}")
            found[name] = observer.of_the_migration(copy.migrator.version_tables)
        copy.drop()
        database.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_locks_are_those_of_the_manual(observed, kind):
    _, mode, rewritten, rows = KINDS[kind]
    [statement] = observed[kind]
    locks = {held.lock.relation: held for held in statement.locks.values() if held.lock.table == "users"} if statement.locks else {}
    if mode is None:
        assert not locks
    else:
        assert locks["users"].lock.mode == mode
        assert locks["users"].seconds >= statement.seconds * 0.5
    assert statement.rewritten == rewritten
    assert statement.scanned.get("users", 0) == rows
    assert statement.line == 12


# "later" waits for a snapshot that is older, so it takes as long as is needed to be seen, on a busy machine too
STEPS = [
    (
        "held",
        'op.add_column("users", sa.Column("a", sa.Integer))\n    op.execute("SELECT pg_sleep(0.2)")',
        'op.drop_column("users", "a")',
    ),
    (
        "loop",
        'for number in range(100):\n        op.get_bind().execute(sa.text("UPDATE users SET born = NULL WHERE id = :n"), {"n": number})',
        "pass",
    ),
    (
        "later",
        """import threading
    other = sa.create_engine(op.get_bind().engine.url).connect().execution_options(isolation_level="REPEATABLE READ")
    other.execute(sa.text("SELECT 1"))
    threading.Timer(1.5, other.close).start()
    with op.get_context().autocommit_block():
        op.create_index("ix", "users", ["phone"], postgresql_concurrently=True)""",
        'op.drop_index("ix", table_name="users")',
    ),
    ("ends", 'op.execute("ALTER TABLE users ALTER COLUMN id TYPE bigint")\n    op.get_bind().commit()', "pass"),
]


@pytest.fixture(scope="module")
def upgrades(postgres_server, tmp_path_factory):
    """What the upgrade of each step was seen to do, one after the other on the same copy."""
    project = Project(tmp_path_factory.mktemp("steps"))
    project.add("first")
    parent = "first"
    for name, upgrade, downgrade in STEPS:
        project.add(name, parent, upgrade=upgrade, downgrade=downgrade)
        parent = name
    with (
        make_source(postgres_server.set(database=own("steps")), postgres_server) as source,
        RehearsalSession(source.url, project.config()) as session,
    ):
        return {revision.verdict.revision: revision.verdict.steps[0].statements for revision in session.rehearse(session.select())}


def test_a_lock_is_held_until_its_transaction_ends(upgrades):
    first, second = upgrades["held"]
    assert first.strongest.lock.mode == EXCLUSIVE
    assert first.strongest.seconds >= max(0.2, first.seconds)
    assert not second.locks


def test_a_statement_that_is_repeated_is_one_line_with_its_number(upgrades):
    [statement] = upgrades["loop"]
    assert (statement.count, statement.line) == (100, 13)
    assert statement.strongest.lock.mode == ROW


def test_what_is_rewritten_and_committed_by_the_migration_itself_is_seen(upgrades):
    assert upgrades["ends"][0].rewritten == ["users"]


def test_an_async_env_py_is_observed_as_well(postgres_source, rehearse, project):
    project.write_async_env()
    postgres_source.url = postgres_source.url.replace("+psycopg:", "+asyncpg:")
    [revision] = rehearse(
        postgres_source, ("add", 'op.add_column("users", sa.Column("a", sa.Integer))', 'op.drop_column("users", "a")')
    ).values()
    assert revision.verdict.passed
    assert revision.verdict.steps[0].statements[0].strongest.lock.mode == EXCLUSIVE


def test_what_commits_by_itself_is_watched_while_it_runs(upgrades):
    [_, statement] = upgrades["later"]
    assert statement.line == 17
    assert statement.locks["users"].lock.mode == UPDATE
    assert statement.locks["users"].seconds >= 0.2
