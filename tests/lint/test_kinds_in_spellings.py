"""Kinds of findings in spellings that strangers use: what has to be said of the last revision ("+"), and what must not ("-")."""

import pytest

from tests.lint.test_downgrade_kinds import AGE, BASE, DROP_AGE, DROP_PARCELS, NOTHING, PARCELS, SHOP, holds, sql, told

GONE = 'op.add_column("parcels", sa.Column("code", sa.String(20)))'
FUNCTION = "CREATE FUNCTION f({}) RETURNS {} AS $$ {} $$ LANGUAGE {}"
DROPS = "BEGIN ALTER TABLE parcels DROP COLUMN code; END"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # what EXECUTE puts together from literals
        (["DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'parcels' || ' DROP COLUMN code'; END $$"], "+MRT201"),
        (["DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN %I', 'parcels', 'code'); END $$"], "+MRT201"),
        (["DO $$ BEGIN EXECUTE 'ALTER TABLE ' || quote_ident('parcels') || ' DROP code'; END $$"], "+MRT201"),
        (["DO $$ BEGIN EXECUTE ('ALTER TABLE parcels ' || $x$DROP COLUMN code$x$); END $$"], "+MRT201"),
        (["DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN code', name); END $$"], "-MRT201 +MRT104"),
        (["DO $$ BEGIN EXECUTE format('ALTER TABLE %1$I DROP COLUMN code', 'parcels'); END $$"], "-MRT201 +MRT104"),
        # functions that are made and run
        ([FUNCTION.format("", "void", DROPS, "plpgsql"), "SELECT f()", "DROP FUNCTION f()"], "+MRT201 -MRT104"),
        ([FUNCTION.format("n int", "void", DROPS, "plpgsql"), "select public.f(1);", "DROP FUNCTION f(int)"], "+MRT201"),
        ([FUNCTION.format("", "void", "ALTER TABLE parcels DROP code", "sql"), "SELECT * FROM f()"], "+MRT201"),
        ([FUNCTION.format("", "void", DROPS, "plpgsql") + "; DO $$ BEGIN PERFORM f(); END $$"], "+MRT201"),
        (["CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ " + DROPS + " $$", "CALL p()", "DROP PROCEDURE p"], "+MRT201"),
        (
            [FUNCTION.format("", "void", "BEGIN RETURN QUERY DELETE FROM parcels RETURNING id; END", "plpgsql"), "SELECT f()"],
            "+MRT214",
        ),
        ([FUNCTION.format("", "void", DROPS, "plpgsql"), "DROP FUNCTION f()"], "-MRT201"),
        ([FUNCTION.format("", "void", "BEGIN PERFORM f(); END", "plpgsql"), "SELECT f()"], "-MRT201"),
        (
            [FUNCTION.format("", "void", DROPS, "plpgsql"), FUNCTION.format("n int", "void", DROPS, "plpgsql"), "SELECT f()"],
            "-MRT201",
        ),
    ],
)
def test_what_a_block_or_a_function_of_the_migration_runs_is_read(statements: list[str], expected: str):
    found = told([BASE, (sql(*statements), GONE)])
    assert holds(expected, found), [(finding.code, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("former", "new", "expected"),
    [
        ("interval day", "interval", "-MRT303 -MRT215"),
        ("interval hour to minute", "interval day to second", "-MRT303 -MRT215"),
        ("interval minute", "interval second(2)", "-MRT303 -MRT215"),
        ("interval second(2)", "interval second(4)", "-MRT303 -MRT215"),
        ("interval", "interval second", "-MRT303 -MRT215"),
        ("interval", "interval day", "+MRT215"),
        ("interval day to second", "interval hour to minute", "+MRT215"),
        ("interval second(6)", "interval second(2)", "+MRT303"),
        ("interval(3)", "interval(2)", "+MRT303"),
        ("xml", "text", "-MRT303"),
        ("bit varying(5)", "bit varying(8)", "-MRT303"),
    ],
)
def test_a_span_keeps_what_its_finest_unit_keeps(former: str, new: str, expected: str):
    visits = "CREATE TABLE visits (id int PRIMARY KEY, span {})"
    altered = sql(f"ALTER TABLE visits ALTER COLUMN span TYPE {new}")
    assert holds(expected, told([(sql(visits.format(former)), "pass"), (altered, NOTHING)]))
    names = {"interval": "postgresql.INTERVAL()", "interval day": 'postgresql.INTERVAL(fields="day")'}
    names |= {f"bit varying({length})": f"postgresql.BIT({length}, varying=True)" for length in (5, 8)}
    if former in names and new in names:
        called = f"from sqlalchemy.dialects import postgresql\nop.alter_column('t', 'c', type_={names[new]}, existing_type={names[former]})"
        assert holds(expected, told([(NOTHING, "pass"), (called, NOTHING)]))


WILD = sql("ALTER TYPE mood ADD VALUE 'wild'")


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        ('from app.enums import drop_value\ndrop_value(op, "mood", "wild")', "-MRT304"),
        ('op.sync_enum_values("mood", ["sad", "glad"], [("dogs", "mood")])', "-MRT304"),
        ('op.create_entity(view)\nop.drop_index("ix", table_name="parcels")', "-MRT304"),
        ('op.drop_index("ix", table_name="parcels")', "+MRT304"),
        ("pass", "+MRT304"),
    ],
)
def test_a_call_that_may_take_an_enum_value_back_leaves_it_open(downgrade: str, expected: str):
    assert holds(expected, told([(sql("CREATE TYPE mood AS ENUM ('sad', 'glad')"), "pass"), (WILD, downgrade)]))


KEYED_BY_CODE = (
    (
        f'{PARCELS}\nop.create_unique_constraint("uq", "parcels", ["code"])\n'
        'op.create_table("items", sa.Column("code", sa.String(20), sa.ForeignKey("parcels.code", name="fk")))'
    ),
    "pass",
)
FREE = 'op.drop_constraint("fk", "items", type_="foreignkey")\nop.drop_constraint("uq", "parcels", type_="unique")'
KEY = 'op.create_foreign_key("fk", "items", "parcels", ["code"], ["code"])'
UNIQUE = 'op.create_unique_constraint("uq", "parcels", ["code"])'


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        (f"{KEY}\n{UNIQUE}", "+MRT112"),
        (sql("ALTER TABLE items ADD CONSTRAINT fk FOREIGN KEY (code) REFERENCES parcels (code)") + f"\n{UNIQUE}", "+MRT112"),
        (f"{KEY}\n" + sql("CREATE UNIQUE INDEX uq ON parcels (code)"), "+MRT112"),
        (f"{UNIQUE}\n{KEY}", "-MRT112"),
        (sql("CREATE UNIQUE INDEX uq ON parcels (code)") + f"\n{KEY}", "-MRT112"),
        (f'op.create_primary_key("pk", "parcels", ["code"])\n{KEY}', "-MRT112 -MRT117"),
    ],
)
def test_a_foreign_key_comes_after_what_keeps_its_target_unique(downgrade: str, expected: str):
    if "create_primary_key" in downgrade:  # in place of the one that is there
        downgrade = f"{sql('ALTER TABLE parcels DROP CONSTRAINT parcels_pkey')}\n{downgrade}"
    found = told([KEYED_BY_CODE, (FREE, downgrade)])
    assert holds(expected, found), [(finding.code, finding.message) for finding in found]
    assert holds("-MRT112", told([KEYED_BY_CODE, (FREE, downgrade)], "sqlite"))


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        ('op.alter_column("parcels", "id", new_column_name="code")', "+MRT112"),
        (sql("ALTER TABLE parcels RENAME id TO code"), "+MRT112"),
        ('op.alter_column("parcels", "id", new_column_name="number")', "-MRT112"),
        ('op.alter_column("parcels", "code", new_column_name="code")', "-MRT112"),
    ],
)
def test_a_column_takes_no_name_that_another_has(downgrade: str, expected: str):
    assert holds(expected, told([SHOP, (AGE, f"{DROP_AGE}\n{downgrade}")]))


@pytest.mark.parametrize("kind", ["sa.ARRAY(sa.Enum('a', name='mood'))", "postgresql.ARRAY(postgresql.ENUM('a', name='mood'))"])
def test_a_table_makes_the_enum_type_of_an_array_as_well(kind: str):
    dogs = f"from sqlalchemy.dialects import postgresql\nop.create_table('dogs', sa.Column('moods', {kind}))"
    assert holds("+MRT112", told([(dogs, "pass"), ('op.drop_table("dogs")', dogs)]))
    assert holds("-MRT112", told([(dogs, "pass"), (f'op.drop_table("dogs")\n{sql("DROP TYPE mood")}', dogs)]))


@pytest.mark.parametrize(
    ("cleaned", "expected"),
    [
        ('from app.clean import dedupe\ndedupe(op.get_bind(), "parcels")', "-MRT406"),
        (sql("UPDATE parcels SET code = code || '-' || id"), "-MRT406"),
        (sql("UPDATE parcels SET code = code || '-' || name"), "+MRT406"),
        (sql("TRUNCATE parcels", "INSERT INTO parcels SELECT DISTINCT ON (code) * FROM kept"), "-MRT406"),
        ("op.create_entity(view)", "+MRT406"),
    ],
)
def test_duplicates_may_be_thought_of_in_several_ways(cleaned: str, expected: str):
    upgrade = f'{cleaned}\nop.create_unique_constraint("uq", "parcels", ["code"])'
    assert holds(expected, told([BASE, (upgrade, 'op.drop_constraint("uq", "parcels", type_="unique")')]))


def test_an_empty_autocommit_block_ends_the_transaction():
    check = "ALTER TABLE parcels ADD CONSTRAINT ck CHECK (code <> '') NOT VALID"
    ended = f"{sql(check)}\nwith op.get_context().autocommit_block():\n    pass\n" + sql(
        "ALTER TABLE parcels VALIDATE CONSTRAINT ck"
    )
    assert holds("-MRT424", told([BASE, (ended, 'op.drop_constraint("ck", "parcels")')]))
    together = f"{sql(check)}\n" + sql("ALTER TABLE parcels VALIDATE CONSTRAINT ck")
    assert holds("+MRT424", told([BASE, (together, 'op.drop_constraint("ck", "parcels")')]))


@pytest.mark.parametrize("used", ["parcel.Parcel", "parcel.Parcel.__table__"])
def test_models_of_a_leaf_module_that_is_imported_whole(used: str):
    body = f"from app.db.models.shipping import parcel\nop.execute(sa.update({used}).values(code='x'))"
    assert holds("+MRT801", told([BASE, (body, "pass")]))


@pytest.mark.parametrize(
    ("statement", "joined"),
    [
        ('"ALTER TABLE parcels" "ADD CONSTRAINT ck CHECK (code > 0)"', True),
        ('"ALTER TABLE parcels" "DROP COLUMN code"', True),
        ('"ALTER TABLE parcels " "ADD CONSTRAINT ck CHECK (code > 0)"', False),
        ('"ALTER TABLE parcels ADD CHECK (code > 0)"', False),
        ('f"ALTER TABLE {name} CONSTRAINT ck"', False),
    ],
)
def test_two_pieces_of_sql_without_a_blank_between(statement: str, joined: bool):
    found = [each for each in told([BASE, (AGE, f"{DROP_AGE}\nop.execute({statement})")]) if each.code == "MRT121"]
    assert bool(found) == joined
    assert all("end the first piece of the text with a blank" in each.instead for each in found)


@pytest.mark.parametrize(
    ("downgrade", "certain"),
    [
        ('op.drop_column("parcels", "code")', True),
        ('op.drop_table("parcels")', True),
        ('op.drop_column("boxes", "code")', False),
        ('op.drop_table("crates")', False),
    ],
)
def test_what_no_revision_makes_may_not_be_there(downgrade: str, certain: bool):
    foreign = sql("ALTER TABLE boxes ADD CHECK (code > 0)")  # so that not all tables are the history's
    [found] = [
        each for each in told([(f"{PARCELS}\n{foreign}", "pass"), (AGE, f"{DROP_AGE}\n{downgrade}")]) if each.code == "MRT113"
    ]
    assert ("it fails, or takes" in found.message) != certain


ITEM = 'op.create_table("items", sa.Column("parcel_id", sa.{}(), sa.ForeignKey("parcels.id")))'


def test_a_key_with_the_misfit_that_upgrade_makes_runs_in_downgrade_as_well():
    wide = 'op.create_table("items", sa.Column("parcel_id", sa.Text()))'
    key = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
    again = f'op.drop_constraint("fk", "items", type_="foreignkey")\n{key}'
    assert holds("-MRT112", told([(f"{PARCELS}\n{wide}", "pass"), (f"{key}", again)]))
    [found] = [each for each in told([SHOP, ('op.drop_table("items")', ITEM.format("Text"))]) if each.code == "MRT112"]
    assert found.instead.startswith("give the column in this call the type")


def test_what_the_statement_before_made_of_a_type_counts_more_than_existing_type():
    base = (f"{sql('CREATE TYPE mood AS ENUM (1)')}\n{PARCELS}", "pass")
    cast = sql("ALTER TABLE parcels ALTER COLUMN code TYPE mood USING code::mood")
    altered = "op.alter_column('parcels', 'code', type_=sa.Enum('a', name='mood'), existing_type=sa.String(20))"
    assert holds("-MRT121", told([base, (f"{cast}\n{altered}", NOTHING)]))
    assert holds("+MRT121", told([base, (altered, NOTHING)]))


def test_an_object_in_place_of_a_column_name_raises_only_where_something_changes():
    called = "op.alter_column('parcels', sa.Column('code', sa.Text()){})"
    assert holds("-MRT121", told([BASE, (AGE, called.format(""))]))
    assert holds("-MRT121", told([BASE, (AGE, called.format(", existing_type=sa.Text()"))]))
    assert holds("+MRT121", told([BASE, (AGE, called.format(", nullable=False"))]))


def test_a_partitioned_table_takes_neither_concurrently_nor_not_valid():
    options = ', postgresql_partition_by="HASH (id)"'
    upgrade = 'op.create_index("ix", "parcels", ["code"])\nop.create_foreign_key("fk", "parcels", "parcels", ["code"], ["id"])'
    for made in (PARCELS[:-1] + options + ")", sql("CREATE TABLE parcels (id int, code text) PARTITION BY HASH (id)")):
        advice = {each.code: each.instead for each in told([(made, "pass"), (upgrade, NOTHING)])}
        assert "ON ONLY parcels" in advice["MRT407"]
        assert "to each partition" in advice["MRT422"]
    advice = {each.code: each.instead for each in told([(PARCELS, "pass"), (upgrade, NOTHING)])}
    assert "postgresql_concurrently=True" in advice["MRT407"]


def test_a_column_that_ends_as_a_key_or_not_null_is_not_to_be_set_null():
    added = 'op.add_column("items", sa.Column("p", sa.Integer(), sa.ForeignKey("parcels.id", ondelete="CASCADE")))\n'
    for later in ('op.alter_column("items", "p", nullable=False)', 'op.create_primary_key("pk", "items", ["id", "p"])', NOTHING):
        [found] = [each for each in told([SHOP, (added + later, NOTHING)]) if each.code == "MRT204"]
        assert ("SET NULL" in found.instead) == (later == NOTHING)


def test_the_default_of_the_environment_names_a_schema_and_stays_a_hole_in_sql():
    schema = "import os\nSCHEMA = os.getenv('APP_SCHEMA', 'app')\n"
    made = f"{schema}op.create_table('boxes', sa.Column('id', sa.Integer()), schema=SCHEMA)\n"
    indexed = "op.create_index('ix', 'boxes', ['id'], unique=True, schema={})"
    assert holds("-MRT407 -MRT406", told([BASE, (made + indexed.format("'app'"), NOTHING)]))
    assert holds("+MRT407 +MRT406", told([BASE, (made + indexed.format("'other'"), NOTHING)]))
    assert holds("+MRT803", told([BASE, (f"{schema}op.execute('UPDATE parcels SET code = ' + SCHEMA)", NOTHING)]))


REQUIRED = 'op.add_column("parcels", sa.Column("size", sa.Integer(), nullable=False{}))\n'


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ('op.create_unique_constraint("uq", "parcels", ["code"])', "MRT406"),
        ('op.create_check_constraint("ck", "parcels", "code > 0")', "MRT423"),
    ],
)
def test_behind_a_column_that_no_row_can_have_there_are_no_rows(step: str, code: str):
    assert holds(f"-{code} +MRT401", told([BASE, (REQUIRED.format("") + step, NOTHING)]))
    assert holds(f"+{code}", told([BASE, (REQUIRED.format(", server_default='1'") + step, NOTHING)]))
    assert holds(f"+{code}", told([BASE, (REQUIRED.format("").replace("parcels", "items") + step, NOTHING)]))


def test_a_default_has_filled_what_a_back_fill_looks_for():
    added = 'op.add_column("parcels", sa.Column("size", sa.Integer(){}))\n'
    fill = sql("UPDATE parcels SET size = 1 WHERE size IS NULL")
    assert holds("+MRT438", told([BASE, (added.format("") + fill, NOTHING)]))
    assert holds("-MRT438", told([BASE, (added.format(", server_default='0'") + fill, NOTHING)]))


def test_a_key_that_comes_back_in_broken_sql_is_not_told_to_be_missing():
    key = "CONSTRAINT fk FOREIGN KEY (parcel_id) REFERENCES parcels (id)"
    keyed = (SHOP[0] + "\n" + sql(f"ALTER TABLE items ADD {key}"), "pass")
    dropped = 'op.drop_constraint("fk", "items", type_="foreignkey")'
    assert holds("-MRT205 +MRT121", told([keyed, (dropped, sql(f"ALTER TABLE itemsADD {key}"))]))
    assert holds("+MRT205 +MRT121", told([keyed, (dropped, sql(f"ALTER TABLE itemsADD {key.replace(' fk ', ' other ')}"))]))


def test_a_key_whose_name_cannot_be_read_is_not_taken_for_another():
    made = sql("ALTER TABLE items ADD CONSTRAINT {} FOREIGN KEY (parcel_id) REFERENCES parcels (id)").replace("'ALTER", "f'ALTER")
    base = (SHOP[0] + "\nname = op.get_bind().execute(sa.text('SELECT 1')).scalar()\n" + made.replace("{}", "{name}"), "pass")
    [found] = [
        each for each in told([base, ('op.drop_constraint("fk", "items", type_="foreignkey")', NOTHING)]) if each.code == "MRT205"
    ]
    assert '"parcel_id"' not in found.instead


@pytest.mark.parametrize(
    "dropped", ['op.drop_constraint("ck", "items", type_="check")', sql("DROP INDEX ix"), 'op.drop_index("ix", table_name="items")']
)
@pytest.mark.parametrize("nameless", ['op.create_foreign_key(None, "items", "parcels", ["parcel_id"], ["id"])', NOTHING])
def test_an_index_or_constraint_that_upgrade_did_not_make_is_missing_afterwards(dropped: str, nameless: str):
    parts = 'op.create_check_constraint("ck", "items", "parcel_id > 0")\nop.create_index("ix", "items", ["parcel_id"])'
    base = (f"{SHOP[0]}\n{parts}", "pass")
    [found] = [each for each in told([base, (f"{AGE}\n{nameless}", f"{DROP_AGE}\n{dropped}")]) if each.code == "MRT113"]
    assert found.severity.value == "warning"
    assert "is missing after a rollback" in found.message
    again = 'op.create_check_constraint("ck", "items", "parcel_id > 1")\nop.create_index("ix", "items", ["parcel_id"], unique=True)'
    assert holds("-MRT113", told([base, (f"{AGE}\n{nameless}", f"{DROP_AGE}\n{dropped}\n{again}")]))
    assert holds("-MRT113", told([(SHOP[0], "pass"), (parts, dropped)]))


ROWS = 't = sa.table("parcels", sa.column("id"), sa.column("age"), sa.column("code"))\nc = op.get_bind()\n'


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("for row in c.execute(sa.select(t.c.id)):\n    c.execute(t.update().where(t.c.id == row.id).values(age=1))", "+MRT438"),
        (
            'for i, in c.execute(sa.text("SELECT id FROM parcels")):\n    c.execute(sa.text("UPDATE parcels SET age = 1 WHERE id = :i"), {"i": i})',
            "+MRT438",
        ),
        ("for row in c.execute(sa.select(t.c.id)):\n    c.execute(t.update().where(t.c.id == row.id).values(code=1))", "-MRT438"),
        ("for i in (1, 2):\n    c.execute(t.update().where(t.c.id == i).values(age=1))", "-MRT438"),
        (
            "for row in c.execute(sa.select(t.c.id)):\n    print(row)\nc.execute(t.update().where(t.c.id == 1).values(age=1))",
            "-MRT438",
        ),
    ],
)
def test_a_loop_over_rows_fills_a_new_column_under_its_lock(fill: str, expected: str):
    assert holds(expected, told([BASE, (f"{AGE}\n{ROWS}{fill}", DROP_AGE)]))


@pytest.mark.parametrize(("value", "is_moved"), [("len(row.code)", True), ("1", False)])
def test_what_python_may_have_read_is_dropped_behind_the_filling(value: str, is_moved: bool):
    fill = f"for row in c.execute(t.select()):\n    c.execute(t.update().where(t.c.id == row.id).values(age={value}))"
    found = told([BASE, (f"{AGE}\n{ROWS}{fill}\nop.drop_column('parcels', 'code')", DROP_AGE)])
    [advice] = [each.instead for each in found if each.code == "MRT438"]
    assert ("move the drop of 'code' behind that" in advice) == is_moved


@pytest.mark.parametrize(
    ("using", "expected"),
    [
        (" USING mood::temper", "+MRT121"),
        (" USING (mood::temper)", "+MRT121"),
        (" USING CAST(mood AS temper)", "+MRT121"),
        ("", "+MRT121"),
        (" USING mood::text::temper", "-MRT121"),
        (" USING CASE mood WHEN 'sad' THEN 'low'::temper END", "-MRT121"),
    ],
)
def test_no_enum_is_cast_to_another(using: str, expected: str):
    made = sql("CREATE TYPE mood AS ENUM ('sad')", "CREATE TYPE temper AS ENUM ('sad', 'low')", "CREATE TABLE dogs (mood mood)")
    found = told([(made, "pass"), (sql(f"ALTER TABLE dogs ALTER COLUMN mood TYPE temper{using}"), NOTHING)])
    assert holds(expected, found)
    assert all("USING mood::text::temper" in each.instead for each in found if each.code == "MRT121")


EACH_ROW = 'bind = op.get_bind()\nfor row in bind.execute(sa.text("SELECT id, name FROM parcels")):\n    '
PREPARER = "sa.sql.compiler.IdentifierPreparer(bind.dialect)"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("op.execute(f'CREATE SCHEMA {bind.dialect.identifier_preparer.quote_schema(row.name)}')", "-MRT803"),
        (f"op.execute(f'ALTER TABLE {{{PREPARER}.quote(row.name)}} ADD age int')", "-MRT803"),
        ("op.execute('ALTER TABLE {} ADD age int'.format(bind.dialect.identifier_preparer.quote_identifier(row.name)))", "-MRT803"),
        ("op.execute(f'DROP TABLE {quote_ident(row.name, bind)}')", "-MRT803"),
        ("op.execute('DROP TABLE \"' + row.name.replace('\"', '\"\"') + '\"')", "-MRT803"),
        ('op.execute(\'ALTER TABLE "of_%s"."%s" ADD age int\' % (row.id, row.name))', "-MRT803"),
        ("op.execute(f'COMMENT ON TABLE {quote_ident(row.name)} IS {sa.literal(row.name).compile(bind)}')", "-MRT803"),
        ("op.execute(f'DROP TABLE {row.name}')", "+MRT803"),
        ("op.execute(f'ALTER TABLE \"{row.name}\" ADD {row.id} int')", "+MRT803"),
        ('op.execute(f"UPDATE parcels SET code = \'{{\\"a\\": \\"{row.name}\\"}}\'")', "+MRT803"),
        ("op.execute(f\"COMMENT ON TABLE parcels IS '{row.name}'\")", "+MRT803"),
    ],
)
def test_a_name_in_quotes_may_be_any(call: str, expected: str):
    assert holds(expected, told([BASE, (f"from shop.sql import quote_ident\n{EACH_ROW}{call}", NOTHING)]))


def test_a_text_in_the_quotes_that_mysql_has_for_texts_is_a_value():
    value = "op.execute(f'UPDATE parcels SET code = \"{row.name}\"')"
    assert holds("+MRT803", told([BASE, (EACH_ROW + value, NOTHING)], "mysql"))
    assert holds("-MRT803", told([BASE, (EACH_ROW + "op.execute(f'DROP TABLE `{row.name}`')", NOTHING)], "mysql"))


def test_a_value_of_the_application_is_to_be_written_down():
    upgrade = "from shop.states import State\nop.execute(f\"UPDATE parcels SET code = '{State.SENT}'\")"
    [found] = [each for each in told([BASE, (upgrade, NOTHING)]) if each.code == "MRT803"]
    assert found.instead.endswith("where it comes from the application, write down what it is at this revision instead")


def test_a_schema_of_unread_name_takes_what_is_in_it_along():
    made = "op.execute(f'ALTER TABLE {quote_ident(row.name)}.parcels ADD FOREIGN KEY (code) REFERENCES towns (code)')"
    gone = "op.execute(f'DROP SCHEMA {quote_ident(row.name)} CASCADE')"
    for downgrade, expected in ((EACH_ROW + gone, "-MRT110"), (NOTHING, "+MRT110")):
        head = "from shop.sql import quote_ident\n"
        assert holds(expected, told([BASE, (head + EACH_ROW + made, head + downgrade)]))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("name IS NOT NULL", "+MRT438"),
        ("(p.name is not null);", "+MRT438"),
        ('"id" IS NOT NULL AND name IS NOT NULL', "+MRT438"),
        ("name IS NOT NULL AND age IS NULL", "+MRT438"),
        ("later IS NOT NULL", "+MRT438"),
        ("code IS NOT NULL", "-MRT438"),
        ("name IS NULL", "-MRT438"),
        ("name IS NOT NULL AND code IS NOT NULL", "-MRT438"),
        ("name IS NOT NULL OR code IS NOT NULL", "-MRT438"),
        ("age IS NOT NULL", "-MRT438"),
        ("loose IS NOT NULL", "-MRT438"),
        ("id IN (SELECT id FROM items WHERE name IS NOT NULL)", "-MRT438"),
    ],
)
def test_what_is_not_null_is_so_in_every_row(where: str, expected: str):
    columns = [
        f'sa.Column("{name}", sa.Text(), nullable={nullable})'
        for name, nullable in (("name", False), ("loose", False), ("later", True))
    ]
    base = (f"{PARCELS[:-1]}, {', '.join(columns)})", DROP_PARCELS)
    change = sql("ALTER TABLE parcels ALTER later SET NOT NULL", "ALTER TABLE parcels ALTER loose DROP NOT NULL")
    fill = f"{AGE}\n{sql(f'UPDATE parcels p SET age = 1 WHERE {where}')}"
    found = told([base, (change, "pass"), (fill, NOTHING)])
    assert holds(expected, found)


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("t.update().where(t.c.age.is_(None)).values(age=1)", "+MRT438"),
        ("sa.update(t).where(t.c.age == None).values(age=1)", "+MRT438"),
        ("t.update().where(t.c.age.is_(None), t.c.id > 3).values(age=1)", "-MRT438"),
        ("t.update().where(t.c.code.is_(None)).values(age=1)", "-MRT438"),
    ],
)
def test_a_new_column_is_null_in_every_row(fill: str, expected: str):
    table = 't = sa.table("parcels", sa.column("id"), sa.column("age"), sa.column("code"))'
    assert holds(expected, told([BASE, (f"{AGE}\n{table}\nop.execute({fill})", NOTHING)]))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{c}.name.isnot(None)", "+MRT438"),
        ("{c}.name.is_not(None)", "+MRT438"),
        ("{c}.name != None", "+MRT438"),
        ("sa.not_({c}.name == None)", "+MRT438"),
        ("~{c}.name.is_(None)", "+MRT438"),
        ("{c}.name.is_not(sa.null()) & ({c}.age == None)", "+MRT438"),
        ("{c}.age == None", "+MRT438"),
        ("{c}.age.is_(None)", "+MRT438"),
        ("{c}.code.isnot(None)", "-MRT438"),
        ("{c}.code != None", "-MRT438"),
        ("{c}.code == None", "-MRT438"),
        ("sa.or_({c}.name != None, {c}.code != None)", "-MRT438"),
        ("sa.and_({c}.name != None, {c}.code != None)", "-MRT438"),
        ("{c}.name != 'x'", "-MRT438"),
        ("{c}.id.in_(sa.select({c}.id))", "-MRT438"),
    ],
)
def test_what_is_not_null_is_so_in_every_spelling(condition: str, expected: str):
    model = (
        "from sqlalchemy.orm import Session, declarative_base\nclass Parcel(declarative_base()):\n    __tablename__ = 'parcels'\n"
    )
    model += "    id = sa.Column(sa.Integer, primary_key=True)\n    name, code, age = sa.Column(sa.Text), sa.Column(sa.Text), sa.Column(sa.Text)\n"
    base = (f'{PARCELS[:-1]}, sa.Column("name", sa.Text(), nullable=False))', DROP_PARCELS)
    table = 't = sa.table("parcels", *map(sa.column, ["id", "age", "code", "name"]))\n'
    for fill in (
        f"{table}op.execute(t.update().where({condition.format(c='t.c')}).values(age='1'))",
        f"{model}Session(op.get_bind()).execute(sa.update(Parcel).where({condition.format(c='Parcel')}).values(age='1'))",
        f"{model}Session(op.get_bind()).query(Parcel).filter({condition.format(c='Parcel')}).update({{Parcel.age: '1'}})",
    ):
        assert holds(expected, told([base, (f"{AGE}\n{fill}", NOTHING)]))


@pytest.mark.parametrize(
    ("case", "advice"),
    [
        ("CASE code {branches} END", "sa.case("),
        ("CASE {branches} ELSE code END", "sa.case("),
        ("CASE WHEN code = 'a' THEN '{branches}' END", "pass the value beside the SQL"),
        ("CASE code WHEN 'a' THEN {branches} ELSE 'b' END", "pass the value beside the SQL"),
        ("CASE code WHEN {branches} THEN 'a' END", "pass the value beside the SQL"),
    ],
)
def test_the_branches_of_a_case_are_bound_like_values(case: str, advice: str):
    upgrade = f'from shop.kinds import branches\nop.execute(f"UPDATE parcels SET code = {case}")'
    [found] = [each for each in told([BASE, (upgrade, NOTHING)]) if each.code == "MRT803"]
    assert advice in found.instead
