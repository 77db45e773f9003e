"""What becomes unique in the place of something that was so already, or after duplicates were dealt with (MRT406)."""

import pytest

from tests.lint.test_downgrade_kinds import PARCELS, holds, sql, told

INDEX = "CREATE UNIQUE INDEX ux ON parcels ({})"
LOWER = "lower(code) text_pattern_ops"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (LOWER, "lower(code) varchar_pattern_ops", "-MRT406"),
        (LOWER, "LOWER( code )", "+MRT406"),
        (LOWER, "lower(code) DESC", "-MRT406"),
        (LOWER, "lower(code), size", "-MRT406"),
        (LOWER, "code", "-MRT406"),
        (LOWER, "upper(code)", "+MRT406"),
        ("lower(code), size", "lower(code)", "+MRT406"),
        ("code", "lower(code)", "+MRT406"),
        ("coalesce(code, 'x')", "code", "+MRT406"),
        ("code) WHERE (size > 1", "code) WHERE (size > 1", "-MRT406"),
        ("code) WHERE (size > 1", "code) WHERE ( size > 1", "+MRT406"),
        ("code) WHERE (size > 1", "code, size) WHERE (size > 1", "-MRT406"),
        ("code", "code) WHERE (size > 1", "-MRT406"),
        ("code) WHERE (size > 1", "code", "+MRT406"),
        ("code) WHERE (size > 1", "code) WHERE (size > 0", "+MRT406"),
    ],
)
def test_an_index_in_the_place_of_a_stricter_one(before: str, after: str, expected: str):
    base = f'{PARCELS}\nop.add_column("parcels", sa.Column("size", sa.Integer()))\n{sql(INDEX.format(before))}'
    assert holds(expected, told([(base, "pass"), (sql("DROP INDEX ux", INDEX.format(after)), "pass")]))


PARTIAL = "CREATE UNIQUE INDEX ux ON parcels (code) WHERE state IN ('new', 'sent') AND size > 1"
RANKED = "(SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY code) AS n FROM parcels) AS r WHERE n > 1)"


@pytest.mark.parametrize(
    ("before", "statements", "expected"),
    [
        ("state IN ('new', 'sent')", (PARTIAL,), "-MRT406"),
        ("size > 1 AND state IN ('new', 'sent')", (PARTIAL,), "-MRT406"),
        ("state IN ('new')", (PARTIAL,), "+MRT406"),
        ("NOT (size > 1 AND size < 9)", (PARTIAL,), "+MRT406"),
        ("id < 0", (f"UPDATE parcels SET state = 'old' WHERE id IN {RANKED}", PARTIAL), "-MRT406"),
        ("id < 0", (f"UPDATE parcels SET note = 'old' WHERE id IN {RANKED}", PARTIAL), "+MRT406"),
        ("id < 0", ("UPDATE parcels SET state = 'old' WHERE id < 5", PARTIAL), "+MRT406"),
    ],
)
def test_an_index_under_a_condition(before: str, statements: tuple[str, ...], expected: str):
    columns = ", ".join(f'sa.Column("{name}", sa.Text())' for name in ("state", "note"))
    table = f"{PARCELS[:-1]}, sa.Column('size', sa.Integer()), {columns})"
    base = f"{table}\n{sql(f'CREATE UNIQUE INDEX ux ON parcels (code) WHERE {before}')}"
    assert holds(expected, told([(base, "pass"), (sql("DROP INDEX ux", *statements), "pass")]))


TAG = 'op.add_column("parcels", sa.Column("tag", sa.Integer()))'
UNIQUE_TAG = 'op.create_unique_constraint("uq", "parcels", ["tag"])'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (sql("UPDATE parcels SET tag = id"), "-MRT406"),
        (sql("UPDATE parcels SET tag = parcels.id + 1000"), "-MRT406"),
        (sql("UPDATE parcels SET tag = id WHERE code IS NOT NULL"), "-MRT406"),
        ('p = sa.table("parcels", sa.column("id"), sa.column("tag"))\nop.execute(p.update().values(tag=p.c.id))', "-MRT406"),
        (sql("UPDATE parcels SET tag = 0"), "+MRT406"),
        (sql("UPDATE parcels SET tag = length(code)"), "+MRT406"),
        (sql("UPDATE parcels SET tag = other.id FROM other"), "+MRT406"),
    ],
)
@pytest.mark.parametrize("is_before", [False, True])
@pytest.mark.parametrize(
    "made", [(TAG, UNIQUE_TAG), (TAG, 'op.create_index("ux", "parcels", ["tag"], unique=True)'), (TAG[:-2] + ", unique=True))",)]
)
def test_values_from_the_key_differ_before_and_after_the_column_is_unique(made, is_before, update, expected, dialect):
    steps = [*made[:1], update, *made[1:]] if is_before else [*made, update]
    assert holds(expected, told([(PARCELS, "pass"), ("\n".join(steps), "pass")], dialect))


def test_what_is_made_unique_before_its_values_are_replaced_may_hold_duplicates_until_then():
    steps = f"{UNIQUE_TAG}\n{sql('UPDATE parcels SET tag = id')}"
    assert holds("+MRT406", told([(f"{PARCELS}\n{TAG}", "pass"), (steps, "pass")]))
