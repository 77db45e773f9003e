"""What is not known of a column or an enum is not said of it, and what is known is: "+" has to be said, "-" must not."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, holds, sql, told

MOODS = 'op.create_table("dogs", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("mood", sa.Enum("sad", "glad")))'
KENNEL = (MOODS, 'op.drop_table("dogs")')


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (sql("ALTER TABLE logs MODIFY recipe_id INT NOT NULL"), "-MRT303 -MRT111 -MRT705"),
        (sql("ALTER TABLE logs CHANGE recipe recipe_id INT"), "-MRT303 -MRT705"),
        (sql("ALTER TABLE parcels MODIFY code TEXT NOT NULL"), "+MRT303 +MRT705"),
        ('op.alter_column("parcels", "code", type_=sa.Text(), nullable=False)', "+MRT303 +MRT705"),
        ('op.alter_column("logs", "recipe_id", type_=sa.Integer())', "+MRT303 +MRT705"),
    ],
)
def test_a_type_that_modify_has_to_repeat_is_no_change_where_the_former_is_not_known(dialect: str, change: str, expected: str):
    assert holds(expected, told([BASE, (change, sql("SELECT 1"))], dialect))


def test_a_former_type_that_is_not_known_is_called_so():
    [found] = [
        each for each in told([BASE, ('op.alter_column("logs", "age", type_=sa.Integer())', "pass")]) if each.code == "MRT303"
    ]
    assert "what it had is not known here" in found.message
    [found] = [
        each for each in told([BASE, ('op.alter_column("parcels", "code", type_=sa.Integer())', "pass")]) if each.code == "MRT303"
    ]
    assert "not known" not in found.message


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        # the members are asked of the database
        ('op.alter_column("dogs", "mood", type_=sa.Enum("sad", "glad", more()))', "pass", "-MRT303 -MRT705"),
        ('op.alter_column("dogs", "mood", type_=sa.Enum(*more()))', "pass", "-MRT303 -MRT705"),
        ('op.alter_column("dogs", "mood", type_=sa.Enum("mad", more()))', "pass", "+MRT303 +MRT705"),
        ('op.alter_column("dogs", "mood", type_=sa.Enum("glad", "sad"))', "pass", "+MRT303"),
        # downgrade() shows the former type: MODIFY sets what is called the existing one
        (
            'op.alter_column("cats", "mood", type_=sa.Enum("sad", "glad", "mad"))',
            'op.alter_column("cats", "mood", existing_type=sa.Enum("sad", "glad"), nullable=False)',
            "-MRT303 -MRT705",
        ),
        (
            'op.alter_column("cats", "mood", type_=sa.Enum("sad", "mad", "glad"))',
            'op.alter_column("cats", "mood", existing_type=sa.Enum("sad", "glad"), nullable=False)',
            "+MRT303 +MRT705",
        ),
    ],
)
def test_members_are_appended_unless_it_is_known_otherwise(dialect: str, upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([KENNEL, (f"from elsewhere import more\n{upgrade}", downgrade)], dialect))


@pytest.mark.parametrize(
    ("change", "dialect", "expected"),
    [
        ('op.add_column("dogs", sa.Column("kind", sa.Enum("a", "b", name="kinds"), nullable=False))', "mysql", "-MRT704"),
        ('op.add_column("dogs", sa.Column("kind", sa.Enum("a", "b", name="kinds"), nullable=False))', "mariadb", "-MRT704"),
        ('op.add_column("dogs", sa.Column("kind", sa.Enum("a", "b", name="kinds"), nullable=False))', "postgresql", "+MRT704"),
        (sql("ALTER TABLE dogs ADD kind ENUM('a', 'b') NOT NULL"), "mariadb", "-MRT704"),
        (sql("ALTER TABLE dogs MODIFY mood ENUM('sad', 'glad') NOT NULL"), "mariadb", "-MRT704"),
        ('op.alter_column("dogs", "mood", existing_type=sa.Enum("sad", "glad"), nullable=False)', "mysql", "-MRT704"),
        (sql("ALTER TABLE dogs ADD kind SET('a', 'b') NOT NULL"), "mariadb", "+MRT704"),
        (sql("ALTER TABLE dogs ADD kind INT NOT NULL"), "mysql", "+MRT704"),
    ],
)
def test_an_enum_of_mysql_has_a_default_of_its_own(change: str, dialect: str, expected: str):
    assert holds(expected, told([KENNEL, (change, "pass")], dialect))


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ('op.create_foreign_key("fk", "dogs", "dogs", ["sire"], ["id"])', 1),
        (
            'op.create_foreign_key("fk", "dogs", "dogs", ["sire"], ["id"])\nop.create_foreign_key("fk2", "dogs", "cats", ["sire"], ["id"])',
            1,
        ),
        ("", 0),
    ],
)
def test_a_foreign_key_without_an_index_is_said_once(keys: str, count: int):
    found = told([KENNEL, (f'op.add_column("dogs", sa.Column("sire", sa.Integer()))\n{keys}', 'op.drop_column("dogs", "sire")')])
    assert [each.code for each in found].count("MRT431") == count
    inline = 'op.add_column("dogs", sa.Column("sire", sa.Integer(), sa.ForeignKey("dogs.id")))'
    assert holds("+MRT431", told([KENNEL, (inline, 'op.drop_column("dogs", "sire")')]))


ARRAYS = sql(
    "CREATE TYPE right AS ENUM ('a', 'b')",
    "CREATE TABLE teams (id int PRIMARY KEY, rights right[])",
    "CREATE TABLE apps (id int PRIMARY KEY, rights right)",
)
LOOK = "found = op.get_bind().execute(sa.text('SELECT column_default FROM information_schema.columns')).scalar()"
DROP_DEFAULT, SET_DEFAULT = "ALTER TABLE parcels ALTER code DROP DEFAULT", "ALTER TABLE parcels ALTER code SET DEFAULT 'x'"


def _made_again(labels: str, table: str, kind: str) -> str:
    return sql(
        "ALTER TYPE right RENAME TO right_old",
        f"CREATE TYPE right AS ENUM ({labels})",
        f"ALTER TABLE {table} ALTER COLUMN rights TYPE {kind} USING rights::text{kind.removeprefix('right')}::{kind}",
        "DROP TYPE right_old",
    )


@pytest.mark.parametrize(("table", "kind"), [("teams", "right[]"), ("apps", "right")])
@pytest.mark.parametrize(
    ("labels", "words"),
    [("'a', 'b', 'c'", "no value is lost"), ("'a'", "it fails where a row holds 'b'"), ("'a', 'b'", "no value is lost")],
)
def test_an_enum_that_is_made_again_under_its_name_rewrites_the_table(table: str, kind: str, labels: str, words: str):
    change = _made_again(labels, table, kind)
    [found] = [each for each in told([(ARRAYS, "pass"), (change, "pass")]) if each.code == "MRT303"]
    assert f"from the former {kind} to the new one of that name: {words}" in found.message
    assert "rewrites every row" in found.message


def test_an_enum_of_the_same_name_that_stays_rewrites_nothing():
    same = sql("ALTER TABLE teams ALTER COLUMN rights TYPE right[]")
    assert holds("-MRT303", told([(ARRAYS, "pass"), (same, "pass")]))


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (f"{LOOK}\nif found:\n    op.execute({DROP_DEFAULT!r})\nif found:\n    op.execute({SET_DEFAULT!r})", "-MRT111"),
        (f"{LOOK}\nif found:\n    op.execute({DROP_DEFAULT!r})", "-MRT111"),
        (f"{LOOK}\nif found:\n    op.execute({SET_DEFAULT!r})", "+MRT111"),
        (f"{sql(SET_DEFAULT)}\n{LOOK}", "+MRT111"),
    ],
)
def test_a_default_that_is_dropped_only_where_there_is_one_need_not_come_back(upgrade: str, expected: str):
    assert holds(expected, told([BASE, (upgrade, 'op.drop_index("ix", table_name="elsewhere")')]))


FOUND = "found = [each['name'] for each in sa.inspect(op.get_bind()).get_indexes('parcels')][0]\n"


@pytest.mark.parametrize(
    ("drop", "downgrade", "expected"),
    [
        (f"{FOUND}op.drop_index(found, 'parcels')", "pass", "+MRT406"),
        (f"{FOUND}op.execute('ALTER TABLE parcels DROP KEY %s' % found)", "pass", "+MRT406"),
        (f"{FOUND}op.drop_index(found, 'parcels')", 'op.create_index("old", "parcels", ["code"], unique=True)', "-MRT406"),
        (f"{FOUND}op.drop_index(found, 'parcels')", 'op.create_index("old", "parcels", ["code"])', "+MRT406"),
        (f"{FOUND}op.drop_constraint(found, 'parcels', type_='unique')", "pass", "-MRT406"),
        (f"{FOUND}op.drop_constraint(found, 'parcels', type_='foreignkey')", "pass", "+MRT406"),
    ],
)
def test_only_a_unique_index_without_a_name_shows_that_rows_differ(drop: str, downgrade: str, expected: str):
    unique = 'op.create_index("uq", "parcels", ["code"], unique=True)'
    assert holds(expected, told([BASE, (f"{drop}\n{unique}", downgrade)], "mysql"))
