CREATE TABLE plain (i1 tinyint, b1 tinyint(1), u1 tinyint unsigned, i2 smallint, i3 mediumint, i4 int, i8 bigint, u8 bigint unsigned,
  de decimal(5, 2), de0 decimal, du decimal(4, 1) unsigned, f float, d double, fu float(6, 2), b bit, b9 bit(9), y year, da date,
  ti time, ti3 time(3), dt datetime, dt6 datetime(6), ts timestamp NULL, ts3 timestamp(3) NULL, c char(3), vc varchar(20), tt tinytext,
  t text, mt mediumtext, lt longtext, bi binary(4), vb varbinary(10), tb tinyblob, bl blob, e enum('a', 'b', 'it''s'),
  s set('x', 'y', 'z'), j json, la varchar(10) CHARACTER SET latin1, ac varchar(10) CHARACTER SET ascii);

CREATE TABLE places (p point NOT NULL, g geometry, l linestring, po polygon NOT NULL, mp multipoint, mpo multipolygon);

CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, email varchar(191) NOT NULL UNIQUE,
  name varchar(10) COLLATE utf8mb4_general_ci UNIQUE, age tinyint unsigned CHECK (age BETWEEN 18 AND 120),
  st varchar(8) CHECK (st IN ('on', 'off')), begins datetime, ends datetime, CONSTRAINT ordered CHECK (begins < ends),
  full varchar(30) AS (concat(name, 'x')) STORED, older int AS (age + 1) VIRTUAL);

CREATE TABLE posts (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, user_id int NOT NULL, parent_id bigint unsigned NOT NULL,
  title varchar(50) NOT NULL, body text, code char(2) NOT NULL, UNIQUE (user_id, code), FULLTEXT (title, body),
  FOREIGN KEY (user_id) REFERENCES users (id), FOREIGN KEY (parent_id) REFERENCES posts (id));

CREATE TABLE ca (id int PRIMARY KEY, cb int NOT NULL);

CREATE TABLE cb (id int PRIMARY KEY, ca int NOT NULL, FOREIGN KEY (ca) REFERENCES ca (id));

ALTER TABLE ca ADD FOREIGN KEY (cb) REFERENCES cb (id);

CREATE TABLE na (id int PRIMARY KEY, nb int);

CREATE TABLE nb (id int PRIMARY KEY, na int NOT NULL, FOREIGN KEY (na) REFERENCES na (id));

ALTER TABLE na ADD FOREIGN KEY (nb) REFERENCES nb (id);

CREATE TABLE checked (a int, b int, c varchar(20), x varchar(20) NOT NULL, CHECK ((a IS NULL) <> (b IS NULL)),
  CHECK (x REGEXP '^[A-Z]{2}[0-9]+$'), CHECK (char_length(c) = 5 AND c LIKE 'ab%'), d int CHECK (d % 7 = 3),
  j json CHECK (json_type(j) = 'ARRAY'), lo decimal(8, 2) CHECK (lo > 0), f varchar(10) CHECK (lower(f) = f));

CREATE TABLE pair (a int, b varchar(10), PRIMARY KEY (a, b));

CREATE TABLE paired (id int PRIMARY KEY, a int, b varchar(10), FOREIGN KEY (a, b) REFERENCES pair (a, b), UNIQUE KEY short (b(2)));

CREATE TABLE part (id int, d date NOT NULL, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d))
  (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2010));

CREATE TABLE `odd``name%s` (`a b` int PRIMARY KEY, `c%d` varchar(5) CHECK (`c%d` LIKE 'x%'));

CREATE TABLE watched (id int PRIMARY KEY, amount int);

CREATE TRIGGER watch BEFORE INSERT ON watched FOR EACH ROW IF NEW.amount IS NULL OR NEW.amount < 0 THEN
  SIGNAL SQLSTATE '45000' SET message_text = 'amount must not be negative'; END IF;

CREATE TABLE few (a varchar(10) PRIMARY KEY, b enum('p', 'q') NOT NULL UNIQUE, c tinyint(1) UNIQUE);

CREATE TABLE strict (id int NOT NULL AUTO_INCREMENT, ts timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp,
  dts datetime NOT NULL, t time NOT NULL, y year NOT NULL, b bit(3) NOT NULL, e enum('k') NOT NULL, s set('m') NOT NULL,
  bl blob NOT NULL, j json NOT NULL, PRIMARY KEY (id));
