"""Names as SQL takes them in advice: in quotes where they need them on the database at hand."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.quotes import in_quotes

_WORDS: Final = (
    "add after all alter analyse analyze and any array as asc asymmetric attach authorization autoincrement before begin "
    "between binary both by cascade case cast check collate collation column commit concurrently conflict constraint create "
    "cross current_catalog current_date current_role current_schema current_time current_timestamp current_user database "
    "default deferrable deferred delete desc detach distinct do drop each else end escape except exclusive exists explain "
    "fail false fetch for foreign freeze from full glob grant group having if ignore ilike immediate in index indexed "
    "initially inner insert instead intersect into is isnull join key lateral leading left like limit localtime "
    "localtimestamp match natural not notnull null of offset on only or order outer overlaps placing plan pragma primary "
    "query raise references reindex rename replace restrict returning right rollback row select session_user set similar some "
    "symmetric table tablesample temp temporary then to trailing transaction trigger true union unique update user using "
    "vacuum values variadic verbose view virtual when where window with"
)
_RESERVED: Final = frozenset(_WORDS.split())
"""Words of SQL that PostgreSQL or SQLite takes for no name (pg_get_keywords(); SQLite, “SQLite Keywords”)."""
_MYSQL_WORDS: Final = (
    "accessible add admin all alter analyze and array as asc asensitive before between bigint binary blob body both by call "
    "cascade case change char character check collate column condition constraint continue convert create cross cube "
    "cume_dist current_date current_role current_time current_timestamp current_user cursor database databases day_hour "
    "day_microsecond day_minute day_second dec decimal declare default delayed delete dense_rank desc describe deterministic "
    "distinct distinctrow div do_domain_ids double drop dual each else elseif elsif empty enclosed escaped except exists exit "
    "explain false fetch first_value float float4 float8 for force foreign from fulltext function general generated get "
    "get_master_public_key goto grant group grouping groups having high_priority history hour_microsecond hour_minute "
    "hour_second if ignore ignore_domain_ids ignore_server_ids in index infile inner inout insensitive insert int int1 int2 "
    "int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is iterate join json_table key keys kill "
    "lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp lock long longblob "
    "longtext loop low_priority master_bind master_heartbeat_period master_ssl_verify_server_cert match maxvalue mediumblob "
    "mediumint mediumtext member middleint minute_microsecond minute_second mod modifies natural no_write_to_binlog not "
    "nth_value ntile null numeric of offset on optimize optimizer_costs option optionally or order others out outer outfile "
    "over package page_checksum parallel parse_gcol_expr parse_vcol_expr partition percent_rank period persist persist_only "
    "position precision primary procedure purge qualify raise range rank read read_write reads real recursive ref_system_id "
    "references regexp release rename repeat replace require resignal restrict return returning revoke right rlike role row "
    "row_number rows rowtype schema schemas second_microsecond select sensitive separator set show signal slow smallint "
    "spatial specific sql sql_after_gtids sql_before_gtids sql_big_result sql_calc_found_rows sql_small_result sqlexception "
    "sqlstate sqlwarning ssl starting stats_auto_recalc stats_persistent stats_sample_pages stored straight_join system "
    "system_time table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned "
    "update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying versioning virtual "
    "when where while window with without write xor year_month zerofill"
)
_RESERVED_IN_MYSQL: Final = frozenset(_MYSQL_WORDS.split())
"""Those of MySQL and MariaDB (“Keywords and Reserved Words” of both)."""
_PLAIN_NAME: Final = re.compile(r"[^\W\d][\w$]*|…")


def sql_name(name: str, dialect: str) -> str:
    """Return a name as SQL takes it: in quotes where it is reserved, holds what no plain name does, or has capitals to keep.

    MySQL and MariaDB quote in backticks, and keep capitals without.
    """
    if name == "…":
        return name
    if dialect in FAMILY:
        plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in _RESERVED_IN_MYSQL
        return name if plain else in_quotes(name, "`")
    plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in _RESERVED and (name == name.lower() or dialect == "sqlite")
    return name if plain else in_quotes(name, '"')


def sql_path(schema: str | None, name: str, dialect: str) -> str:
    """Return a name with its schema, each as SQL takes it."""
    return ".".join(sql_name(part, dialect) for part in (schema, name) if part)
