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
    ],
)
def test_statements_of_the_orm_copy_like_sql(statement: str, is_told: bool):
    imports = "from sqlalchemy.orm import Session, declarative_base\n"
    found = about_copies(f"{imports}{MODEL}{NOTE}{statement}")
    assert [finding.code for finding in found] == ["MRT446"] * is_told
