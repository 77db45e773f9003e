"""What in PostgreSQL's catalogue can have changed since an earlier reading, by the transaction that wrote each row.

A row that is visible now and was written by a transaction that had ended before the earlier reading was visible then, too. So a
catalogue without a younger row, and without a row less, is the same. A row's transaction is its `xmin`
(https://www.postgresql.org/docs/current/ddl-system-columns.html); the earlier reading's horizon is the oldest transaction that
was still running in this database then. Those of other databases write nothing here, however long they last. A transaction holds
a lock on each number that it has (https://www.postgresql.org/docs/current/view-pg-locks.html); one that ends after the horizon's
statement began and before its locks are looked at is visible to the statements that follow, each of which sees what is committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from mrt_runtime.databases.postgresql.prepared import PreparedQueries, PreparedQuery

# Before this version an index became valid by changing its row in place.
FIRST_VERSION = 140000

START = """SELECT current_setting('server_version_num')::int, d.oid::bigint, current_schemas(false)::text, (
CASE WHEN pg_snapshot_xmin(now) = pg_snapshot_xmax(now) OR current_setting('transaction_isolation') <> 'read committed'
THEN pg_snapshot_xmin(now)::xid ELSE coalesce(
  (SELECT l.transactionid FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND coalesce(a.datid, d.oid) = d.oid
    ORDER BY age(l.transactionid) DESC LIMIT 1),
  pg_snapshot_xmax(now)::xid) END)::text
FROM pg_database AS d, pg_current_snapshot() AS now WHERE d.datname = current_database()"""

READ_POINT = PreparedQuery("point", START)

FIRST_TRANSACTION = "3"
"""The first of all. Source: FirstNormalTransactionId in PostgreSQL's access/transam.h."""

# Of each catalogue: the OIDs in it, and what its young rows are about, the relation or else the object itself.
TABLES = {
    "pg_class": (
        "c.oid",
        "coalesce(i.indrelid, c.oid)",
        "pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid WHERE c.oid >= 16384 AND c.relkind <> 't'",
    ),
    "pg_index": ("c.indexrelid", "c.indrelid", "pg_index AS c WHERE c.indexrelid >= 16384"),
    "pg_constraint": ("c.oid", "c.conrelid", "pg_constraint AS c WHERE c.oid >= 16384"),
    "pg_attribute": (None, "c.attrelid", "pg_attribute AS c WHERE c.attrelid >= 16384 AND c.attnum > 0"),
    "pg_attrdef": (None, "c.adrelid", "pg_attrdef AS c WHERE c.oid >= 16384"),
}
COMMENTS = {"pg_description": ("c.objoid", "c.objoid", "pg_description AS c WHERE c.objoid >= 16384")}
SEQUENCES = {"pg_sequence": ("c.seqrelid", "c.seqrelid", "pg_sequence AS c WHERE c.seqrelid >= 16384")}

# Where anything is young or gone in these, everything is read again: names and definitions are rendered with them.
OTHERS = (
    *("pg_proc", "pg_extension", "pg_event_trigger", "pg_collation", "pg_cast", "pg_operator", "pg_opclass"),
    *("pg_ts_config", "pg_ts_dict", "pg_foreign_server", "pg_publication", "pg_publication_rel", "pg_policy", "pg_rewrite"),
    *("pg_statistic_ext", "pg_enum", "pg_default_acl", "pg_foreign_data_wrapper", "pg_am", "pg_amop", "pg_amproc"),
    *("pg_opfamily", "pg_transform", "pg_conversion", "pg_ts_parser", "pg_ts_template", "pg_largeobject_metadata"),
)
# Of these, what every database has is the project's to change as well: `GRANT … ON SCHEMA public`.
WHOLE = ("pg_namespace", "pg_language")
FILTERED = {
    "pg_trigger": "pg_trigger AS c WHERE NOT c.tgisinternal OR c.tgenabled <> 'O'",
    "pg_type": "pg_type AS c WHERE c.oid >= 16384 AND c.typtype <> 'c' AND c.typcategory <> 'A'",
    "pg_foreign_table": "pg_foreign_table AS c",
    "pg_seclabel": "pg_seclabel AS c",
    "pg_ts_config_map": "pg_ts_config_map AS c WHERE c.mapcfg >= 16384",
    **{name: f"{name} AS c WHERE c.oid >= 16384" for name in OTHERS},
    **{name: f"{name} AS c" for name in WHOLE},
}


Present: TypeAlias = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """When and where a reading was made: the server, the database (each restored copy has an OID of its own), and the horizon."""

    version: int
    database: int
    schemas: str
    horizon: str

    @property
    def place(self) -> tuple[int, int, str]:
        """Return what two readings must share to be comparable; `schemas` decides which names are qualified."""
        return self.version, self.database, self.schemas


@dataclass(frozen=True, slots=True)
class CatalogueChanges:
    """What is there now, by catalogue, and what of it is young: relations' OIDs where it is about relations, else just 1."""

    start: ReadPoint
    present: Present
    young: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class KnownRelations:
    """What an earlier reading found: the relation of each relation, index and constraint, 0 for what is not a table's.

    `special` are relations on which more depends than their own rows show: views and composite types.
    """

    owners: Mapping[int, int]
    special: frozenset[int]
    sequences: frozenset[int]


def read_changes(prepared: PreparedQueries, before: ReadPoint | None) -> CatalogueChanges:
    """Read when and where this reading is made, then what is there, and what of it is younger than an earlier reading."""
    horizon = before.horizon if before is not None else FIRST_TRANSACTION
    [point], rows = prepared.run([READ_POINT, PreparedQuery("changes", _write_question(), "xid", horizon)])
    present_rows = {name: tuple(sorted(oids or ())) for name, oids, _ in rows}
    return CatalogueChanges(ReadPoint(*point), present_rows, {name: frozenset(oids or ()) for name, _, oids in rows})


@cache
def _write_question() -> str:
    selects = []
    young = "age(c.xmin) <= age($1)"
    for name, (oid, relation, source) in {**TABLES, **COMMENTS, **SEQUENCES}.items():
        present = f"array_agg({oid}::bigint)" if oid else "NULL"
        selects.append(f"SELECT '{name}', {present}, array_agg({relation}::bigint) FILTER (WHERE {young}) FROM {source}")
    for name, source in FILTERED.items():
        selects.append(f"SELECT '{name}', ARRAY[count(*)], array_agg(1::bigint) FILTER (WHERE {young}) FROM {source}")
    return " UNION ALL ".join(selects)


def find_stale(before: ReadPoint, present: Present, now: CatalogueChanges, known: KnownRelations) -> set[int] | None:
    """Find the relations that must be read again; None where everything must be.

    before, present: where the earlier reading was, and what was there then; known: what it found.
    """
    if before.place != now.start.place or now.start.version < FIRST_VERSION:
        return None
    if any(now.young[name] or now.present[name] != present[name] for name in FILTERED):
        return None
    stale: set[int] = set()
    for name in TABLES:
        stale |= now.young[name]
    if not stale.isdisjoint(known.sequences):
        return None
    # a Counter: rows of pg_description have no OID of their own, and one object may have several
    gone = {name: Counter(present[name]) - Counter(now.present[name]) for name in (*TABLES, *COMMENTS)}
    for oid in gone["pg_class"].keys() - known.sequences:
        stale.add(known.owners.get(oid, oid))
    for oid in (*gone["pg_constraint"], *gone["pg_description"], *now.young["pg_description"] - stale):
        stale.add(known.owners.get(oid, 0))
    return None if 0 in stale or not stale.isdisjoint(known.special) else stale
