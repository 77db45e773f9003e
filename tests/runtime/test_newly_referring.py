"""A foreign key that is new on columns which rows hold is met by no row without its match here, and that is a warning."""

import pytest

from mrt_runtime.verdict import Outcome

TABLES = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("no", sa.Integer, unique=True))
    op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("posts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", name="fk_team")), sa.Index("ix_user", "user_id"))"""
DROP = 'for name in ("posts", "teams", "users"):\n        op.drop_table(name)'
UNKEY = 'op.drop_constraint("fk", "posts", type_="foreignkey")'
MAKE = 'op.create_foreign_key("fk", "posts", "users", ["user_id"], ["id"])'
RETEAM = 'op.drop_constraint("fk_team", "posts", type_="foreignkey")\n    {}'
TEAM = 'op.create_foreign_key("fk_team", "posts", "teams", ["team_id"], ["id"])'
NEW = {
    "by an operation": (MAKE, UNKEY),
    "by SQL": ('op.execute("ALTER TABLE posts ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (no)")', UNKEY),
}
SILENT = {
    "a new column": (
        f"""op.add_column("posts", sa.Column("by_id", sa.Integer))
    {MAKE.replace("user_id", "by_id")}""",
        f'{UNKEY}\n    op.drop_column("posts", "by_id")',
    ),
    "rows are taken out": (f'op.execute("DELETE FROM posts WHERE user_id > 100000000")\n    {MAKE}', UNKEY),
    "rows are looked for": (
        f"""assert not op.get_bind().execute(
            sa.text("SELECT 1 FROM posts WHERE user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = user_id)")).all()
    {MAKE}""",
        UNKEY,
    ),
    "the error is caught": (f"try:\n        {MAKE}\n    except sa.exc.IntegrityError:\n        pass", UNKEY),
    "the same key with an action": (RETEAM.format(TEAM[:-1] + ', ondelete="CASCADE")'), RETEAM.format(TEAM)),
}


@pytest.fixture(params=["postgres_url", "mysql_url"])
def url(request):
    return request.getfixturevalue(request.param)


def keep(verdict):
    return [warning for warning in verdict.warnings if "had its match" in warning]


@pytest.mark.parametrize("kind", NEW)
def test_that_all_rows_have_their_match_is_a_warning(verify, url, kind):
    verdict = verify(url, (TABLES, DROP), NEW[kind])["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    [warning] = keep(verdict)
    assert warning.startswith(
        "Line 12: upgrade makes (user_id) in table 'posts' refer to 'users', and every row here had its match"
    )


@pytest.mark.parametrize("kind", SILENT)
def test_nothing_is_said_where_rows_without_one_are_thought_of(verify, url, kind):
    verdict = verify(url, (TABLES, DROP), SILENT[kind])["002"]
    assert verdict.outcome in {Outcome.REVERSIBLE, Outcome.DATA_LOSS}, verdict
    assert not keep(verdict)


def test_nothing_is_said_of_rows_that_the_project_supplies(verify, url):
    rows = {"posts": lambda: [{"id": 1, "user_id": None, "team_id": None}]}
    assert not keep(verify(url, (TABLES, DROP), (MAKE, UNKEY), custom_seeds=rows)["002"])


def test_nor_of_a_database_that_does_not_look_at_rows(verify, sqlite_url):
    batch = 'with op.batch_alter_table("posts") as batch:\n        batch.{}'
    there = batch.format('create_foreign_key("fk", "users", ["user_id"], ["id"])')
    back = batch.format('drop_constraint("fk", type_="foreignkey")')
    assert not keep(verify(sqlite_url, (TABLES, DROP), (there, back))["002"])


def test_a_parent_of_another_name_is_the_same_one(verify, postgres_url):
    verdict = verify(postgres_url, (TABLES, DROP), ('op.rename_table("teams", "groups")', 'op.rename_table("groups", "teams")'))[
        "002"
    ]
    assert not keep(verdict)


def test_another_parent_is_not(verify, postgres_url):
    there = RETEAM.format(TEAM.replace('"teams"', '"users"'))
    assert len(keep(verify(postgres_url, (TABLES, DROP), (there, RETEAM.format(TEAM)))["002"])) == 1


def test_a_key_that_is_validated_later_meets_rows_then(verify, postgres_url):
    later = MAKE[:-1] + ", postgresql_not_valid=True)"
    found = verify(
        postgres_url,
        (TABLES, DROP),
        (later, UNKEY),
        ('op.execute("ALTER TABLE posts VALIDATE CONSTRAINT fk")', "pass"),
        after_writes="off",
    )
    assert not keep(found["002"])
    assert len(keep(found["003"])) == 1, found["003"]
