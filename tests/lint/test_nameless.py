"""What MRT116 rests on: Alembic cannot drop a constraint without a name, whatever naming convention there is."""

import io

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

CONVENTION = {"uq": "uq_%(table_name)s_%(column_0_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}


def operations(dialect: str, convention: dict[str, str] | None) -> tuple[Operations, io.StringIO]:
    """Operations that write their SQL down."""
    written = io.StringIO()
    metadata = sa.MetaData(naming_convention=convention)
    options = {"as_sql": True, "output_buffer": written, "target_metadata": metadata}
    return Operations(MigrationContext.configure(dialect_name=dialect, opts=options)), written


@pytest.mark.parametrize("convention", [None, CONVENTION], ids=["without", "with a convention"])
@pytest.mark.parametrize("kind", ["unique", "foreignkey"])
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_constraint_without_a_name_raises_or_gets_the_name_of_no_column(dialect, kind, convention):
    op, written = operations(dialect, convention)
    try:
        op.drop_constraint(None, "users", type_=kind)
    except (sa.exc.CompileError, AssertionError, IndexError, TypeError):
        return
    assert "uq_users_;" in written.getvalue().replace("\n", "")


@pytest.mark.parametrize("convention", [None, CONVENTION], ids=["without", "with a convention"])
def test_a_batch_on_sqlite_finds_none_either(convention):
    with sa.create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER, email TEXT, UNIQUE (email))")
        op = Operations(MigrationContext.configure(connection, opts={"target_metadata": sa.MetaData(naming_convention=convention)}))
        with pytest.raises(ValueError, match=r"Constraint must have a name|No such constraint"):  # noqa: SIM117  the batch acts at its end
            with op.batch_alter_table("users", naming_convention=convention) as batch:
                batch.drop_constraint(None, type_="unique")


def test_mysql_drops_a_primary_key_without_a_name():
    op, written = operations("mysql", None)
    op.drop_constraint(None, "users", type_="primary")
    assert "DROP PRIMARY KEY" in written.getvalue()


def test_an_index_without_a_name_gets_that_of_a_column_that_is_none():
    op, written = operations("postgresql", None)
    op.drop_index(None, "users")
    assert "ix_users_x" in written.getvalue()
