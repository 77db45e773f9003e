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
