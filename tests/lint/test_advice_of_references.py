"""Advice about foreign keys and what they hold: rows of children, new columns, names that only the database gives."""

import pytest
import sqlalchemy as sa

from tests.lint.test_advice import engine, execute, op  # noqa: F401 - fixtures
from tests.lint.test_advice_followed import perform
from tests.lint.test_downgrade_kinds import NOTHING, sql, told

SHOP = """op.create_table("kinds", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))
op.create_table("Things", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("kind", sa.Integer()))"""
KEY = 'op.create_foreign_key({}, "Things", "kinds", ["kind"], ["id"]{})'
NEW = 'op.add_column("Things", sa.Column("sort", sa.Integer(){}))\n'
OF_NEW = 'op.create_foreign_key("fk", "Things", "kinds", ["sort"], ["id"])'


def advice(code: str, upgrade: str, downgrade: str = NOTHING, before: str = SHOP, dialect: str = "postgresql") -> str:
    found = told([(before, NOTHING), (upgrade, downgrade)], dialect)
    return next((each.instead for each in found if each.code == code), "")


@pytest.mark.parametrize(
    ("made", "followed"),
    [
        (KEY.format("None", ""), KEY.format('"Things_kind_fkey"', ", postgresql_not_valid=True")),
        (
            NEW.format(', sa.ForeignKey("kinds.id")'),
            NEW.format(', sa.ForeignKey("kinds.id", name="Things_sort_fkey", postgresql_not_valid=True)'),
        ),
        (
            sql('ALTER TABLE "Things" ADD COLUMN sort int DEFAULT 1 REFERENCES kinds'),
            sql(
                'ALTER TABLE "Things" ADD COLUMN sort int DEFAULT 1',
                'ALTER TABLE "Things" ADD CONSTRAINT "Things_sort_fkey" FOREIGN KEY (sort) REFERENCES kinds NOT VALID',
            ),
        ),
    ],
)
def test_a_key_is_validated_by_the_name_that_postgresql_gives(op, made: str, followed: str):  # noqa: F811 - a fixture
    text = advice("MRT422", made)
    perform(op, SHOP, followed)
    execute(op, text[text.index("in a later revision") :].replace("revision run", "revision then"))
    question = "SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'mrt_advice'::regnamespace"
    (found,) = op.get_bind().execute(sa.text(question))
    assert found[0] in text
    assert found[1]


def test_postgresql_checks_no_row_for_references_beside_a_new_column():
    added = 'ALTER TABLE "Things" ADD COLUMN sort int{} REFERENCES kinds'
    assert not advice("MRT422", sql(added.format("")))
    assert advice("MRT422", sql(added.format(" DEFAULT 1")))
    assert advice("MRT422", sql('ALTER TABLE "Things" ADD COLUMN sort int, ADD FOREIGN KEY (sort) REFERENCES kinds'))
    assert advice("MRT422", NEW.format(', sa.ForeignKey("kinds.id")'))


@pytest.mark.parametrize(
    ("upgrade", "looks"),
    [
        (NEW.format("") + OF_NEW, False),
        (NEW.format(', sa.ForeignKey("kinds.id")'), False),
        (NEW.format(', server_default="1"') + OF_NEW, True),
        (NEW.format("") + sql('UPDATE "Things" SET sort = 1') + "\n" + OF_NEW, True),
        (KEY.format('"fk"', ""), True),
    ],
)
def test_rows_without_a_parent_are_looked_for_where_there_may_be_some(upgrade: str, looks: bool):
    text = advice("MRT422", upgrade, dialect="mysql")
    assert text.startswith("look for rows without a parent first" if looks else "run op.execute('SET SESSION")


def test_null_is_advised_without_condition_only_where_a_column_takes_it():
    cascade = KEY.format('"fk"', ', ondelete="CASCADE"')
    assert "or SET NULL, and" in advice("MRT204", cascade)
    assert "or SET NULL where it takes NULL, and" in advice("MRT204", cascade, before=NOTHING)


def test_rows_whose_parent_goes_next_cannot_stay():
    keyed, added = SHOP + "\n" + KEY.format('"fk"', ""), sql("INSERT INTO kinds (id, name) VALUES (7, 'new')")
    children, parents = sql('DELETE FROM "Things" WHERE kind = 7'), sql("DELETE FROM kinds WHERE id = 7")
    assert advice("MRT219", added, f"{children}\n{parents}", keyed).startswith("those of table 'kinds' that they refer to go next")
    assert advice("MRT219", added, children, keyed).startswith("leave them")
    assert advice("MRT219", added, f"{children}\n{parents}").startswith("leave them")


def test_children_of_deleted_rows_do_not_outlive_them():
    keyed, deleted = SHOP + "\n" + KEY.format('"fk"', ', ondelete="CASCADE"'), sql("DELETE FROM kinds")
    text = advice("MRT214", deleted, before=keyed)
    assert text.startswith("name the rows with WHERE; ")
    assert "foreign keys" not in text
    copies = [each.strip() for each in text[text.index("(CREATE") + 1 : text.index("), and in")].split(";")]
    back = sql("INSERT INTO kinds SELECT * FROM kinds_backup_r1", 'INSERT INTO "Things" SELECT * FROM "Things_backup_r1"')
    assert not [each for each in told([(keyed, NOTHING), (f"{sql(*copies)}\n{deleted}", back)]) if each.code == "MRT214"]
    refilled = f"{deleted}\n{sql('INSERT INTO kinds (id, name) SELECT id, name FROM new_kinds')}"
    assert advice("MRT214", refilled, before=keyed).startswith("drop the foreign keys before")


def test_a_table_whose_name_cannot_be_read_is_a_table():
    loop = 'for name in sa.inspect(op.get_bind()).get_table_names():\n    op.execute("ALTER TABLE %s CONVERT TO CHARACTER SET utf8mb4" % name)'
    found = [each.message for each in told([(SHOP, NOTHING), (loop, NOTHING)], "mysql") if each.code == "MRT433"]
    assert found == ["MySQL copies a table to convert its character set: writes to it wait until it is done"]


def test_an_index_of_a_new_column_moves_out_of_it(op):  # noqa: F811 - a fixture
    made = 'op.add_column("Things", sa.Column("sort", sa.Integer(){}))'
    text = advice("MRT407", made.format(", index=True"))
    assert text.startswith("leave index=True out of it, and behind it: with op.get_context().autocommit_block(): ")
    perform(op, SHOP, made.format(""))
    perform(op, text.partition("autocommit_block(): ")[2].replace(", postgresql_concurrently=True", ""))
    assert [each["column_names"] for each in sa.inspect(op.get_bind()).get_indexes("Things")] == [["sort"]]


def test_duplicates_are_looked_for_without_collation_and_operator_class(op):  # noqa: F811 - a fixture
    text = advice("MRT406", sql('CREATE UNIQUE INDEX ix ON kinds (name COLLATE "C" text_pattern_ops DESC, lower(name))'))
    perform(op, SHOP)
    op.get_bind().execute(sa.text(text[text.index("(SELECT") + 1 : text.index(");")])).all()


def test_rows_that_stay_are_not_inserted_again():
    keyed, added = SHOP + "\n" + KEY.format('"fk"', ""), sql("INSERT INTO kinds (id, name) VALUES (7, 'new')")
    text = advice("MRT123", added, sql("DELETE FROM kinds WHERE id = 7"), keyed)
    assert "and let upgrade() insert only what is missing by then; or move" in text
