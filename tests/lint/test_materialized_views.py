"""What happens to views and materialized views that are built again, and to what hangs on them: PostgreSQL was asked for each."""

import pytest

from mrt_lint.analysis.view_definition import columns_of
from tests.lint.test_downgrade_kinds import DROP_PARCELS, KEYED, PARCELS, VIEW, holds, sql, told

VIEW_SQL = "CREATE MATERIALIZED VIEW mv AS SELECT id, code FROM parcels"
NEW = "CREATE MATERIALIZED VIEW mv AS SELECT id FROM parcels"
INDEX = "CREATE UNIQUE INDEX mvx ON mv (id)"
DROP = "DROP MATERIALIZED VIEW mv"
REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY mv"
HAS = (f"{PARCELS}\n{sql(VIEW_SQL, INDEX)}", f"{sql(DROP)}\n{DROP_PARCELS}")
BARE = (f"{PARCELS}\n{sql(VIEW_SQL)}", f"{sql(DROP)}\n{DROP_PARCELS}")
READ = (f"{HAS[0]}\n{sql('CREATE VIEW v AS SELECT id FROM mv')}", f"{sql('DROP VIEW v')}\n{HAS[1]}")


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        ([DROP, VIEW_SQL, INDEX], "-MRT207 -MRT408"),
        ([DROP, VIEW_SQL], "-MRT207 +MRT408"),
        ([DROP, NEW, INDEX], "+MRT207"),
        ([DROP, "CREATE MATERIALIZED VIEW mv AS\n  select ID, p.code\n  from parcels p", INDEX], "-MRT207"),
        ([DROP, "CREATE MATERIALIZED VIEW mv (id, code) AS SELECT a.* FROM parcels a", INDEX], "-MRT207"),
        ([DROP, "CREATE MATERIALIZED VIEW mv AS SELECT id, code, 1 AS one FROM parcels", INDEX], "+MRT207"),
        ([DROP, "CREATE VIEW mv AS SELECT id, code FROM parcels"], "+MRT207"),
        ([DROP, f"{VIEW_SQL} WITH NO DATA", INDEX], "+MRT207"),
        ([DROP, f"{VIEW_SQL} WITH NO DATA", INDEX, "REFRESH MATERIALIZED VIEW mv"], "-MRT207"),
        ([DROP, f"{VIEW_SQL} WITH DATA;", INDEX], "-MRT207"),
        ([DROP], "+MRT207"),
    ],
)
def test_a_view_has_to_come_back_with_its_columns_and_rows(downgrade: list[str], expected: str):
    assert holds(expected, told([HAS, (sql(DROP, NEW, INDEX), sql(*downgrade))]))


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [("SELECT count(*) FROM parcels", "-MRT207"), ("SELECT max(id) FROM parcels", "+MRT207")],
)
def test_what_upgrade_made_of_a_view_is_not_what_it_was(downgrade: str, expected: str):
    before, new = (f"CREATE VIEW v AS SELECT {what}(id) FROM parcels" for what in ("sum", "max"))
    found = told(
        [(f"{PARCELS}\n{sql(before)}", "pass"), (sql("DROP VIEW v", new), sql("DROP VIEW v", f"CREATE VIEW v AS {downgrade}"))]
    )
    assert holds(expected, found)


@pytest.mark.parametrize(
    ("before", "upgrade", "expected"),
    [
        (HAS, [REFRESH], "-MRT443"),
        (BARE, [REFRESH], "+MRT443"),
        (BARE, [f"{REFRESH} WITH DATA;"], "+MRT443"),
        (BARE, ["REFRESH MATERIALIZED VIEW mv"], "-MRT443"),
        (BARE, ["REFRESH MATERIALIZED VIEW CONCURRENTLY other"], "-MRT443"),
        (BARE, ["CREATE UNIQUE INDEX mvx ON mv (id) WHERE id > 0", REFRESH], "+MRT443"),
        (BARE, ["CREATE UNIQUE INDEX mvx ON mv ((id + 1))", REFRESH], "+MRT443"),
        (BARE, ["CREATE INDEX mvx ON mv (id)", REFRESH], "+MRT443"),
        (BARE, [INDEX, REFRESH], "-MRT443"),
        (HAS, ["DROP INDEX mvx", REFRESH], "+MRT443"),
        (HAS, [DROP, NEW, REFRESH], "+MRT443 +MRT448"),
        (HAS, [DROP, NEW], "+MRT448"),
        (HAS, [DROP, NEW, INDEX], "-MRT448"),
        (HAS, ["DROP TABLE parcels CASCADE"], "-MRT448"),
        (HAS, [DROP, "CREATE VIEW mv AS SELECT 1 AS id"], "-MRT448"),
        (READ, [DROP], "+MRT443"),
        (READ, [f"{DROP} CASCADE"], "-MRT443"),
        (READ, ["DROP VIEW v", DROP], "-MRT443"),
    ],
)
def test_refreshing_beside_readers_needs_a_unique_index(before: tuple[str, str], upgrade: list[str], expected: str):
    assert holds(expected, told([before, (sql(*upgrade), "pass")]))


@pytest.mark.parametrize(
    ("before", "dialect", "upgrade", "expected"),
    [
        (KEYED, "postgresql", "DROP TABLE parcels, items", "-MRT443"),
        (KEYED, "postgresql", "DROP TABLE items, parcels", "-MRT443"),
        (KEYED, "postgresql", "DROP TABLE parcels, others", "+MRT443"),
        (KEYED, "postgresql", "DROP TABLE parcels, others CASCADE", "-MRT443"),
        (KEYED, "mariadb", "DROP TABLE parcels, items", "+MRT443"),
        (VIEW, "postgresql", "DROP TABLE parcels, others CASCADE", "-MRT443 +MRT207"),
        ((f"{VIEW[0]}\n{sql('CREATE VIEW w AS SELECT id FROM v')}", "pass"), "postgresql", "DROP VIEW v, w", "-MRT443"),
        ((f"{VIEW[0]}\n{sql('CREATE VIEW w AS SELECT id FROM v')}", "pass"), "postgresql", "DROP VIEW v", "+MRT443"),
    ],
)
def test_a_statement_drops_what_it_lists_as_a_whole(before: tuple[str, str], dialect: str, upgrade: str, expected: str):
    assert holds(expected, told([before, (sql(upgrade), "pass")], dialect))


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("AS SELECT id, p.code FROM parcels p", ("id", "code")),
        ('AS SELECT "Id" AS a, count(*) n FROM parcels', None),
        ("(a, b) AS SELECT 1, 2", ("a", "b")),
        ("AS WITH c AS (SELECT x, y FROM z) SELECT x AS a FROM c", ("a",)),
        ("AS SELECT coalesce(a, b) AS c, 'd, e' AS f -- , g\n", ("c", "f")),
        ("AS SELECT extract(year FROM day) AS year, total FROM sales", ("year", "total")),
        ("AS SELECT * FROM parcels", None),
        ("AS SELECT a::text FROM parcels", None),
        ("AS SELECT 1", None),
        ("AS SELECT DISTINCT id FROM parcels", None),
    ],
)
def test_the_columns_of_a_view_are_read_where_its_text_names_each(body: str, columns: tuple[str, ...] | None):
    assert columns_of(body) == columns
