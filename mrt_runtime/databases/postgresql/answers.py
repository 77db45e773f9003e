"""What only a privileged role may do inside a database, done for migrations by procedures of the given role.

Each procedure takes names, never a statement, and can reach nothing but the database that it is called in and roles whose names
carry the run's token. So it is harmless for any caller, and it works in the migration's own transaction: a role or an
extension that a failed migration made is gone with it.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.server import silence

HEAD = """CREATE OR REPLACE PROCEDURE {home}.{signature} LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp {quietly} AS $mrt$ #variable_conflict use_variable
"""
QUIETLY = "SET session_replication_role = replica"
"""Event triggers of migrations do not fire in a procedure, where they would run as the given role."""

STAND_INS = {
    "mrt_create_role(role text, alias text)": """BEGIN
  IF right(alias, {length}) <> {tail} THEN RAISE insufficient_privilege; END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname IN (role, alias)) THEN
    RAISE duplicate_object USING MESSAGE = format('role "%s" already exists', role);
  END IF;
  EXECUTE format('CREATE ROLE %I NOLOGIN', alias);
  EXECUTE format('GRANT %I TO %I', alias, {role});
END""",
    "mrt_drop_role(role text, alias text, lenient boolean)": """BEGIN
  IF right(alias, {length}) <> {tail} THEN RAISE insufficient_privilege; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = alias) THEN
    IF lenient THEN RETURN; END IF;
    RAISE undefined_object USING MESSAGE = format('role "%s" does not exist', role);
  END IF;
  EXECUTE format('DROP ROLE %I', alias);
END""",
}
"""Roles in place of those that migrations create, see `ScratchRole.stand_in`."""

EXTENSIONS = {
    "mrt_create_extension(name text, place text, number text, deep boolean, lenient boolean)": """DECLARE f text;
BEGIN
  IF lenient AND EXISTS (SELECT FROM pg_extension WHERE extname = name) THEN RETURN; END IF;
  IF EXISTS (SELECT FROM pg_available_extension_versions AS v WHERE v.name = mrt_create_extension.name AND v.schema IS NOT NULL)
  THEN place := NULL;
  ELSIF place IS NULL THEN RAISE invalid_schema_name USING MESSAGE = 'no schema has been selected to create in'; END IF;
  EXECUTE format('CREATE EXTENSION %I', name) || coalesce(' SCHEMA ' || quote_ident(place), '')
    || coalesce(' VERSION ' || quote_literal(number), '') || CASE WHEN deep THEN ' CASCADE' ELSE '' END;
  {fence}
END""",
    "mrt_alter_extension(name text, number text, place text)": """DECLARE f text;
BEGIN
  IF place IS NOT NULL THEN EXECUTE format('ALTER EXTENSION %I SET SCHEMA %I', name, place);
  ELSE EXECUTE format('ALTER EXTENSION %I UPDATE', name) || coalesce(' TO ' || quote_literal(number), ''); END IF;
  {fence}
END""",
    "mrt_drop_extension(name text, lenient boolean, deep boolean)": """BEGIN
  EXECUTE 'DROP EXTENSION ' || CASE WHEN lenient THEN 'IF EXISTS ' ELSE '' END || quote_ident(name)
    || CASE WHEN deep THEN ' CASCADE' ELSE '' END;
END""",
    "mrt_comment(kind text, name text, words text)": """BEGIN
  IF kind NOT IN ('EXTENSION', 'EVENT TRIGGER', 'PUBLICATION') THEN RAISE insufficient_privilege; END IF;
  EXECUTE format('COMMENT ON ' || kind || ' %I IS %L', name, words);
END""",
}
FENCE = """FOR f IN SELECT p.oid::regprocedure::text FROM pg_depend AS d
      JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid WHERE e.extname IN ('dblink', 'pg_prewarm') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;"""
"""dblink's functions connect to any database, and pg_prewarm's write a file of the server and start a worker: the extensions may be
installed, their functions may not be called."""
FENCE_OF_TEMPLATE = f"""DO $mrt$ DECLARE f text; BEGIN {FENCE}
  FOR f IN SELECT format('FOREIGN DATA WRAPPER %I', fdwname) FROM pg_catalog.pg_foreign_data_wrapper
      UNION ALL SELECT format('FOREIGN SERVER %I', srvname) FROM pg_catalog.pg_foreign_server LOOP
    EXECUTE 'REVOKE USAGE ON ' || f || ' FROM PUBLIC';
  END LOOP;
END $mrt$"""
"""What the given database let everyone reach other servers with, which a copy of it would, too."""

OF_A_SUPERUSER = {
    "mrt_create_event_trigger(name text, moment text, tags text[], callee regproc)": """BEGIN
  IF moment NOT IN ('ddl_command_start', 'ddl_command_end', 'sql_drop', 'table_rewrite') THEN
    RAISE insufficient_privilege USING MESSAGE = format('permission denied for event trigger on "%s"', moment);
  END IF;
  EXECUTE format('CREATE EVENT TRIGGER %I ON %I', name, moment)
    || coalesce(' WHEN TAG IN (' || (SELECT string_agg(quote_literal(t), ', ') FROM unnest(tags) AS t) || ')', '')
    || format(' EXECUTE FUNCTION %s()', callee::text);
END""",
    "mrt_drop_event_trigger(name text, lenient boolean)": """BEGIN
  EXECUTE 'DROP EVENT TRIGGER ' || CASE WHEN lenient THEN 'IF EXISTS ' ELSE '' END || quote_ident(name);
END""",
    "mrt_alter_event_trigger(name text, enabled boolean, other text)": """BEGIN
  IF other IS NOT NULL THEN EXECUTE format('ALTER EVENT TRIGGER %I RENAME TO %I', name, other);
  ELSE EXECUTE format('ALTER EVENT TRIGGER %I ', name) || CASE WHEN enabled THEN 'ENABLE' ELSE 'DISABLE' END; END IF;
END""",
    "mrt_create_publication(name text, schemas text[], options text[])": """BEGIN
  EXECUTE format('CREATE PUBLICATION %I FOR ', name)
    || coalesce('TABLES IN SCHEMA ' || (SELECT string_agg(quote_ident(s), ', ') FROM unnest(schemas) AS s), 'ALL TABLES')
    || coalesce(' WITH (' || (SELECT string_agg(format('%I = %L', split_part(o, '=', 1), split_part(o, '=', 2)), ', ')
      FROM unnest(options) AS o) || ')', '');
END""",
    "mrt_drop_publication(name text, lenient boolean)": """BEGIN
  EXECUTE 'DROP PUBLICATION ' || CASE WHEN lenient THEN 'IF EXISTS ' ELSE '' END || quote_ident(name);
END""",
    "mrt_set_owner(target text, relation regclass, schema regnamespace, type regtype, routine regprocedure)": """BEGIN
  IF target <> {role} AND right(target, {length}) <> {tail} THEN RAISE insufficient_privilege; END IF;
  IF NOT pg_has_role(session_user, coalesce(
    (SELECT relowner FROM pg_class WHERE oid = relation), (SELECT nspowner FROM pg_namespace WHERE oid = schema),
    (SELECT typowner FROM pg_type WHERE oid = type), (SELECT proowner FROM pg_proc WHERE oid = routine)), 'MEMBER') THEN
    RAISE insufficient_privilege USING MESSAGE = 'must be owner to give another role the ownership';
  END IF;
  EXECUTE 'ALTER ' || coalesce('TABLE ' || relation::text, 'SCHEMA ' || schema::text, 'TYPE ' || type::text,
    'ROUTINE ' || routine::text) || format(' OWNER TO %I', target);
END""",
    "mrt_switch_triggers(relation regclass, enabled boolean)": """BEGIN
  IF NOT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = relation), 'MEMBER') THEN
    RAISE insufficient_privilege USING MESSAGE = format('must be owner of table %s', relation);
  END IF;
  EXECUTE format('ALTER TABLE %s ', relation::text) || CASE WHEN enabled THEN 'ENABLE' ELSE 'DISABLE' END || ' TRIGGER ALL';
END""",
}
REPLICATION_ROLE = "mrt_set_replication_role(value text, briefly boolean)"
"""Apart from the others: it must not set back at its end what it was called to set."""


def install(connection: Connection, role: ScratchRole) -> None:
    """Create the procedures in a scratch database that no migration has seen yet, for its role alone.

    Where the server does not take one, migrations meet the server's own refusal.
    """
    home = home_of(role)
    if home != "pg_catalog":
        connection.exec_driver_sql(f"CREATE SCHEMA {home}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {home} TO {quote(role.name)}")
    for signature, body in ({**STAND_INS, **EXTENSIONS, **OF_A_SUPERUSER} if role.is_answered else STAND_INS).items():
        head = HEAD.format(home=home, signature=signature, quietly=QUIETLY if role.is_answered else "")
        create(connection, head + fill(body, role), f"{home}.{signature}", role)
    if role.is_answered:
        head = HEAD.format(home=home, signature=REPLICATION_ROLE, quietly="")
        body = "BEGIN PERFORM set_config('session_replication_role', value, briefly); END"
        create(connection, head + body, f"{home}.{REPLICATION_ROLE}", role)
        silence(connection, FENCE_OF_TEMPLATE)


def fill(body: str, role: ScratchRole) -> str:
    """Return a procedure's body with what it has to know of the run."""
    body = body.replace("{length}", str(len(role.tail))).replace("{tail}", literal(role.tail))
    return body.replace("{role}", literal(role.name)).replace("{fence}", FENCE)


def create(connection: Connection, head: str, signature: str, role: ScratchRole) -> None:
    """Create one procedure that only the scratch role may call."""
    silence(connection, head + " $mrt$")
    silence(connection, f"REVOKE ALL ON PROCEDURE {signature} FROM PUBLIC")
    silence(connection, f"GRANT EXECUTE ON PROCEDURE {signature} TO {quote(role.name)}")


def home_of(role: ScratchRole) -> str:
    """Return the schema of the procedures, quoted: where no comparison looks, if the given role may write there."""
    return "pg_catalog" if role.is_answered else quote("mrt" + role.tail)
