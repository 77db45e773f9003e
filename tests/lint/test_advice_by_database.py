"""What a finding advises can be done on the database that is declared, as its migration stands."""

import io

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import told

USERS = (
    'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(20)))',
    'op.drop_table("users")',
)


def advice(code: str, dialect: str, upgrade: str, downgrade: str = "pass") -> list[str]:
    return [found.instead for found in told([USERS, (upgrade, downgrade)], dialect) if found.code == code]


@pytest.mark.parametrize("name", ["None", '"uq"'])
def test_mysql_is_given_the_type_besides_the_name(name):
    upgrade = f'op.create_unique_constraint({name}, "users", ["name"])'
    [said] = advice("MRT116", "mysql", upgrade, 'op.drop_constraint(None, "users")')
    assert said.endswith(', with type_="unique", which MySQL needs')
    assert not any(
        "type_" in said for said in advice("MRT116", "mysql", upgrade, 'op.drop_constraint(None, "users", type_="unique")')
    )
    assert not any("type_" in said for said in advice("MRT116", "postgresql", upgrade, 'op.drop_constraint(None, "users")'))
    op = Operations(MigrationContext.configure(dialect_name="mysql", opts={"as_sql": True, "output_buffer": io.StringIO()}))
    with pytest.raises(NotImplementedError):
        op.drop_constraint("uq", "users")
    op.drop_constraint("uq", "users", type_="unique")


GUARDS = [
    "if op.get_bind().dialect.supports_sequences:\n    {}",
    "if op.get_context().dialect.supports_sequences:\n    {}",
    "from alembic import context\ndef has():\n    return context.get_context().dialect.supports_sequences\nif has():\n    {}",
    "bind = op.get_bind()\nif not bind.dialect.supports_sequences:\n    return\n{}",
]


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize(
    ("dialect", "has"),
    [("postgresql", True), ("mariadb", True), ("mysql", False), ("sqlite", False)],
)
def test_a_guard_for_sequences_is_true_where_sqlalchemy_has_them(guard, dialect, has):
    made = guard.format("op.execute(sa.schema.CreateSequence(sa.Sequence('user_seq')))")
    assert bool(advice("MRT501", dialect, made)) is has
    if dialect != "mariadb":  # made so by create_engine(), from the dialect of MySQL
        assert sa.dialects.registry.load(dialect).supports_sequences is has


@pytest.mark.parametrize("ids", ['", ".join(str(each) for each in found)', '",".join(":id%d" % each for each in found)'])
def test_a_list_is_bound_as_one(ids):
    upgrade = "from shop import found\nop.execute(sa.text(\"UPDATE users SET name = 'x' WHERE id IN (\" + " + ids + ' + ")"))'
    [said] = advice("MRT803", "postgresql", upgrade)
    assert said == 'bind the list as one: sa.text("… IN :values").bindparams(sa.bindparam("values", expanding=True, value=[…]))'
    with sa.create_engine("sqlite://").connect() as connection:
        statement = sa.text("SELECT 1 WHERE 2 IN :values").bindparams(sa.bindparam("values", expanding=True, value=[1, 2]))
        assert connection.scalar(statement) == 1


def test_a_name_is_not_said_to_be_bound():
    upgrade = 'from shop import table, value\nop.execute(f"INSERT INTO {table} VALUES ({value})")'
    [said] = advice("MRT803", "postgresql", upgrade)
    assert said.startswith("write it down in the migration")


@pytest.mark.parametrize(
    "statement",
    [
        '"DELETE FROM users " + where',
        '"UPDATE users SET name = NULL WHERE " + where',
        "f\"INSERT INTO users (name) SELECT substr(name, 1) FROM users WHERE name = 'x' AND {where} ORDER BY 1\"",
    ],
)
def test_the_values_of_a_clause_are_bound(statement):
    least = 'least = op.get_bind().scalar(sa.text("SELECT min(id) FROM users"))\nwhere = "WHERE id < %s" % least if least else ""\n'
    [said] = advice("MRT803", "postgresql", f"import shop\n{least}op.execute({statement})")
    assert 'op.execute(sa.text("… WHERE … < :value").bindparams(value=…))' in said
    assert "constant" not in said
    assert "quote it" not in said
    by = 'op.execute(f"INSERT INTO users (name) SELECT name FROM users ORDER BY {name}")'
    [said] = advice("MRT803", "postgresql", f"from shop import name\n{by}")
    assert "quote it" in said


@pytest.mark.parametrize(
    "key",
    [
        'op.create_foreign_key("fk", "users", "towns", ["town_id"], ["id"])',
        'op.execute("ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (town_id) REFERENCES towns (id)")',
        "",
    ],
)
def test_a_key_has_no_default_that_is_a_row_of_the_other_table(key):
    own = "" if key else ', sa.ForeignKey("towns.id")'
    added = f'op.add_column("users", sa.Column("town_id", sa.Integer(){own}, nullable=False))'
    [said] = advice("MRT401", "postgresql", f"{added}\n{key}")
    assert "server_default" not in said
    assert said.startswith("add it with nullable=True and fill it")
    assert "in a later revision" in said
    [said] = advice(
        "MRT401", "postgresql", f'{added.replace(own, "")}\nop.create_foreign_key("fk", "users", "towns", ["id"], ["id"])'
    )
    assert said.startswith("give it a server_default")


def test_a_column_of_the_key_that_comes_back_is_not_advised_to_take_null():
    loose = ('op.add_column("users", sa.Column("code", sa.Text()))', 'op.drop_column("users", "code")')
    change = (
        (
            'op.drop_constraint("users_pkey", "users", type_="primary")\nop.alter_column("users", "code", nullable=False)\n'
            'op.create_primary_key("users_pkey", "users", ["id", "code"])'
        ),
        'op.drop_constraint("users_pkey", "users", type_="primary")\nop.create_primary_key("users_pkey", "users", ["code"])',
    )
    assert "MRT402" not in {found.code for found in told([USERS, loose, change])}
    back = (change[0], change[1].replace('["code"]', '["id"]'))
    assert "MRT402" in {found.code for found in told([USERS, loose, back])}
