"""Advice to keep rows, carried out on PostgreSQL: it runs as often as the rollback does, and holds nothing that must go."""

import re

import pytest
import sqlalchemy as sa

from tests.lint.test_advice import engine, op  # noqa: F401 - fixtures
from tests.lint.test_advice_followed import advice, perform
from tests.lint.test_downgrade_kinds import DROP_PARCELS, SHOP, told
from tests.lint.test_downgrade_kinds import sql as run

KIND = 'sa.Enum("small", "large", name="parcel_kind")'
TYPED = (f'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("kind", {KIND}))', DROP_PARCELS)
ROWS = "INSERT INTO parcels VALUES ({0}, 'small'), ({0} + 1, 'large')"
WIDER = "ALTER TYPE parcel_kind ADD VALUE 'huge'"
NARROW = [
    "ALTER TYPE parcel_kind RENAME TO parcel_kind_old",
    "CREATE TYPE parcel_kind AS ENUM ('small', 'large')",
    "ALTER TABLE parcels ALTER kind TYPE parcel_kind USING kind::text::parcel_kind",
    "DROP TYPE parcel_kind_old",
]
BACK = run("DELETE FROM parcels WHERE kind = 'huge'", *NARROW)


def kept(text: str) -> list[str]:
    return re.findall(r'op\.execute\("[^"]*"\)', text)


def test_rows_are_kept_at_each_rollback_and_no_type_is_kept_in_use(op):  # noqa: F811 - a fixture
    text = advice("MRT219", TYPED, run(WIDER), BACK)
    assert "parcels_backup_r1" in text
    perform(op, TYPED[0])
    for first in (1, 3):
        perform(op, run("DELETE FROM parcels", ROWS.format(first)), *kept(text), run(*NARROW))
    found = op.get_bind().execute(sa.text("SELECT id, kind FROM parcels_backup_r1 ORDER BY id")).all()
    assert found == [(1, "small"), (2, "large"), (3, "small"), (4, "large")]
    followed = "\n".join([*kept(text), BACK])
    assert "MRT219" not in {finding.code for finding in told([TYPED, (run(WIDER), followed)])}
    assert not {"MRT112", "MRT117", "MRT443", "MRT121"} & {finding.code for finding in told([TYPED, (run(WIDER), followed)])}


def test_a_copy_of_a_column_keeps_no_type_in_use(op):  # noqa: F811 - a fixture
    text = advice("MRT201", TYPED, 'op.drop_column("parcels", "kind")', f'op.add_column("parcels", sa.Column("kind", {KIND}))')
    statement = text[text.index("CREATE TABLE") : text.rindex("); drop it")]
    assert statement.startswith("CREATE TABLE parcels_kind_backup_r1 AS SELECT id, CAST(kind AS text) AS kind FROM")
    perform(op, TYPED[0], run(ROWS.format(1), statement, "ALTER TABLE parcels DROP kind", "DROP TYPE parcel_kind"))
    assert op.get_bind().scalar(sa.text("SELECT kind FROM parcels_kind_backup_r1 WHERE id = 1")) == "small"


@pytest.mark.parametrize("code", ["MRT203", "MRT214", "MRT219"])
def test_several_revisions_keep_rows_under_names_of_their_own(code: str):
    step = run("TRUNCATE parcels" if code == "MRT203" else "DELETE FROM parcels")
    bodies = ("op.execute('SELECT 1')", step) if code == "MRT219" else (step, "op.execute('SELECT 1')")
    said = [found.instead for of in (1, 2) for found in told([TYPED, bodies, bodies], of=of) if found.code == code]
    assert [f"parcels_backup_r{number}" in text for number, text in enumerate(said, 1)] == [True, True]


def test_the_name_of_a_copy_is_never_cut_to_that_of_another(op):  # noqa: F811 - a fixture
    long = "p" * 62
    made = (TYPED[0].replace("parcels", long), DROP_PARCELS.replace("parcels", long))
    text = advice("MRT219", made, "op.execute('SELECT 1')", run(f"DELETE FROM {long}"))
    perform(op, made[0], *kept(text))
    assert f"{'p' * 53}_backup_r1" in sa.inspect(op.get_bind()).get_table_names()


PARTS = 'op.create_table("vans", sa.Column("id", sa.Integer(), sa.ForeignKey("cars.id"), {}))'
CARS = 'op.create_table("cars", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("type", sa.String(9)))'


@pytest.mark.parametrize(
    ("made", "dropped", "is_part"),
    [
        (PARTS.format("primary_key=True"), 'op.drop_table("vans")', True),
        (run("CREATE TABLE vans (id int PRIMARY KEY REFERENCES cars)"), run("DROP TABLE vans"), True),
        (PARTS.format("nullable=True"), 'op.drop_table("vans")', False),
        ('op.create_table("vans", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("vans")', False),
    ],
)
def test_rows_of_a_class_whose_table_is_dropped_are_not_to_stay(made: str, dropped: str, is_part: bool):
    more = run("INSERT INTO cars (type) SELECT 'van' FROM old_vans")
    gone = run("DELETE FROM cars WHERE type = 'van'")
    text = advice("MRT219", (CARS, "pass"), f"{made}\n{more}", f"{dropped}\n{gone}")
    assert ("the rest of such rows is in table 'vans', which downgrade() drops" in text) is is_part
    assert ("name the rows" in text) is not is_part
    assert "cars_backup_r1" in text
    assert ("vans_backup_r1" in text) is is_part


BLANK = (
    'op.create_table("lots", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(9)))\n'
    + run("INSERT INTO lots VALUES (1, NULL), (2, '')"),
    'op.drop_table("lots")',
)
REFUSE = 'op.alter_column("lots", "code", existing_type=sa.String(9), nullable={})'
FILL = run("UPDATE lots SET code = '' WHERE code IS NULL")
EMPTY = "UPDATE lots SET code = NULL WHERE code = ''"


def test_rows_written_since_in_place_of_null_are_set_back_with_the_others(op):  # noqa: F811 - a fixture
    text = advice("MRT113", BLANK, f"{FILL}\n{REFUSE.format(False)}", f"{REFUSE.format(True)}\n{run(EMPTY)}")
    assert text.startswith("where both mean the same to the older release, say so behind '# noqa: MRT113'")
    assert "note the keys of rows that hold '' in a table of its own before upgrade() changes others" in text
    noted = run("CREATE TABLE lots_blank AS SELECT id FROM lots WHERE code = ''")
    back = run(f"{EMPTY} AND id NOT IN (SELECT id FROM lots_blank)", "DROP TABLE lots_blank")
    perform(op, BLANK[0], noted, FILL, REFUSE.format(False), run("INSERT INTO lots VALUES (3, '')"), REFUSE.format(True), back)
    assert op.get_bind().execute(sa.text("SELECT id FROM lots WHERE code IS NULL ORDER BY id")).scalars().all() == [1, 3]
    followed = (f"{noted}\n{FILL}\n{REFUSE.format(False)}", f"{REFUSE.format(True)}\n{back}")
    assert "MRT113" not in {finding.code for finding in told([BLANK, followed])}


def test_rows_keep_what_a_release_may_still_write_where_null_stays_allowed():
    text = advice("MRT113", BLANK, FILL, run(EMPTY))
    assert text.startswith("note the keys of rows that upgrade() changes")


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("TRUNCATE parcels RESTART IDENTITY", "keep the rows (CREATE TABLE {}), insert them again in downgrade()"),
        (
            "TRUNCATE parcels RESTART IDENTITY; INSERT INTO parcels (id, code) VALUES (1, 'a')",
            "keep the rows (CREATE TABLE {}), delete those that upgrade() inserts and insert the kept ones again in downgrade()",
        ),
        (
            "INSERT INTO parcels (id, code) VALUES (1, 'a'); TRUNCATE parcels",
            "keep the rows (CREATE TABLE {}), insert them again in downgrade()",
        ),
        (
            "TRUNCATE parcels; INSERT INTO items (id) VALUES (1)",
            "keep the rows (CREATE TABLE {}), insert them again in downgrade()",
        ),
        (
            "TRUNCATE items CASCADE; TRUNCATE parcels",
            "keep the rows before the first TRUNCATE of this upgrade() (CREATE TABLE {}), insert them again in downgrade()",
        ),
        ("TRUNCATE items; TRUNCATE parcels", "keep the rows (CREATE TABLE {}), insert them again in downgrade()"),
    ],
)
def test_rows_that_are_kept_come_back_in_the_place_of_new_ones(upgrade: str, expected: str):
    found = told([SHOP, (run(*upgrade.split("; ")), "pass")])
    text = [finding.instead for finding in found if finding.code == "MRT203"][-1]
    start, end = expected.split("{}")
    assert text.startswith(start)
    assert end in text
