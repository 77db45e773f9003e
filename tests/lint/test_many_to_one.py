"""An UPDATE that makes several values of a key one is refused where both are there (MRT446)."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

TABLE = (
    'op.create_table("tags", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(80)), '
    'sa.Column("owner", sa.Integer()), sa.Column("note", sa.Text()), sa.UniqueConstraint("owner", "name", name="uq_tags"))'
)


def about(upgrade: str, dialect: str = "postgresql") -> list[str]:
    return [each.instead for each in told([(TABLE, "pass"), (upgrade, "pass")], dialect) if each.code == "MRT446"]


@pytest.mark.parametrize(
    ("update", "expression"),
    [
        ("UPDATE tags SET name = replace(name, '.', '_')", "replace(name, '.', '_')"),
        ("UPDATE tags SET note = 'x', name = LOWER(TRIM(name)) WHERE name LIKE '%,%'", "LOWER(TRIM(name))"),
        ("UPDATE tags SET name = substring(name from 1 for 20), note = NULL", "substring(name from 1 for 20)"),
        ("UPDATE tags t SET name = regexp_replace(t.name, '[(]', '', 'g')", "regexp_replace(t.name, '[(]', '', 'g')"),
    ],
)
def test_several_values_of_a_key_may_become_one(update: str, expression: str):
    (instead,) = about(sql(update))
    assert f"SELECT owner, {expression}, count(*) FROM tags GROUP BY owner, {expression} HAVING" in instead


@pytest.mark.parametrize(
    "update",
    [
        "UPDATE tags SET note = lower(note)",
        "UPDATE tags SET name = 'x-' || lower(name)",
        "UPDATE tags SET name = lower(name) || id",
        "UPDATE tags SET name = replace(name, '.', id::text)",
        "UPDATE tags SET name = replace(name, '.', '_'), owner = id",
        "UPDATE tags SET name = lower(name) WHERE NOT EXISTS (SELECT 1 FROM tags o WHERE o.name = lower(tags.name))",
        "UPDATE tags SET name = upper(note)",
    ],
)
def test_what_stays_apart_or_is_looked_after_is_not_said(update: str):
    assert about(sql(update)) == []


def test_what_goes_before_or_the_collation_of_the_database_is_regarded():
    lower = sql("UPDATE tags SET name = lower(name)")
    assert len(about(lower)) == 1
    assert about(lower, "mysql") == []
    assert about(sql("DELETE FROM tags WHERE id NOT IN (SELECT min(id) FROM tags GROUP BY lower(name))") + f"\n{lower}") == []
    assert about(f'op.drop_constraint("uq_tags", "tags", type_="unique")\n{lower}') == []
