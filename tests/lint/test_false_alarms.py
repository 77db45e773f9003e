"""Kinds of migrations that a round on unseen histories accused wrongly, each in several spellings, beside what stays true."""

import pytest

from mrt_lint.model.finding import Consequence, Severity
from tests.lint.test_downgrade_kinds import (
    BASE,
    DROP_INDEX,
    DROP_KEY,
    DROP_PARCELS,
    DROP_UNIQUE,
    INDEXED,
    ITEMS,
    KEYED,
    NOTHING,
    PARCELS,
    SHOP,
    UNIQUE,
    holds,
    sql,
    told,
)


def batch(*steps: str, table: str = "parcels", options: str = "") -> str:
    return f'with op.batch_alter_table("{table}"{options}) as batch:\n' + "\n".join(f"    {step}" for step in steps)


DROP_CODE, DROP_IX = 'batch.drop_column("code")', 'batch.drop_index("ix")'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (batch(DROP_CODE, DROP_IX), "-MRT443"),
        (batch(DROP_IX, DROP_CODE), "-MRT443"),
        (batch(DROP_CODE, 'batch.add_column(sa.Column("age", sa.Integer()))', DROP_IX), "-MRT443"),
        (batch(DROP_CODE, DROP_IX, options=', recreate="always"'), "-MRT443"),
        (batch(DROP_CODE), "+MRT443"),
        (f"{batch(DROP_CODE)}\n{batch(DROP_IX)}", "+MRT443"),
        (batch(DROP_CODE, 'batch.drop_index("other")'), "+MRT443"),
        (f"{batch(DROP_CODE)}\n{DROP_INDEX}", "+MRT443"),
        (batch(DROP_CODE, DROP_IX, options=', recreate="never"'), "+MRT443"),
    ],
)
def test_a_batch_on_sqlite_is_put_together_before_it_runs(upgrade: str, expected: str):
    assert holds(expected, told([INDEXED, (upgrade, "pass")], "sqlite"))


NEW_KEY = sql("ALTER TABLE parcels DROP CONSTRAINT parcels_pkey", "ALTER TABLE parcels ADD version int DEFAULT 1")
BY_NAME = 'op.create_primary_key("parcels_pkey", "parcels", ["id", "version"])'
NAMELESS = 'op.create_primary_key(None, "parcels", ["id", "version"])'
IN_SQL = sql("ALTER TABLE parcels ADD PRIMARY KEY (id, version)")


@pytest.mark.parametrize("made", [BY_NAME, NAMELESS, IN_SQL])
def test_a_key_in_the_place_of_one_that_the_next_upgrade_drops_does_not_stop_that(made: str):
    found = {finding.code: finding for finding in told([BASE, (f"{NEW_KEY}\n{made}", NOTHING)])}
    assert "its columns were (id) and become (id, version)" in found["MRT111"].message
    assert found["MRT110"].instead == (
        'add op.drop_column("parcels", "version") to downgrade(), after the drop of constraint \'parcels_pkey\''
    )


@pytest.mark.parametrize(
    ("made", "dialect", "words", "undo"),
    [
        ('op.create_primary_key(None, "lots", ["id"])', "postgresql", "fails because it exists", '"lots_pkey", "lots"'),
        ('op.create_primary_key(None, "lots", ["id"])', "mysql", "fails because it exists", '"PRIMARY", "lots"'),
        (sql('ALTER TABLE "Lots" ADD PRIMARY KEY (id)'), "postgresql", "'Lots_pkey'", '"Lots_pkey", "Lots"'),
        ('op.create_unique_constraint(None, "parcels", ["code"])', "postgresql", "makes a second one", '"parcels_code_key"'),
        ('op.create_foreign_key(None, "parcels", "lots", ["id"], ["id"])', "postgresql", "second one", '"parcels_id_fkey"'),
        (
            'op.create_check_constraint(None, "parcels", "id > 0")',
            "postgresql",
            "makes a second one",
            "give it a name in upgrade()",
        ),
        ('op.create_unique_constraint("uq", "parcels", ["code"])', "postgresql", "fails because it exists", '"uq"'),
    ],
)
def test_a_constraint_without_a_name_is_dropped_by_the_one_that_it_gets(made: str, dialect: str, words: str, undo: str):
    found = next(finding for finding in told([BASE, (made, NOTHING)], dialect) if finding.code == "MRT110")
    assert words in found.message
    assert undo in found.instead
    assert "could not be read" not in found.message


@pytest.mark.parametrize(
    ("made", "severity"),
    [
        ('postgresql.ENUM("a", name="mood").create(op.get_bind())', Severity.WARNING),
        ('postgresql.ENUM("a", name="mood").create(op.get_bind(), True)', Severity.WARNING),
        ('postgresql.ENUM("a", name="mood").create(op.get_bind(), checkfirst=False)', Severity.ERROR),
        ('postgresql.DOMAIN("mood", sa.Text()).create(op.get_bind())', Severity.WARNING),
        ('sa.Enum("a", name="mood").create(op.get_bind())', Severity.ERROR),
        ('sa.Enum("a", name="mood").create(op.get_bind(), checkfirst=True)', Severity.WARNING),
        (sql("CREATE TYPE mood AS ENUM ('a')"), Severity.ERROR),
    ],
)
def test_a_type_that_is_made_unless_it_is_there_is_left_behind_and_stops_no_upgrade(made: str, severity: Severity):
    upgrade = f"from sqlalchemy.dialects import postgresql\n{made}"
    found = next(finding for finding in told([BASE, (upgrade, NOTHING)]) if finding.code == "MRT503")
    assert found.severity is severity
    assert ("fails" in found.message) is (severity is Severity.ERROR)
    dropped = "from sqlalchemy.dialects import postgresql\npostgresql.ENUM(name='mood').drop(op.get_bind())"
    assert holds("-MRT503", told([BASE, (upgrade, dropped)]))
    there = (sql("CREATE TYPE mood AS ENUM ('a')"), sql("DROP TYPE mood"))
    assert holds("-MRT503", told([there, (upgrade, NOTHING)])) or severity is Severity.ERROR


GONE = ('op.drop_column("parcels", "code")', 'op.add_column("parcels", sa.Column("code", sa.String(20)))')
TOWNS = 't = sa.table("parcels", sa.column("id"), sa.column("code"))\n'


@pytest.mark.parametrize(
    ("insert", "expected"),
    [
        ('op.bulk_insert(t, [{"id": 1}, {"id": 2, "code": "a"}])', "-MRT117"),
        ('rows = [dict(id=1), dict(id=2, code="a")]\nop.bulk_insert(t, rows)', "-MRT117"),
        ('op.bulk_insert(t, [{"id": 1, "code": "a"}, {"id": 2}])', "+MRT117"),
        ('op.bulk_insert(t, [{"id": 1}, {"id": 2, "code": "a"}], multiinsert=False)', "+MRT117"),
        ('op.get_bind().execute(t.insert(), [{"id": 1}, {"id": 2, "code": "a"}])', "-MRT117"),
    ],
)
def test_rows_in_bulk_are_written_by_the_columns_of_the_first(insert: str, expected: str):
    upgrade = 'op.add_column("parcels", sa.Column("age", sa.Integer()))'
    found = told([BASE, GONE, (upgrade, f'{TOWNS}{insert}\nop.drop_column("parcels", "age")')])
    assert holds(expected, found)
    assert not any("drop it" in finding.instead for finding in found if finding.code == "MRT117")


REQUIRED = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20), nullable=False))',
    DROP_PARCELS,
)
UNIQUE_INDEX = (f'{PARCELS}\nop.create_index("ix", "parcels", ["code"], unique=True)', DROP_PARCELS)
LONGER = 'op.alter_column("parcels", "code", type_=sa.Text(), existing_type=sa.String(20))'
DEDUPLICATED = sql("UPDATE parcels SET code = code || id WHERE id NOT IN (SELECT min(id) FROM parcels GROUP BY code)")
ROWS_FIRST = "change in downgrade() the rows that hold the same in (code) by then, or copy them elsewhere and delete them, and "


@pytest.mark.parametrize(
    ("before", "steps", "code", "advice", "followed"),
    [
        (
            REQUIRED,
            ('op.drop_column("parcels", "code")', 'op.add_column("parcels", sa.Column("code", sa.String(20)))'),
            "MRT111",
            'fill it by op.execute("UPDATE parcels SET code = …"), then op.alter_column("parcels", "code", nullable=False)',
            (
                'op.add_column("parcels", sa.Column("code", sa.String(20)))\nop.execute("UPDATE parcels SET code = id")\n'
                'op.alter_column("parcels", "code", nullable=False)'
            ),
        ),
        (
            BASE,
            (LONGER, NOTHING),
            "MRT111",
            "VARCHAR(20), once what that does not take is shortened or changed (UPDATE parcels SET code = left(code, 20) ",
            sql("UPDATE parcels SET code = left(code, 20) WHERE char_length(code) > 20")
            + '\nop.alter_column("parcels", "code", type_=sa.String(20), existing_type=sa.Text())',
        ),
        (
            UNIQUE,
            (DROP_UNIQUE, NOTHING),
            "MRT409",
            f'{ROWS_FIRST}add to downgrade(): op.create_unique_constraint("uq", "parcels", ["code"])',
            f'{DEDUPLICATED}\nop.create_unique_constraint("uq", "parcels", ["code"])',
        ),
        (
            UNIQUE_INDEX,
            (DROP_INDEX, 'op.create_index("ix", "parcels", ["code"])'),
            "MRT408",
            f'{ROWS_FIRST}create it in downgrade() as it was: op.create_index("ix", "parcels", ["code"], unique=True)',
            f'{DEDUPLICATED}\nop.create_index("ix", "parcels", ["code"], unique=True)',
        ),
        (
            BASE,
            (f"{NEW_KEY}\n{BY_NAME}", 'op.drop_column("parcels", "code")'),
            "MRT111",
            'op.create_primary_key("parcels_pkey", "parcels", ["id"])',
            (
                'op.drop_constraint("parcels_pkey", "parcels", type_="primary")\nop.execute("DELETE FROM parcels WHERE version > 1")\n'
                'op.create_primary_key("parcels_pkey", "parcels", ["id"])\nop.drop_column("parcels", "version")'
            ),
        ),
    ],
)
def test_advice_about_what_comes_back_leads_to_no_other_finding(
    before: tuple[str, str], steps: tuple[str, str], code: str, advice: str, followed: str
):
    upgrade = steps[0]
    assert advice in next(finding.instead for finding in told([before, steps]) if finding.code == code)
    assert holds("-MRT110 -MRT111 -MRT112 -MRT117 -MRT120 -MRT219 -MRT408 -MRT409", told([before, (upgrade, followed)]))


@pytest.mark.parametrize(
    ("wide", "narrow", "statement"),
    [
        ("sa.String(20)", "sa.String(10)", "SET code = left(code, 10) WHERE char_length(code) > 10"),
        ("sa.BigInteger()", "sa.Integer()", "SET code = … WHERE code > 2147483647"),
        ("sa.Integer()", "sa.SmallInteger()", "SET code = … WHERE code > 32767"),
    ],
)
def test_advice_about_a_narrower_type_does_not_ask_to_leave_the_wide_one(wide: str, narrow: str, statement: str):
    change = 'op.alter_column("parcels", "code", type_={}, existing_type={})'
    found = told([BASE, (change.format(wide, narrow), change.format(narrow, wide))])
    advice = next(finding.instead for finding in found if finding.code == "MRT120")
    assert statement in advice
    assert "leave it" not in advice


KEYED_BY = 'sa.Column("id", sa.Integer(), primary_key=True)'


def typed(kind: str) -> tuple[str, str]:
    return f'op.create_table("parcels", {KEYED_BY}, sa.Column("code", {kind}))', DROP_PARCELS


@pytest.mark.parametrize(
    ("former", "new", "words"),
    [
        ("sa.Integer()", "sa.BigInteger()", "no value is lost"),
        ("sa.SmallInteger()", "sa.Integer()", "no value is lost"),
        ("sa.Integer()", "sa.Numeric()", "no value is lost"),
        ("sa.Numeric(10, 2)", "sa.Numeric(14, 4)", "no value is lost"),
        ("sa.Date()", "sa.DateTime()", "no value is lost"),
        ("sa.JSON()", "sa.Text()", "no value is lost"),
        ('sa.Enum("a", name="m")', "sa.Text()", "no value is lost"),
        ('sa.Enum("a", name="m")', 'sa.Enum("a", "b", name="n")', "no value is lost"),
        ('sa.Enum("a", "b", name="m")', 'sa.Enum("b", name="n")', "fails where a row holds 'a'"),
        ("sa.Text()", "sa.JSON()", "fails where a value is no JSON"),
        ("sa.String(20)", "sa.JSON()", "fails where a value is no JSON"),
        ("sa.BigInteger()", "sa.Integer()", "every value is converted"),
        ("sa.Text()", "sa.Integer()", "every value is converted"),
        ("sa.Numeric(10, 2)", "sa.Numeric(10, 4)", "every value is converted"),
        ("sa.Date()", "sa.DateTime(timezone=True)", "every value is converted"),
        ("sa.JSON()", "JSONB()", "every value is converted"),
    ],
)
def test_a_type_that_keeps_every_value_is_not_said_to_lose_any(former: str, new: str, words: str):
    change = f'from sqlalchemy.dialects.postgresql import JSONB\nop.alter_column("parcels", "code", type_={new})'
    found = next(finding for finding in told([typed(former), (change, NOTHING)]) if finding.code == "MRT303")
    assert words in found.message
    assert (found.consequence is Consequence.ROLLBACK_LOSES_DATA) is (words == "every value is converted")


MOOD = typed('sa.Enum("a", "b", name="m")')
CAST = "ALTER TABLE parcels ALTER COLUMN code TYPE m USING code::text::m"


@pytest.mark.parametrize(
    ("labels", "before", "words"),
    [
        ("'a', 'b', 'c'", "", "no value is lost"),
        ("'b', 'c'", "", "fails where a row holds 'a'"),
        ("'b', 'c'", sql("UPDATE parcels SET code = 'b' WHERE code = 'a'"), "no value is lost"),
    ],
)
def test_an_enum_that_is_made_again_keeps_its_labels(labels: str, before: str, words: str):
    again = sql("ALTER TYPE m RENAME TO m_old", f"CREATE TYPE m AS ENUM ({labels})", CAST, "DROP TYPE m_old")
    found = next(finding for finding in told([MOOD, (f"{before}\n{again}", NOTHING)]) if finding.code == "MRT303")
    assert words in found.message
    assert "from the former m to the new one of that name" in found.message


MADE_N = sql("CREATE TYPE n AS ENUM ('b')")
ADDED = sql("ALTER TYPE n ADD VALUE 'a'")
CAST_TO_N = sql("ALTER TABLE parcels ALTER COLUMN code TYPE n USING code::text::n")
SET_TO_N = """op.alter_column("parcels", "code", type_=sa.Enum("b", name="n"), postgresql_using="code::text::n")"""


@pytest.mark.parametrize("change", [CAST_TO_N, SET_TO_N], ids=["SQL", "alter_column"])
@pytest.mark.parametrize(
    ("earlier", "before", "words"),
    [
        (NOTHING, f"{MADE_N}\n{ADDED}", "no value is lost"),
        (MADE_N, ADDED, "no value is lost"),
        (sql("CREATE TYPE k AS ENUM ('b')", "ALTER TYPE k RENAME TO n"), ADDED, "no value is lost"),
        (NOTHING, sql("CREATE TYPE k AS ENUM ('b')", "ALTER TYPE k RENAME TO n", "ALTER TYPE n ADD VALUE 'a'"), "no value is lost"),
        (sql("CREATE TYPE n AS ENUM ('b', 'c')"), sql("ALTER TYPE n RENAME VALUE 'c' TO 'a'"), "no value is lost"),
        (MADE_N, sql("ALTER TYPE n ADD VALUE 'c'"), "fails where a row holds 'a'"),
        (sql("CREATE TYPE n AS ENUM ('a', 'b')"), f"{sql('ALTER TYPE n RENAME TO k')}\n{MADE_N}", "fails where a row holds 'a'"),
    ],
)
def test_a_label_that_was_added_before_is_one_of_the_type(earlier: str, before: str, change: str, words: str):
    found = told([(f"{MOOD[0]}\n{earlier}", DROP_PARCELS), (f"{before}\n{change}", NOTHING)])
    assert words in next(finding for finding in found if finding.code == "MRT303").message


def test_a_label_that_was_added_to_the_former_type_is_one_of_its():
    again = sql("ALTER TYPE m RENAME TO m_old", "CREATE TYPE m AS ENUM ('a', 'b')", CAST, "DROP TYPE m_old")
    found = told([MOOD, (sql("ALTER TYPE m ADD VALUE 'c'"), NOTHING), (again, NOTHING)])
    assert "fails where a row holds 'c'" in next(finding for finding in found if finding.code == "MRT303").message


def test_a_label_that_is_added_behind_is_not_there_yet():
    found = told([MOOD, (f"{MADE_N}\n{CAST_TO_N}\n{ADDED}", NOTHING)])
    assert "fails where a row holds 'a'" in next(finding for finding in found if finding.code == "MRT303").message


@pytest.mark.parametrize(
    ("statement", "outside"),
    [
        ("ALTER SEQUENCE parcels_id_seq RESTART WITH 9", False),
        ("ALTER TABLE parcels ALTER COLUMN id RESTART WITH 9", False),
        ("SELECT setval('parcels_id_seq', 9)", True),
    ],
)
def test_only_setval_is_outside_of_the_transaction(statement: str, outside: bool):
    found = next(finding for finding in told([BASE, (sql(statement), NOTHING)]) if finding.code == "MRT501")
    assert ("ROLLBACK" in found.message) is outside
    assert "a downgrade cannot know the former number" in found.message


FUNCTION = "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql"
TRIGGER = "CREATE TRIGGER t AFTER DELETE ON parcels FOR EACH ROW EXECUTE FUNCTION f()"
WATCHED = (f"{PARCELS}\n{sql(FUNCTION, TRIGGER)}", DROP_PARCELS)
TAGGED = ('op.create_table("tags", sa.Column("id", sa.Integer()))', 'op.drop_table("tags")')
RENAMED = 'op.rename_table("parcels", "lots")'


@pytest.mark.parametrize(
    ("between", "dropped", "expected"),
    [
        (RENAMED, "DROP TRIGGER IF EXISTS t ON parcels", "-MRT104"),
        (RENAMED, "DROP POLICY IF EXISTS p ON parcels", "-MRT104"),
        (RENAMED, "DROP RULE IF EXISTS r ON parcels", "-MRT104"),
        ('op.drop_table("parcels")', "DROP TRIGGER IF EXISTS t ON parcels", "-MRT104"),
        (sql("ALTER TABLE parcels SET SCHEMA x"), "DROP TRIGGER IF EXISTS t ON parcels", "-MRT104"),
        (sql("DROP TRIGGER t ON parcels"), "DROP TRIGGER IF EXISTS t ON parcels", "-MRT104"),
        (sql("DROP TRIGGER t ON parcels", "DROP FUNCTION f()"), "DROP FUNCTION IF EXISTS f()", "-MRT104"),
        (sql("CREATE TYPE m AS ENUM ('a')", "ALTER TYPE m RENAME TO n"), "DROP TYPE IF EXISTS m", "-MRT104"),
        (sql("CREATE TYPE m AS ENUM ('a')", "ALTER TYPE m RENAME TO n"), "DROP TYPE IF EXISTS n", "+MRT104"),
        (RENAMED, "DROP TRIGGER IF EXISTS t ON lots", "+MRT104"),
        (sql("ALTER TABLE parcels SET SCHEMA x"), "DROP TRIGGER IF EXISTS t ON x.parcels", "+MRT104"),
        ("pass", "DROP TRIGGER IF EXISTS t ON parcels", "+MRT104"),
        ("pass", "DROP FUNCTION IF EXISTS g()", "+MRT104"),
    ],
)
def test_a_drop_of_what_earlier_revisions_have_taken_away_does_nothing(between: str, dropped: str, expected: str):
    upgrade = f'op.add_column("tags", sa.Column("name", sa.Text()))\n{sql(dropped)}'
    assert holds(expected, told([WATCHED, TAGGED, (between, "pass"), (upgrade, 'op.drop_column("tags", "name")')]))


@pytest.mark.parametrize(
    ("before", "expected"),
    [(REQUIRED, "-MRT403 +MRT111"), (BASE, "-MRT403 -MRT111")],
)
def test_a_column_that_was_not_null_before_is_not_said_to_become_so(before: tuple[str, str], expected: str):
    steps = (sql(f"ALTER TABLE parcels ALTER COLUMN code {verb} NOT NULL") for verb in ("SET", "DROP"))
    assert holds(expected, told([before, (next(steps), next(steps))]))


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ('op.add_column("parcels", sa.Column("kind", sa.Text(), nullable=False))', "+MRT401 -MRT213"),
        ('op.add_column("parcels", sa.Column("kind", sa.Text(), nullable=False, server_default="a"))', "+MRT213"),
        ('op.add_column("parcels", sa.Column("kind", sa.Text()))', "+MRT213"),
        ('op.add_column("tags", sa.Column("kind", sa.Text(), nullable=False))', "+MRT401 +MRT213"),
    ],
)
def test_a_table_that_has_to_be_empty_is_not_scanned(first: str, expected: str):
    assert holds(expected, told([BASE, TAGGED, (f'{first}\nop.alter_column("parcels", "code", nullable=False)', NOTHING)]))


SAME = "SELECT id, row_number() OVER (PARTITION BY code ORDER BY id) AS n FROM parcels"
UNIQUE_NOW = 'op.create_unique_constraint("uq", "parcels", ["code"])'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (f"UPDATE parcels SET code = NULL WHERE id IN (SELECT id FROM ({SAME}) t WHERE n > 1)", "-MRT406"),
        (f"UPDATE parcels SET code = code || '-2' WHERE id IN (SELECT id FROM ({SAME}) t WHERE n > 1)", "-MRT406"),
        ("UPDATE parcels SET code = NULL WHERE code IN (SELECT code FROM parcels GROUP BY code HAVING count(*) > 1)", "-MRT406"),
        ("UPDATE parcels p SET code = NULL FROM parcels q WHERE q.code = p.code AND q.id < p.id", "-MRT406"),
        ("UPDATE parcels p SET code = '' WHERE EXISTS (SELECT 1 FROM parcels q WHERE q.code = p.code AND q.id < p.id)", "-MRT406"),
        (f"WITH t AS ({SAME}) UPDATE parcels SET code = NULL FROM t WHERE t.id = parcels.id AND n > 1", "-MRT406"),
        ("UPDATE parcels SET code = NULL WHERE code = ''", "+MRT406"),
        ("UPDATE parcels SET id = id + 1 WHERE id IN (SELECT max(id) FROM parcels GROUP BY code)", "+MRT406"),
        ("UPDATE parcels SET code = lower(code)", "+MRT406"),
    ],
)
def test_an_update_of_rows_that_hold_the_same_makes_room_for_a_unique_key(change: str, expected: str):
    assert holds(expected, told([BASE, (f"{sql(change)}\n{UNIQUE_NOW}", DROP_UNIQUE)]))


TO_MARK = 'op.alter_column("parcels", "code", new_column_name="mark")'
TO_CODE = 'op.alter_column("parcels", "mark", new_column_name="code")'
LOTS = 'op.rename_table("parcels", "lots")'
PARCELS_AGAIN = 'op.rename_table("lots", "parcels")'


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (
            f'{DROP_INDEX}\n{TO_MARK}\nop.create_index("iy", "parcels", ["mark"], unique=True)',
            f'op.drop_index("iy", "parcels")\n{TO_CODE}\nop.create_index("ix", "parcels", ["code"], unique=True)',
            "-MRT406 -MRT120",
        ),
        (
            f'{LOTS}\n{batch(DROP_IX, table="lots")}\nop.create_index("iy", "lots", ["code"], unique=True)',
            (
                f"{PARCELS_AGAIN}\n{batch('batch.drop_index(' + repr('iy') + ')')}\n"
                'op.create_index("ix", "parcels", ["code"], unique=True)'
            ),
            "-MRT406 -MRT120",
        ),
        (
            f'{DROP_INDEX}\n{TO_MARK}\nop.create_index("iy", "parcels", ["mark"])',
            f'op.drop_index("iy", "parcels")\n{TO_CODE}\nop.create_index("ix", "parcels", ["code"], unique=True)',
            "+MRT120",
        ),
        (f'{DROP_INDEX}\n{TO_MARK}\nop.create_index("iy", "parcels", ["id", "mark"], unique=True)', "pass", "-MRT406"),
        (
            (
                f'{DROP_INDEX}\n{TO_MARK}\nop.add_column("parcels", sa.Column("code", sa.Text(), server_default="a"))\n'
                'op.create_index("iy", "parcels", ["code"], unique=True)'
            ),
            "pass",
            "+MRT406",
        ),
    ],
)
def test_what_is_unique_stays_so_under_another_name(upgrade: str, downgrade: str, expected: str, dialect: str):
    assert holds(expected, told([UNIQUE_INDEX, (upgrade, downgrade)], dialect))


ITEMS_TOO = f"{PARCELS}\n{ITEMS}"
READ = 'for row in op.get_bind().execute(sa.text("SELECT * FROM {0}")):\n'
IN_LOOP = READ + '    op.get_bind().execute(sa.text("INSERT INTO {1} (id) VALUES (:id)"), {{"id": row.id}})\n'
CORE = 'p, i = sa.table("parcels", sa.column("id")), sa.table("items", sa.column("id"))\n'
CORE_LOOP = (
    CORE + "for row in op.get_bind().execute(sa.select({0}.c.id)):\n    op.get_bind().execute({1}.insert().values(id=row.id))\n"
)
COPY = sql("CREATE TABLE parcels_backup AS SELECT * FROM parcels")
RESTORE = f'{sql("INSERT INTO parcels SELECT * FROM parcels_backup")}\nop.drop_table("parcels_backup")'


@pytest.mark.parametrize(("statement", "code"), [("DELETE FROM parcels", "MRT214"), ("TRUNCATE parcels", "MRT203")])
@pytest.mark.parametrize(
    ("copy", "back", "is_lost"),
    [
        (COPY, RESTORE, False),
        (sql("INSERT INTO items SELECT id FROM parcels"), sql("INSERT INTO parcels SELECT id FROM items"), False),
        (IN_LOOP.format("parcels", "items"), IN_LOOP.format("items", "parcels"), False),
        (CORE_LOOP.format("p", "i"), CORE_LOOP.format("i", "p"), False),
        (COPY, 'op.drop_table("parcels_backup")', True),
        (IN_LOOP.format("parcels", "items"), sql("DELETE FROM items WHERE id > 1"), True),
        ("pass", sql("INSERT INTO parcels VALUES (1, 'a')"), True),
        ("pass", IN_LOOP.format("items", "parcels"), True),
        (IN_LOOP.format("items", "parcels"), IN_LOOP.format("items", "parcels"), True),
    ],
)
def test_rows_that_downgrade_inserts_again_are_not_lost(statement: str, code: str, copy: str, back: str, is_lost: bool):
    found = told([(ITEMS_TOO, DROP_PARCELS), (f"{copy}\n{sql(statement)}", back)])
    assert holds(f"{'+' if is_lost else '-'}{code} {'' if is_lost else '-MRT110'}", found)
    for finding in found:
        if finding.code == code:
            assert "CREATE TABLE parcels_backup_r1 AS SELECT * FROM parcels" in finding.instead
            assert "drop the copy" in finding.instead
            known = "downgrade inserts only those" if "INSERT" in back and code == "MRT203" else "a downgrade cannot know them"
            assert known in finding.message


ALONG = sql("CREATE TABLE items_backup AS SELECT * FROM items")


@pytest.mark.parametrize(
    ("before", "downgrade", "words"),
    [
        ("", NOTHING, "parcels' and by CASCADE what points to it ('items')"),
        (COPY, RESTORE, "parcels' and by CASCADE what points to it ('items')"),
        (DROP_KEY, NOTHING, "parcels': every row"),
        (f"{COPY}\n{ALONG}", f"{RESTORE}\n{sql('INSERT INTO items SELECT * FROM items_backup')}", ""),
    ],
)
def test_truncate_names_what_goes_along(before: str, downgrade: str, words: str):
    found = told([KEYED, (f"{before}\n{sql('TRUNCATE parcels CASCADE')}", downgrade)])
    if not words:
        assert holds("-MRT203", found)
        return
    truncated = next(finding for finding in found if finding.code == "MRT203")
    assert words in truncated.message
    assert ("CREATE TABLE items_backup_r1 AS SELECT * FROM items" in truncated.instead) is ("items" in words)


STRINGS = ('op.create_table("notes", sa.Column("id", sa.Integer()), sa.Column("value", sa.String()))', 'op.drop_table("notes")')
BY_ROW = (
    'import json\nop.add_column("notes", sa.Column("{0}", {1}))\n'
    'for i, value in op.get_bind().execute(sa.text("SELECT id, value FROM notes")):\n'
    '    op.get_bind().execute(sa.text("UPDATE notes SET {0} = :v WHERE id = :i"), {{"v": {2}(value), "i": i}})\n'
    'op.drop_column("notes", "value")\nop.alter_column("notes", "{0}", new_column_name="value")'
)
WORDS = 'op.create_table("words", sa.Column("note_id", sa.Integer()), sa.Column("value", {}))\n'
FROM_WORDS = (
    'op.add_column("notes", sa.Column("value", sa.String()))\n'
    + sql("UPDATE notes SET value = (SELECT value FROM words WHERE words.note_id = notes.id)")
    + '\nop.drop_table("words")'
)


def into_words(kind: str, query: str) -> str:
    insert = sql(f"INSERT INTO words (note_id, value) SELECT {query}")
    return f'{WORDS.format(kind)}{insert}\nop.drop_column("notes", "value")'


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (BY_ROW.format("data", "sa.JSON()", "json.dumps"), BY_ROW.format("text", "sa.String()", "str"), "-MRT208 -MRT201"),
        (
            BY_ROW.format("data", "sa.JSON()", "json.dumps"),
            'op.drop_column("notes", "value")\nop.add_column("notes", sa.Column("value", sa.String()))',
            "+MRT208",
        ),
        (into_words("sa.String(255)", "id, value FROM notes"), FROM_WORDS, "-MRT208 -MRT201"),
        (into_words("sa.Text()", "id, value FROM notes"), FROM_WORDS, "-MRT208 -MRT201"),
        (into_words("sa.String()", "id, value FROM notes WHERE value IS NOT NULL"), FROM_WORDS, "-MRT208 -MRT201"),
        (into_words("sa.String()", "id, value FROM notes WHERE value <> ''"), FROM_WORDS, "+MRT208"),
        (into_words("sa.String()", "id, value FROM notes LIMIT 100"), FROM_WORDS, "+MRT208"),
        (into_words("sa.String()", "id, lower(value) FROM notes"), FROM_WORDS, "+MRT208"),
        (into_words("sa.Integer()", "id, value::int FROM notes"), FROM_WORDS, "+MRT208"),
    ],
)
def test_values_that_all_come_back_are_not_lost_on_their_way(upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([STRINGS, (upgrade, downgrade)]))


ADD_X = 'op.add_column("items", sa.Column("x", sa.Integer()))'
DROP_X = 'op.drop_column("items", "x")'


@pytest.mark.parametrize(
    ("before", "kind", "words"),
    [
        (SHOP, "VIEW", 'begin downgrade() with op.execute("DROP VIEW IF EXISTS v")'),
        (SHOP, "MATERIALIZED VIEW", 'begin downgrade() with op.execute("DROP MATERIALIZED VIEW IF EXISTS v")'),
        ((f"{PARCELS}\n{ITEMS}\n{sql('CREATE VIEW v AS SELECT 1')}", "pass"), "VIEW", "add the former definition to downgrade()"),
    ],
)
def test_a_view_that_no_revision_makes_may_be_there_again(before: tuple[str, str], kind: str, words: str):
    drop = f"{ADD_X}\n{sql(f'DROP {kind} v')}"
    assert words in next(finding.instead for finding in told([before, (drop, DROP_X)]) if finding.code == "MRT207")
    again = sql(f"DROP {kind} IF EXISTS v", f"CREATE {kind} v AS SELECT 1")
    assert holds("-MRT207 -MRT112 -MRT113 -MRT117", told([before, (drop, f"{again}\n{DROP_X}")]))


@pytest.mark.parametrize(
    ("before", "drop", "severity"),
    [
        (SHOP, "DROP VIEW IF EXISTS v", Severity.WARNING),
        (SHOP, "DROP MATERIALIZED VIEW IF EXISTS v", Severity.WARNING),
        (SHOP, "DROP VIEW v", Severity.ERROR),
        ((f"{PARCELS}\n{ITEMS}\n{sql('CREATE VIEW v AS SELECT 1')}", "pass"), "DROP VIEW IF EXISTS v", Severity.ERROR),
        (SHOP, "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 2", Severity.ERROR),
    ],
)
def test_a_view_that_no_revision_makes_may_never_have_been_there(before: tuple[str, str], drop: str, severity: Severity):
    found = [finding for finding in told([before, (f"{ADD_X}\n{sql(drop)}", DROP_X)]) if finding.code == "MRT207"]
    assert [finding.severity for finding in found] == [severity]
    if severity is Severity.WARNING:
        assert "if the older release has it, begin downgrade() with op.execute(" in found[0].instead


LOCK = 'for name in ("parcels", "items"):\n    op.execute(f"LOCK TABLE {{name}}{}")'
CORE_MAX = (
    'last = op.get_bind().scalars(sa.select(sa.func.max(sa.column("id"))).select_from(sa.table("items"))).one()\n'
    'op.execute(f"ALTER SEQUENCE s RESTART WITH {last + 1}")'
)
MAX_ID = '\n    op.get_bind().execute(sa.text(f"SELECT max(id) FROM {name}"))'


@pytest.mark.parametrize(
    ("mode", "behind", "blocked", "advice"),
    [
        ("", "", "reads and writes", "leave it out"),
        (" IN ACCESS EXCLUSIVE MODE", MAX_ID, "reads and writes", "keep it"),
        (" IN EXCLUSIVE MODE", MAX_ID, "writes", "keep it"),
        (" IN SHARE MODE", MAX_ID, "writes", "keep it"),
        (" IN SHARE ROW EXCLUSIVE MODE", "", "writes", "leave it out"),
        (" IN EXCLUSIVE MODE", f"\n{CORE_MAX}", "writes", "keep it"),
        (" IN EXCLUSIVE MODE", f"\n{sql('DELETE FROM items WHERE id NOT IN (SELECT max(id) FROM items)')}", "writes", "keep it"),
    ],
)
def test_a_lock_that_guards_what_is_read_is_kept(mode: str, behind: str, blocked: str, advice: str):
    upgrade = LOCK.format(mode) + behind
    [found] = [finding for finding in told([SHOP, (upgrade, NOTHING)]) if finding.code == "MRT428"]
    assert found.message.startswith(f"LOCK TABLE blocks {blocked} of 'parcels', 'items' until")
    assert found.instead.startswith(advice)
    limit = sql("SET LOCAL lock_timeout = '5s'")
    by_call = sql("SELECT set_config('lock_timeout', '5s', true)")
    for limited in (f"{limit}\n{upgrade}", f"{by_call}\n{upgrade}"):
        assert holds("-MRT428", told([SHOP, (limited, NOTHING)]))
    long = f"{sql('SET LOCAL lock_timeout = 1000')}\n{upgrade}\n{sql('UPDATE parcels SET code = NULL')}"
    assert holds("-MRT428" if advice == "keep it" else "+MRT428", told([SHOP, (long, NOTHING)]))
    assert holds("+MRT428", told([SHOP, (f"{sql('SET lock_timeout = 0')}\n{upgrade}", NOTHING)]))


ADD_KIND = 'op.add_column("parcels", sa.Column("kind", sa.Text()))\n'


@pytest.mark.parametrize(
    ("fill", "later", "words"),
    [
        ("UPDATE parcels SET kind = code", 'op.drop_column("parcels", "code")', "move the drop of 'code' behind that"),
        (
            "UPDATE parcels SET kind = upper(code)",
            sql("ALTER TABLE parcels DROP COLUMN code"),
            "move the drop of 'code' behind that",
        ),
        ("UPDATE parcels SET kind = 'a'", 'op.alter_column("parcels", "kind", nullable=False)', "move NOT NULL behind that"),
        ("UPDATE parcels SET kind = code", sql("ALTER TABLE parcels ALTER kind SET NOT NULL"), "move NOT NULL behind that"),
        ("UPDATE parcels SET kind = code", 'op.create_unique_constraint("uq", "parcels", ["kind"])', "move unique constraint 'uq'"),
        ("UPDATE parcels SET kind = code", 'op.create_index("iz", "parcels", ["kind"], unique=True)', "move index 'iz'"),
        ("UPDATE parcels SET kind = 'a'", "pass", "; where a constant will do, make it the server_default"),
        ("UPDATE parcels SET kind = code", 'op.create_index("iz", "parcels", ["kind"])', "in batches that commit"),
    ],
)
def test_what_needs_the_filled_column_moves_behind_it(fill: str, later: str, words: str):
    found = told([BASE, (f"{ADD_KIND}{sql(fill)}\n{later}", NOTHING)])
    advice = next(finding.instead for finding in found if finding.code == "MRT438")
    assert words in advice
    assert ("move" in advice) is ("move" in words)


@pytest.mark.parametrize(
    ("line", "used", "advice"),
    [
        ("from app.models import User", "pass", "remove the import"),
        ("from app.models import User as Person", "pass", "remove the import"),
        ("import app.models", "pass", "remove the import"),
        ("from app.models import User", "op.get_bind().execute(sa.insert(User))", "describe in the migration"),
        ("from app.models import User as Person", "op.get_bind().execute(sa.insert(Person))", "describe in the migration"),
        ("import app.models", "op.get_bind().execute(sa.insert(app.models.User))", "describe in the migration"),
        ("from app.models import *", "op.get_bind().execute(sa.insert(User))", "describe in the migration"),
    ],
)
def test_an_import_that_nothing_uses_is_removed(line: str, used: str, advice: str):
    found = told([BASE, (f"{line}\n{used}", NOTHING)])
    assert next(finding.instead for finding in found if finding.code == "MRT801").startswith(advice)


MADE_AGAIN = 'op.create_table("tags", sa.Column("id", sa.Integer()))'


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (MADE_AGAIN, "-MRT113 -MRT117"),
        (f"if sa.inspect(op.get_bind()).has_table('x'):\n    {MADE_AGAIN}", "-MRT113 -MRT117"),
        ("pass", "+MRT117"),
    ],
)
def test_a_table_that_a_later_downgrade_makes_again_is_there(later: str, expected: str):
    drop = ('op.execute("SELECT 1")', 'op.drop_table("tags")')
    then = (f"{ADD_X}", f"{later}\n{DROP_X}")
    assert holds(expected, told([SHOP, drop, then], of=1))


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        ('op.create_table("tags", sa.Column("id", sa.Integer()))\n' + sql("INSERT INTO tags VALUES (1)"), 'op.drop_table("tags")'),
        (
            'tags = op.create_table("tags", sa.Column("id", sa.Integer()))\nop.bulk_insert(tags, [{"id": 1}])',
            'op.drop_table("tags")',
        ),
        (
            (
                'op.create_table("tags", sa.Column("id", sa.Integer()))\n'
                'meta = sa.MetaData()\nmeta.reflect(op.get_bind())\ntags = meta.tables["tags"]\n'
                "op.get_bind().execute(sa.insert(tags).values(id=1))\nop.get_bind().execute(sa.update(tags).values(id=2))"
            ),
            'op.drop_table("tags")',
        ),
        (f"{ADD_X}\n{sql('UPDATE items SET x = 1')}", DROP_X),
        (
            (
                f"{ADD_X}\nmeta = sa.MetaData()\nmeta.reflect(op.get_bind())\nitems = meta.tables['items']\n"
                "for row in op.get_bind().execute(sa.select(items.c.id)):\n"
                "    op.get_bind().execute(sa.update(items).where(items.c.id == row.id).values(x=row.id))"
            ),
            DROP_X,
        ),
        (f"{ADD_X}\nop.execute(sa.table('items', sa.column('x')).update().values(x=1))", DROP_X),
    ],
)
def test_rows_and_values_go_with_what_downgrade_drops(upgrade: str, downgrade: str):
    assert holds("-MRT103 -MRT106", told([SHOP, (upgrade, downgrade)]))


@pytest.mark.parametrize(
    ("downgrade", "words"),
    [
        (NOTHING, "PostgreSQL has no statement that removes it"),
        (sql("DELETE FROM pg_enum WHERE enumlabel = 'b'"), "only a superuser may"),
        (sql("DELETE FROM pg_catalog.pg_enum WHERE enumlabel = 'b'"), "only a superuser may"),
    ],
)
def test_a_label_is_not_said_to_stay_where_downgrade_deletes_it(downgrade: str, words: str):
    found = told([MOOD, (sql("ALTER TYPE m ADD VALUE 'z'"), downgrade)])
    assert words in next(finding.message for finding in found if finding.code == "MRT304")


@pytest.mark.parametrize(
    ("statement", "outside"),
    [("ALTER SEQUENCE s RESTART WITH 9", "-MRT501"), ("SELECT setval('s', 9)", "+MRT501")],
)
def test_a_sequence_that_both_ways_restart_needs_no_former_number(statement: str, outside: str):
    assert holds(outside, told([BASE, (sql(statement), sql(statement))]))


def test_columns_of_a_key_are_shown_in_their_order():
    key = 'op.create_foreign_key("fk", "items", "parcels", [{0}], ["id", "code"])'
    made = (f"{PARCELS}\n{ITEMS}\n{key.format(chr(34) + 'parcel_id' + chr(34) + ', ' + chr(34) + 'id' + chr(34))}", DROP_PARCELS)
    back = key.format('"parcel_id"').replace('["id", "code"]', '["id"]')
    found = told([made, (DROP_KEY, back)])
    assert "(parcel_id, id) and become (parcel_id)" in next(
        finding.message for finding in found if finding.code in {"MRT111", "MRT205"} and "become" in finding.message
    )


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ('op.create_table("tags", sa.Column("id", sa.Integer(), primary_key=True))\n', "table 'items'"),
        ("", "table 'items' and to 'tags'"),
    ],
)
def test_a_new_table_is_not_said_to_be_blocked(made: str, words: str):
    key = 'op.create_foreign_key("fk", "items", "tags", ["parcel_id"], ["id"])'
    found = told([SHOP, (f"{made}{key}", NOTHING)])
    message = next(finding.message for finding in found if finding.code == "MRT422")
    assert f"{words} " in message or message.endswith(words)
    assert ("'tags'" in message) is ("'tags'" in words)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ('op.create_table("items", sa.Column("a", sa.Integer()), schema=s, if_not_exists=True)', "-MRT422 -MRT204 -MRT441"),
        ('op.create_table("items", sa.Column("a", sa.Integer()), schema=s)', "-MRT422 -MRT204 -MRT441"),
        ('op.execute(f"CREATE TABLE IF NOT EXISTS {s}.items (a int)")', "-MRT422 -MRT204 -MRT441"),
        (
            'sa.Table("items", sa.MetaData(), sa.Column("a", sa.Integer()), schema=s).create(op.get_bind(), checkfirst=True)',
            "-MRT422",
        ),
        ('op.create_table("others", sa.Column("a", sa.Integer()), schema=s)', "+MRT422 +MRT204"),
        ('op.create_table("items", sa.Column("a", sa.Integer()), if_not_exists=True)', "+MRT422 +MRT204"),
    ],
)
def test_a_table_of_a_schema_that_is_not_read_is_not_one_of_that_name_elsewhere(made: str, expected: str):
    key = 'op.execute(f"ALTER TABLE {s}.items ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES parcels (id) ON DELETE CASCADE")'
    loop = "\n".join(f"    {line}" for line in (made, key))
    assert holds(expected, told([SHOP, (f"for s in tenants():\n{loop}", "pass")]))
