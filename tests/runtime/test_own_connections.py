"""What a migration does on a connection that it opens itself is seen, or it is said that it was not."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text()))'
ENGINE = "engine = sa.create_engine(op.get_bind().engine.url)"
CAUGHT = {
    "an engine of its own": f"""try:
        {ENGINE}
        with engine.begin() as own:
            own.execute(sa.text("UPDATE t SET note = nope"))  # here
    except Exception:
        pass""",
    "the engine of the bind": """try:
        with op.get_bind().engine.begin() as own:
            own.execute(sa.text("DELETE FROM nowhere"))  # here
    except Exception as error:
        print(error)""",
    "a definition": f"""{ENGINE}
    try:
        with engine.begin() as own:
            own.execute(sa.text("CREATE INDEX ix ON nowhere (id)"))  # here
    except sa.exc.DBAPIError:
        pass""",
    "a server that is not there": """try:
        with sa.create_engine("postgresql+psycopg://127.0.0.1:1/none").begin() as own:  # here
            own.execute(sa.text("UPDATE t SET note = 1"))
    except (sa.exc.DBAPIError, RuntimeError):
        pass""",
    "an async engine": """import asyncio
    from sqlalchemy.ext.asyncio import create_async_engine
    async def go():
        engine = create_async_engine(op.get_bind().engine.url.set(drivername="{driver}"))
        try:
            async with engine.begin() as own:
                await own.execute(sa.text("UPDATE t SET note = nope"))  # here
        finally:
            await engine.dispose()
    try:
        asyncio.run(go())
    except Exception:
        pass""",
}
DRIVERS = {
    "a module": """import psycopg
    try:
        psycopg.connect("port=1 host=127.0.0.1")  # here
    except Exception:
        pass""",
    "a name from it": """from psycopg import connect as go
    try:
        go("port=1 host=127.0.0.1")  # here
    except Exception:
        pass""",
    "a class of it": """import psycopg as db
    try:
        db.Connection.connect("port=1 host=127.0.0.1")  # here
    except Exception:
        pass""",
}
SEEN = {
    "its bind": 'op.get_bind().execute(sa.text("SELECT 1"))',
    "an engine that it asks": f"{ENGINE}\n    sa.inspect(engine).get_table_names()",
    "an error on its bind that it expects": """try:
        with op.get_bind().begin_nested():
            op.execute("DROP TABLE nowhere")
    except sa.exc.DBAPIError:
        pass""",
}


@pytest.fixture
def verify(project):
    def run(url, upgrade):
        project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
        driver = "sqlite+aiosqlite" if url.startswith("sqlite") else "postgresql+asyncpg"
        file = project.add("002", "001", upgrade=upgrade.replace("{driver}", driver), downgrade="pass")
        with Verification(project.config(db_url=url)) as verification:
            *_, verdict = verification.check_all()
        lines = [number for number, line in enumerate(file.read_text().splitlines(), 1) if "# here" in line]
        return verdict, f"Line {lines[0]}: " if lines else ""

    return run


@pytest.mark.parametrize("server", ["sqlite", "postgres"])
@pytest.mark.parametrize("kind", CAUGHT)
def test_an_error_that_is_swallowed_is_said(verify, request, server, kind):
    verdict, line = verify(request.getfixturevalue(f"{server}_url"), CAUGHT[kind])
    if kind == "a server that is not there":  # it is stopped before
        assert verdict.outcome is Outcome.UPGRADE_FAILED
        return
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith(f"{line}on a connection of its own, upgrade catches ")
    assert "custom_seeds" not in warning


@pytest.mark.parametrize("kind", DRIVERS)
def test_a_driver_s_own_connection_is_not_watched(verify, sqlite_url, kind):
    verdict, line = verify(sqlite_url, DRIVERS[kind])
    [warning] = verdict.warnings
    assert warning.startswith(f"{line}upgrade connects by psycopg itself")


@pytest.mark.parametrize("kind", SEEN)
def test_nothing_is_said_of_what_was_seen(verify, sqlite_url, kind):
    verdict, _ = verify(sqlite_url, SEEN[kind])
    assert (verdict.outcome, verdict.warnings) == (Outcome.REVERSIBLE, ())


def test_what_an_async_engine_changed_is_no_unmet_statement(verify, sqlite_url):
    verdict, _ = verify(sqlite_url, CAUGHT["an async engine"].replace("= nope", "= 'x'"))
    assert verdict.outcome is Outcome.DATA_LOSS
    assert verdict.warnings == ()


def test_a_change_in_a_try_that_was_not_executed_needs_no_rows(verify, sqlite_url):
    verdict, _ = verify(
        sqlite_url,
        """import os
    try:
        engine = sa.create_engine(os.environ["NO_SUCH_PLACE"])
        with engine.begin() as own:
            own.execute(sa.text("UPDATE t SET note = 1"))
    except Exception:
        pass""",
    )
    [warning] = verdict.warnings
    assert "its change of 't' was not executed" in warning
    assert "an error caught there" in warning
    assert "custom_seeds" not in warning
