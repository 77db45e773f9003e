"""The page docs/online-ddl.md: the table of facts for people."""

from __future__ import annotations

from mrt_lint.online.facts import FACTS, ChangeMethod, DdlAlgorithm, TableChange

_TEXT = """\
# What MySQL and MariaDB do to a table, and who waits

Declare the database, and the findings are about it: `dialect = "mysql"` or `"mariadb"` in `[tool.mrt]`, `--dialect`, flake8's
`--mrt-dialect`, or a guard in the migration (`if op.get_bind().dialect.name == "mysql":`). The oldest server that the migrations
run on is `mysql_version` (8.4 by default, the oldest that Oracle still supports) or `mariadb_version` (10.11,
likewise); on the command line it is `--mysql-version 8.0.28`.

* **INSTANT** changes no row. **NOCOPY** (INPLACE in MySQL's terms) reads rows at most, **INPLACE** writes a new copy of the table,
  and both allow writes meanwhile unless the table below says otherwise.
* **COPY** moves every row into another table, and writes wait until it is done; MariaDB allows them from 11.2 on, unless
  a foreign key of the table cascades.

mrt reports what makes writers wait: MRT303 (types), MRT404 (computed defaults), MRT422 (foreign keys), MRT423 (checks), MRT427
(stored and numbered columns), MRT433 (everything else). Changes that make no writer wait are not reported, so `ADD COLUMN`,
`DROP COLUMN`, `ADD INDEX` and `NOT NULL` pass. A statement's own clauses are trusted: `ALGORITHM=INPLACE` or `LOCK=NONE` is no
copy, and MRT434 reports when the server refuses that. Neither database can roll back a change of a table: MRT435 is an upgrade
that existing rows can stop halfway.

| when | MySQL | MariaDB |
| --- | --- | --- |
{rows}

The tests compare the column of the available server with that server, statement by statement.

**VARCHAR.** A length of up to 255 bytes is kept in one byte, a longer one in two; where that changes, MySQL copies the table. A
character of utf8mb4, which is assumed if no collation is given, takes four bytes: 63 characters are within, 64 are not.
MariaDB copies only where the old length is between 128 and 255 bytes, and in tables of ROW_FORMAT=REDUNDANT never. A shorter
VARCHAR is always a copy.

**ENUM and SET.** Members after the old ones are added at once; members between or before them, or in another order, take a
copy, and removing a member makes the server refuse rows that hold it, or empty them where `sql_mode` is not strict (MRT215).

**Foreign keys.** `SET SESSION foreign_key_checks = 0` before and `= 1` after the statement allows the server to add one in
place; it does not check the rows then, so look for rows without a parent first.

**CHECK, stored columns, types, charsets** take a copy whatever one does: [gh-ost](https://github.com/github/gh-ost) and
[pt-online-schema-change](https://docs.percona.com/percona-toolkit/pt-online-schema-change.html) copy without locking writers out.

Sources: MySQL, [Online DDL Operations](https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html); MariaDB,
[InnoDB Online DDL](https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl).
"""


def render() -> str:
    """Write the page in Markdown."""
    cells = ((change.value, *(_cell(facts[change]) for facts in FACTS.values())) for change in TableChange)
    return _TEXT.format(rows="\n".join(f"| {' | '.join(row)} |" for row in cells))


def _cell(history: dict[tuple[int, ...], ChangeMethod]) -> str:
    """Write the newest way first: "INSTANT from 8.0.12, INPLACE before"."""
    steps = list(history.items())
    parts = [_way(way) + (f" from {'.'.join(map(str, since))}" if since else " before" * (len(steps) > 1)) for since, way in steps]
    return ", ".join(reversed(parts))


def _way(way: ChangeMethod) -> str:
    waits = not way.writes and way.algorithm is not DdlAlgorithm.COPY
    online = way.writes and way.algorithm is DdlAlgorithm.COPY
    return way.algorithm.name + (", writers wait" if waits else "") + (" with writes" if online else "")
