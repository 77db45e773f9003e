"""The queries for what PostgreSQL's catalogues hold beside an object's definition; `details` reads them.

`LEFT_OUT` names the catalogues that no query of this folder compares, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

LEFT_OUT = {
    "pg_auth_members": "roles belong to the server, not to the database",
    "pg_authid": "roles belong to the server, not to the database",
    "pg_database": "the scratch database's own settings are this run's",
    "pg_db_role_setting": "settings of the scratch database and its roles are this run's",
    "pg_init_privs": "what an extension granted at first, which only pg_dump reads",
    "pg_largeobject": "only a superuser may read what large objects hold",
    "pg_parameter_acl": "settings belong to the server, not to the database",
    "pg_partitioned_table": "pg_get_partkeydef shows it",
    "pg_replication_origin": "replication belongs to the server, not to the database",
    "pg_shdepend": "follows from owners and grants",
    "pg_shdescription": "comments on what belongs to the server",
    "pg_shseclabel": "labels of what belongs to the server",
    "pg_statistic": "statistics that ANALYZE gathers",
    "pg_statistic_ext_data": "statistics that ANALYZE gathers",
    "pg_subscription": "connects to other servers, which migrations may not do here",
    "pg_subscription_rel": "connects to other servers, which migrations may not do here",
    "pg_user_mapping": "holds passwords; pg_user_mappings shows which there are",
}
COUNTER = (
    "pg_attver"  # some servers keep a number of their own among a column's options, another one for each table that is created
)
NOT_OF_AN_EXTENSION = (
    "NOT EXISTS (SELECT 1 FROM pg_depend AS e WHERE e.classid = {0}.tableoid AND e.objid = {0}.oid AND e.deptype = 'e')"
)
SYSTEM = "('pg_catalog', 'information_schema', 'pg_toast')"
ROLE = "CASE {0} WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid({0}) END"

LABEL = "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || {name}"
KIND_OF_RELATION = """CASE c.relkind WHEN 'v' THEN 'View' WHEN 'm' THEN 'Materialized view' WHEN 'S' THEN 'Sequence'
  WHEN 'c' THEN 'Type' ELSE 'Table' END"""
KIND_OF_ROUTINE = "CASE c.prokind WHEN 'p' THEN 'Procedure' WHEN 'a' THEN 'Aggregate' ELSE 'Function' END"
ROUTINE = "c.proname || '(' || pg_get_function_identity_arguments(c.oid) || ')'"


class OwnedCatalogue(NamedTuple):
    """A catalogue whose objects have an owner.

    kind, label: SQL for what an object is and is called. owner, privileges: its columns; default: the letter that acldefault()
    has for it, in SQL ("" where there are no privileges). schema: the column of its schema, "" where it has none.
    """

    kind: str
    label: str
    owner: str
    privileges: str
    default: str
    catalogue: str
    schema: str


OWNED_RELATION = OwnedCatalogue(
    KIND_OF_RELATION,
    "c.relname",
    "relowner",
    "relacl",
    "CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END",
    "pg_class",
    "relnamespace",
)
OWNED = (
    OwnedCatalogue(KIND_OF_ROUTINE, ROUTINE, "proowner", "proacl", "'f'", "pg_proc", "pronamespace"),
    OwnedCatalogue("'Type'", "c.typname", "typowner", "typacl", "'T'", "pg_type", "typnamespace"),
    OwnedCatalogue("'Schema'", "c.nspname", "nspowner", "nspacl", "'n'", "pg_namespace", ""),
    OwnedCatalogue("'Language'", "c.lanname", "lanowner", "lanacl", "'l'", "pg_language", ""),
    OwnedCatalogue("'Foreign-data wrapper'", "c.fdwname", "fdwowner", "fdwacl", "'F'", "pg_foreign_data_wrapper", ""),
    OwnedCatalogue("'Foreign server'", "c.srvname", "srvowner", "srvacl", "'S'", "pg_foreign_server", ""),
    OwnedCatalogue("'Large object'", "c.oid::text", "lomowner", "lomacl", "'L'", "pg_largeobject_metadata", ""),
    OwnedCatalogue("'Publication'", "c.pubname", "pubowner", "", "", "pg_publication", ""),
    OwnedCatalogue("'Event trigger'", "c.evtname", "evtowner", "", "", "pg_event_trigger", ""),
    OwnedCatalogue("'Extension'", "c.extname", "extowner", "", "", "pg_extension", ""),
    OwnedCatalogue("'Collation'", "c.collname", "collowner", "", "", "pg_collation", "collnamespace"),
    OwnedCatalogue("'Conversion'", "c.conname", "conowner", "", "", "pg_conversion", "connamespace"),
    OwnedCatalogue("'Operator'", "c.oprname", "oprowner", "", "", "pg_operator", "oprnamespace"),
    OwnedCatalogue("'Operator class'", "c.opcname", "opcowner", "", "", "pg_opclass", "opcnamespace"),
    OwnedCatalogue("'Operator family'", "c.opfname", "opfowner", "", "", "pg_opfamily", "opfnamespace"),
    OwnedCatalogue("'Statistics'", "c.stxname", "stxowner", "", "", "pg_statistic_ext", "stxnamespace"),
    OwnedCatalogue("'Text search configuration'", "c.cfgname", "cfgowner", "", "", "pg_ts_config", "cfgnamespace"),
    OwnedCatalogue("'Text search dictionary'", "c.dictname", "dictowner", "", "", "pg_ts_dict", "dictnamespace"),
)
RELATION = "FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace"
TABLE_LABEL = LABEL.format(name="r.relname")
EXPANDED = "SELECT grantee, privilege_type, is_grantable FROM aclexplode(NULLIF({0}, '{{}}'))"  # an empty list is an error to it

# Subject, label, part, property, value. Those of relations take `{among}`, which is about their `{oid}`.
RELATION_STATES = (
    f"""SELECT 'Column', {TABLE_LABEL}, '.' || c.attname, 'grants', {{grants}}
FROM pg_attribute AS c JOIN pg_class AS r ON r.oid = c.attrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
WHERE c.attrelid >= 16384 AND c.attacl IS NOT NULL {{among}}""",
    f"""SELECT 'Column', {TABLE_LABEL}, '.' || c.attname, f.name, f.value
FROM pg_attribute AS c JOIN pg_class AS r ON r.oid = c.attrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
LEFT JOIN pg_attrdef AS d ON r.relkind = 'v' AND d.adrelid = c.attrelid AND d.adnum = c.attnum
LEFT JOIN pg_description AS o ON r.relkind IN ('v', 'm') AND o.classoid = 'pg_class'::regclass AND o.objoid = c.attrelid
  AND o.objsubid = c.attnum
CROSS JOIN LATERAL (VALUES ('statistics target', NULLIF(c.attstattarget, -1)::text), ('options', {{options}}),
  ('foreign options', c.attfdwoptions::text), ('default', pg_get_expr(d.adbin, d.adrelid)), ('comment',
  o.description)) AS f (name, value)
WHERE c.attrelid >= 16384 AND c.attnum > 0 AND NOT c.attisdropped AND f.value IS NOT NULL
  AND r.relkind IN ('r', 'p', 'f', 'v', 'm') {{among}}""",
)
STATES = (
    f"""SELECT CASE r.relkind WHEN 'v' THEN 'View' ELSE 'Table' END, {TABLE_LABEL}, '', 'state of rule ' || c.rulename,
  c.ev_enabled::text
FROM pg_rewrite AS c JOIN pg_class AS r ON r.oid = c.ev_class JOIN pg_namespace AS n ON n.oid = r.relnamespace
WHERE c.oid >= 16384 AND c.ev_enabled <> 'O'""",
    (
        f"SELECT 'Materialized view', {TABLE_LABEL}, '', 'state', 'not populated' {RELATION}"
        f" WHERE r.relkind = 'm' AND NOT r.relispopulated"
    ),
    f"""SELECT 'Materialized view', {TABLE_LABEL}, '', f.name, f.value {RELATION}
CROSS JOIN LATERAL (VALUES ('access method', (SELECT NULLIF(amname, 'heap')::text FROM pg_am WHERE oid = r.relam)),
  ('tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = r.reltablespace))) AS f (name, value)
WHERE r.relkind = 'm' AND f.value IS NOT NULL""",
    f"""SELECT 'Table', {TABLE_LABEL}, '', f.name, f.value FROM pg_foreign_table AS c
JOIN pg_foreign_server AS s ON s.oid = c.ftserver JOIN pg_class AS r ON r.oid = c.ftrelid
  JOIN pg_namespace AS n ON n.oid = r.relnamespace
CROSS JOIN LATERAL (VALUES ('server', s.srvname::text), ('foreign options', c.ftoptions::text)) AS f (name, value)
WHERE f.value IS NOT NULL""",
    f"""SELECT 'Table', {TABLE_LABEL}, '', 'state of internal triggers', string_agg(DISTINCT c.tgenabled::text, ', ')
FROM pg_trigger AS c JOIN pg_class AS r ON r.oid = c.tgrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
WHERE c.tgisinternal AND c.tgenabled <> 'O' GROUP BY n.nspname, r.relname""",
    """SELECT 'Default privileges', CASE c.defaclnamespace WHEN 0 THEN 'everywhere'
  ELSE c.defaclnamespace::regnamespace::text END, '',
  CASE c.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
    WHEN 'n' THEN 'schemas' ELSE 'large objects' END || CASE c.defaclrole WHEN current_user::regrole THEN ''
    ELSE ' of ' || pg_get_userbyid(c.defaclrole) END, {defaults}
FROM pg_default_acl AS c""",
    """SELECT 'Publication', p.pubname::text, '', 'table ' || c.prrelid::regclass, {published}
FROM pg_publication_rel AS c JOIN pg_publication AS p ON p.oid = c.prpubid""",
    """SELECT 'Publication', c.pubname::text, '', f.name, f.value FROM pg_publication AS c
CROSS JOIN LATERAL (VALUES ('truncate', NULLIF(c.pubtruncate, true)::text), ('via root', NULLIF(c.pubviaroot, false)::text))
  AS f (name, value) WHERE f.value IS NOT NULL""",
    """SELECT 'Collation', c.collname::text, '', f.name, f.value FROM pg_collation AS c
CROSS JOIN LATERAL jsonb_each_text(to_jsonb(c)) AS f (name, value)
WHERE c.oid >= 16384 AND f.name IN ('colliculocale', 'colllocale', 'collicurules', 'collencoding') AND f.value IS NOT NULL""",
    """SELECT 'Statistics', c.stxname::text, '', 'statistics target', f.value FROM pg_statistic_ext AS c
CROSS JOIN LATERAL (SELECT NULLIF(to_jsonb(c) ->> 'stxstattarget', '-1')) AS f (value) WHERE f.value IS NOT NULL""",
    """SELECT 'Foreign-data wrapper', c.fdwname::text, '', 'definition',
  concat_ws(' ', NULLIF(c.fdwhandler, 0)::regproc, NULLIF(c.fdwvalidator, 0)::regproc, c.fdwoptions::text)
FROM pg_foreign_data_wrapper AS c WHERE c.oid >= 16384 AND {own}""",
    """SELECT 'Foreign server', c.srvname::text, '', 'definition',
  concat_ws(' ', (SELECT fdwname FROM pg_foreign_data_wrapper WHERE oid = c.srvfdw), c.srvtype, c.srvversion)
FROM pg_foreign_server AS c""",
    """SELECT 'Foreign server', s.srvname::text, '', 'user mapping of ' || coalesce(c.usename, 'PUBLIC'), 'present'
FROM pg_user_mappings AS c JOIN pg_foreign_server AS s ON s.oid = c.srvid""",
    """SELECT 'Operator', c.oid::regoperator::text, '', 'definition',
  concat_ws(' ', c.oprcanmerge, c.oprcanhash, NULLIF(c.oprrest, 0)::regproc, NULLIF(c.oprjoin, 0)::regproc)
FROM pg_operator AS c WHERE c.oid >= 16384 AND {own}""",
    """SELECT 'Operator class', c.opcname::text, '', 'definition', concat_ws(' ', c.opcdefault, c.opckeytype::regtype,
  (SELECT amname FROM pg_am WHERE oid = c.opcmethod), (SELECT opfname FROM pg_opfamily WHERE oid = c.opcfamily))
FROM pg_opclass AS c WHERE c.oid >= 16384 AND {own}""",
    """SELECT 'Operator family', f.opfname::text, '', 'member ' || (pg_identify_object('pg_amop'::regclass, c.oid, 0)).identity,
  concat_ws(' ', c.amopstrategy, c.amoppurpose, c.amopopr::regoperator)
FROM pg_amop AS c JOIN pg_opfamily AS f ON f.oid = c.amopfamily WHERE c.oid >= 16384 AND {own_family}""",
    """SELECT 'Operator family', f.opfname::text, '', 'member ' || (pg_identify_object('pg_amproc'::regclass, c.oid, 0)).identity,
  concat_ws(' ', c.amprocnum, c.amproc::regproc)
FROM pg_amproc AS c JOIN pg_opfamily AS f ON f.oid = c.amprocfamily WHERE c.oid >= 16384 AND {own_family}""",
    *(
        f"""SELECT '{subject}', (pg_identify_object('{catalogue}'::regclass, c.oid, 0)).identity, '', 'definition', {value}
FROM {catalogue} AS c WHERE c.oid >= 16384 AND {{own}}"""
        for subject, catalogue, value in (
            ("Access method", "pg_am", "concat_ws(' ', c.amhandler, c.amtype)"),
            ("Operator family", "pg_opfamily", "c.opfmethod::text"),
            ("Conversion", "pg_conversion", "concat_ws(' ', c.conforencoding, c.contoencoding, c.conproc, c.condefault)"),
            ("Language", "pg_language", "concat_ws(' ', c.lanpltrusted, c.lanplcallfoid::regproc, c.laninline::regproc)"),
            ("Transform", "pg_transform", "concat_ws(' ', c.trffromsql, c.trftosql)"),
            ("Text search parser", "pg_ts_parser", "concat_ws(' ', c.prsstart, c.prstoken, c.prsend, c.prsheadline, c.prslextype)"),
            ("Text search template", "pg_ts_template", "concat_ws(' ', c.tmplinit, c.tmpllexize)"),
        )
    ),
    """SELECT 'Text search configuration', c.cfgname::text, '', 'parser', (SELECT prsname::text
  FROM pg_ts_parser WHERE oid = c.cfgparser)
FROM pg_ts_config AS c WHERE c.oid >= 16384 AND {own}""",
    """SELECT 'Text search dictionary', c.dictname::text, '', 'template',
  (SELECT tmplname::text FROM pg_ts_template WHERE oid = c.dicttemplate) FROM pg_ts_dict AS c WHERE c.oid >= 16384 AND {own}""",
    """SELECT 'Security label', (pg_identify_object(c.classoid, c.objoid, c.objsubid)).identity, '', c.provider, c.label
FROM pg_seclabel AS c WHERE c.objoid >= 16384""",
)
PUBLISHED_SCHEMAS = """SELECT 'Publication', p.pubname::text, '', 'schema ' || c.pnnspid::regnamespace, 'published'
FROM pg_publication_namespace AS c JOIN pg_publication AS p ON p.oid = c.pnpubid"""


FIRST_WITH_FILTERS = 150000
"""The version whose publications know row filters, lists of columns and whole schemas."""


def relation_selects(*, among: str) -> Iterator[tuple[str, str]]:
    """Yield the queries about relations and their columns, each with what its relation's OID is in it.

    among: a condition on `{oid}`.
    """
    for select in _owned(OWNED_RELATION):
        yield "c.oid", f"{select} {among.format(oid='c.oid')}"
    for select in RELATION_STATES:
        yield "c.attrelid", _filled(select, {"{among}": among.format(oid="c.attrelid")})


def other_selects(version: int) -> Iterator[str]:
    """Yield the queries about everything else."""
    for owned in OWNED:
        yield from _owned(owned)
    published = (
        "concat_ws(' ', 'published', c.prattrs::text, pg_get_expr(c.prqual, c.prrelid))"
        if version >= FIRST_WITH_FILTERS
        else "'published'"
    )
    for select in (*STATES, *([PUBLISHED_SCHEMAS] if version >= FIRST_WITH_FILTERS else [])):
        yield _filled(select, {"{published}": published})


def _owned(owned: OwnedCatalogue) -> Iterator[str]:
    """Yield the query for the owners of the objects in a catalogue, and the one for the privileges on them."""
    kind, name, owner, privileges, default, catalogue, schema = owned
    label = LABEL.format(name=name) if schema else f"{name}::text"
    source = f"FROM {catalogue} AS c" + (f" JOIN pg_namespace AS n ON n.oid = c.{schema}" if schema else "")
    shown = f"n.nspname NOT IN {SYSTEM}" if schema else "true"
    if catalogue == "pg_class":
        shown += " AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')"
    if catalogue == "pg_type":  # a table's own type, and an array, go with what they are of
        shown += " AND c.typrelid = 0 AND c.typcategory <> 'A'"
    if catalogue == "pg_namespace":
        shown += " AND c.nspname !~ '^(pg_|lent_mrt_)' AND c.nspname <> 'information_schema'"
    yield (
        f"SELECT {kind}, {label}, '', 'owner', pg_get_userbyid(c.{owner})::text {source} "
        f"WHERE c.oid >= 16384 AND c.{owner} <> (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        f" AND {shown} AND {NOT_OF_AN_EXTENSION.format('c')}"
    )
    if privileges:
        grants = _grants(f"c.{privileges}", f'acldefault(({default})::"char", c.{owner})')
        yield f"SELECT {kind}, {label}, '', 'grants', {grants} {source} WHERE c.{privileges} IS NOT NULL AND {shown}"


def _filled(select: str, words: Mapping[str, str]) -> str:
    """Fill in what the queries have in common, and these words."""
    common = {
        "{grants}": _grants("c.attacl", "acldefault('c', r.relowner)"),
        "{defaults}": _grants(
            "c.defaclacl",
            "CASE WHEN c.defaclnamespace = 0 THEN acldefault(CASE c.defaclobjtype WHEN 'S' THEN 's'"
            " ELSE c.defaclobjtype END, c.defaclrole)"
            " ELSE '{}'::aclitem[] END",
        ),
        "{options}": f"(SELECT NULLIF(array_agg(o ORDER BY o), '{{}}')::text"
        f" FROM unnest(c.attoptions) AS o WHERE o !~ '^{COUNTER}=')",
        "{own}": NOT_OF_AN_EXTENSION.format("c"),
        "{own_family}": NOT_OF_AN_EXTENSION.format("f"),
    }
    for word, text in {**common, **words}.items():
        select = select.replace(word, text)
    return select


def _grants(acl: str, default: str) -> str:
    """Write what an access control list has more or less than the default one; who granted it makes no difference."""
    words = f"privilege_type || ' to ' || {ROLE.format('grantee')} || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END"
    mine, usual = EXPANDED.format(acl), EXPANDED.format(default)
    return (
        "(SELECT string_agg(word, ', ' ORDER BY word) FROM ("
        f"SELECT {words} AS word FROM ({mine} EXCEPT {usual}) AS more"
        f" UNION ALL SELECT 'no ' || {words} FROM ({usual} EXCEPT {mine}) AS less) AS words)"
    )
