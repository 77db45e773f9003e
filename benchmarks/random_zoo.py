"""Tables of many types and with much around them, and what migrations do to them, with the outcome that each deserves.

A zoo stands beside the tables of a random history and nothing else touches it. `{t}` stands for its name; what is done to one of
its columns leaves the others alone, so the acts can come in any order, each once.
"""

LEGACY = "UPDATE {t} SET kind = 'new' WHERE kind = 'legacy'"
LITERALS = (
    ("kind", (LEGACY,), (), "data-loss"),
    ("kind", (LEGACY,), ("UPDATE {t} SET kind = 'legacy' WHERE kind = 'new'",), "reversible"),
    ("kind", ("DELETE FROM {t} WHERE kind LIKE 'done-%'",), (), "data-loss"),
    ("level", ("UPDATE {t} SET level = 3 WHERE level IN (41, 42)",), (), "data-loss"),
    ("level", ("UPDATE {t} SET level = level + 1 WHERE level BETWEEN 20 AND 29",), ("UPDATE {t} SET level = level - 1 WHERE level BETWEEN 21 AND 30",), "reversible"),
)  # fmt: skip
"""Changes of rows that only a row with the value which they name shows."""

PG_ZOO = (
    "CREATE TYPE {t}_mood AS ENUM ('low', 'high')",
    "CREATE TABLE {t}_up (a int, b int, PRIMARY KEY (a, b))",
    (
        "CREATE TABLE {t} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood {t}_mood, doc jsonb, list int[], span int4range, "
        "code uuid, raw bytea, amount numeric(8, 3), at timestamptz, word varchar(40), twin varchar(40), folded varchar(60), "
        "kind varchar(20), level int, made text GENERATED ALWAYS AS (word || '!') STORED, left_a int, left_b int, n int NOT NULL DEFAULT 5, "
        "CONSTRAINT {t}_fk FOREIGN KEY (left_a, left_b) REFERENCES {t}_up (a, b) ON DELETE CASCADE)"
    ),
    "CREATE INDEX {t}_some ON {t} (n) WHERE n > 3",
    "CREATE INDEX {t}_lower ON {t} (lower(word))",
    "CREATE FUNCTION {t}_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER {t}_keep BEFORE UPDATE ON {t}_up FOR EACH ROW EXECUTE FUNCTION {t}_f()",
    "CREATE VIEW {t}_shown AS SELECT count(*) AS c FROM {t}_up",
    "GRANT SELECT ON {t}_shown TO PUBLIC",
    "CREATE SEQUENCE {t}_numbers",
)
PG_END = (
    "DROP SEQUENCE {t}_numbers",
    "DROP VIEW {t}_shown",
    "DROP TABLE {t}",
    "DROP TABLE {t}_up",
    "DROP TYPE {t}_mood",
    "DROP FUNCTION {t}_f()",
)
ZONE = "ALTER TABLE {{t}} ALTER at TYPE {} USING at AT TIME ZONE '{}'"
MOOD = "ALTER TABLE {t} ALTER mood TYPE text"
MOOD_BACK = "ALTER TABLE {t} ALTER mood TYPE {t}_mood USING mood::{t}_mood"
FK = "ALTER TABLE {t} DROP CONSTRAINT {t}_fk"
FK_BACK = "ALTER TABLE {t} ADD CONSTRAINT {t}_fk FOREIGN KEY (left_a, left_b) REFERENCES {t}_up (a, b)"
SHOWN = ("DROP VIEW {t}_shown", "CREATE VIEW {t}_shown AS SELECT count(*) AS c FROM {t}_up")
OWN = "ALTER TABLE {t}_up OWNER TO CURRENT_USER"
VIEW = "CREATE {kind} {{t}}_v AS SELECT count(*) AS c FROM {{t}}_up"
# Of each: the part of the zoo that it takes, the way up, the way down, the outcome: where only a row at the edge of a type
# breaks a step (the longest text, a letter that Latin has not), that is a warning.
PG_ACTS = (
    ("mood", (MOOD,), (MOOD_BACK,), "reversible"),
    (
        "mood",
        (MOOD, "DROP TYPE {t}_mood"),
        ("CREATE TYPE {t}_mood AS ENUM ('high', 'low')", MOOD_BACK),
        "schema-not-restored",
    ),
    ("mood", ("ALTER TYPE {t}_mood ADD VALUE 'best'",), (), "schema-not-restored"),
    ("mood", ("ALTER TYPE {t}_mood RENAME VALUE 'low' TO 'bad'",), ("ALTER TYPE {t}_mood RENAME VALUE 'bad' TO 'low'",), "reversible"),
    ("mood", ("UPDATE {t} SET mood = 'low'",), (), "data-loss"),
    ("doc", ("ALTER TABLE {t} ALTER doc TYPE text",), ("ALTER TABLE {t} ALTER doc TYPE jsonb USING doc::jsonb",), "reversible"),
    ("doc", ("UPDATE {t} SET doc = jsonb_build_object('was', doc)",), ("UPDATE {t} SET doc = doc -> 'was'",), "reversible"),
    ("list", ("UPDATE {t} SET list = list[2:]",), (), "data-loss"),
    ("list", ("ALTER TABLE {t} ALTER list TYPE text",), ("ALTER TABLE {t} ALTER list TYPE int[] USING list::int[]",), "reversible"),
    ("span", ("UPDATE {t} SET span = NULL",), (), "data-loss"),
    ("code", ("ALTER TABLE {t} ALTER code TYPE text",), ("ALTER TABLE {t} ALTER code TYPE uuid USING code::uuid",), "reversible"),
    (
        "raw",
        ("ALTER TABLE {t} ALTER raw TYPE text USING encode(raw, 'hex')",),
        ("ALTER TABLE {t} ALTER raw TYPE bytea USING decode(raw, 'hex')",),
        "reversible",
    ),
    ("raw", ("ALTER TABLE {t} ALTER raw TYPE text USING encode(raw, 'hex')",), ("ALTER TABLE {t} ALTER raw TYPE bytea USING raw::bytea",), "data-loss"),
    ("amount", ("ALTER TABLE {t} ALTER amount TYPE numeric(8, 2)",), ("ALTER TABLE {t} ALTER amount TYPE numeric(8, 3)",), "data-loss"),
    ("amount", ("UPDATE {t} SET amount = trunc(amount, 1)",), (), "data-loss"),
    ("at", (ZONE.format("timestamp", "UTC"),), (ZONE.format("timestamptz", "UTC"),), "reversible"),
    ("at", (ZONE.format("timestamp", "UTC"),), (ZONE.format("timestamptz", "Asia/Tokyo"),), "data-loss"),
    ("at", ("UPDATE {t} SET at = date_trunc('day', at)",), (), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = coalesce(twin, '')",), (), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = upper(twin)",), ("UPDATE {t} SET twin = lower(twin)",), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = twin || ' '",), ("UPDATE {t} SET twin = left(twin, -1)",), "data-loss"),  # a blank too many goes
    ("twin", ("UPDATE {t} SET twin = twin || '_'",), ("UPDATE {t} SET twin = left(twin, -1)",), "reversible"),
    ("folded", ("UPDATE {t} SET folded = trim(folded)",), (), "data-loss"),
    ("folded", ("UPDATE {t} SET folded = left(folded, 7)",), (), "data-loss"),
    ("made", ("ALTER TABLE {t} DROP made",), ("ALTER TABLE {t} ADD made text",), "data-loss"),
    ("made", ("ALTER TABLE {t} DROP made",), ("ALTER TABLE {t} ADD made text GENERATED ALWAYS AS (word || '!') STORED",), "reversible"),
    ("fk", (FK,), (FK_BACK + " ON DELETE CASCADE",), "reversible"),
    ("fk", (FK,), (FK_BACK,), "schema-not-restored"),
    ("some", ("DROP INDEX {t}_some",), ("CREATE INDEX {t}_some ON {t} (n) WHERE n > 3",), "reversible"),
    ("some", ("DROP INDEX {t}_some",), ("CREATE INDEX {t}_some ON {t} (n)",), "schema-not-restored"),
    ("lower", ("DROP INDEX {t}_lower",), ("CREATE INDEX {t}_lower ON {t} (word)",), "schema-not-restored"),
    ("id", ("ALTER TABLE {t} ALTER id SET GENERATED BY DEFAULT",), ("ALTER TABLE {t} ALTER id SET GENERATED ALWAYS",), "reversible"),
    ("id", ("ALTER TABLE {t} ALTER id SET GENERATED BY DEFAULT",), (), "schema-not-restored"),
    ("n", ("ALTER TABLE {t} ALTER n DROP DEFAULT",), ("ALTER TABLE {t} ALTER n SET DEFAULT 6",), "schema-not-restored"),
    ("trigger", ("CREATE TRIGGER {t}_g BEFORE UPDATE ON {t}_up FOR EACH ROW EXECUTE FUNCTION {t}_f()",), ("DROP TRIGGER {t}_g ON {t}_up",), "reversible"),
    ("trigger", ("CREATE TRIGGER {t}_g BEFORE UPDATE ON {t}_up FOR EACH ROW EXECUTE FUNCTION {t}_f()",), (), "schema-not-restored"),
    ("view", (VIEW.format(kind="VIEW"),), (), "schema-not-restored"),
    ("view", (VIEW.format(kind="MATERIALIZED VIEW"),), ("DROP MATERIALIZED VIEW {t}_v",), "reversible"),
    ("schema", ("CREATE SCHEMA {t}_s", "CREATE TABLE {t}_s.x (id int PRIMARY KEY)"), ("DROP SCHEMA {t}_s CASCADE",), "reversible"),
    ("schema", ("CREATE SCHEMA {t}_s", "CREATE TABLE {t}_s.x (id int PRIMARY KEY)"), ("DROP TABLE {t}_s.x",), "schema-not-restored"),
    ("comment", ("COMMENT ON TABLE {t} IS 'told'",), ("COMMENT ON TABLE {t} IS NULL",), "reversible"),
    ("grants", ("GRANT SELECT ON {t}_up TO PUBLIC",), ("REVOKE SELECT ON {t}_up FROM PUBLIC",), "reversible"),
    ("grants", ("GRANT SELECT (b) ON {t}_up TO PUBLIC",), (), "schema-not-restored"),
    ("grants", SHOWN, SHOWN, "schema-not-restored"),  # the view is back without what was granted on it
    ("grants", SHOWN, (*SHOWN, "GRANT SELECT ON {t}_shown TO PUBLIC"), "reversible"),
    ("grants", ("REVOKE EXECUTE ON FUNCTION {t}_f() FROM PUBLIC",), (), "schema-not-restored"),
    ("owner", ("CREATE ROLE {t}_r", "ALTER TABLE {t}_up OWNER TO {t}_r"), (), "schema-not-restored"),
    ("owner", ("CREATE ROLE {t}_r", "ALTER TABLE {t}_up OWNER TO {t}_r"), (OWN, "DROP ROLE {t}_r"), "reversible"),
    ("numbers", ("ALTER SEQUENCE {t}_numbers INCREMENT BY 5",), ("ALTER SEQUENCE {t}_numbers INCREMENT BY 1",), "reversible"),
    ("numbers", ("ALTER SEQUENCE {t}_numbers MAXVALUE 900",), (), "schema-not-restored"),
    ("numbers", ("SELECT setval('{t}_numbers', 900)",), (), "data-loss"),
    ("doc", ("ALTER TABLE {t} ALTER doc TYPE json",), ("ALTER TABLE {t} ALTER doc TYPE jsonb",), "reversible"),
    ("keep", ("ALTER TABLE {t}_up DISABLE TRIGGER {t}_keep",), ("ALTER TABLE {t}_up ENABLE TRIGGER {t}_keep",), "reversible"),
    ("keep", ("ALTER TABLE {t}_up DISABLE TRIGGER {t}_keep",), ("ALTER TABLE {t}_up ENABLE ALWAYS TRIGGER {t}_keep",), "schema-not-restored"),
    *LITERALS,
)  # fmt: skip

MY_ZOO = (
    "CREATE TABLE {t}_up (a int, b int, PRIMARY KEY (a, b))",
    (
        "CREATE TABLE {t} (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, mood enum('low', 'high'), tags set('x', 'y'), raw varbinary(20), "
        "amount decimal(8, 3), at datetime(6), word varchar(40), twin varchar(40), folded varchar(60), n int NOT NULL DEFAULT 5, kind varchar(20), level int, doc json, "
        "made varchar(60) AS (concat(word, '!')) STORED, left_a int, left_b int, whole int unsigned, "
        "CONSTRAINT {t}_fk FOREIGN KEY (left_a, left_b) REFERENCES {t}_up (a, b) ON DELETE CASCADE)"
    ),
    "CREATE INDEX {t}_some ON {t} (word(10))",
)
MY_END = ("DROP TABLE {t}", "DROP TABLE {t}_up")
MY_FK = "ALTER TABLE {t} DROP FOREIGN KEY {t}_fk"
MY_ACTS = (
    ("mood", ("ALTER TABLE {t} MODIFY mood enum('low', 'high', 'best')",), ("ALTER TABLE {t} MODIFY mood enum('low', 'high')",), "reversible"),
    ("mood", ("ALTER TABLE {t} MODIFY mood enum('high', 'low')",), (), "schema-not-restored"),
    ("mood", ("ALTER TABLE {t} MODIFY mood enum('low')",), ("ALTER TABLE {t} MODIFY mood enum('low', 'high')",), "upgrade-failed"),
    ("tags", ("UPDATE {t} SET tags = ''",), (), "data-loss"),
    ("tags", ("ALTER TABLE {t} MODIFY tags varchar(9)",), ("ALTER TABLE {t} MODIFY tags set('x', 'y')",), "reversible"),
    ("raw", ("ALTER TABLE {t} MODIFY raw varbinary(60)",), ("ALTER TABLE {t} MODIFY raw varbinary(20)",), "reversible"),
    ("amount", ("ALTER TABLE {t} MODIFY amount decimal(8, 2)",), ("ALTER TABLE {t} MODIFY amount decimal(8, 3)",), "data-loss"),
    ("amount", ("UPDATE {t} SET amount = truncate(amount, 1)",), (), "data-loss"),
    ("at", ("ALTER TABLE {t} MODIFY at datetime",), ("ALTER TABLE {t} MODIFY at datetime(6)",), "data-loss"),
    ("at", ("UPDATE {t} SET at = date(at)",), (), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = coalesce(twin, '')",), (), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = upper(twin)",), ("UPDATE {t} SET twin = lower(twin)",), "data-loss"),
    ("twin", ("UPDATE {t} SET twin = concat(twin, 'x')",), ("UPDATE {t} SET twin = left(twin, char_length(twin) - 1)",), "reversible"),
    ("folded", ("UPDATE {t} SET folded = trim(folded)",), (), "data-loss"),
    ("folded", ("ALTER TABLE {t} MODIFY folded varchar(60) CHARACTER SET latin1",), ("ALTER TABLE {t} MODIFY folded varchar(60) CHARACTER SET utf8mb4",), "reversible"),
    ("made", ("ALTER TABLE {t} DROP made",), ("ALTER TABLE {t} ADD made varchar(60)",), "data-loss"),
    ("whole", ("ALTER TABLE {t} MODIFY whole int",), ("ALTER TABLE {t} MODIFY whole int unsigned",), "reversible"),
    ("whole", ("ALTER TABLE {t} MODIFY whole bigint",), ("ALTER TABLE {t} MODIFY whole int unsigned",), "reversible"),
    ("fk", (MY_FK,), (FK_BACK + " ON DELETE CASCADE",), "reversible"),
    ("fk", (MY_FK,), (FK_BACK,), "schema-not-restored"),
    ("some", ("DROP INDEX {t}_some ON {t}",), ("CREATE INDEX {t}_some ON {t} (word(10))",), "reversible"),
    ("some", ("DROP INDEX {t}_some ON {t}",), ("CREATE INDEX {t}_some ON {t} (word(11))",), "schema-not-restored"),
    ("n", ("ALTER TABLE {t} ALTER n DROP DEFAULT",), ("ALTER TABLE {t} ALTER n SET DEFAULT 6",), "schema-not-restored"),
    ("trigger", ("CREATE TRIGGER {t}_g BEFORE UPDATE ON {t}_up FOR EACH ROW SET NEW.b = NEW.b",), ("DROP TRIGGER {t}_g",), "reversible"),
    ("trigger", ("CREATE TRIGGER {t}_g BEFORE UPDATE ON {t}_up FOR EACH ROW SET NEW.b = NEW.b",), (), "schema-not-restored"),
    ("view", (VIEW.format(kind="VIEW"),), ("DROP VIEW {t}_v",), "reversible"),
    ("view", (VIEW.format(kind="VIEW"),), (), "schema-not-restored"),
    ("comment", ("ALTER TABLE {t} COMMENT 'told'",), ("ALTER TABLE {t} COMMENT ''",), "reversible"),
    ("doc", ("ALTER TABLE {t} MODIFY doc longtext",), ("ALTER TABLE {t} MODIFY doc json",), "reversible"),
    ("doc", ("UPDATE {t} SET doc = JSON_OBJECT('was', doc)",), ("UPDATE {t} SET doc = JSON_EXTRACT(doc, '$.was')",), "reversible"),
    *LITERALS,
)  # fmt: skip

SQLITE_ZOO = (
    "CREATE TABLE {t} (id INTEGER PRIMARY KEY, kind VARCHAR(20), level INTEGER, at DATETIME)",
    "CREATE TABLE {t}_up (a INTEGER)",
)
SQLITE_END = ("DROP TABLE {t}", "DROP TABLE {t}_up")
SQLITE_TRIGGER = "CREATE TRIGGER {t}_g AFTER UPDATE ON {t}_up BEGIN SELECT 1; END"
SQLITE_ACTS = (
    ("trigger", (SQLITE_TRIGGER,), ("DROP TRIGGER {t}_g",), "reversible"),
    ("trigger", (SQLITE_TRIGGER,), (), "schema-not-restored"),
    ("view", (VIEW.format(kind="VIEW"),), ("DROP VIEW {t}_v",), "reversible"),
    ("view", (VIEW.format(kind="VIEW"),), (), "schema-not-restored"),
    ("version", ("PRAGMA user_version = 7",), (), "schema-not-restored"),
    ("at", ("UPDATE {t} SET at = date(at)",), (), "data-loss"),
    *LITERALS,
)
ZOOS = {
    "sqlite": (SQLITE_ZOO, SQLITE_END, SQLITE_ACTS),
    "postgresql": (PG_ZOO, PG_END, PG_ACTS),
    "mysql": (MY_ZOO, MY_END, MY_ACTS),
    "mariadb": (MY_ZOO, MY_END, MY_ACTS),
}


def execute(statements, name):
    """Write statements on the zoo of that name as the body of a function."""
    return "\n    ".join(f"op.execute({statement.format(t=name)!r})" for statement in statements) or "pass"


def open_zoo(history):
    """Make a zoo, where the history has none."""
    if history.dialect not in ZOOS or history.zoo:
        return None
    history.zoo = history.name("z")
    make, end, _ = ZOOS[history.dialect]
    return history.certain(execute(make, history.zoo), execute(end, history.zoo), "reversible")


def change_zoo(history):
    """Do one of the things to a part of the zoo that has been left alone so far."""
    if not history.zoo:
        return None
    acts = [act for act in ZOOS[history.dialect][2] if act[0] not in history.changed]
    if not acts:
        return None
    part, up, down, outcome = history.random.choice(acts)
    history.changed.add(part)
    return history.certain(execute(up, history.zoo), execute(down, history.zoo), outcome)
