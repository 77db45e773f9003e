"""What migrations of real projects do on PostgreSQL beside making tables: for each, its upgrade and its downgrade.

{v}_app and {v}_owner are roles that the server has, {t} is a name that no other case uses.
"""

T = "CREATE TABLE {t} (id int PRIMARY KEY, name text)"
D = "DROP TABLE {t}"
FUNCTION = "CREATE FUNCTION {t}_f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'x %', tg_tag; END $$"
SETTING = (
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || ' SET timezone TO ''UTC'''; END $$",
    "ALTER DATABASE app RESET timezone",
)

WORKING: dict[str, tuple[list[str], list[str]]] = {
    "grants": (
        [T, "GRANT SELECT, INSERT ON {t} TO {v}_app", "GRANT USAGE ON SCHEMA public TO {v}_app WITH GRANT OPTION", "GRANT SELECT ON {t} TO PUBLIC"],
        ["REVOKE ALL ON SCHEMA public FROM {v}_app", D],
    ),
    "default privileges": (
        ["ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {v}_app",
         "ALTER DEFAULT PRIVILEGES FOR ROLE {v}_owner IN SCHEMA public GRANT SELECT ON TABLES TO {v}_app",
         "ALTER DEFAULT PRIVILEGES FOR USER {given} GRANT EXECUTE ON FUNCTIONS TO {v}_app"],
        ["ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {v}_app",
         "ALTER DEFAULT PRIVILEGES FOR ROLE {v}_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM {v}_app",
         "ALTER DEFAULT PRIVILEGES FOR ROLE {given} REVOKE EXECUTE ON FUNCTIONS FROM {v}_app"],
    ),
    "set role": (["SET ROLE {v}_owner", T, "RESET ROLE"], ["SET LOCAL ROLE {v}_owner", D, "SET ROLE NONE"]),
    "session authorization": (["SET SESSION AUTHORIZATION {v}_owner", T, "RESET SESSION AUTHORIZATION"], ["SET SESSION AUTHORIZATION DEFAULT", D]),
    "owner of an existing role": (
        [T, "ALTER TABLE {t} OWNER TO {v}_owner", "CREATE SCHEMA {t}_s AUTHORIZATION {v}_owner", "CREATE TYPE {t}_e AS ENUM ('a')",
         "ALTER TYPE {t}_e OWNER TO {v}_owner", "CREATE VIEW {t}_v AS SELECT 1 AS a; ALTER VIEW {t}_v OWNER TO {v}_owner",
         "CREATE FUNCTION {t}_f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER FUNCTION {t}_f(int) OWNER TO {v}_owner"],
        ["DROP FUNCTION {t}_f(int)", "DROP VIEW {t}_v", "DROP TYPE {t}_e", "DROP SCHEMA {t}_s", D],
    ),
    "owner of the given role": ([T, "ALTER TABLE public.{t} OWNER TO {given}", "ALTER TABLE {t} OWNER TO CURRENT_USER"], [D]),
    "a new role": (
        ["CREATE ROLE {t}_new LOGIN PASSWORD 'x'", "GRANT {v}_owner TO {t}_new", T, "GRANT SELECT ON {t} TO {t}_new",
         "ALTER TABLE {t} OWNER TO {t}_new", "ALTER ROLE {t}_new SET search_path = a", "COMMENT ON ROLE {t}_new IS 'x'"],
        [D, "DROP ROLE {t}_new"],
    ),
    "a new role if there is none": (
        ["DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{t}_svc') THEN CREATE ROLE {t}_svc; END IF; END $$", T,
         "GRANT SELECT ON {t} TO {t}_svc"],
        [D, "DROP OWNED BY {t}_svc", "DROP ROLE IF EXISTS {t}_svc"],
    ),
    "a new role, or an error": (
        ["DO $b$\nBEGIN\n  CREATE ROLE {t}_svc;\nEXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'x';\nEND\n$b$"] * 2,
        ["DROP ROLE {t}_svc"],
    ),
    "a new role by EXECUTE": (["DO $$ BEGIN EXECUTE 'CREATE ROLE {t}_svc NOLOGIN'; END $$"], ["DROP ROLE {t}_svc"]),
    "a role that exists, if there is none": (
        ["DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{v}_app') THEN CREATE ROLE {v}_app; END IF; END $$"], [],
    ),
    "a new role in quotes": (
        ['CREATE ROLE "{t} Ünï"', T, 'GRANT SELECT ON {t} TO "{t} Ünï"', 'SET ROLE "{t} Ünï"', "SELECT * FROM {t}", "RESET ROLE"],
        [D, 'DROP ROLE "{t} Ünï"'],
    ),
    "two new roles with long names": (
        ["CREATE ROLE {t}_a_role_with_a_name_that_is_long_1", "CREATE ROLE {t}_a_role_with_a_name_that_is_long_2"],
        ["DROP ROLE {t}_a_role_with_a_name_that_is_long_1, {t}_a_role_with_a_name_that_is_long_2"],
    ),
    "users and groups": (
        ["CREATE USER {t}_u WITH PASSWORD 'x'", "CREATE GROUP {t}_g", "ALTER GROUP {t}_g ADD USER {t}_u", "GRANT {t}_g TO {t}_u, {v}_app"],
        ["DROP USER {t}_u", "DROP GROUP {t}_g"],
    ),
    "reassign owned": (
        ["CREATE ROLE {t}_1", "CREATE ROLE {t}_2", T, "ALTER TABLE {t} OWNER TO {t}_1", "REASSIGN OWNED BY {t}_1 TO {t}_2", "DROP OWNED BY {t}_1"],
        [D, "DROP ROLE {t}_1, {t}_2"],
    ),
    "drop a role of the server": (["DROP ROLE IF EXISTS {v}_app"], []),
    "grant on the database": (["GRANT CONNECT ON DATABASE app TO {v}_app", "REVOKE ALL ON DATABASE app FROM PUBLIC"], ["GRANT CONNECT, TEMPORARY ON DATABASE app TO PUBLIC"]),
    "alter the database": (
        ["ALTER DATABASE app SET timezone TO 'UTC'", "ALTER DATABASE app CONNECTION LIMIT 50", "ALTER DATABASE app OWNER TO {v}_owner", "COMMENT ON DATABASE app IS 'x'"],
        ["ALTER DATABASE app RESET ALL"],
    ),
    "alter the current database": ([SETTING[0]], [SETTING[1]]),
    "alter the current role": (["ALTER ROLE CURRENT_USER SET statement_timeout = '10min'", "ALTER ROLE {v}_app SET search_path = a"], ["ALTER ROLE CURRENT_USER RESET ALL"]),
    "event triggers": (
        [FUNCTION, "CREATE EVENT TRIGGER {t} ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE PROCEDURE {t}_f()",
         "ALTER EVENT TRIGGER {t} DISABLE", "ALTER EVENT TRIGGER {t} ENABLE", "COMMENT ON EVENT TRIGGER {t} IS 'x'"],
        ["DROP EVENT TRIGGER IF EXISTS {t}", "DROP FUNCTION {t}_f()"],
    ),
    "row level security": (
        [T, "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", "ALTER TABLE {t} FORCE ROW LEVEL SECURITY",
         "CREATE POLICY {t}_p ON {t} FOR SELECT TO {v}_app USING (id > 0)", "ALTER POLICY {t}_p ON {t} RENAME TO {t}_q",
         "CREATE POLICY {t}_r ON {t} USING (name = current_user) WITH CHECK (true)"],
        [D],
    ),
    "publications": (
        [T, "CREATE PUBLICATION {t}_1 FOR TABLE {t}", "ALTER PUBLICATION {t}_1 SET (publish = 'insert')",
         "CREATE PUBLICATION {t}_2 FOR ALL TABLES WITH (publish = 'insert, delete', publish_via_partition_root)", "COMMENT ON PUBLICATION {t}_2 IS 'x'"],
        ["DROP PUBLICATION {t}_1, {t}_2", D],
    ),
    "listen and notify": (["LISTEN {t}", "NOTIFY {t}, 'p'", "SELECT pg_notify('{t}', 'y')", "UNLISTEN *"], []),
    "session_replication_role": (
        ["SET session_replication_role = replica", T, "INSERT INTO {t} VALUES (1000, 'a')", "SET session_replication_role = DEFAULT"],
        ["DO $$ BEGIN SET LOCAL session_replication_role = 'replica'; END $$", D],
    ),
    "disable triggers": ([T, "ALTER TABLE {t} DISABLE TRIGGER ALL", "ALTER TABLE public.{t} ENABLE TRIGGER ALL", "ALTER TABLE {t} DISABLE TRIGGER USER"], [D]),
    "schemas": (["CREATE SCHEMA {t}_s CREATE TABLE t2 (id int)", "ALTER SCHEMA {t}_s RENAME TO {t}_z", "GRANT USAGE ON SCHEMA {t}_z TO {v}_app"], ["DROP SCHEMA {t}_z CASCADE"]),
    "types, domains and casts": (
        ["CREATE TYPE {t}_c AS (a int, b text)", "CREATE DOMAIN {t}_d AS text CHECK (value ~ '@')", "CREATE TYPE {t}_r AS RANGE (subtype = float8)",
         "CREATE FUNCTION {t}_f({t}_c) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).b'", "CREATE TYPE {t}_e AS ENUM ('a')",
         "CREATE CAST ({t}_c AS text) WITH FUNCTION {t}_f({t}_c) AS ASSIGNMENT", "CREATE CAST (text AS {t}_e) WITH INOUT AS IMPLICIT"],
        ["DROP CAST (text AS {t}_e)", "DROP CAST ({t}_c AS text)", "DROP FUNCTION {t}_f({t}_c)", "DROP TYPE {t}_e", "DROP TYPE {t}_r", "DROP DOMAIN {t}_d", "DROP TYPE {t}_c"],
    ),
    "operators, collations and text search": (
        ["CREATE FUNCTION {t}_f(int, int) RETURNS bool LANGUAGE sql AS 'SELECT true'", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = {t}_f)",
         "CREATE TEXT SEARCH DICTIONARY {t}_d (TEMPLATE = simple)", "CREATE TEXT SEARCH CONFIGURATION {t}_c (COPY = simple)",
         "CREATE COLLATION {t}_n (provider = libc, locale = 'C')"],
        ["DROP COLLATION {t}_n", "DROP TEXT SEARCH CONFIGURATION {t}_c", "DROP TEXT SEARCH DICTIONARY {t}_d", "DROP OPERATOR === (int, int)", "DROP FUNCTION {t}_f(int, int)"],
    ),
    "partitions and materialized views": (
        ["CREATE TABLE {t} (id int, d date) PARTITION BY RANGE (d)", "CREATE TABLE {t}_1 PARTITION OF {t} FOR VALUES FROM ('2020-01-01') TO ('2030-01-01')",
         "CREATE MATERIALIZED VIEW {t}_m AS SELECT * FROM {t} WITH DATA", "REFRESH MATERIALIZED VIEW {t}_m"],
        ["DROP MATERIALIZED VIEW {t}_m", D],
    ),
    "words that only look like roles": (
        ["CREATE TABLE {t} (id int PRIMARY KEY, role text, owner text, authorization_ text)", "UPDATE {t} SET role = 'x' WHERE owner = 'y'",
         'CREATE TABLE {t}_a (id int PRIMARY KEY, "authorization" text)', "CREATE VIEW {t}_v AS SELECT a.authorization FROM {t}_a AS a",
         "INSERT INTO {t} (id, role) VALUES (900, 'grant all on database x to y')"],
        ["DROP VIEW {t}_v", "DROP TABLE {t}_a", D],
    ),
}  # fmt: skip
EXTENSIONS: dict[str, tuple[list[str], list[str]]] = {
    "citext": (["CREATE EXTENSION IF NOT EXISTS citext", "CREATE TABLE {t} (id int PRIMARY KEY, e citext)"], [D, "DROP EXTENSION citext"]),
    "uuid-ossp": (['CREATE EXTENSION IF NOT EXISTS "uuid-ossp"', "CREATE TABLE {t} (id uuid PRIMARY KEY DEFAULT uuid_generate_v4())"], [D, 'DROP EXTENSION IF EXISTS "uuid-ossp"']),
    "hstore": (["CREATE SCHEMA {t}_s", "CREATE EXTENSION hstore WITH SCHEMA {t}_s VERSION '1.8'", "CREATE TABLE {t} (id int PRIMARY KEY, v {t}_s.hstore)"],
               [D, "DROP EXTENSION hstore", "DROP SCHEMA {t}_s"]),
    "pg_stat_statements": (["CREATE EXTENSION pg_stat_statements", "COMMENT ON EXTENSION pg_stat_statements IS 'x'"], ["DROP EXTENSION pg_stat_statements"]),
    "pageinspect": (["-- untrusted\nCREATE EXTENSION pageinspect"], ["DROP EXTENSION pageinspect CASCADE"]),
    "earthdistance": (["CREATE EXTENSION earthdistance CASCADE"], ["DROP EXTENSION earthdistance, cube"]),
    "unaccent": (["DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'unaccent') THEN CREATE EXTENSION unaccent; END IF; END $$"],
                 ["DO $$ BEGIN DROP EXTENSION unaccent; END $$"]),
    "pg_trgm": (["CREATE EXTENSION pg_trgm VERSION '1.5'", "ALTER EXTENSION pg_trgm UPDATE TO '1.6'", "CREATE SCHEMA {t}_s", "ALTER EXTENSION pg_trgm SET SCHEMA {t}_s"],
                ["DROP EXTENSION pg_trgm CASCADE", "DROP SCHEMA {t}_s"]),
    "vector": (["CREATE EXTENSION vector", "CREATE TABLE {t} (id int PRIMARY KEY, v vector(3))"], [D, "DROP EXTENSION vector"]),
}  # fmt: skip
REFUSED: dict[str, tuple[str, str]] = {
    "an operator class": (
        "CREATE OPERATOR CLASS oc FOR TYPE int4 USING btree AS OPERATOR 3 =, FUNCTION 1 btint4cmp(int4, int4)",
        "must be superuser",
    ),
    "a row of a catalogue": ("DELETE FROM pg_enum", "permission denied for table pg_enum"),
    "a leakproof function": (
        "CREATE FUNCTION lp() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'",
        "only superuser can define a leakproof function",
    ),
    "an untrusted language": ("CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'x', 'y'", "permission denied for language c"),
    "a role from a computed name": (
        "DO $$ DECLARE r text := 'x'; BEGIN EXECUTE format('CREATE ROLE %I', r); END $$",
        "permission denied to create role",
    ),
    "another database's login trigger": (
        "CREATE FUNCTION lt() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER l ON login EXECUTE FUNCTION lt()",
        'permission denied for event trigger on "login"',
    ),
}
"""What only a superuser may do, and is not done for migrations → the server's words."""
BASELINE = r"""
--
-- PostgreSQL database dump
--

-- Dumped from database version 15.4
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA audit;
ALTER SCHEMA audit OWNER TO {given};

CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';

CREATE TYPE public.mood AS ENUM (
    'sad',
    'happy'
);
ALTER TYPE public.mood OWNER TO {given};

CREATE DOMAIN public.email AS text
	CONSTRAINT email_check CHECK ((VALUE ~ '@'::text));
ALTER DOMAIN public.email OWNER TO {v}_owner;

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $_$
BEGIN
  NEW.updated_at := now();  -- GRANT ALL ON DATABASE app TO nobody;
  RETURN NEW;
END
$_$;
ALTER FUNCTION public.touch() OWNER TO {given};

SET default_tablespace = '';
SET default_table_access_method = heap;

CREATE TABLE public.accounts (
    id integer NOT NULL,
    name character varying(50) DEFAULT CURRENT_USER,
    mood public.mood,
    updated_at timestamp with time zone
);
ALTER TABLE public.accounts OWNER TO {given};
COMMENT ON TABLE public.accounts IS 'It''s; the "accounts"';

CREATE SEQUENCE public.accounts_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER TABLE public.accounts_id_seq OWNER TO {given};
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);

CREATE TABLE audit.log (
    account integer,
    note text
);
ALTER TABLE audit.log OWNER TO {v}_owner;

CREATE VIEW public.happy AS
 SELECT accounts.id
   FROM public.accounts
  WHERE (accounts.mood = 'happy'::public.mood);
ALTER TABLE public.happy OWNER TO {given};

SELECT pg_catalog.setval('public.accounts_id_seq', 41, true);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
CREATE INDEX accounts_name ON public.accounts USING btree (lower((name)::text));
CREATE TRIGGER accounts_touch BEFORE UPDATE ON public.accounts FOR EACH ROW EXECUTE FUNCTION public.touch();
ALTER TABLE ONLY audit.log
    ADD CONSTRAINT log_account_fkey FOREIGN KEY (account) REFERENCES public.accounts(id);

CREATE POLICY mine ON public.accounts TO {v}_app USING (((name)::text = CURRENT_USER));
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, update, delete, truncate');
ALTER PUBLICATION everything OWNER TO {given};
CREATE FUNCTION public.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', tg_tag; END $$;
CREATE EVENT TRIGGER note ON sql_drop
   EXECUTE FUNCTION public.note();
ALTER EVENT TRIGGER note OWNER TO {given};

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO PUBLIC;
GRANT SELECT,INSERT ON TABLE public.accounts TO {v}_app;
GRANT SELECT,USAGE ON SEQUENCE public.accounts_id_seq TO {v}_app;
ALTER DEFAULT PRIVILEGES FOR ROLE {given} IN SCHEMA public GRANT SELECT ON TABLES  TO {v}_app;

SELECT pg_catalog.set_config('search_path', 'public', false);

--
-- PostgreSQL database dump complete
--
"""
UNDO = """
ALTER DEFAULT PRIVILEGES FOR ROLE {given} IN SCHEMA public REVOKE SELECT ON TABLES FROM {v}_app;
DROP PUBLICATION everything; DROP EVENT TRIGGER note; DROP FUNCTION public.note(); DROP VIEW public.happy; DROP SCHEMA audit CASCADE; DROP TABLE public.accounts CASCADE;
DROP FUNCTION public.touch(); DROP DOMAIN public.email; DROP TYPE public.mood;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
"""
