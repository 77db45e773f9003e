"""What a downgrade makes or drops, by any of its spellings: what is there is not made again, what is not there is not dropped."""

import pytest

from tests.lint.test_downgrade_kinds import (
    BASE,
    DROP_PARCELS,
    INDEXED,
    ITEMS,
    KEYED,
    NOTHING,
    PARCELS,
    SHOP,
    VIEW,
    holds,
    sql,
    told,
)

ADD, DROP = 'op.add_column("parcels", sa.Column("age", sa.Integer()))', 'op.drop_column("parcels", "age")'
STAMP = sql("CREATE FUNCTION stamp() RETURNS trigger AS $$ BEGIN RETURN new; END $$ LANGUAGE plpgsql")
ON_PARCELS = sql("CREATE TRIGGER stamp BEFORE UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION stamp()")
ON_ITEMS = sql("CREATE TRIGGER stamp BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp()")
STAMPED = (f"{PARCELS}\n{ITEMS}\n{STAMP}\n{ON_PARCELS}\n{ON_ITEMS}", NOTHING)
UNIQUE_CODE = 'op.create_unique_constraint("uq", "parcels", ["code"])'
TO_CODE = 'op.create_foreign_key("fk", "items", "parcels", ["code"], ["code"])'
OF_CODE = f'{UNIQUE_CODE}\nop.add_column("items", sa.Column("code", sa.String(20)))\n{TO_CODE}'
DROP_CODE = 'op.drop_constraint("fk", "items", type_="foreignkey")\nop.drop_column("items", "code")'
DROP_UNIQUE = 'op.drop_constraint("uq", "parcels", type_="unique")'


@pytest.mark.parametrize(
    ("before", "upgrade", "downgrade", "expected"),
    [
        # made though it is there
        (STAMPED, ADD, f"{ON_PARCELS}\n{DROP}", "+MRT112"),
        (STAMPED, sql("DROP TRIGGER stamp ON parcels"), ON_PARCELS, "-MRT112 -MRT113"),
        (STAMPED, 'op.drop_table("parcels")', f"{PARCELS}\n{ON_PARCELS}", "-MRT112"),
        (STAMPED, ADD, f"{STAMP}\n{DROP}", "+MRT112"),
        (STAMPED, ADD, sql("CREATE FUNCTION stamp(a int) RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql") + f"\n{DROP}", "-MRT112"),
        (STAMPED, ADD, STAMP.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + f"\n{DROP}", "-MRT112"),
        (BASE, ADD, f'{DROP}\nop.create_primary_key("pk", "parcels", ["id"])', "+MRT112"),
        (
            BASE,
            'op.drop_constraint("parcels_pkey", "parcels", type_="primary")',
            'op.create_primary_key("pk", "parcels", ["id"])',
            "-MRT112",
        ),
        # dropped though it is not there
        (BASE, ADD, f"{sql('DROP INDEX ix_age')}\n{DROP}", "+MRT117"),
        (BASE, ADD, f"{sql('DROP INDEX public.ix_age')}\n{DROP}", "+MRT117"),
        (BASE, ADD, f"{sql('DROP INDEX IF EXISTS ix_age')}\n{DROP}", "-MRT117"),
        (INDEXED, ADD, f"{sql('DROP INDEX public.IX')}\n{DROP}", "-MRT117"),
        (BASE, f"{ADD}\n{sql('CREATE INDEX ON parcels (age)')}", f"{sql('DROP INDEX parcels_age_idx')}\n{DROP}", "-MRT117"),
        (BASE, ADD, f"{sql('DROP TRIGGER stamp ON parcels')}\n{DROP}", "+MRT117"),
        (STAMPED, ADD, f"{sql('DROP TRIGGER stamp ON items')}\n{DROP}", "-MRT117"),
        (BASE, ADD, f"{sql('DROP VIEW v')}\n{DROP}", "+MRT117"),
        (VIEW, ADD, f"{sql('DROP VIEW public.v')}\n{DROP}", "-MRT117"),
        (BASE, f"build_views()\n{ADD}", f"{sql('DROP VIEW v')}\n{DROP}", "-MRT117"),
        # there, as something else
        (BASE, UNIQUE_CODE, 'op.drop_index("uq", table_name="parcels")', "+MRT117"),
        (BASE, 'op.create_index("uq", "parcels", ["code"], unique=True)', 'op.drop_constraint("uq", "parcels")', "+MRT116"),
        # needed by what is made before it
        (STAMPED, f"{sql('DROP TRIGGER stamp ON items', 'DROP FUNCTION stamp')}", f"{ON_ITEMS}\n{STAMP}", "+MRT112"),
        (STAMPED, f"{sql('DROP TRIGGER stamp ON items', 'DROP FUNCTION stamp')}", f"{STAMP}\n{ON_ITEMS}", "-MRT112"),
        (
            (f"{PARCELS}\n{sql('CREATE SEQUENCE num')}", NOTHING),
            sql("DROP SEQUENCE num"),
            sql("ALTER TABLE parcels ADD COLUMN n int DEFAULT nextval('num')", "CREATE SEQUENCE num"),
            "+MRT112",
        ),
        # needed by a key that still points to it
        (SHOP, OF_CODE, f"{DROP_UNIQUE}\n{DROP_CODE}", "+MRT112"),
        (SHOP, OF_CODE, f"{DROP_CODE}\n{DROP_UNIQUE}", "-MRT112"),
        (SHOP, f'{OF_CODE}\nop.create_index("u2", "parcels", ["code"], unique=True)', f"{DROP_UNIQUE}\n{DROP_CODE}", "-MRT112"),
        (KEYED, UNIQUE_CODE, DROP_UNIQUE, "-MRT112"),
    ],
)
def test_a_downgrade_is_judged_by_what_is_there(before, upgrade, downgrade, expected):
    assert holds(expected, told([before, (upgrade, downgrade)]))


def test_on_mysql_a_unique_key_that_another_table_points_to_cannot_go():
    assert holds("+MRT112", told([SHOP, (OF_CODE, f"{DROP_UNIQUE}\n{DROP_CODE}")], "mysql"))
    assert holds("-MRT112", told([SHOP, (OF_CODE, f"{DROP_CODE}\n{DROP_UNIQUE}")], "mysql"))
    assert holds("-MRT117", told([BASE, (UNIQUE_CODE, 'op.drop_index("uq", table_name="parcels")')], "mysql"))


def test_triggers_that_go_with_their_function_are_missed_afterwards():
    (finding,) = (f for f in told([STAMPED, (sql("DROP FUNCTION stamp() CASCADE"), f"{STAMP}\n{ON_ITEMS}")]) if f.code == "MRT104")
    assert finding.message.startswith("upgrade drops trigger 'stamp' along with function 'stamp'")
    assert holds("-MRT104", told([STAMPED, (sql("DROP FUNCTION stamp CASCADE"), f"{STAMP}\n{ON_ITEMS}\n{ON_PARCELS}")]))


@pytest.mark.parametrize("commit", ["op.get_bind().commit()", "bind = op.get_bind()\nbind.commit()", sql("COMMIT AND CHAIN")])
def test_a_commit_ends_the_transaction_and_the_next_one_begins(commit):
    check = sql("ALTER TABLE parcels ADD CONSTRAINT c CHECK (id > 0) NOT VALID")
    validate = sql("ALTER TABLE parcels VALIDATE CONSTRAINT c")
    back = 'op.drop_constraint("c", "parcels", type_="check")'
    assert holds("-MRT424", told([BASE, (f"{check}\n{commit}\n{validate}", back)]))
    assert holds("+MRT424", told([BASE, (f"{commit}\n{check}\n{validate}", back)]))
    assert holds("+MRT421", told([BASE, (f"{commit}\n{sql('REINDEX TABLE CONCURRENTLY parcels')}", NOTHING)]))


def test_a_renamed_type_is_dropped_by_the_name_that_it_has_then():
    upgrade = sql("CREATE TYPE mood_new AS ENUM ('a')", "ALTER TYPE mood_new RENAME TO mood")
    (finding,) = (found for found in told([BASE, (upgrade, NOTHING)]) if found.code == "MRT503")
    assert 'DROP TYPE mood"' in finding.instead


def test_objects_of_automap_are_rows_of_their_table():
    upgrade = """
    Base = automap_base()
    Base.prepare(autoload_with=op.get_bind())
    session = sa.orm.Session(op.get_bind())
    for parcel in session.query(Base.classes.parcels):
        parcel.code = "x"
    session.commit()
    """
    module = "from sqlalchemy.ext.automap import automap_base\n"
    assert holds("+MRT103", told([BASE, (module + upgrade.replace("\n    ", "\n").strip(), DROP_PARCELS.replace("parcels", "x"))]))


@pytest.mark.parametrize("dialect", ["mysql", "postgresql"])
def test_a_trigger_that_is_made_anew_is_the_one_that_goes(dialect: str):
    on = " ON parcels" if dialect == "postgresql" else ""
    made = sql("CREATE TRIGGER t BEFORE UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION stamp()")
    drop = sql(f"DROP TRIGGER IF EXISTS t{on}")
    assert holds("-MRT104 -MRT110", told([BASE, (f"{drop}\n{made}", drop)], dialect))
