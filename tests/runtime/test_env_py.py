"""Shapes of env.py that real projects have: what it makes belongs to no revision, and its mistakes are its own."""

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep_every

HEAD = """
import asyncio
from alembic import context
from sqlalchemy import engine_from_config, pool, text

config = context.config


def make_engine():
    return engine_from_config(config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)


def migrate(connection, **settings):
    context.configure(connection=connection, **settings)
    with context.begin_transaction():
        context.run_migrations()

"""
MADE_BY_ENV_PY = {
    "tenants with a version table each": """
with make_engine().connect() as connection:
    for schema in ("tenant_a", "tenant_b"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.execute(text(f"SET search_path TO {schema}"))
        connection.commit()
        migrate(connection, version_table_schema=schema)
""",
    "tenants with a renamed version table on the search path": """
with make_engine().connect() as connection:
    for schema in ("tenant_a", "tenant_b"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.execute(text(f"SET search_path TO {schema}"))
        connection.commit()
        migrate(connection, version_table="revisions")
""",
    "a renamed version table in another schema": """
with make_engine().connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS meta"))
    connection.commit()
    migrate(connection, version_table="revisions", version_table_schema="meta", include_schemas=True)
""",
    "a translated schema": """
with make_engine().connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS tenant"))
    connection.execute(text("SET search_path TO tenant"))
    connection.commit()
    migrate(connection.execution_options(schema_translate_map={None: "tenant"}))
""",
    "the tenant that -x names": """
tenant = context.get_x_argument(as_dictionary=True)["tenant"]
with make_engine().connect() as connection:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {tenant}"))
    connection.execute(text(f"SET search_path TO {tenant}"))
    connection.commit()
    migrate(connection)
""",
    "extensions and schemas": """
with make_engine().connect() as connection:
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS hstore"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS audit"))
    connection.commit()
    migrate(connection)
""",
    "a lock that is committed": """
with make_engine().connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(42)"))
    connection.commit()
    migrate(connection)
""",
    "a lock within Alembic's transaction": """
with make_engine().connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(42)"))
        context.run_migrations()
""",
}
HANDED = {
    "an async engine is expected": """
async def run(connectable):
    async with connectable.connect() as connection:
        await connection.run_sync(migrate)
    await connectable.dispose()

asyncio.run(run(config.attributes["connection"]))
""",
    "an async engine begins": """
async def run(connectable):
    async with connectable.begin() as connection:
        await connection.run_sync(migrate)

asyncio.run(run(config.attributes["connection"]))
""",
    "an engine is expected": """
with config.attributes["connection"].connect() as connection:
    migrate(connection)
config.attributes["connection"].dispose()
""",
    "an engine begins": """
with config.attributes["connection"].begin() as connection:
    migrate(connection)
""",
    "a connection is expected": """
migrate(config.attributes["connection"])
""",
    "a connection begins": """
connection = config.attributes["connection"]
with connection.begin():
    migrate(connection)
""",
}
UNCOMMITTED = {
    "a lock": "SELECT pg_advisory_lock(42)",
    "a timeout": "SET lock_timeout = '5s'",
}


@pytest.fixture
def verify(project, postgres_url):
    def run(env, **settings):
        project.env.write_text(HEAD + env)
        project.add("001", upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text))',
                    downgrade='op.drop_table("t")')  # fmt: skip
        project.add("002", "001", upgrade='op.drop_column("t", "n")', downgrade='op.add_column("t", sa.Column("n", sa.Text))')
        with Verification(project.config(db_url=postgres_url, **settings)) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return run


@pytest.mark.parametrize("kind", keep_every(2, MADE_BY_ENV_PY))
def test_what_env_py_makes_is_no_revisions_doing(verify, kind):
    found = verify(MADE_BY_ENV_PY[kind], x_arguments=("tenant=acme",))
    assert (found["001"].outcome, found["001"].failures, found["001"].unseeded) == (Outcome.REVERSIBLE, (), {})
    schemas = {"tenants": ("tenant_a.", "tenant_b."), "a translated": ("tenant.",), "the tenant": ("acme.",)}
    tables = {f"{schema}t" for start, names in schemas.items() if kind.startswith(start) for schema in names} or {"t"}
    assert {failure.table for failure in found["002"].failures} == tables


@pytest.mark.parametrize("kind", keep_every(2, HANDED))
def test_what_is_handed_over_is_what_env_py_expects(verify, kind):
    found = verify(HANDED[kind])
    assert [verdict.outcome for verdict in found.values()] == [Outcome.REVERSIBLE, Outcome.DATA_LOSS]


@pytest.mark.parametrize("kind", UNCOMMITTED)
def test_a_statement_before_configure_that_is_not_committed_stops_the_run_with_a_remedy(verify, kind):
    statement = UNCOMMITTED[kind]
    env = f"""
with make_engine().connect() as connection:
    connection.execute(text("{statement}"))
    migrate(connection)
"""
    with pytest.raises(ConfigurationError) as refused:
        verify(env)
    assert str(refused.value).startswith(f"env.py executes {statement} before context.configure().")
    assert "connection.commit()" in str(refused.value)  # what is made above does it
