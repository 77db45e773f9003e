"""Values that upgrade() moves to another column: they are lost, only copied, or brought back."""

import pytest

from tests.lint.test_downgrade_kinds import holds, sql, told

MADE = """op.create_table(
    "orgs",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.Unicode(80)),
    sa.Column("closed", sa.Boolean()),
    sa.Column("level", sa.Integer()),
)"""
ORGS = (MADE, 'op.drop_table("orgs")')
NAMES = 'op.create_table("names", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Unicode(63)), {})\n'.format(
    'sa.Column("org_id", sa.Integer())'
)
ALL = "INSERT INTO names (name, org_id) SELECT name, id FROM orgs WHERE name IS NOT NULL ORDER BY id"
SOME = "INSERT INTO names (name, org_id) SELECT name, id FROM orgs WHERE name <> '' ORDER BY id"
DROP_NAME = '\nop.drop_column("orgs", "name")'
NAME = 'op.add_column("orgs", sa.Column("name", sa.Unicode(80)))\n'
BACK = NAME + sql("UPDATE orgs SET (name) = (SELECT name FROM names WHERE names.org_id = orgs.id)") + '\nop.drop_table("names")'


@pytest.mark.parametrize(
    ("insert", "downgrade", "expected"),
    [
        (ALL, BACK, "-MRT208"),
        (ALL, BACK.replace("(name) =", "name ="), "-MRT208"),
        (ALL, NAME + 'op.drop_table("names")', "+MRT208"),
        (SOME, BACK, "+MRT208"),
        (ALL.replace(" ORDER BY id", " LIMIT 9"), BACK, "+MRT208"),
    ],
)
def test_what_is_copied_in_an_order_is_copied_whole(insert: str, downgrade: str, expected: str):
    assert holds(expected, told([ORGS, (NAMES + sql(insert) + DROP_NAME, downgrade)]))


CASE = "UPDATE orgs SET state = CASE WHEN {} THEN 'closed' ELSE 'open' END"
STATE = 'op.add_column("orgs", sa.Column("state", sa.Enum("open", "closed", name="state")))\n'
CLOSED = 'op.add_column("orgs", sa.Column("closed", sa.Boolean()))\n'
AGAIN = sql("UPDATE orgs SET closed = CASE WHEN state = 'closed' THEN true ELSE false END") + '\nop.drop_column("orgs", "state")'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize(
    ("condition", "column", "downgrade", "expected"),
    [
        ("closed", "closed", CLOSED + AGAIN, "-MRT208"),
        (
            "closed = true",
            "closed",
            CLOSED + AGAIN.replace("CASE WHEN state = 'closed' THEN true ELSE false END", "(state = 'x')"),
            "-MRT208",
        ),
        ("closed", "closed", CLOSED + 'op.drop_column("orgs", "state")', "+MRT208"),
        (
            "level > 3",
            "level",
            'op.add_column("orgs", sa.Column("level", sa.Integer()))\n' + AGAIN.replace("closed =", "level ="),
            "+MRT208",
        ),
    ],
)
def test_a_boolean_that_becomes_an_enum_and_comes_back(dialect: str, condition: str, column: str, downgrade: str, expected: str):
    upgrade = STATE + sql(CASE.format(condition)) + f'\nop.drop_column("orgs", "{column}")'
    assert holds(expected, told([ORGS, (upgrade, downgrade)], dialect))


LOOP = """
o, n = sa.table("orgs", sa.column("id"), sa.column("name")), sa.table("names", sa.column("name"), sa.column("org_id"))
for row in op.get_bind().execute(sa.select(o.c.id, o.c.name)):
    op.get_bind().execute(n.insert().values(name=row.name, org_id=row.id))
"""
LABEL = 'op.add_column("orgs", sa.Column("label", sa.Unicode(80)))\n' + sql("UPDATE orgs SET label = {}")


@pytest.mark.parametrize(
    ("upgrade", "words"),
    [
        (
            NAMES + LOOP,
            "upgrade copies column 'orgs.name' to 'names.name' in Python and drops it at once: downgrade() does not bring",
        ),
        (LABEL.format("name"), "upgrade copies column 'orgs.name' to 'label' and drops it at once: downgrade() does not bring"),
        (LABEL.format("trim(name)"), "what the move got wrong is lost"),
    ],
)
def test_of_a_whole_copy_nothing_is_lost_but_the_way_back(upgrade: str, words: str):
    found = next(finding for finding in told([ORGS, (upgrade + DROP_NAME, NAME)]) if finding.code == "MRT208")
    assert words in found.message


TITLE = 'op.add_column("orgs", sa.Column("title", sa.Unicode(80){}))\n'
ORG_TABLE = 't = sa.table("orgs", sa.column("name"), sa.column("title"), sa.column("level"))\n'
NULL_TITLE = "op.execute(t.update().where(t.c.title.is_(None)).values(title=t.c.name))"
NAME_AGAIN = NAME + sql("UPDATE orgs SET name = title") + '\nop.drop_column("orgs", "title")'


@pytest.mark.parametrize(
    ("fill", "default", "expected"),
    [
        (NULL_TITLE, "", "-MRT208"),
        (NULL_TITLE.replace(".is_(None)", " == None"), "", "-MRT208"),
        (NULL_TITLE.replace(".is_(None)", " == sa.null()"), "", "-MRT208"),
        (sql("UPDATE orgs SET title = name WHERE title IS NULL"), "", "-MRT208"),
        (sql("UPDATE orgs SET title = orgs.name WHERE (orgs.title IS NULL)"), "", "-MRT208"),
        (sql("UPDATE orgs SET title = name WHERE title IS NULL"), ', server_default="x"', "+MRT208"),
        (sql("UPDATE orgs SET title = 'x' WHERE level = 1", "UPDATE orgs SET title = name WHERE title IS NULL"), "", "+MRT208"),
        (sql("UPDATE orgs SET title = name WHERE title IS NULL AND level = 1"), "", "+MRT208"),
        (sql("UPDATE orgs SET title = name WHERE title IS NULL OR level = 1"), "", "+MRT208"),
        (sql("UPDATE orgs SET title = name WHERE level IS NULL"), "", "+MRT208"),
        (sql("UPDATE orgs SET title = name WHERE title IS NOT NULL"), "", "+MRT208"),
        (NULL_TITLE.replace(".values", ".where(t.c.level == 1).values"), "", "+MRT208"),
        (NULL_TITLE.replace("t.c.title.is_(None)", "sa.or_(t.c.title.is_(None), t.c.level == 1)"), "", "+MRT208"),
        (NULL_TITLE.replace("t.c.title.is_(None)", "~t.c.title.is_(None)"), "", "+MRT208"),
        (NULL_TITLE.replace("title.is_(None)", "level.is_(None)"), "", "+MRT208"),
    ],
)
def test_where_a_new_column_is_null_is_every_row(fill: str, default: str, expected: str):
    upgrade = TITLE.format(default) + ORG_TABLE + fill + DROP_NAME
    assert holds(expected, told([ORGS, (upgrade, NAME_AGAIN)]))


def test_where_a_column_is_null_that_the_downgrade_adds_is_every_row():
    upgrade = TITLE.format("") + sql("UPDATE orgs SET title = name") + DROP_NAME
    back = NAME_AGAIN.replace("= title", "= title WHERE name IS NULL")
    assert holds("-MRT208", told([ORGS, (upgrade, back)]))


MEMBERS = (
    'op.create_table("members", sa.Column("org_id", sa.Integer()), sa.Column("user_id", sa.Integer()), sa.Column("told", sa.Boolean()))',
    'op.drop_table("members")',
)
TOLD = 'op.add_column("members", sa.Column("told", sa.Boolean(){}))\n'
ADD_MODE = 'op.add_column("members", sa.Column("mode", sa.Enum("all", "none", "some", name="mode"){}))\n'
BY_KEY = "WHERE (org_id, user_id) IN (SELECT org_id, user_id FROM members WHERE told = {})"
MODES = [f"UPDATE members SET mode = 'none' {BY_KEY.format('false')}", f"UPDATE members SET mode = 'all' {BY_KEY.format('true')}"]
TOLD_AGAIN = ["UPDATE members SET told = false WHERE mode = 'none'", "UPDATE members SET told = true WHERE mode <> 'none'"]


@pytest.mark.parametrize(
    ("there", "default", "back", "expected"),
    [
        (MODES, "", TOLD_AGAIN, "-MRT208 -MRT201"),
        (
            [mode.replace("(org_id, user_id)", "org_id").replace("SELECT org_id, user_id", "SELECT org_id") for mode in MODES],
            "",
            TOLD_AGAIN,
            "-MRT208 -MRT201",
        ),
        (
            ["UPDATE members SET mode = 'none' WHERE NOT told", "UPDATE members SET mode = 'all' WHERE told"],
            "",
            TOLD_AGAIN,
            "-MRT208 -MRT201",
        ),
        (MODES, ', server_default="true"', TOLD_AGAIN[:1], "-MRT208 -MRT201"),
        (MODES, "", TOLD_AGAIN[:1], "+MRT208"),
        (MODES, "", ["UPDATE members SET told = false"], "+MRT208"),
        (MODES, "", [*TOLD_AGAIN, "UPDATE members SET told = false"], "+MRT208"),
        ([mode.replace("told =", "org_id > 3 AND told =") for mode in MODES], "", TOLD_AGAIN, "+MRT208"),
        ([f"{MODES[0]} AND org_id > 3", MODES[1]], "", TOLD_AGAIN, "+MRT208"),
    ],
)
def test_a_boolean_that_chooses_other_values_and_is_chosen_by_them_again(
    there: list[str], default: str, back: list[str], expected: str
):
    upgrade = ADD_MODE.format("") + sql(*there) + '\nop.drop_column("members", "told")'
    downgrade = TOLD.format(default) + sql(*back) + '\nop.drop_column("members", "mode")'
    assert holds(expected, told([MEMBERS, (upgrade, downgrade)]))
    assert holds(expected, told([(upgrade, downgrade)]))


SECRETS = 'op.create_table("secrets", sa.Column("id", sa.String(64), nullable=False))\n'
USES = 'op.create_table("uses", sa.Column("secret_id", sa.String(64)), sa.Column("note", sa.Text()))'
KEYS = (SECRETS + USES, 'op.drop_table("uses")\nop.drop_table("secrets")')
TO_UUID = """
op.add_column("secrets", sa.Column("id_new", sa.UUID()))
op.execute("UPDATE secrets SET id_new = {}")
{}
op.drop_column("secrets", "id")
op.alter_column("secrets", "id_new", new_column_name="id")
"""
CUT = "CAST(substring(id from 8) AS uuid)"
FROM_UUID = """
op.add_column("secrets", sa.Column("id_old", sa.String(64)))
op.execute("UPDATE secrets SET id_old = {}")
op.drop_column("secrets", "id")
op.alter_column("secrets", "id_old", new_column_name="id")
"""
PUT = "'secret-' || replace(id::text, '-', '')"


@pytest.mark.parametrize(
    ("there", "back", "severity"),
    [
        (CUT, PUT, "warning"),
        ("substr(id, 8)::uuid", "concat('secret-', id)", "warning"),
        ("replace(id, 'secret-', '')::uuid", "'secret-' || encode(uuid_send(id), 'hex')", "warning"),
        (CUT, "'secret-' || gen_random_uuid()", "error"),
        (f"{CUT} WHERE id LIKE 'secret-%'", PUT, "error"),
        (CUT, f"{PUT} WHERE id_old IS NOT NULL", "error"),
        (CUT, f"{PUT} WHERE id_old IS NULL", "warning"),
        ("coalesce(gen_random_uuid())", PUT, None),
    ],
)
def test_ids_that_are_rebuilt_are_lost_in_other_spellings_only(there: str, back: str, severity: str | None):
    found = [each for each in told([KEYS, (TO_UUID.format(there, ""), FROM_UUID.format(back))]) if each.code == "MRT208"]
    assert [each.severity.value for each in found] == ([] if severity is None else [severity])


def test_what_else_gets_the_new_values_waits_with_the_drop():
    use = sql("UPDATE uses SET note = s.id_new::text FROM secrets s WHERE uses.secret_id = s.id")
    back = FROM_UUID.format(PUT)
    [respelled] = [each for each in told([KEYS, (TO_UUID.format(CUT, use), back)]) if each.code == "MRT208"]
    assert "in a later release, uses.note with it, and write both" in respelled.instead
    [lost] = [each for each in told([KEYS, (TO_UUID.format(CUT, use), NAME)]) if each.code == "MRT208"]
    assert lost.instead.endswith("only drops id_new; uses.note, which the new values get into, is to wait for that, too")
    [alone] = [each for each in told([KEYS, (TO_UUID.format(CUT, ""), NAME)]) if each.code == "MRT208"]
    assert alone.instead.endswith("only drops id_new")


HELPER = 'op.add_column("orgs", sa.Column("tmp", sa.Unicode(80)))\n' + sql("UPDATE orgs SET tmp = name") + DROP_NAME + "\n"
FROM_HELPER = 'op.add_column("orgs", sa.Column("{0}", sa.Unicode(80)))\nop.execute("UPDATE orgs SET {0} = tmp")\n'
DROP_TMP = 'op.drop_column("orgs", "tmp")'
TAKEN_BACK = {
    "title": NAME + sql("UPDATE orgs SET name = title") + '\nop.drop_column("orgs", "title")',
    "name": 'op.add_column("orgs", sa.Column("old", sa.Unicode(80)))\n'
    + sql("UPDATE orgs SET old = name")
    + DROP_NAME
    + '\nop.alter_column("orgs", "old", new_column_name="name")',
}


@pytest.mark.parametrize("target", ["title", "name"])
def test_values_that_went_over_a_helper_column_come_back_from_where_they_are(target: str):
    upgrade = HELPER + FROM_HELPER.format(target) + DROP_TMP
    (finding,) = (found for found in told([ORGS, (upgrade, sql("SELECT 1"))]) if found.code == "MRT208")
    assert f"carries the values of column 'orgs.name' over 'tmp' to '{target}' and drops both" in finding.message
    assert f"fill it from {target}" in finding.instead
    assert "tmp" not in finding.instead
    assert holds("-MRT208", told([ORGS, (upgrade, TAKEN_BACK[target])]))


def test_values_in_a_helper_column_that_goes_unused_are_lost():
    assert holds("-MRT208 +MRT201", told([ORGS, (HELPER + DROP_TMP, sql("SELECT 1"))]))


def test_values_that_stay_in_the_helper_column_come_back_from_it():
    (finding,) = (found for found in told([ORGS, (HELPER, sql("SELECT 1"))]) if found.code == "MRT208")
    assert "fill it from tmp" in finding.instead


ONE = "upgrade moves the values of column 'orgs.name' to 'label' and drops it at once: downgrade() gives all rows one value, and "
WRONG = "what the move got wrong is lost"


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (NAME + sql("UPDATE orgs SET name = 'x'"), f"{ONE}every original one is lost"),
        (
            NAME.replace("name", "old") + sql("UPDATE orgs SET old = 'x'", "ALTER TABLE orgs RENAME old TO name"),
            "every original one",
        ),
        (NAME + 'op.execute(sa.table("orgs", sa.column("name")).update().values(name="x"))', "every original one"),
        (NAME.replace("(80))", '(80), server_default="x")'), "every original one"),
        (NAME.replace("(80))", "(80), server_default=sa.func.current_user())"), WRONG),
        (NAME + sql("UPDATE orgs SET name = 'x' WHERE label IS NULL"), WRONG),
        (NAME + sql("UPDATE orgs SET name = 'x' WHERE label = 'y'", "UPDATE orgs SET name = 'z' WHERE label <> 'y'"), WRONG),
        (NAME + sql("UPDATE orgs SET name = CASE WHEN id > 3 THEN 'x' ELSE 'y' END"), WRONG),
        (NAME + sql("UPDATE orgs SET level = 3"), WRONG),
        (NAME + "op.execute(rescue())", WRONG),
    ],
)
def test_one_value_for_all_rows_brings_none_back(back: str, words: str):
    upgrade = LABEL.format("upper(name)") + DROP_NAME
    found = [finding.message for finding in told([ORGS, (upgrade, back)]) if finding.code == "MRT208"]
    assert [words in message for message in found] == [True], found
