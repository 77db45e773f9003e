"""Every row of a PostgreSQL database's own catalogues, with the object that it is about: complete without a list of kinds."""

from __future__ import annotations

from typing import Any, TypeAlias

Address: TypeAlias = tuple[int, int]
"""A catalogue's OID and an object's OID in it, as in `pg_depend`."""

FIRST = 16384
"""The first OID that is not the server's own: FirstNormalObjectId in PostgreSQL's access/transam.h."""
RELATION, TYPE, FUNCTION, CONFIGURATION = 1259, 1247, 1255, 3602
"""The OIDs of `pg_class`, `pg_type`, `pg_proc` and `pg_ts_config`."""
NAMESPACE, LARGE_OBJECT = 2615, 2613
PARTS = {
    "pg_attribute": (RELATION, "attrelid"),
    "pg_index": (RELATION, "indexrelid"),
    "pg_sequence": (RELATION, "seqrelid"),
    "pg_partitioned_table": (RELATION, "partrelid"),
    "pg_foreign_table": (RELATION, "ftrelid"),
    "pg_inherits": (RELATION, "inhrelid"),
    "pg_aggregate": (FUNCTION, "aggfnoid"),
    "pg_range": (TYPE, "rngtypid"),
    "pg_enum": (TYPE, "enumtypid"),
    "pg_ts_config_map": (CONFIGURATION, "mapcfg"),
    "pg_largeobject_metadata": (LARGE_OBJECT, "oid"),
    "pg_description": ("classoid", "objoid"),
    "pg_seclabel": ("classoid", "objoid"),
    "pg_depend": ("classid", "objid"),
}
"""Catalogues whose rows are about an object of another one: which, and the column that holds its OID."""
OWNERS = f"""SELECT classid, objid, xmin FROM pg_catalog.pg_shdepend
WHERE objid >= {FIRST} AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""
LISTING = """SELECT c.oid::bigint, c.relname::text FROM pg_catalog.pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared AND has_table_privilege(c.oid, 'SELECT')
  AND EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oid' AND a.attnum > 0)
ORDER BY c.oid"""
COLUMNS = f"""SELECT {RELATION}::oid, attrelid, attnum::int FROM pg_catalog.pg_attribute
WHERE attrelid >= {FIRST} AND attnum > 0 AND NOT attisdropped"""


def write_addresses(cursor: Any) -> str:
    """Write whence to select `class`, `object` and `xmin` of each row about an object that is not the server's own."""
    selects = [f"SELECT classid AS class, objid AS object, xmin AS xmin FROM ({OWNERS}) AS owner"]
    for class_, name in list_catalogues(cursor):
        if name not in PARTS:
            selects.append(f"SELECT {class_}::oid, oid, xmin FROM pg_catalog.{name} WHERE oid >= {FIRST}")
    for name, (whose, oid) in PARTS.items():
        selects.append(f"SELECT {whose}::oid, {oid}::oid, xmin FROM pg_catalog.{name} WHERE {oid} >= {FIRST}")
    return f"({' UNION ALL '.join(selects)}) AS addresses"


def read_parts(cursor: Any) -> set[tuple[int, int, int]]:
    """Read which objects and columns there are at this moment."""
    selects = [COLUMNS, f"SELECT {LARGE_OBJECT}::oid, oid, 0 FROM pg_catalog.pg_largeobject_metadata"]
    for class_, name in list_catalogues(cursor):
        if name not in PARTS:
            selects.append(f"SELECT {class_}::oid, oid, 0 FROM pg_catalog.{name} WHERE oid >= {FIRST}")
    parts = f"({' UNION ALL '.join(selects)}) AS parts (class, object, part)"
    cursor.execute(f"SELECT class::bigint, object::bigint, part FROM {parts}")
    return {(int(class_), int(oid), int(part)) for class_, oid, part in cursor.fetchall()}


def list_catalogues(cursor: Any) -> list[tuple[int, str]]:
    """List the catalogues of objects that have an OID of their own, each with its own OID."""
    cursor.execute(LISTING)
    return [(int(oid), str(name)) for oid, name in cursor.fetchall()]
