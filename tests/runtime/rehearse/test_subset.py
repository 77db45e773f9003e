"""Copies that hold a sample of the given rows, with every row that these refer to."""

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.subset import SubsetKey, complete
from mrt_runtime.rehearse.session import RehearsalSession
from tests.axes import DATABASES, keep
from tests.runtime.own_names import own
from tests.runtime.rehearse.conftest import make_source

pytestmark = pytest.mark.slow

STAFF = "CREATE TABLE staff (id INTEGER PRIMARY KEY, boss INTEGER, FOREIGN KEY (boss) REFERENCES staff (id))"
SHOPS = "CREATE TABLE shops (land CHAR(2), number INTEGER, main INTEGER, PRIMARY KEY (land, number))"
ORDERS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, land CHAR(2), shop INTEGER, note VARCHAR(50),"
    " FOREIGN KEY (user_id) REFERENCES users (id), FOREIGN KEY (land, shop) REFERENCES shops (land, number))"
)
EVERY = {
    "users": "SELECT id FROM users",
    "staff": "SELECT id FROM staff",
    "shops": "SELECT land, number FROM shops",
    "orders": "SELECT id FROM orders",
}


def values(make, count):
    return ", ".join(make(number) for number in range(1, count + 1))


def land(number):
    return "de" if number % 2 else "at"


def order(number):
    shop = number * 7 % 400 + 1
    return f"({number}, {number % 700 + 1}, '{land(shop)}', {shop}, 'it''s {number} ü')"


@pytest.fixture
def shop(source):
    """A database with 1,500 orders of 700 users in 400 shops, and a chain of 300 bosses."""
    dialect = source.engine.dialect.name
    source.execute(
        "DELETE FROM users",
        "INSERT INTO users (id, name) VALUES " + values(lambda n: f"({n}, 'u{n}')", 700),
        STAFF,
        "INSERT INTO staff (id, boss) VALUES " + values(lambda n: f"({n}, NULL)", 300),
        "UPDATE staff SET boss = id - 1 WHERE id > 250",
        "UPDATE staff SET boss = 300 WHERE id = 250",  # a circle
        SHOPS,
        "INSERT INTO shops VALUES " + values(lambda n: f"('{land(n)}', {n}, NULL)", 400),
        ORDERS,
        "INSERT INTO orders VALUES " + values(order, 1500),
        "UPDATE orders SET user_id = NULL, land = NULL WHERE id = 1500",
    )
    if dialect != "sqlite":
        source.execute("ANALYZE orders" if dialect == "postgresql" else "ANALYZE TABLE orders")
    return source


def read(url):
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return {name: set(map(tuple, connection.exec_driver_sql(query).all())) for name, query in EVERY.items()}


def find_orphans(connection):
    checks = (
        "SELECT count(*) FROM orders o WHERE user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id)",
        (
            "SELECT count(*) FROM orders o WHERE land IS NOT NULL AND shop IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM shops s WHERE s.land = o.land AND s.number = o.shop)"
        ),
        "SELECT count(*) FROM staff s WHERE boss IS NOT NULL AND NOT EXISTS (SELECT 1 FROM staff b WHERE b.id = s.boss)",
    )
    return [connection.exec_driver_sql(check).scalar() for check in checks]


@pytest.mark.parametrize("source", keep(DATABASES, "postgres", "mysql"), indirect=True)
def test_a_sample_has_some_rows_of_each_table_and_all_that_they_refer_to(shop):
    before = shop.digest()
    database = databases.connect_copying(shop.url, None, subset=20)
    with database.make_scratch() as scratch:
        found = read(scratch.url)
        with scratch.engine.connect() as connection:
            assert find_orphans(connection) == [0, 0, 0]
            notes = connection.exec_driver_sql("SELECT note FROM orders WHERE id = 1499").scalar()
            keys = sa.inspect(connection).get_foreign_keys("orders")
    database.close()
    assert len(found["orders"]) == 20
    assert {(1,), (10,), (1491,), (1500,)} <= found["orders"]
    assert 20 < len(found["users"]) <= 40
    # the last one's bosses, in a circle, and the first ones, who have none
    assert found["staff"] == {(number,) for number in (*range(1, 11), *range(250, 301))}
    assert notes == "it's 1499 ü"
    assert len(keys) == 2
    assert shop.digest() == before
    assert shop.leftovers() == []


@pytest.mark.parametrize("source", keep(DATABASES, "sqlite"), indirect=True)
def test_a_rehearsal_goes_on_a_sample(shop, history):
    dropping = ("dropping", 'op.drop_column("orders", "note")', 'op.add_column("orders", sa.Column("note", sa.String(50)))')
    with RehearsalSession(shop.url, history(dropping).config(), subset=20) as session:
        facts = session.facts
        [revision] = session.rehearse(session.select())
    assert facts.subset == 20
    assert facts.heads == ("first",)
    assert [str(failure) for failure in revision.verdict.failures] == ["Column 'orders.note': 20/20 values lost after rollback"]
    assert shop.leftovers() == []


def test_keys_are_followed_until_nothing_is_missing():
    own, other = SubsetKey("a", ("x",), "a", ("id",)), SubsetKey("b", ("y",), "a", ("id",))
    left = {own: 3, other: 1}
    asked = []

    def bring(key):
        asked.append(key)
        left[key] -= left[key] > 0
        return left[key]

    complete([own, other], bring)
    assert asked.count(own) >= 3
    assert asked[-1] is own


def sampled(source, rows, *queries):
    """What these queries find in a copy with so many rows of each table."""
    database = databases.connect_copying(source.url, None, subset=rows)
    try:
        with database.make_scratch() as scratch, scratch.engine.connect() as connection:
            return [sorted(map(tuple, connection.exec_driver_sql(query).all())) for query in queries]
    finally:
        database.close()


def test_types_partitions_sequences_and_what_reacts_to_rows_come_along_on_postgresql(postgres_source):
    postgres_source.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.logs (id bigint NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE crm.logs_1 PARTITION OF crm.logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE crm.logs_2 PARTITION OF crm.logs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        "INSERT INTO crm.logs SELECT i, date '2020-01-01' + mod(i, 700) FROM generate_series(1, 1000) AS i",
        "CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, tags text[], doc jsonb, span int4range,"
        " raw bytea, twice bigint GENERATED ALWAYS AS (log_id * 2) STORED, log_id bigint, log_at date,"
        " FOREIGN KEY (log_id, log_at) REFERENCES crm.logs (id, at))",
        "INSERT INTO things (mood, tags, doc, span, raw, log_id, log_at) SELECT 'glad', ARRAY['a,\"b', NULL], '{\"a\": [1, null]}',"
        " int4range(1, i), '\\x0001ff', i, date '2020-01-01' + mod(i, 700) FROM generate_series(400, 800) AS i",
        "CREATE SEQUENCE numbers START 7",
        "SELECT nextval('numbers'), nextval('numbers')",
        "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE TRIGGER forbid BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION forbid()",
        "CREATE VIEW seen AS SELECT id FROM things",
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS number FROM things",
    )
    things, counted, numbers, logs, triggers = sampled(
        postgres_source,
        10,
        "SELECT id, mood::text, tags, doc::text, span::text, raw, twice FROM things WHERE id = 401",
        "SELECT number FROM counted",
        "SELECT last_value, is_called FROM numbers",
        "SELECT count(*) FROM crm.logs WHERE (id, at) IN (SELECT log_id, log_at FROM things)",
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    )
    assert things == [(401, "glad", ['a,"b', None], '{"a": [1, null]}', "[1,800)", b"\x00\x01\xff", 1600)]
    assert counted == [(10,)]
    assert numbers == [(8, True)]
    assert logs == [(10,)]
    assert triggers == [("forbid",)]
    assert postgres_source.leftovers() == []


def test_bytes_generated_columns_and_what_reacts_to_rows_come_along_on_mysql(mysql_server):
    with make_source(mysql_server.set(database=own("staging")), mysql_server) as source:
        source.execute(
            "CREATE TABLE files (id BINARY(4) PRIMARY KEY, size INT, twice INT GENERATED ALWAYS AS (size * 2) STORED)",
            "INSERT INTO files (id, size) VALUES " + values(lambda n: f"(0x{n:08x}, {n})", 300),
            "CREATE TABLE `a b` (id INT AUTO_INCREMENT PRIMARY KEY, file BINARY(4), FOREIGN KEY (file) REFERENCES files (id))",
            "INSERT INTO `a b` (file) VALUES " + values(lambda n: f"(0x{n % 300 + 1:08x})", 500),
            "CREATE TRIGGER forbid BEFORE INSERT ON files FOR EACH ROW SIGNAL SQLSTATE '45000'",
            "CREATE VIEW seen AS SELECT id FROM files",
        )
        files, counter, triggers = sampled(
            source,
            10,
            "SELECT hex(id), twice FROM files WHERE size = 301 - 100",
            "SELECT auto_increment FROM information_schema.tables WHERE table_name = 'a b' AND table_schema = database()",
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
        )
        assert files == [("000000C9", 402)]
        assert counter == [(501,)]
        assert triggers == [("forbid",)]
        assert source.leftovers() == []


def test_sequences_come_along_on_mariadb(mysql_server):
    with make_source(mysql_server.set(database=own("staging")), mysql_server) as source:
        with source.engine.connect() as connection:
            if "MariaDB" not in str(connection.exec_driver_sql("SELECT version()").scalar()):
                pytest.skip("MySQL has no sequences")
        source.execute("CREATE SEQUENCE numbers START WITH 7 NOCACHE", "SELECT NEXT VALUE FOR numbers")
        assert sampled(source, 10, "SELECT NEXT VALUE FOR numbers") == [[(8,)]]


def test_what_sqlite_keeps_beside_the_tables_comes_along(tmp_path):
    with make_source(f"sqlite:///{tmp_path}/staging.db") as source:
        source.execute(
            "PRAGMA user_version = 7",
            "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, Body TEXT, size INT GENERATED ALWAYS AS (length(body)), u INT"
            " REFERENCES USERS)",
            "INSERT INTO notes (id, body, u) VALUES " + values(lambda n: f"({n}, 'x', {n % 30 + 1})", 500),
            "CREATE TRIGGER forbid BEFORE INSERT ON notes BEGIN SELECT RAISE(ABORT, 'no'); END",
            "CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID",
            "INSERT INTO pairs VALUES " + values(lambda n: f"({n}, {n})", 300),
        )
        found = sampled(
            source,
            10,
            "SELECT count(*), max(size) FROM notes",
            "SELECT seq FROM sqlite_sequence",
            "PRAGMA user_version",
            "SELECT count(*) FROM pairs",
            "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        )
        assert found == [[(10, 1)], [(500,)], [(7,)], [(10,)], [("forbid",)]]
        source.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
        with pytest.raises(
            ConfigurationError, match="Table words is a virtual one, of which no sample is taken: leave --subset out"
        ):
            sampled(source, 10)


@pytest.mark.parametrize("source", keep(DATABASES, "postgres", "mysql"), indirect=True)
def test_names_of_columns_are_never_taken_apart(source):
    quoted = source.engine.dialect.identifier_preparer.quote_identifier
    odd, other, owner = (quoted(name) for name in ("a, b", 'c."d`', "it's; (e)"))
    source.execute(
        f"CREATE TABLE parents ({odd} INTEGER, {other} INTEGER, note VARCHAR(9), PRIMARY KEY ({odd}, {other}))",
        "INSERT INTO parents VALUES " + values(lambda n: f"({n}, {n}, 'x')", 300),
        f"CREATE TABLE children (id INTEGER PRIMARY KEY, {owner} INTEGER, {odd} INTEGER,"
        f" FOREIGN KEY ({owner}, {odd}) REFERENCES parents ({odd}, {other}))",
        "INSERT INTO children VALUES " + values(lambda n: f"({n}, {150 + n % 3}, {150 + n % 3})", 300),
    )
    [parents] = sampled(source, 4, f"SELECT {odd} FROM parents")
    assert parents == [(number,) for number in (1, 2, 150, 151, 152, 299, 300)]
