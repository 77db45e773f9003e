"""Rows that are copied to where they may not fit, in several spellings: what has to be said, and what must not."""

import os

import pytest
import sqlalchemy as sa

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

TABLES = """
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)),
                sa.Column("code", sa.String(20), unique=True), sa.Column("note", sa.Text))
op.create_table("staff", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(63)))
"""
NAMES = 'op.create_table("names", sa.Column("name", sa.String(80), unique=True), sa.Column("code", sa.String(20), unique=True))'
PAIRS = 'op.create_table("pairs", sa.Column("a", sa.Text), sa.Column("b", sa.Text), sa.UniqueConstraint("a", "b"))'
DEDUPE = sql("DELETE FROM plain a USING plain b WHERE a.ctid > b.ctid AND a.name = b.name")
PLAIN = 'op.create_table("plain", sa.Column("name", sa.String(80)))'
FILL_NAMES, FILL_PLAIN = (sql(f"INSERT INTO {table} (name) SELECT name FROM users") for table in ("names", "plain"))


def about_copies(upgrade: str, dialect: str = "postgresql") -> list[Finding]:
    return [finding for finding in told([(TABLES, "pass"), (upgrade, "pass")], dialect) if finding.code == "MRT446"]


@pytest.mark.parametrize(
    ("upgrade", "dialects"),
    [
        (sql("INSERT INTO staff (id, name) SELECT id, name FROM users"), ("postgresql", "mysql")),
        (sql("INSERT INTO staff (id, name) SELECT u.id, u.note FROM users AS u WHERE u.id > 3"), ("postgresql", "mysql")),
        (sql("INSERT INTO staff (id, name) SELECT users.id, users.name FROM users"), ("postgresql", "mysql", "mariadb")),
        (sql("UPDATE staff SET name = u.name FROM users u WHERE u.id = staff.id"), ("postgresql",)),
        (sql("UPDATE staff s JOIN users u ON u.id = s.id SET s.name = u.name"), ("mysql", "mariadb")),
        (
            'op.add_column("users", sa.Column("nick", sa.String(63)))\n' + sql("UPDATE users SET nick = name"),
            ("postgresql", "mysql"),
        ),
        ('op.alter_column("users", "note", type_=sa.String(99))\n' + sql("UPDATE users SET name = note"), ("postgresql",)),
        (
            'op.create_table("new", sa.Column("n", sa.String(9)))\n' + sql("INSERT INTO new (n) SELECT code FROM users"),
            ("postgresql",),
        ),
    ],
)
def test_a_longer_value_does_not_fit(upgrade: str, dialects: tuple[str, ...]):
    for dialect in dialects:
        (finding,) = about_copies(upgrade, dialect)
        assert "where a value is longer" in finding.message
        assert ("cuts values off" in finding.message) is (dialect != "postgresql")
        assert "char_length" in finding.instead


@pytest.mark.parametrize(
    "upgrade",
    [
        sql("INSERT INTO staff (id, name) SELECT id, left(name, 63) FROM users"),
        sql("INSERT INTO staff (id, name) SELECT id, substr(name, 1, 63) FROM users"),
        sql("INSERT INTO staff (id, name) SELECT id, name FROM users WHERE length(name) <= 63"),
        sql("INSERT INTO staff (id, name) SELECT id, code FROM users"),
        sql("INSERT INTO staff (id, name) SELECT id, name FROM elsewhere"),
        sql("INSERT INTO staff (id, name) VALUES (1, 'x')"),
        sql("UPDATE users SET name = s.name FROM staff s WHERE s.id = users.id"),
        'op.alter_column("staff", "name", type_=sa.String(80))\n' + sql("INSERT INTO staff (id, name) SELECT id, name FROM users"),
    ],
)
def test_what_fits_or_is_made_to_fit_is_copied(upgrade: str):
    assert about_copies(upgrade) == []


def test_sqlite_keeps_no_lengths():
    assert about_copies(sql("INSERT INTO staff (id, name) SELECT id, name FROM users"), "sqlite") == []


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize(
    "upgrade",
    [
        f"{NAMES}\n{FILL_NAMES}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM users WHERE name IS NOT NULL')}",
        f'{PLAIN}\n{FILL_PLAIN}\nop.create_unique_constraint("uq", "plain", ["name"])',
        f'{PLAIN}\n{FILL_PLAIN}\nop.create_index("uq", "plain", ["name"], unique=True)',
        f'{PLAIN}\n{FILL_PLAIN}\nop.create_primary_key("pk", "plain", ["name"])',
        f"{PAIRS}\n{sql('INSERT INTO pairs (a, b) SELECT name, note FROM users')}",
    ],
)
def test_a_key_of_a_new_table_refuses_the_same_twice(upgrade: str, dialect: str):
    (finding,) = about_copies(upgrade, dialect)
    assert "two rows hold the same" in finding.message
    assert "HAVING count(*) > 1" in finding.instead


@pytest.mark.parametrize(
    "upgrade",
    [
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT DISTINCT name FROM users')}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM users GROUP BY name')}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM users UNION SELECT name FROM staff')}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM users ON CONFLICT DO NOTHING')}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM users WHERE id < 9')}",
        f"{NAMES}\n{sql('INSERT INTO names (code) SELECT code FROM users')}",
        f"{PAIRS}\n{sql('INSERT INTO pairs (a, b) SELECT name, code FROM users')}",
        f"{PAIRS}\n{sql('INSERT INTO pairs (a) SELECT name FROM users')}",
        f"{NAMES}\n{sql('INSERT INTO names (name) SELECT name FROM elsewhere')}",
        f"{PLAIN}\n{FILL_PLAIN}",
        f'{PLAIN}\n{FILL_PLAIN}\n{DEDUPE}\nop.create_unique_constraint("uq", "plain", ["name"])',
    ],
)
def test_what_is_copied_once_each_is_not_refused(upgrade: str):
    assert about_copies(upgrade) == []


def test_postgresql_refuses_what_is_too_long_or_there_twice(postgres_server):  # noqa: F811 - as fixtures are asked for
    with own_database(postgres_server, f"mrt_refused_copy_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE users (name varchar(80)); INSERT INTO users VALUES (repeat('x', 70)), ('y'), ('y')"
            )
            connection.exec_driver_sql("CREATE TABLE staff (name varchar(63)); CREATE TABLE names (name varchar(80) UNIQUE)")
        for table, refusal in (("staff", "value too long"), ("names", "duplicate key")):
            with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=refusal):
                connection.exec_driver_sql(f"INSERT INTO {table} (name) SELECT name FROM users")
        engine.dispose()


CORE = 'users, staff = (sa.table(name, sa.column("id"), sa.column("name"), sa.column("note")) for name in ("users", "staff"))\n'
SHORTER = "sa.func.{}(users.c.name) < 64"


@pytest.mark.parametrize("run", ["op.execute({})", "op.get_bind().execute({})"])
@pytest.mark.parametrize(
    "statement",
    [
        "staff.update().values(name=users.c.name).where(users.c.id == staff.c.id)",
        "sa.update(staff).where(users.c.id == staff.c.id).values({'name': users.c.name})",
        "sa.update(staff).values({staff.c.name: users.c.note})",
        "sa.update(staff).values(name=users.c.name.label('n'))",
        "staff.insert().from_select(['id', 'name'], sa.select(users.c.id, users.c.name))",
        "sa.insert(staff).from_select(['id', 'name'], sa.select(users.c.id, users.c.name).where(users.c.id > 3))",
        "sa.insert(staff).from_select([staff.c.name], sa.select(users.c.note).order_by(users.c.id))",
    ],
)
def test_core_copies_like_sql(statement: str, run: str):
    (finding,) = about_copies(CORE + run.format(statement))
    assert "to 'staff.name' (VARCHAR(63)): it fails where a value is longer" in finding.message


@pytest.mark.parametrize(
    "statement",
    [
        "staff.update().values(name=sa.func.left(users.c.name, 63))",
        "staff.update().values(name=sa.cast(users.c.name, sa.String(63)))",
        "staff.update().values(name=users.c.name + '!')",
        "staff.update().values(name=sa.case((users.c.id > 3, users.c.name), else_=''))",
        f"staff.update().values(name=users.c.name).where({SHORTER.format('length')})",
        f"staff.update().values(name=users.c.name).where(sa.and_(users.c.id == staff.c.id, {SHORTER.format('char_length')}))",
        "staff.update().values(name=users.c.name).where(sa.text('char_length(users.name) < 64'))",
        f"staff.insert().from_select(['name'], sa.select(users.c.name).where({SHORTER.format('length')}))",
        "staff.insert().from_select(['id', 'name'], sa.select(users.c.id, sa.func.left(users.c.name, 63)))",
        "staff.update().values(name='Ada')",
        "staff.update().values(id=users.c.id)",
    ],
)
def test_core_that_shortens_or_computes_copies_nothing(statement: str):
    assert about_copies(f"{CORE}op.execute({statement})") == []


@pytest.mark.parametrize(
    ("query", "is_doubled"),
    [
        ("sa.select(users.c.name)", True),
        ("sa.select(users.c.name).order_by(users.c.id)", True),
        ("sa.select(users.c.name).distinct()", False),
        ("sa.select(users.c.name).group_by(users.c.name)", False),
        ("sa.select(users.c.name).where(users.c.id > 3)", False),
        ("sa.select(sa.func.lower(users.c.name))", False),
    ],
)
def test_core_copies_to_a_key_that_takes_each_value_once(query: str, is_doubled: bool):
    found = about_copies(f"{NAMES}\n{CORE}op.execute(sa.table('names').insert().from_select(['name'], {query}))")
    assert ["two rows hold the same" in finding.message for finding in found] == [True] * is_doubled


def test_core_that_passes_over_what_is_there_copies_nothing_twice():
    insert = "insert(sa.table('names')).from_select(['name'], sa.select(users.c.name)).on_conflict_do_nothing()"
    assert about_copies(f"from sqlalchemy.dialects.postgresql import insert\n{NAMES}\n{CORE}op.execute({insert})") == []


MODEL = """
class Staff(declarative_base()):
    __tablename__ = "staff"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(63))
    note = sa.Column(sa.Text)

"""
NOTE = 'op.add_column("staff", sa.Column("note", sa.Text()))\nsession = Session(op.get_bind())\n'


@pytest.mark.parametrize(
    ("statement", "is_told"),
    [
        ("session.query(Staff).update({Staff.name: Staff.note})", True),
        ("session.query(Staff).filter(Staff.id > 3).update({'name': Staff.note})", True),
        ("session.execute(sa.update(Staff).values(name=Staff.note))", True),
        ("session.query(Staff).filter(sa.func.length(Staff.note) < 64).update({Staff.name: Staff.note})", False),
        ("session.execute(sa.update(Staff).where(sa.func.char_length(Staff.note) < 64).values(name=Staff.note))", False),
        ("session.query(Staff).update({Staff.name: sa.func.left(Staff.note, 63)})", False),
        ("for one in session.query(Staff):\n    one.name = one.note", True),
        ("for one in session.query(Staff).filter(Staff.id > 3).all():\n    one.name = one.note", True),
        ("for one in session.scalars(sa.select(Staff)):\n    one.name = one.note", True),
        ("for one in session.query(Staff):\n    if len(one.note) < 64:\n        one.name = one.note", False),
        ("for one in session.query(Staff):\n    one.name = one.note[:63]", False),
        ("for one in session.query(Staff):\n    one.note = one.name", False),
        ("for one in session.query(Staff):\n    one.name = 'Ada'", False),
    ],
)
def test_statements_of_the_orm_copy_like_sql(statement: str, is_told: bool):
    imports = "from sqlalchemy.orm import Session, declarative_base\n"
    found = about_copies(f"{imports}{MODEL}{NOTE}{statement}")
    assert [finding.code for finding in found] == ["MRT446"] * is_told


BY_NAME = "SELECT u.{} FROM users u WHERE u.{} = staff.{}"
CORE_KEY = 'staff = sa.table("staff", *map(sa.column, ["id", "name", "user_id", "must"]))\n' + CORE.replace(
    "users, staff", "users, _"
)
PLUS = 'op.add_column("staff", sa.Column("{}", sa.Integer(){}))\n'
USER_ID, MUST = PLUS.format("user_id", ""), PLUS.format("must", ", nullable=False, server_default='0'")
QUERY = "sa.select(users.c.{}).where({})"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "sqlite"])
@pytest.mark.parametrize(
    ("update", "is_told"),
    [
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'name', 'name')})"), True),
        (sql("UPDATE staff SET user_id = (SELECT users.id FROM users WHERE staff.name = users.name)"), True),
        (sql("UPDATE staff AS s SET user_id = (SELECT id FROM users WHERE users.name = s.name)"), True),
        (sql("UPDATE staff SET user_id = (SELECT id FROM users u WHERE (u.name = staff.name) AND u.note = staff.name)"), True),
        (
            f"{CORE_KEY}op.execute(staff.update().values(user_id={QUERY.format('id', 'users.c.name == staff.c.name')}.scalar_subquery()))",
            True,
        ),
        (
            f"{CORE_KEY}op.execute(sa.update(staff).values({{'user_id': {QUERY.format('id', 'staff.c.name == users.c.name')}.as_scalar()}}))",
            True,
        ),
        (f"{CORE_KEY}op.execute(staff.update().values(user_id={QUERY.format('id', 'users.c.name == staff.c.name')}))", True),
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'code', 'name')})"), False),
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'name', 'name')} LIMIT 1)"), False),
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'name', 'name')} AND u.note IS NULL)"), False),
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'name', 'name')} OR u.id = 3)"), False),
        (sql("UPDATE staff SET user_id = (SELECT max(u.id) FROM users u WHERE u.name = staff.name)"), False),
        (sql("UPDATE staff SET user_id = (SELECT id FROM users WHERE name = 'Ada')"), False),
        (sql("UPDATE staff SET user_id = (SELECT e.id FROM elsewhere e WHERE e.name = staff.name)"), False),
        (
            sql(
                "DELETE FROM users a USING users b WHERE a.id > b.id",
                f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'name', 'name')})",
            ),
            False,
        ),
        (
            f"{CORE_KEY}op.execute(staff.update().values(user_id={QUERY.format('id', 'users.c.name == staff.c.name')}.limit(1).scalar_subquery()))",
            False,
        ),
        (
            f"{CORE_KEY}op.execute(staff.update().values(user_id={QUERY.format('id', 'users.c.id == staff.c.id')}.scalar_subquery()))",
            False,
        ),
        (
            f"{CORE_KEY}op.execute(staff.update().values(user_id={QUERY.format('id', 'users.c.name == sa.bindparam(1)')}.scalar_subquery()))",
            False,
        ),
    ],
)
def test_a_subquery_that_is_to_find_one_row_and_may_find_several(update: str, is_told: bool, dialect: str):
    found = about_copies(USER_ID + update, dialect)
    is_told = is_told and dialect != "sqlite"  # which takes any of them
    assert ["it fails where several rows there have the same 'name'" in finding.message for finding in found] == [True] * is_told


@pytest.mark.parametrize(
    ("update", "is_told"),
    [
        (sql(f"UPDATE staff SET must = ({BY_NAME.format('id', 'id', 'id')})"), True),
        (
            f"{CORE_KEY}op.execute(staff.update().values(must={QUERY.format('id', 'users.c.id == staff.c.id')}.scalar_subquery()))",
            True,
        ),
        (sql(f"UPDATE staff SET must = ({BY_NAME.format('id', 'id', 'id')}) WHERE id IN (SELECT id FROM users)"), False),
        (sql(f"UPDATE staff SET must = coalesce(({BY_NAME.format('id', 'id', 'id')}), 0)"), False),
        (sql(f"UPDATE staff SET user_id = ({BY_NAME.format('id', 'id', 'id')})"), False),
        (sql(f"UPDATE staff SET must = ({BY_NAME.format('id', 'id', 'boss_id')})"), False),
    ],
)
def test_a_subquery_that_may_find_nothing_for_a_column_that_needs_a_value(update: str, is_told: bool):
    boss = 'op.add_column("staff", sa.Column("boss_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False))\n'
    found = about_copies(USER_ID + MUST + boss + update)
    assert ["which is NOT NULL, from 'users': it fails where none has its 'id'" in finding.message for finding in found] == [
        True
    ] * is_told


def test_a_subquery_copies_what_is_too_long():
    for update in (
        sql(f"UPDATE staff SET name = ({BY_NAME.format('name', 'id', 'id')})"),
        f"{CORE_KEY}op.execute(staff.update().values(name={QUERY.format('name', 'users.c.id == staff.c.id')}.scalar_subquery()))",
    ):
        (finding,) = about_copies(update)
        assert "where a value is longer" in finding.message


@pytest.mark.parametrize(
    ("selected", "advice"),
    [
        ("name", "use SELECT DISTINCT, or GROUP BY"),
        ("name, id", "change or delete all but one of such rows first, as SELECT DISTINCT takes all of them for the 'id'"),
    ],
)
def test_distinct_is_no_advice_where_the_key_is_copied_too(selected: str, advice: str):
    table = 'op.create_table("tags", sa.Column("id", sa.Integer()), sa.Column("name", sa.String(200), unique=True))\n'
    (finding,) = about_copies(table + sql(f"INSERT INTO tags ({selected}) SELECT {selected} FROM users"))
    assert finding.instead.startswith(advice)
