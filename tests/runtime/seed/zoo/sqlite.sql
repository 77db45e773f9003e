CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(50) NOT NULL UNIQUE, name VARCHAR(10), bio TEXT, active BOOLEAN NOT NULL,
  age INTEGER CHECK (age >= 18 AND age < 120), created DATETIME, day DATE, price NUMERIC(8, 2), data JSON,
  status VARCHAR(8) CHECK (status IN ('on', 'off')), at TIME, ratio REAL, big BIGINT, raw BLOB, key CHAR(32));

CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), parent_id INTEGER REFERENCES posts (id),
  title TEXT NOT NULL, begins DATETIME, ends DATETIME, CHECK (begins < ends), CHECK (length(title) BETWEEN 3 AND 5));

CREATE TABLE either (a INT, b INT, CHECK ((a IS NULL) <> (b IS NULL)));

CREATE TABLE node (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES node (id));

CREATE TABLE single (id INTEGER PRIMARY KEY CHECK (id = 1), v TEXT);

CREATE TABLE rowless (code CHAR(2), n INT, PRIMARY KEY (code, n)) WITHOUT ROWID;

CREATE TABLE firm (i INT NOT NULL, r REAL, b BLOB, t TEXT, a ANY) STRICT;

CREATE TABLE hen (id INTEGER PRIMARY KEY, egg_id INT REFERENCES egg (id), untyped);

CREATE TABLE egg (id INTEGER PRIMARY KEY, hen_id INT NOT NULL REFERENCES hen (id));

CREATE TABLE left_half (id INTEGER PRIMARY KEY, r INT NOT NULL REFERENCES right_half (id) DEFERRABLE INITIALLY DEFERRED);

CREATE TABLE right_half (id INTEGER PRIMARY KEY, l INT NOT NULL REFERENCES left_half (id) DEFERRABLE INITIALLY DEFERRED);

CREATE TABLE made (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c AS (a + 1), CHECK (b BETWEEN 10 AND 40));

CREATE TABLE link (u INT REFERENCES users (id), p INT REFERENCES posts (id), PRIMARY KEY (u, p));

CREATE TABLE pair (a INT, b TEXT, c INT, PRIMARY KEY (a, b));

CREATE TABLE paired (id INTEGER PRIMARY KEY, ca INT NOT NULL, cb TEXT NOT NULL, x TEXT NOT NULL, UNIQUE (ca, cb),
  FOREIGN KEY (ca, cb) REFERENCES pair (a, b));

CREATE UNIQUE INDEX paired_x ON paired (lower(x));

CREATE TABLE animal (id INTEGER, kind TEXT NOT NULL CHECK (kind IN ('cat', 'dog', 'cow')), PRIMARY KEY (id), UNIQUE (kind, id));

CREATE TABLE cow (id INTEGER PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'cow' CHECK (kind = 'cow'), milk INT,
  FOREIGN KEY (kind, id) REFERENCES animal (kind, id));

CREATE TABLE "odd ""name" ("a b" INT PRIMARY KEY, "c?%s:d" TEXT CHECK ("c?%s:d" LIKE 'x%'));

CREATE TABLE document (body TEXT NOT NULL CHECK (json_valid(body)), code TEXT CHECK (code GLOB '[A-Z]*-?'));
