"""What MySQL's and MariaDB's statements reach for is read from their tokens: what is outside is stopped, the rest is let through."""

import dataclasses
from random import Random

import pymysql
import pytest
import sqlalchemy as sa

from mrt_runtime.databases.mysql.outside import find_outside
from mrt_runtime.databases.mysql.place import ScratchPlace
from mrt_runtime.databases.mysql.refusal import explain_refusal
from mrt_runtime.databases.mysql.translation import translate

PLACE = ScratchPlace(own="own", given="app", dialect="mariadb", definer="`mrt_1`@`%`")
BARE = dataclasses.replace(PLACE, definer=None)
LOGGING = dataclasses.replace(PLACE, trusts=False)

OUTSIDE = (
    "CREATE TABLE IF NOT EXISTS `shop`.`t` (a INT)",
    "ALTER TABLE shop.t ADD COLUMN a INT",
    "DROP TABLE IF EXISTS t, shop . u",
    "RENAME TABLE t TO shop.t",
    "RENAME TABLE a TO b, c TO shop.t",
    "TRUNCATE shop.t",
    "TRUNCATE TABLE shop.t",
    "insert ignore into shop.t values (1)",
    "insert shop.t values (1)",
    "UPDATE shop.t SET a = 1",
    "DELETE FROM shop.t",
    "CREATE UNIQUE INDEX i ON shop.t (a)",
    "DROP INDEX i ON shop.t",
    "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW shop.v AS SELECT 1",
    "CREATE VIEW v AS SELECT * FROM shop.t",
    "USE shop",
    "DROP DATABASE shop",
    "-- x\\\nDELETE FROM shop.p",
    "/* x */ DELETE FROM shop.p",
    "# x\\\nDELETE FROM shop.p",
    "DELETE p FROM shop.p",
    "DELETE shop.p FROM shop.p",
    "DELETE p, t FROM t JOIN shop.p ON p.id = t.id",
    "DELETE FROM p USING shop.p",
    "DELETE FROM shop.p USING shop.p JOIN t",
    "DELETE FROM t, shop.p USING t JOIN shop.p",
    "UPDATE t, shop.p SET shop.p.n = 1",
    "UPDATE t JOIN shop.p ON t.id = p.id SET p.n = 1",
    "UPDATE t LEFT JOIN (shop.p) ON 1 SET p.n = 1",
    "UPDATE (t JOIN u ON t.a=u.a), shop.p SET n = 1",
    "WITH c AS (SELECT 1) UPDATE shop.p SET n = 1",
    "WITH c AS (SELECT 1) DELETE shop.p FROM shop.p",
    "CALL shop.q()",
    "PREPARE s FROM 'DELETE FROM shop.p'",
    "EXECUTE IMMEDIATE 'DELETE FROM shop.p'",
    "EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 'shop.p')",
    "BEGIN NOT ATOMIC DELETE FROM shop.p; END",
    "IF 1 THEN DELETE FROM shop.p; END IF",
    "IF (SELECT 1) THEN DELETE FROM shop.p; END IF",
    "ANALYZE UPDATE shop.p SET n = 1",
    "ANALYZE FORMAT=JSON DELETE FROM shop.p",
    "EXPLAIN ANALYZE UPDATE shop.p SET n = 1",
    "SET STATEMENT max_statement_time=1 FOR DELETE FROM shop.p",
    "ALTER TABLE t RENAME shop.t",
    "ALTER TABLE t RENAME TO shop.t",
    "ALTER TABLE t RENAME AS shop.t",
    "/*!50000 DELETE FROM shop.p */",
    "/*!DELETE FROM*/ shop.p",
    "/*M!100000 DELETE FROM shop.p */",
    "DELETE FROM shop./**/p",
    "DELETE FROM `shop`.`p`",
    'DELETE FROM "shop"."p"',
    "DELETE FROM shop/**/./*x*/`p`",
    "CREATE TRIGGER shop.tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
    "CREATE TRIGGER tr BEFORE INSERT ON shop.t FOR EACH ROW SET @a = 1",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DELETE FROM shop.p",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN DELETE FROM shop.p; END",
    "CREATE PROCEDURE q() DELETE FROM shop.p",
    "CREATE PROCEDURE q() BEGIN IF 1 THEN UPDATE shop.p SET n = 1; END IF; END",
    "CREATE PROCEDURE q() FLUSH TABLES",
    "CREATE PROCEDURE shop.q() SELECT 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM shop.p",
    "CREATE EVENT shop.e ON SCHEDULE EVERY 1 DAY DO DELETE FROM p",
    "CREATE FUNCTION shop.f() RETURNS INT RETURN 1",
    "INSERT INTO shop.p SELECT * FROM t",
    "REPLACE INTO shop.p VALUES (1)",
    "LOAD DATA LOCAL INFILE 'x' INTO TABLE shop.p",
    "LOAD DATA INFILE 'x' INTO TABLE shop.p",
    "LOAD XML INFILE 'x' INTO TABLE shop.p",
    "FLUSH TABLES",
    "RESET MASTER",
    "SHUTDOWN",
    "PURGE BINARY LOGS TO 'x'",
    "CHANGE MASTER TO MASTER_HOST='x'",
    "SET GLOBAL max_connections = 1",
    "SET @@GLOBAL.max_connections = 1",
    "SET @a = 1, GLOBAL max_connections = 1",
    "SET PERSIST x = 1",
    "SET @@global . x = 1",
    "INSTALL PLUGIN x SONAME 'y'",
    "KILL 5",
    "KILL QUERY 5",
    "KILL @x",
    "CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://x'",
    "CREATE TABLE f (a INT) ENGINE CONNECT",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT shop.f()",
    "DO shop.f()",
    "SET @a = shop.f()",
    "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES shop.p (id))",
    "CREATE TABLE t (a INT) ENGINE=MERGE UNION=(shop.p)",
    "LOCK TABLES shop.p WRITE",
    "OPTIMIZE TABLE shop.p",
    "ANALYZE TABLE shop.p",
    "REPAIR TABLE t, shop.p",
    "CREATE SEQUENCE shop.s",
    "DROP VIEW v, shop.v",
    "ALTER DATABASE shop CHARACTER SET utf8mb4",
    "ALTER SCHEMA `shop` CHARACTER SET utf8mb4",
    "CREATE DATABASE IF NOT EXISTS shop",
    "SELECT 1; DELETE FROM shop.p",
    "INSERT INTO t VALUES (';'); DELETE FROM shop.p",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')",
    "EXECUTE IMMEDIATE 'GRANT ALL ON *.* TO x'",
    "/*!99999 ' */ DELETE FROM shop.p -- '",
    "DELETE FROM shop.p AS shop",
    "UPDATE t SET a = 1 WHERE b IN (SELECT shop.f(1))",
    "INSERT INTO t SELECT shop.f(1)",
    "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE shop.t",
    "INSERT INTO performance_schema.x VALUES (1)",
    "GRANT SELECT ON *.* TO x",
    "CREATE USER x",
    "SET PASSWORD FOR x = 'y'",
    "CREATE TABLE shop.t SELECT 1",
    "HANDLER shop.t OPEN",
    "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'",
    "TRUNCATE TABLE t; TRUNCATE shop.p",
    "ALTER VIEW shop.v AS SELECT 1",
    "DROP TRIGGER shop.tr",
    "DROP PROCEDURE IF EXISTS shop.q",
    "ALTER EVENT e RENAME TO shop.e",
    "DELETE QUICK FROM shop.p",
    "UPDATE LOW_PRIORITY IGNORE shop.p SET n=1",
    "START SLAVE",
    "SET PASSWORD = PASSWORD('x')",
    "SET DEFAULT ROLE x",
    "CREATE TABLE f (a INT) DATA DIRECTORY='/tmp'",
    "KILL CONNECTION @x",
)
INSIDE = (
    "CREATE TABLE t (a INT)",
    "CREATE TABLE own.t (a INT)",
    "INSERT INTO t SELECT * FROM shop.t",
    "INSERT INTO t (a) SELECT x.a FROM shop.t x JOIN shop.u AS y ON x.a = y.a",
    "INSERT INTO t SELECT * FROM shop.t ON DUPLICATE KEY UPDATE t.a = VALUES(a)",
    "CREATE TABLE t AS SELECT * FROM shop.t",
    "CREATE TABLE t LIKE shop.t",
    "UPDATE t SET a = t.b",
    "UPDATE t SET t.a = (SELECT max(u.a) FROM u)",
    "UPDATE t SET t.a = (SELECT max(u.a) FROM shop.u u)",
    "UPDATE t AS x JOIN u AS y ON x.a = y.a SET x.b = y.b, x.c = IF(y.c > 1.5, 'a.b', DATE_FORMAT(y.d, '%Y.%m'))",
    "DELETE x FROM t x LEFT JOIN u y ON x.a = y.a WHERE y.a IS NULL",
    "DELETE FROM t WHERE a IN (SELECT a FROM shop.t)",
    "DELETE t.* FROM t WHERE t.a = 1",
    "SELECT 1.5",
    "SELECT * FROM shop.t",
    "SELECT EXTRACT(YEAR FROM t.d), TRIM(BOTH 'x' FROM t.n) FROM t",
    "UPDATE t SET y = EXTRACT(YEAR FROM t.d)",
    "ALTER DATABASE CHARACTER SET utf8mb4",
    "ALTER DATABASE own CHARACTER SET utf8mb4",
    "ALTER DATABASE DEFAULT COLLATE utf8mb4_bin",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = OLD.b",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.a IS NULL THEN SET NEW.a = UUID(); END IF; END",
    "CREATE TRIGGER tr AFTER UPDATE ON t FOR EACH ROW FOLLOWS x INSERT INTO log (a) VALUES (NEW.a)",
    "UPDATE t SET j = JSON_SET(j, '$.a.b', 1) WHERE j->'$.x' = 1",
    "SET @a = (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE())",
    "SET SESSION sql_mode = ''",
    "SET @@session.sql_mode = ''",
    "SET @old = @@GLOBAL.sql_mode",
    "SET NAMES utf8mb4",
    "SET foreign_key_checks = 0",
    "PREPARE s FROM @x",
    "EXECUTE IMMEDIATE 'DELETE FROM p'",
    "PREPARE s FROM 'UPDATE t SET a = ?'",
    "CREATE VIEW v AS SELECT t.a, u.b FROM t JOIN u ON t.a = u.a",
    "CREATE PROCEDURE q() BEGIN DECLARE c CURSOR FOR SELECT t.a FROM t; DECLARE x INT; OPEN c; FETCH c INTO x; UPDATE t SET t.a = x; END",
    "FOR r IN (SELECT a FROM t) DO UPDATE t SET a = r.a; END FOR",
    "INSERT INTO t VALUES ('DELETE FROM shop.p; DROP DATABASE shop')",
    "INSERT INTO t SET t.a = 1",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (t.a > 0)",
    "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE ON UPDATE CASCADE",
    "SELECT * FROM t FOR UPDATE",
    "KILLED",
    "CREATE TABLE kill_list (reset INT, flush INT, purge INT)",
    "SELECT CASE WHEN a THEN reset ELSE purge END FROM t",
    "UPDATE t SET a = CASE WHEN b THEN flush ELSE kill END",
    "UPDATE t SET global = 1",
    "SHOW TABLES FROM shop",
    "EXPLAIN SELECT * FROM shop.t",
    "EXPLAIN UPDATE shop.t SET a = 1",
    "ANALYZE TABLE t",
    "LOCK TABLES t WRITE, u AS x READ",
    "UNLOCK TABLES",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE t.a < NOW()",
    "CREATE TABLE t (a INT DEFAULT (s.nextval))",
    "CREATE INDEX i ON t (a)",
    "CREATE FULLTEXT INDEX i ON t (a)",
    "CREATE TABLE t (a INT) ENGINE=InnoDB",
    "CREATE DEFINER=root@localhost.localdomain PROCEDURE q() SELECT 1",
    "SELECT REPLACE(t.a, 'x', 'y'), INSERT(t.a, 1, 1, 'x'), TRUNCATE(t.a, 1) FROM t",
    "UPDATE t SET a = REPLACE(t.a, 'x', 'y'), b = TRUNCATE(t.b, 1)",
    "START TRANSACTION",
    "SELECT sys.version_major()",
    "INSERT INTO t VALUES (NOW(), 1.5, -2.5e3, 'x'), (DEFAULT, .5, 0x1F, b'1')",
    "UPDATE t1 a, t2 b SET a.x = b.x WHERE a.id = b.id",
    "DELETE a, b FROM t1 AS a INNER JOIN t2 AS b WHERE a.id = b.id",
    "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT c.n + 1 FROM c WHERE c.n < 5) SELECT c.n FROM c",
    "SELECT a INTO @x FROM shop.t LIMIT 1",
    "REVOKED",
)


@pytest.mark.parametrize("statement", OUTSIDE)
def test_what_is_outside_is_told(statement):
    assert find_outside(statement, BARE)


@pytest.mark.parametrize("statement", INSIDE)
def test_what_stays_inside_or_only_reads_is_let_through(statement):
    assert find_outside(statement, BARE) == ""


def test_names_of_databases_differ_in_capitals_where_the_server_says_so():
    strict = dataclasses.replace(PLACE, folds=False)
    assert find_outside("DELETE FROM OWN.t", PLACE) == ""
    assert find_outside("DELETE FROM OWN.t", strict) == "the database OWN"


def test_an_account_of_its_own_may_end_its_own_sessions():
    assert find_outside("KILL 5", BARE) == "the whole server (KILL)"
    assert find_outside("KILL 5", PLACE) == ""


def test_a_comment_of_mariadb_is_code_there_only():
    mysql = dataclasses.replace(PLACE, dialect="mysql")
    assert find_outside("/*M!100000 DROP DATABASE shop */", PLACE) == "the database shop"
    assert find_outside("/*M!100000 DROP DATABASE shop */", mysql) == ""


def read(text, place=PLACE):
    made = translate(text, place, lambda statement, connection: None)
    return made.statement, made.notes


@pytest.mark.parametrize(
    ("text", "statement", "note"),
    [
        ("SELECT 1", "SELECT 1", ""),
        (
            "GRANT SELECT ON app.* TO x IDENTIFIED BY 'geheim'",
            "DO 0",
            "Not run: GRANT SELECT ON app.* TO x IDENTIFIED BY '***'; accounts",
        ),
        (
            "/* a */ CREATE USER x IDENTIFIED BY PASSWORD '*1' ; SELECT 1",
            "/* a */ DO 0 ; SELECT 1",
            "Not run: CREATE USER x IDENTIFIED BY PASSWORD '***'",
        ),
        ("SET PASSWORD = 'geheim'", "DO 0", "Not run: SET PASSWORD = '***'"),
        ("flush privileges", "DO 0", "Not run: flush privileges"),
        ("USE app", "USE `own`", "The database app in USE became"),
        ("use `app`;", "use `own`;", "The database app in USE became"),
        (
            "ALTER DATABASE app COLLATE utf8mb4_bin",
            "ALTER DATABASE `own` COLLATE utf8mb4_bin",
            "The database app in ALTER DATABASE",
        ),
        ("CREATE DATABASE IF NOT EXISTS app", "CREATE DATABASE IF NOT EXISTS `own`", "The database app in CREATE DATABASE"),
        ("SET sql_log_bin = 0", "DO 0", "Not run: SET sql_log_bin = 0"),
        ("SET @@session.sql_log_bin = 0, @a = f(1, 2)", "SET @a = f(1, 2)", "Not run: SET @@session.sql_log_bin"),
        ("SET GLOBAL log_bin_trust_function_creators = 1", "DO 0", "Not run: SET GLOBAL log_bin_trust"),
        ("CREATE DEFINER=`a`@`%%` VIEW v AS SELECT 1", "CREATE DEFINER=CURRENT_USER VIEW v AS SELECT 1", "DEFINER=`a`@`%` became"),
        (
            "CREATE DEFINER = a@db-1.x.org PROCEDURE p() DO 1",
            "CREATE DEFINER = CURRENT_USER PROCEDURE p() DO 1",
            "DEFINER=a@db-1.x.org",
        ),
        ("CREATE DEFINER=a PROCEDURE p() DO 1", "CREATE DEFINER=CURRENT_USER PROCEDURE p() DO 1", "DEFINER=a became"),
        (
            "/*!50013 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50013 TRIGGER t BEFORE INSERT ON u FOR EACH ROW DO 1*/",
            "/*!50013 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50013 TRIGGER t BEFORE INSERT ON u FOR EACH ROW DO 1*/",
            "DEFINER=`a`@`b`",
        ),
        ("CREATE DEFINER=CURRENT_USER() VIEW v AS SELECT 1", "CREATE DEFINER=CURRENT_USER() VIEW v AS SELECT 1", ""),
        ("CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1", "CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1", ""),
        ("CREATE TABLE t (a INT COMMENT 'DEFINER=root@x')", "CREATE TABLE t (a INT COMMENT 'DEFINER=root@x')", ""),
    ],
)
def test_what_a_scratch_database_has_otherwise_is_translated_and_noted(text, statement, note):
    translated, notes = read(text)
    assert translated == statement
    assert len(notes) == bool(note)
    assert "".join(notes).startswith(note)


def test_without_an_account_of_its_own_definers_and_settings_are_left_and_accounts_are_not_made():
    for text in ("CREATE DEFINER=a@b VIEW v AS SELECT 1", "SET sql_log_bin = 0"):
        assert read(text, BARE) == (text, ())
    assert read("CREATE USER x", BARE)[0] == "DO 0"
    assert translate("SET GLOBAL log_bin_trust_function_creators = 1", BARE, print).outside == "the whole server's settings"


def programs(text):
    """What would be run over the given account."""
    ran = []
    made = translate(text, LOGGING, lambda statement, connection: ran.append(statement))
    if made.answer is not None:
        made.answer(None)
    return ran


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (
            "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW DO 1",
            "CREATE DEFINER=`mrt_1`@`%` TRIGGER t BEFORE INSERT ON u FOR EACH ROW DO 1",
        ),
        (
            "create or replace definer='a'@'b' function f() returns int return '#'",
            "create or replace DEFINER=`mrt_1`@`%` function f() returns int return '#'",
        ),
        (
            "/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER()*/ /*!50003 FUNCTION f() RETURNS INT RETURN 1 */",
            "CREATE DEFINER=`mrt_1`@`%` FUNCTION f() RETURNS INT RETURN 1",
        ),
        ("ALTER FUNCTION f SQL SECURITY INVOKER", "ALTER FUNCTION f SQL SECURITY INVOKER"),
    ],
)
def test_over_the_given_account_runs_what_was_read_and_no_comment(text, program):
    assert programs(text) == [program]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE PROCEDURE p() DO 1",
        "CREATE VIEW v AS SELECT 1",
        "/*!99999 CREATE FUNCTION f */ DELETE FROM shop.p",
        "CREATE TRIGGER shop.t BEFORE INSERT ON u FOR EACH ROW DO 1",
        "CREATE FUNCTION f() RETURNS INT RETURN shop.g()",
        "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW DO 1; DROP TABLE u",
        "CREATE USER x FUNCTION",
        "ALTER USER x IDENTIFIED BY 'y' FUNCTION f",
        "CREATE TEMPORARY FUNCTION f() RETURNS INT RETURN 1",
        "DROP FUNCTION f",
    ],
)
def test_nothing_else_runs_over_the_given_account(text):
    assert programs(text) == []


def test_what_a_comment_hides_from_the_reader_is_not_sent_over_the_given_account():
    """One server executes this comment and another does not: what is sent has no comment, and is no statement then."""
    (sent,) = programs("/*!99999 CREATE FUNCTION f */ EXECUTE IMMEDIATE CHAR(68, 79)")
    assert sent == "CREATE DEFINER=`mrt_1`@`%` FUNCTION f EXECUTE IMMEDIATE CHAR(68, 79)"


def test_any_text_is_read_without_an_error():
    random = Random(7)
    words = [
        *" ".join((*OUTSIDE, *INSIDE)).split(),
        ".",
        ",",
        "(",
        ")",
        ";",
        "=",
        "@",
        "`",
        "'",
        "/*!",
        "*/",
        "DEFINER",
        "SET",
        "FOR",
    ]
    for _ in range(3000):
        text = " ".join(random.choices(words, k=random.randrange(9)))
        for place in (PLACE, BARE, LOGGING):
            assert translate(text, place, lambda *_: None).statement is not None


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (1142, "DELETE command denied to user 'x'@'y' for table `shop`.`p`", "It reaches for shop.p, outside"),
        (1142, "SELECT command denied to user 'x'@'y' for table `app`.`p`", "write p in place of app.p"),
        (1142, "DELETE command denied to user 'x'@'y' for table 'p'", "It reaches for a table outside"),
        (1044, "Access denied for user 'x'@'y' to database 'shop'", "It reaches for shop, outside"),
        (1044, "Access denied for user 'x'@'y' to database 'app'", "write names without the database"),
        (1370, "execute command denied to user 'x'@'y' for routine 'shop.p'", "It reaches for shop.p, outside"),
        (1227, "Access denied; you need (at least one of) the FILE privilege(s) for this operation", "(FILE)"),
        (1045, "Access denied for user 'x'@'y' (using password: YES)", "a login or file"),
        (1410, "You are not allowed to create a user with GRANT", "an account"),
        (1419, "You do not have the SUPER privilege", "Written with op.execute()"),
    ],
)
def test_a_refusal_is_explained_wherever_the_error_is_among_the_causes(number, words, told):
    error = pymysql.err.OperationalError(number, words)
    wrapped = sa.exc.OperationalError("x", {}, error)
    chained = RuntimeError("a migration's own")
    chained.__cause__ = wrapped
    for each in (error, wrapped, chained):
        assert told in explain_refusal(each, PLACE)
        assert explain_refusal(each, BARE) == ""


def test_other_errors_are_not_explained():
    assert explain_refusal(pymysql.err.ProgrammingError(1146, "Table 'own.t' doesn't exist"), PLACE) == ""
    assert explain_refusal(PermissionError(13, "denied"), PLACE) == ""
    assert explain_refusal(ValueError(), PLACE) == ""
