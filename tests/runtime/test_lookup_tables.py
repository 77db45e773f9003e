"""In a table that a migration makes and fills, other rows are made up: what fails or is lost only with these is a warning."""

from functools import partial

import pytest

from mrt_runtime.seed.filled_table import find_filled_tables
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

ROLES = 'roles = op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)))'
FILL = 'op.bulk_insert(roles, [{"id": 1, "name": "admin"}, {"id": 2, "name": "member"}])'
USERS = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("role_id", sa.Integer, sa.ForeignKey("roles.id", name="fk_role"), nullable=False))"""
GRANTS = """op.create_table("grants", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("role_id", sa.Integer, sa.ForeignKey("roles.id"), primary_key=True))"""
DROP = 'op.drop_table("users")\n    op.drop_table("roles")'
MAPPED = """names = {{1: "owner", 2: "guest"}}
    bind = op.get_bind()
    op.add_column("{0}", sa.Column("role", sa.String(20)))
    for row in bind.execute(sa.text("SELECT DISTINCT role_id FROM {0}")).all():
        bind.execute(sa.text("UPDATE {0} SET role = :n WHERE role_id = :i"), {{"n": names[row.role_id], "i": row.role_id}})"""
NOT_NULL = """op.add_column("users", sa.Column("role", sa.String(20)))
    op.execute("UPDATE users SET role = CASE role_id WHEN 1 THEN 'admin' WHEN 2 THEN 'member' END")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("role", nullable=False)"""
BACK = 'with op.batch_alter_table("{}") as batch:\n        batch.drop_column("role")'
GROW = 'op.execute("ALTER TABLE roles ADD COLUMN note VARCHAR(20)")'
REMADE = f"""op.execute("CREATE TEMPORARY TABLE old AS SELECT * FROM users")
    op.execute("DELETE FROM users")
    op.drop_table("users")
    op.drop_table("roles")
    {ROLES}
    {FILL}
    {USERS}
    op.execute("INSERT INTO users SELECT * FROM old")
    op.execute("DROP TABLE old")"""
WARNING = "Only with rows that no migration wrote, in a table that migrations make and fill"


@pytest.fixture(params=["sqlite", "postgres"])
def verify(verify, request):
    return partial(verify, request.getfixturevalue(f"{request.param}_url"))


def blames_made_up_rows(verdict):
    return any(warning.startswith(WARNING) and "'roles' id = 7" in warning for warning in verdict.warnings)


@pytest.mark.parametrize(
    ("upgrade", "downgrade"), [(NOT_NULL, BACK.format("users")), (MAPPED.format("users"), BACK.format("users"))]
)
def test_an_upgrade_that_knows_only_the_rows_of_migrations_passes_with_a_warning(verify, upgrade, downgrade):
    verdict = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), (upgrade, downgrade))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    assert blames_made_up_rows(verdict)
    assert verdict.doubts[0].failure.rows == "lookups"


def test_so_does_one_on_a_table_whose_key_is_the_reference(verify):
    tables = f"{ROLES}\n    {FILL}\n    {USERS}\n    {GRANTS}"
    verdict = verify((tables, f'op.drop_table("grants")\n    {DROP}'), (MAPPED.format("grants"), BACK.format("grants")))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE
    assert blames_made_up_rows(verdict)


def test_so_does_one_on_a_list_that_a_later_migration_fills(verify):
    insert = """op.execute("INSERT INTO roles (id, name) VALUES (1, 'admin'), (2, 'member')")"""
    found = verify(
        (f"{ROLES}\n    {USERS}", DROP),
        (insert, 'op.execute("DELETE FROM roles WHERE id < 3")'),
        (MAPPED.format("users"), BACK.format("users")),
    )
    assert found["003"].outcome is Outcome.REVERSIBLE
    assert blames_made_up_rows(found["003"])


def test_so_does_one_that_cannot_read_what_is_made_up(project, postgres_url):
    """Other values in those rows would say less, for migrations write all that there is."""
    fill = 'op.bulk_insert(roles, [{"id": 1, "name": "level-10"}, {"id": 2, "name": "level-20"}])'
    read = """op.add_column("users", sa.Column("role", sa.Integer))
    op.execute("UPDATE users SET role = split_part(r.name, '-', 2)::integer FROM roles r WHERE r.id = users.role_id")"""
    project.add("001", upgrade=f"{ROLES}\n    {fill}\n    {USERS}", downgrade=DROP)
    project.add("002", "001", upgrade=read, downgrade='op.drop_column("users", "role")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.REVERSIBLE
    assert {doubt.failure.rows for doubt in verdict.doubts} == {"lookups"}, verdict.warnings


def test_made_up_rows_that_are_lost_when_the_table_is_made_again_only_warn(verify):
    found = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), (REMADE, "pass"))
    assert found["002"].outcome is Outcome.REVERSIBLE
    assert blames_made_up_rows(found["002"])


def test_what_is_lost_of_the_rows_of_migrations_is_a_loss(verify):
    change = """op.execute("UPDATE roles SET name = 'x'")"""
    found = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), (change, "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS


def test_a_statement_that_is_meant_for_other_rows_loses_them(verify):
    remove = 'op.execute("DELETE FROM roles WHERE id > 100 AND id NOT IN (SELECT role_id FROM users)")'
    found = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), (remove, "pass"))
    assert found["002"].outcome is Outcome.DATA_LOSS


def test_a_first_user_makes_no_lookup_table(verify):
    first = 'op.bulk_insert(roles, [{"id": 1, "name": "admin"}])'
    found = verify((f"{ROLES}\n    {first}\n    {USERS}", DROP), (NOT_NULL, BACK.format("users")))
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_rows_that_a_project_gives_are_those_of_an_application(verify):
    found = verify(
        (f"{ROLES}\n    {FILL}\n    {USERS}", DROP),
        (NOT_NULL, BACK.format("users")),
        custom_seeds={"roles": lambda: [{"id": 3, "name": "guest"}], "users": lambda: [{"id": 1, "role_id": 3}]},
    )
    assert found["002"].outcome is Outcome.UPGRADE_FAILED


def test_such_rows_are_there_again_for_the_next_revision(verify):
    remove = 'op.execute("DELETE FROM roles WHERE id > 100 AND id NOT IN (SELECT role_id FROM users)")'
    found = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), (NOT_NULL, BACK.format("users")), (remove, "pass"))
    assert found["002"].outcome is Outcome.REVERSIBLE
    assert found["003"].outcome is Outcome.DATA_LOSS


def test_a_statement_that_fails_for_the_rows_that_it_is_meant_for_fails(verify):
    """Users still point at them, which PostgreSQL refuses and SQLite does not look at."""
    found = verify((f"{ROLES}\n    {FILL}\n    {USERS}", DROP), ('op.execute("DELETE FROM roles WHERE id > 100")', "pass"))
    assert found["002"].outcome in {Outcome.UPGRADE_FAILED, Outcome.DATA_LOSS}


FILLING = {
    "one INSERT": """op.execute("CREATE TABLE t (a INT)")
    op.execute("INSERT INTO t VALUES (1), (2)")""",
    "a loop": """t = op.create_table("t", sa.Column("a", sa.Integer))
    for number in (1, 2):
        op.execute(t.insert().values(a=number))""",
    "parameters": """op.create_table("t", sa.Column("a", sa.Integer))
    op.get_bind().execute(sa.text("INSERT INTO t (a) VALUES (:a)"), [{"a": 1}, {"a": 2}])""",
    "SELECT of constants": """op.create_table("t", sa.Column("a", sa.Integer))
    op.execute("INSERT INTO t SELECT 1 UNION SELECT 2")""",
}


@pytest.mark.parametrize("kind", FILLING)
def test_a_table_is_filled(project, kind):
    assert find_filled_tables([str(project.add("001", upgrade=FILLING[kind]))], "sqlite") == {"t": True}


def test_a_copy_of_another_table_is_not_filled(project):
    copy = """op.create_table("t", sa.Column("a", sa.Integer))
    op.execute("INSERT INTO t SELECT id FROM users")"""
    assert find_filled_tables([str(project.add("001", upgrade=copy))], "sqlite") == {}
