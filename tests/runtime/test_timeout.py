"""`migration_timeout`: whatever a migration is stuck in, it ends at the limit, and the run goes on."""

import signal
import socket
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.migrate import MigrationTimeout, Migrator, deadline
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

pytestmark = pytest.mark.slow

LIMIT = 1.0
SLACK = 15.0
"""What a busy machine may add; what is stuck here stays stuck for far longer."""


def run_out(project, scratch, upgrade):
    project.add("a", upgrade=upgrade)
    project.add("b")
    Migrator(project.config(), scratch).current()  # what is imported for the first time may take longer
    migrator = Migrator(project.config(migration_timeout=LIMIT), scratch)
    migrator.current()
    began = time.monotonic()
    with pytest.raises(MigrationTimeout) as expired:
        migrator.upgrade("a")
    assert time.monotonic() - began < LIMIT + SLACK
    assert (expired.value.phase, expired.value.revision) == ("upgrade", "a")
    scratch.reset()
    migrator.upgrade("b")
    assert migrator.current() == ("b",)
    return expired.value


STUCK_SQL = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(1000)",
    "mysql": "SELECT SLEEP(1000)",
    "mariadb": "SELECT SLEEP(1000)",
}


def test_a_statement_that_runs_away_is_cancelled_on_the_server(project, scratch):
    error = run_out(project, scratch, f'op.execute("{STUCK_SQL[scratch.database.dialect]}")')
    assert error.file == str(project.versions / "a.py")
    assert f"migration_timeout={LIMIT:g}" in error.cause
    if scratch.database.dialect == "postgresql":
        with scratch.engine.connect() as connection:
            asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
            assert connection.execute(sa.text(f"{asleep} AND datname = current_database()")).scalar() == 0


@pytest.mark.parametrize(
    "stuck",
    [
        "import time; time.sleep(1000)",
        "while True: pass",
        "while True:\n        try: [i for i in range(1000)]\n        except Exception: pass",
        "import threading; threading.Event().wait(1000)",
    ],
)
def test_python_code_that_hangs_is_ended(project, sqlite_scratch, stuck):
    run_out(project, sqlite_scratch, stuck)


def test_an_attempt_that_meets_a_finalizer_is_repeated_in_silence(project, sqlite_scratch, monkeypatch):
    heard = []
    monkeypatch.setattr("sys.unraisablehook", heard.append)
    finalizer = "class Slow:\n        def __del__(self):\n            import time; time.sleep(2)\n"
    run_out(project, sqlite_scratch, f"{finalizer}    Slow()\n    import time; time.sleep(1000)")
    assert heard == []


def test_waiting_for_a_socket_is_ended(project, sqlite_scratch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()[:2]
        run_out(project, sqlite_scratch, f"import socket; socket.create_connection({address}).recv(1)")


def test_a_lock_that_is_never_released_is_no_place_to_wait(project, postgres_scratch):
    with postgres_scratch.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE busy (id INTEGER)")
    holder = postgres_scratch.engine.connect()
    holder.exec_driver_sql("LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")
    run_out(project, postgres_scratch, 'op.execute("DROP TABLE busy")')
    holder.invalidate()
    holder.close()


@pytest.mark.parametrize(
    ("url", "driver", "sleep"),
    [("sqlite_url", "sqlite+aiosqlite", STUCK_SQL["sqlite"]), ("postgres_url", "postgresql+asyncpg", STUCK_SQL["postgresql"])],
)
def test_an_async_env_py_is_ended_too(project, request, url, driver, sleep):
    project.write_async_env()
    database = databases.connect(sa.make_url(request.getfixturevalue(url)).set(drivername=driver))
    with database.make_scratch() as scratch:
        error = run_out(project, scratch, f'op.execute("{sleep}")')
    database.close()
    assert error.file == str(project.versions / "a.py")
    assert Path(error.file).read_text().splitlines()[error.line - 1] == "def upgrade():"


def test_a_thread_other_than_the_main_one_is_ended_at_its_next_bytecode(project, sqlite_scratch):
    outcome = []

    def work():
        try:
            run_out(project, sqlite_scratch, "while True: pass")
        except BaseException as error:  # noqa: BLE001 - a failure in a thread would go unseen
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(40)
    assert not thread.is_alive()
    assert outcome == []


def test_a_migration_that_swallows_the_cancelling_is_timed_out_all_the_same(project, sqlite_scratch):
    stuck = STUCK_SQL["sqlite"]
    run_out(project, sqlite_scratch, f'try:\n        op.execute("{stuck}")\n    except BaseException:\n        pass')


def test_somebody_elses_alarm_still_rings(project, sqlite_scratch):
    rung = []
    former = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    project.add("a", upgrade="import time; time.sleep(0.5)")
    Migrator(project.config(migration_timeout=5), sqlite_scratch).upgrade("a")
    assert rung == [True]
    assert callable(signal.getsignal(signal.SIGALRM))
    signal.signal(signal.SIGALRM, former)


def test_without_a_limit_nothing_is_watched(project, sqlite_scratch):
    running = set(threading.enumerate())
    project.add("a")
    Migrator(project.config(migration_timeout=None), sqlite_scratch).upgrade("a")
    assert set(threading.enumerate()) <= running


TWO_CONNECTIONS = """engine = op.get_bind().engine
    {hold}
    with engine.begin() as second:
        second.execute(sa.text("{statement}"))"""
HOLDS = {
    "postgres": ('op.execute("ALTER TABLE t_001 ADD COLUMN note VARCHAR(9)")', "SELECT * FROM t_001"),
    "mysql": ('op.get_bind().execute(sa.text("SELECT * FROM t_001")).fetchall()', "DROP TABLE t_001"),
}


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_step_that_waits_for_a_lock_of_its_own_other_connection_is_not_waited_for(project, request, monkeypatch, server):
    monkeypatch.setattr(deadline, "PATIENCE", 2.0)
    hold, statement = HOLDS[server]
    project.add("001")
    project.add("002", "001", upgrade="op.execute('SELECT 1')", downgrade=TWO_CONNECTIONS.format(hold=hold, statement=statement))
    began = time.monotonic()
    with Verification(project.config(db_url=request.getfixturevalue(f"{server}_url"))) as verification:
        verdict = verification.check("002")
    assert verdict.outcome is Outcome.TIMED_OUT
    assert verdict.failures[0].message == (
        "Downgrade timed out: it waits for a lock that another connection of its own holds, which never ends, and was cancelled"
    )
    assert time.monotonic() - began < 45


def test_a_step_that_was_timed_out_is_not_tried_with_rows_less_hard_on_it(project, postgres_url):
    tried = project.root / "tried"
    project.add("001")
    note = f"open({str(tried)!r}, 'a').write('x'); op.execute('UPDATE t_001 SET id = id'); op.execute('SELECT pg_sleep(1000)')"
    project.add("002", "001", upgrade="op.execute('SELECT 1')", downgrade=note)
    with Verification(project.config(db_url=postgres_url, migration_timeout=LIMIT)) as verification:
        assert verification.check("002").outcome is Outcome.TIMED_OUT
    assert tried.read_text() == "x"
