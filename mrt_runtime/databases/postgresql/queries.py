"""PostgreSQL's system catalogues, one plain query each; what they say is put together in `catalogue`.

Source of the columns' meaning: https://www.postgresql.org/docs/current/catalogs.html. Every query returns types that each
driver reads alike: text, int, bool and arrays of text or int. User objects have OIDs from 16384 (FirstNormalObjectId).
"""

from __future__ import annotations

import re
from functools import cache

AMONG = re.compile(r"\{among ([\w.]+)\}")

NAMESPACES = """SELECT oid::bigint, nspname::text, nspname = current_schema() FROM pg_namespace
WHERE nspname !~ '^(pg_|lent_mrt_[0-9a-f]{20}$)' AND nspname <> 'information_schema'"""

# What an extension or a range type brought along.
MEMBERS = """SELECT classid::regclass::text, objid::bigint FROM pg_depend
WHERE (refclassid = 'pg_extension'::regclass AND deptype = 'e')
  OR (refclassid = 'pg_type'::regclass AND refobjid >= 16384 AND deptype = 'i'
    AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass))"""

DESCRIPTIONS = "SELECT classoid::regclass::text, objoid::bigint, objsubid, description FROM pg_description WHERE objoid >= 16384"

RELATIONS = """SELECT c.oid::bigint, c.relnamespace::bigint, c.relname::text, c.relkind::text, c.relpersistence::text,
  c.relispartition,
  pg_get_expr(c.relpartbound, c.oid), CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, c.reloptions::text[],
  c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
  CASE WHEN c.relam <> 0 THEN (SELECT amname::text FROM pg_am WHERE oid = c.relam AND amname <> 'heap') END,
  CASE WHEN c.reltablespace <> 0 THEN (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) END,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
FROM pg_class AS c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') {among c.oid}"""

PARENTS = "SELECT inhrelid::bigint, inhparent::bigint FROM pg_inherits ORDER BY inhrelid, inhseqno"

ATTRIBUTES = """SELECT a.attrelid::bigint, a.attnum::int, a.attname::text, a.atttypid::bigint, a.atttypmod,
  format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid),
  a.attcollation::bigint, t.typcollation::bigint,
  CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END, {compression}
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'c')) {among a.attrelid}
ORDER BY a.attrelid, a.attnum"""

CONSTRAINTS = """SELECT c.oid::bigint, c.conrelid::bigint, c.contypid::bigint, c.conname::text, c.contype::text,
  c.condeferrable, c.condeferred, c.convalidated, c.connoinherit, {enforced}, c.conkey::int[], c.confrelid::bigint,
  c.confkey::int[], c.confupdtype::text, c.confdeltype::text, c.confmatchtype::text,
  {delete_columns}, pg_get_expr(c.conbin, c.conrelid),
  CASE WHEN c.contype = 'x' THEN pg_get_constraintdef(c.oid) END,
  CASE WHEN c.contype = 'x'
    THEN ARRAY(SELECT pg_get_indexdef(c.conindid, at, true) FROM generate_series(1, cardinality(c.conkey)) AS at) END,
  CASE WHEN c.contype = 'x' THEN ARRAY(SELECT o.oprname::text FROM unnest(c.conexclop) WITH ORDINALITY AS e(oid, at)
    JOIN pg_operator AS o ON o.oid = e.oid ORDER BY e.at) END,
  {nulls}, CASE WHEN i.indnatts > i.indnkeyatts THEN (i.indkey::int2[]::int[])[i.indnkeyatts:] END,
  CASE WHEN i.indexrelid <> 0 THEN (SELECT reloptions::text[] FROM pg_class WHERE oid = i.indexrelid) END,
  CASE WHEN c.contype = 'x'
    THEN (SELECT m.amname::text FROM pg_class AS k JOIN pg_am AS m ON m.oid = k.relam WHERE k.oid = c.conindid) END,
  pg_get_expr(i.indpred, i.indrelid)
FROM pg_constraint AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
WHERE c.oid >= 16384 AND c.contype IN ('p', 'u', 'c', 'x', 'f') AND c.conparentid = 0 AND (c.conislocal OR c.contype <> 'c')
  {among c.conrelid}
ORDER BY c.conname"""

INDEXES = """SELECT i.indexrelid::bigint, i.indrelid::bigint, c.relname::text, m.amname::text, i.indisunique,
  i.indisvalid AND i.indisready, {nulls}, i.indnkeyatts::int, i.indkey::int2[]::int[], i.indoption::int2[]::int[],
  i.indclass::oid[]::bigint[], i.indcollation::oid[]::bigint[],
  CASE WHEN i.indexprs IS NOT NULL
    THEN ARRAY(SELECT pg_get_indexdef(i.indexrelid, at, true) FROM generate_series(1, i.indnkeyatts) AS at) END,
  pg_get_expr(i.indpred, i.indrelid), c.reloptions::text[], i.indisclustered, i.indisreplident
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam
WHERE i.indexrelid >= 16384 AND i.indrelid >= 16384 AND NOT c.relispartition
  AND i.indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x')) {among i.indrelid}
ORDER BY c.relname"""

OPERATOR_CLASSES = "SELECT oid::bigint, opcname::text FROM pg_opclass WHERE NOT opcdefault"

COLLATIONS = "SELECT oid::bigint, collname::text FROM pg_collation WHERE oid IN ({numbers})"

TYPES = """SELECT t.oid::bigint, t.typnamespace::bigint, t.typname::text, t.typtype::text, t.typcategory::text, t.typelem::bigint,
  t.typbasetype::bigint, t.typtypmod, format_type(t.oid, NULL), format_type(NULLIF(t.typbasetype, 0), t.typtypmod), t.typnotnull,
  t.typdefault, t.typcollation::bigint, b.typcollation::bigint, t.typrelid::bigint
FROM pg_type AS t LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
WHERE t.typtype <> 'p' AND (t.typrelid = 0 OR t.typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
  AND t.typisdefined AND t.oid {which} 16384"""

ENUM_LABELS = "SELECT enumtypid::bigint, enumlabel::text FROM pg_enum ORDER BY enumtypid, enumsortorder"

RANGES = "SELECT rngtypid::bigint, rngsubtype::bigint, {multirange} FROM pg_range WHERE rngtypid >= 16384"

SEQUENCES = """SELECT c.oid::bigint, c.relnamespace::bigint, c.relname::text, format_type(s.seqtypid, NULL), s.seqstart,
  s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, d.refobjid::bigint, d.refobjsubid
FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid
LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
WHERE c.oid >= 16384"""

# Kind, catalogue, OID, schema's OID, name, table's OID, definition.
OBJECTS = """SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, 'pg_proc',
    p.oid::bigint, p.pronamespace::bigint, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', NULL::bigint,
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
      ELSE (SELECT concat_ws(' ', format_type(p.prorettype, NULL), aggtransfn, aggfinalfn, aggcombinefn, aggsortop, aggtranstype,
        agginitval) FROM pg_aggregate WHERE aggfnoid = p.oid) END
  FROM pg_proc AS p WHERE p.oid >= 16384
UNION ALL SELECT 'trigger', 'pg_trigger', t.oid::bigint, NULL, t.tgname::text, t.tgrelid::bigint,
    pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' ENABLED ' || t.tgenabled::text END
  FROM pg_trigger AS t WHERE NOT t.tgisinternal {own_trigger}
UNION ALL SELECT 'index', 'pg_class', i.indexrelid::bigint, NULL, x.relname::text, c.oid::bigint, pg_get_indexdef(i.indexrelid)
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_class AS x ON x.oid = i.indexrelid WHERE c.relkind = 'm'
UNION ALL SELECT 'rule', 'pg_rewrite', r.oid::bigint, NULL, r.rulename::text, r.ev_class::bigint, pg_get_ruledef(r.oid)
  FROM pg_rewrite AS r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
UNION ALL SELECT 'policy', 'pg_policy', p.oid::bigint, NULL, p.polname::text, p.polrelid::bigint,
    concat_ws(' ', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, 'FOR', p.polcmd::text,
      'TO', ARRAY(SELECT r::regrole::text FROM unnest(p.polroles) AS r)::text,
      'USING ' || pg_get_expr(p.polqual, p.polrelid), 'WITH CHECK ' || pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy AS p
UNION ALL SELECT 'statistics', 'pg_statistic_ext', s.oid::bigint, s.stxnamespace::bigint, s.stxname::text, s.stxrelid::bigint,
    pg_get_statisticsobjdef(s.oid)
  FROM pg_statistic_ext AS s
UNION ALL SELECT 'extension', 'pg_extension', e.oid::bigint, NULL, e.extname::text, NULL, e.extversion
  FROM pg_extension AS e WHERE e.oid >= 16384
UNION ALL SELECT 'schema', 'pg_namespace', n.oid::bigint, NULL, n.nspname::text, NULL, ''
  FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|lent_mrt_[0-9a-f]{20}$)' AND n.nspname <> 'information_schema'
UNION ALL SELECT 'event trigger', 'pg_event_trigger', e.oid::bigint, NULL, e.evtname::text, NULL,
    concat_ws(' ', e.evtevent, e.evtfoid::regproc, e.evtenabled::text, e.evttags::text)
  FROM pg_event_trigger AS e
UNION ALL SELECT 'collation', 'pg_collation', c.oid::bigint, c.collnamespace::bigint, c.collname::text, NULL,
    concat_ws(' ', c.collprovider::text, c.collcollate, c.collctype, c.collisdeterministic)
  FROM pg_collation AS c WHERE c.oid >= 16384
UNION ALL SELECT 'cast', 'pg_cast', c.oid::bigint, NULL, c.castsource::regtype || ' AS ' || c.casttarget::regtype, NULL,
    concat_ws(' ', NULLIF(c.castfunc, 0)::regprocedure, c.castcontext::text, c.castmethod::text)
  FROM pg_cast AS c WHERE c.oid >= 16384
UNION ALL SELECT 'operator', 'pg_operator', o.oid::bigint, o.oprnamespace::bigint, o.oid::regoperator::text, NULL,
    concat_ws(' ', o.oprcode, NULLIF(o.oprcom, 0)::regoperator, NULLIF(o.oprnegate, 0)::regoperator)
  FROM pg_operator AS o WHERE o.oid >= 16384
UNION ALL SELECT 'operator class', 'pg_opclass', o.oid::bigint, o.opcnamespace::bigint, o.opcname::text, NULL,
    o.opcintype::regtype::text
  FROM pg_opclass AS o WHERE o.oid >= 16384
UNION ALL SELECT 'text search configuration', 'pg_ts_config', t.oid::bigint, t.cfgnamespace::bigint, t.cfgname::text, NULL,
    ARRAY(SELECT concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary) FROM pg_ts_config_map AS m
      WHERE m.mapcfg = t.oid ORDER BY m.maptokentype, m.mapseqno)::text
  FROM pg_ts_config AS t WHERE t.oid >= 16384
UNION ALL SELECT 'text search dictionary', 'pg_ts_dict', t.oid::bigint, t.dictnamespace::bigint, t.dictname::text, NULL,
    t.dictinitoption
  FROM pg_ts_dict AS t WHERE t.oid >= 16384
UNION ALL SELECT 'foreign server', 'pg_foreign_server', s.oid::bigint, NULL, s.srvname::text, NULL, s.srvoptions::text
  FROM pg_foreign_server AS s
UNION ALL SELECT 'publication', 'pg_publication', p.oid::bigint, NULL, p.pubname::text, NULL,
    concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete,
      ARRAY(SELECT r.prrelid::regclass::text FROM pg_publication_rel AS r WHERE r.prpubid = p.oid ORDER BY 1)::text)
  FROM pg_publication AS p"""


@cache
def text_of(query: str, version: int, *, among: bool = False) -> str:
    """Write a query for a server of this `server_version_num`: where it has no such column, what that always means there.

    among: whether it is about the relations only whose OIDs it takes as `$1`.
    """
    query = AMONG.sub(r"AND \1 = ANY ($1)" if among else "", query)
    names = {
        "{compression}": ("a.attcompression::text", 140000, "''"),
        "{enforced}": ("c.conenforced", 180000, "true"),
        "{delete_columns}": ("c.confdelsetcols::int[]", 150000, "NULL::int[]"),
        "{nulls}": ("coalesce(i.indnullsnotdistinct, false)", 150000, "false"),
        "{multirange}": ("rngmultitypid::bigint", 140000, "0::bigint"),
        "{own_trigger}": ("AND t.tgparentid = 0", 130000, ""),
    }
    for name, (text, since, otherwise) in names.items():
        query = query.replace(name, text if version >= since else otherwise)
    return query
