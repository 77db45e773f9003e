"""MySQL's and MariaDB's information_schema, one query each; what they say is put together in `catalogue`.

`{name}` stands for the database's name as a literal: with a constant there, the server opens only that database's tables
(https://mariadb.com/kb/en/optimizing-information-schema-queries/). Columns that only one of the two servers has are filled in
by `text_of`.
"""

from __future__ import annotations

from mrt_runtime.databases.mysql.quoting import literal

DATABASE = "SELECT DATABASE(), VERSION()"

OPTIONS = """SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
WHERE SCHEMA_NAME = {name}"""

TABLES = """SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, CREATE_OPTIONS, TABLE_COMMENT FROM information_schema.TABLES
WHERE TABLE_SCHEMA = {name}"""

COLUMNS = """SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, CHARACTER_MAXIMUM_LENGTH,
  NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME, GENERATION_EXPRESSION, COLUMN_COMMENT, {srid}
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {name} ORDER BY TABLE_NAME, ORDINAL_POSITION"""

INDEXES = """SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, COLLATION, SUB_PART, INDEX_TYPE, INDEX_COMMENT,
  {visible}, {expression}
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {name} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"""

FOREIGN_KEYS = """SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME,
  k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE, r.DELETE_RULE
FROM information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
  ON r.CONSTRAINT_SCHEMA = {name} AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.TABLE_SCHEMA = {name} AND k.REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION"""

MARIADB_CHECKS = """SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE, LEVEL <> 'Column', 'YES'
FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {name}"""

MYSQL_CHECKS = """SELECT t.TABLE_NAME, t.CONSTRAINT_NAME, c.CHECK_CLAUSE, 1, t.ENFORCED
FROM information_schema.TABLE_CONSTRAINTS AS t JOIN information_schema.CHECK_CONSTRAINTS AS c
  ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
WHERE t.TABLE_SCHEMA = {name} AND t.CONSTRAINT_TYPE = 'CHECK'"""

PARTITIONS = """SELECT TABLE_NAME, PARTITION_NAME, SUBPARTITION_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, PARTITION_DESCRIPTION
FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = {name} AND PARTITION_NAME IS NOT NULL
ORDER BY TABLE_NAME, PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION"""

# A trigger is in its table's database, and only by that of the table does MariaDB find it without a look into all databases.
PROGRAMS = """SELECT (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {name})
  + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name})
  + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name})"""

# Kind, name, table, definition.
VIEWS = """SELECT 'view', TABLE_NAME, NULL, CONCAT_WS(' ', SECURITY_TYPE, VIEW_DEFINITION, NULLIF(CHECK_OPTION, 'NONE'))
FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {name}"""

OBJECTS = """SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE,
    CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, ACTION_STATEMENT)
  FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {name}
UNION ALL SELECT LOWER(r.ROUTINE_TYPE), r.ROUTINE_NAME, NULL, CONCAT_WS(' ',
    (SELECT GROUP_CONCAT(CONCAT_WS(' ', p.PARAMETER_MODE, p.PARAMETER_NAME, p.DTD_IDENTIFIER) ORDER BY p.ORDINAL_POSITION)
      FROM information_schema.PARAMETERS AS p WHERE p.SPECIFIC_SCHEMA = {name} AND p.SPECIFIC_NAME = r.SPECIFIC_NAME),
    r.IS_DETERMINISTIC, r.SQL_DATA_ACCESS, r.SECURITY_TYPE, r.ROUTINE_COMMENT, r.ROUTINE_DEFINITION)
  FROM information_schema.ROUTINES AS r WHERE r.ROUTINE_SCHEMA = {name} AND NOT r.ROUTINE_NAME REGEXP '^lent_mrt_[0-9a-f]{20}$'
UNION ALL SELECT 'event', EVENT_NAME, NULL, CONCAT_WS(' ', EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD,
    IF(ABS(TIMESTAMPDIFF(SECOND, CREATED, STARTS)) <= 1, NULL, STARTS), ENDS, STATUS, ON_COMPLETION, EVENT_COMMENT,
    EVENT_DEFINITION)
  FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name}"""
# An event without STARTS starts when it is made, which is another time whenever it is made again.

# Kind, name, the account whose rights it has where it is not the one that reads this.
DEFINERS = """SELECT * FROM (
SELECT 'View', TABLE_NAME, DEFINER AS definer FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {name}
UNION ALL SELECT 'Trigger', TRIGGER_NAME, DEFINER FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {name}
UNION ALL SELECT IF(ROUTINE_TYPE = 'FUNCTION', 'Function', 'Procedure'), ROUTINE_NAME, DEFINER
  FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} AND NOT ROUTINE_NAME REGEXP '^lent_mrt_[0-9a-f]{20}$'
UNION ALL SELECT 'Event', EVENT_NAME, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name}) AS programs
WHERE definer <> CURRENT_USER() ORDER BY 1, 2"""

NOTHING = ""
"""In place of a query that is not needed."""

SEQUENCE = "SELECT start_value, increment, minimum_value, maximum_value, cache_size, cycle_option FROM {sequence}"


def text_of(query: str, database: str, *, is_mariadb: bool) -> str:
    """Fill in the database's name, and the columns that the two servers call differently."""
    columns = {
        "{srid}": ("NULL", "SRS_ID"),
        "{visible}": ("IF(IGNORED = 'YES', 'NO', 'YES')", "IS_VISIBLE"),
        "{expression}": ("NULL", "EXPRESSION"),
    }
    for name, (mariadb, mysql) in columns.items():
        query = query.replace(name, mariadb if is_mariadb else mysql)
    return query.replace("{name}", literal(database))
