"""A column that may hold NULL is set NOT NULL: the statement fails where a row does, on every database, and that is said once."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, holds, sql, told

BACK = 'op.alter_column("parcels", "code", existing_type=sa.String(20), nullable=True)'
OPERATION = 'op.alter_column("parcels", "code", existing_type=sa.String(20), nullable=False)'
BATCH = f'with op.batch_alter_table("parcels") as batch:\n    batch.{OPERATION.removeprefix("op.").replace(chr(34) + "parcels" + chr(34) + ", ", "")}'
MODIFY = sql("ALTER TABLE parcels MODIFY code VARCHAR(20) NOT NULL")
FILLED = sql("UPDATE parcels SET code = '' WHERE code IS NULL")
REQUIRED = (f"{BASE[0]}\n{FILLED}\n{OPERATION}", BASE[1])


@pytest.mark.parametrize(
    ("change", "dialect"), [(OPERATION, "mysql"), (OPERATION, "mariadb"), (MODIFY, "mysql"), (MODIFY, "mariadb"), (BATCH, "sqlite")]
)
def test_a_column_that_may_hold_null_is_found_unless_it_is_filled(change: str, dialect: str):
    assert holds("+MRT401 -MRT213", told([BASE, (change, BACK)], dialect))
    assert holds("-MRT401", told([BASE, (f"{FILLED}\n{change}", BACK)], dialect))
    assert holds("-MRT401", told([BASE, (f"{sql('DELETE FROM parcels WHERE code IS NULL')}\n{change}", BACK)], dialect))
    assert holds("-MRT401", told([BASE, (f"fill_codes(op)\n{change}", BACK)], dialect))
    assert holds("-MRT401", told([REQUIRED, (change, BACK)], dialect))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('op.alter_column("elsewhere", "code", existing_type=sa.Text(), nullable=False)', "+MRT401"),
        ('op.alter_column("elsewhere", "code", existing_type=sa.Text(), existing_nullable=False, nullable=False)', "-MRT401"),
        # which has to repeat NOT NULL
        ('op.alter_column("elsewhere", "code", type_=sa.Text(), nullable=False)', "-MRT401"),
        ('op.alter_column("elsewhere", "code", existing_type=sa.Text(), server_default=None, nullable=False)', "-MRT401"),
        (sql("ALTER TABLE elsewhere MODIFY code TEXT NOT NULL"), "-MRT401"),
        (
            f'op.create_table("elsewhere", sa.Column("code", sa.Text()))\n{sql("ALTER TABLE elsewhere MODIFY code TEXT NOT NULL")}',
            "-MRT401",
        ),
    ],
)
def test_what_was_not_known_before_is_found_where_only_not_null_is_set(change: str, expected: str):
    assert holds(expected, told([BASE, (change, "pass")], "mysql"))


def test_postgresql_says_both_in_one():
    found = told([BASE, (OPERATION, BACK)])
    assert holds("+MRT213 -MRT401", found)
    assert [each.message.endswith("it fails where it finds one") for each in found if each.code == "MRT213"] == [True]
    found = told([BASE, (f"{FILLED}\n{OPERATION}", BACK)])
    assert [each.message.endswith("in 'code'") for each in found if each.code == "MRT213"] == [True]
