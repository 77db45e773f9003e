"""Every kind of change on MySQL and MariaDB is told in the right words, and nothing is told when it is undone."""

import pytest

COLLATION = "utf8mb4_general_ci"
COLLATED = f"collation {COLLATION}"
USERS = f"CREATE TABLE users (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(50), age integer) COLLATE {COLLATION}"
POSTS = "CREATE TABLE posts (id integer PRIMARY KEY, author integer)"


def alter(action, table="users"):
    return f"ALTER TABLE {table} {action}"


CASES = {
    "table left behind": ([], USERS, ["Table 'users' still exists after rollback"], "DROP TABLE users"),
    "table missing": (USERS, "DROP TABLE users", ["Table 'users' missing after rollback"], USERS),
    "column": (
        USERS,
        [alter("ADD phone text"), alter("DROP age")],
        ["Column 'users.age' missing after rollback", "Column 'users.phone' still exists after rollback"],
        [alter("DROP phone"), alter("ADD age integer")],
    ),
    "type": (
        "CREATE TABLE users (name varchar(50), n integer, e enum('a', 'b'))",
        alter("MODIFY name text, MODIFY n bigint unsigned, MODIFY e enum('a', 'B')"),
        [
            "Column 'users.name': type VARCHAR(50) became TEXT after rollback",
            "Column 'users.n': type INT(11) became BIGINT(20) UNSIGNED after rollback",
            "Column 'users.e': type ENUM('a','b') became ENUM('a','B') after rollback",
        ],
        alter("MODIFY name varchar(50), MODIFY n integer, MODIFY e enum('a', 'b')"),
    ),
    "nullability, default and comment": (
        USERS,
        alter("MODIFY name varchar(50) NOT NULL DEFAULT 'x' COMMENT 'who'"),
        [
            "Column 'users.name': NULL became NOT NULL after rollback",
            "Column 'users.name': default none became 'x' after rollback",
            "Column 'users.name': comment none became who after rollback",
        ],
        alter("MODIFY name varchar(50)"),
    ),
    "definer": (
        "CREATE VIEW v AS SELECT 1 AS x",
        "CREATE OR REPLACE DEFINER = 'nobody'@'example.org' VIEW v AS SELECT 1 AS x",
        ["View 'v': definer none became nobody@example.org after rollback"],
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS x",
    ),
    "an event that is made again": (
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SET @x = 1",
        ["DO SLEEP(2)", "DROP EVENT e", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SET @x = 1"],
        [],
        [],
    ),
    "auto increment": (
        USERS,
        alter("MODIFY id integer"),
        ["Column 'users.id': identity auto became none after rollback"],
        alter("MODIFY id integer AUTO_INCREMENT"),
    ),
    "on update": (
        "CREATE TABLE users (at datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        alter("MODIFY at datetime DEFAULT CURRENT_TIMESTAMP"),
        ["Column 'users.at': ON UPDATE current_timestamp() became none after rollback"],
        alter("MODIFY at datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"),
    ),
    "generated": (
        "CREATE TABLE users (age integer, twice integer AS (age * 2) VIRTUAL)",
        [alter("DROP twice"), alter("ADD twice integer AS (age * 3) STORED")],
        [
            "Column 'users.twice': generated as `age` * 2 became `age` * 3 after rollback",
            "Column 'users.twice': VIRTUAL became STORED after rollback",
        ],
        [alter("DROP twice"), alter("ADD twice integer AS (age * 2) VIRTUAL")],
    ),
    "collation": (
        USERS,
        alter("MODIFY name varchar(50) COLLATE utf8mb4_bin"),
        ["Column 'users.name': collation utf8mb4_general_ci became utf8mb4_bin after rollback"],
        alter("MODIFY name varchar(50) COLLATE utf8mb4_general_ci"),
    ),
    "engine": (
        USERS,
        alter("ENGINE = MyISAM"),
        [
            f"Table 'users': options (engine InnoDB, {COLLATED}) became (engine MyISAM, {COLLATED}) after rollback",
        ],
        alter("ENGINE = InnoDB"),
    ),
    "column order is a warning": (
        USERS,
        alter("MODIFY age integer AFTER id"),
        ["Table 'users': column order (id, name, age) became (id, age, name) after rollback"],
        alter("MODIFY age integer AFTER name"),
    ),
    "primary key": (
        POSTS,
        alter("DROP PRIMARY KEY", "posts"),
        ["Primary key of 'posts' missing after rollback"],
        alter("ADD PRIMARY KEY (id)", "posts"),
    ),
    "index": (
        [USERS, alter("ADD INDEX ix (name)")],
        [alter("DROP INDEX ix"), alter("ADD UNIQUE INDEX ix (name(5), age)")],
        [
            "Index 'ix' on 'users': not unique became UNIQUE after rollback",
            "Index 'ix' on 'users': columns (name) became (name(5), age) after rollback",
        ],
        [alter("DROP INDEX ix"), alter("ADD INDEX ix (name ASC)")],
    ),
    "unique constraint is an index": (
        USERS,
        alter("ADD CONSTRAINT uq_name UNIQUE (name)"),
        ["Index 'uq_name' on 'users' still exists after rollback"],
        alter("DROP INDEX uq_name"),
    ),
    "check": (
        [USERS, alter("ADD CONSTRAINT ck CHECK (age > 0)"), alter("ADD CHECK (age < 200)")],
        [alter("DROP CONSTRAINT ck"), alter("DROP CONSTRAINT CONSTRAINT_1")],
        [
            "Check constraint 'ck' on 'users' missing after rollback",
            "Check constraint (`age` < 200) on 'users' missing after rollback",
        ],
        [alter("ADD CHECK (age < 200)"), alter("ADD CONSTRAINT ck CHECK (age > 0)")],
    ),
    "foreign key leaves its index behind": (
        [USERS, POSTS],
        alter("ADD CONSTRAINT fk FOREIGN KEY (author) REFERENCES users (id) ON DELETE CASCADE", "posts"),
        ["Foreign key 'fk' on 'posts' still exists after rollback", "Index 'fk' on 'posts' still exists after rollback"],
        [alter("DROP FOREIGN KEY fk", "posts"), alter("DROP INDEX fk", "posts")],
    ),
    "a foreign key's name that the server chose anew is no difference": (
        [USERS, POSTS, alter("ADD FOREIGN KEY (author) REFERENCES users (id)", "posts")],
        alter("DROP FOREIGN KEY posts_ibfk_1", "posts"),
        ["Foreign key (author) on 'posts' missing after rollback"],
        alter("ADD CONSTRAINT posts_ibfk_2 FOREIGN KEY (author) REFERENCES users (id)", "posts"),
    ),
    "view": (
        [USERS, "CREATE VIEW adults AS SELECT id FROM users WHERE age > 17"],
        "CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 20",
        ["View 'adults': definition changed after rollback"],
        "CREATE OR REPLACE VIEW adults AS SELECT  users.id FROM users WHERE (age > 17)",
    ),
    "trigger": (
        USERS,
        "CREATE TRIGGER tr BEFORE INSERT ON users FOR EACH ROW SET NEW.age = 1",
        ["Trigger 'tr' on 'users' still exists after rollback"],
        "DROP TRIGGER tr",
    ),
    "routine": (
        "CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 1",
        ["DROP FUNCTION one", "CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 2"],
        ["Function 'one': definition changed after rollback"],
        ["DROP FUNCTION one", "CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 1"],
    ),
    "partitions": (
        "CREATE TABLE log (id integer) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (9))",
        alter("ADD PARTITION (PARTITION p1 VALUES LESS THAN MAXVALUE)", "log"),
        ["Table 'log': partition key p0 RANGE `id` 9 became p0 RANGE `id` 9, p1 RANGE `id` MAXVALUE after rollback"],
        alter("DROP PARTITION p1", "log"),
    ),
}
ONLY_MARIADB = {
    "sequence": (
        "CREATE SEQUENCE numbers",
        "ALTER SEQUENCE numbers INCREMENT 5",
        ["Sequence 'numbers': increment 1 became 5 after rollback"],
        "ALTER SEQUENCE numbers INCREMENT 1",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_told_and_its_undoing_is_not(mysql, case):
    mysql.check(*case)


@pytest.mark.parametrize("case", ONLY_MARIADB.values(), ids=ONLY_MARIADB)
def test_what_only_mariadb_has_is_told(mysql, case):
    if not mysql.connection.dialect.is_mariadb:
        pytest.skip("MySQL has no sequences")
    mysql.check(*case)
