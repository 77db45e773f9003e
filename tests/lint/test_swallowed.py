"""Failures that upgrade() swallows: what is missing then, and what is done in another way (MRT442)."""

import pytest

from mrt_lint.model.finding import Consequence
from tests.lint.test_downgrade_kinds import BASE, holds, told

ADD = 'op.add_column("parcels", sa.Column("age", sa.Integer()))'
IN_BATCH = 'with op.batch_alter_table("parcels") as batch:\n        batch.{}'
ENUM = 'sa.Enum("sad", "glad", name="mood").{}(op.get_bind(), checkfirst=False)'
TOUCH = "op.execute(\"UPDATE parcels SET code = '{}'\")"


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "sqlite"])
@pytest.mark.parametrize(
    ("tried", "handled", "expected"),
    [
        (ADD, "pass", "+MRT442"),
        (ADD, IN_BATCH.format('add_column(sa.Column("age", sa.Integer()))'), "-MRT442"),
        (ADD, IN_BATCH.format('drop_column("age")') + f"\n    {ADD}", "-MRT442"),
        (ADD, IN_BATCH.format('drop_column("code")'), "+MRT442"),
        (ADD, ADD.replace("age", "size"), "+MRT442"),
        ('op.drop_column("parcels", "code")', IN_BATCH.format('drop_column("code")'), "-MRT442"),
        ('op.drop_column("parcels", "code")', "print('gone')", "+MRT442"),
        (
            'op.alter_column("parcels", "code", type_=sa.Text())',
            IN_BATCH.format('alter_column("code", type_=sa.Text())'),
            "-MRT442",
        ),
        (TOUCH.format("a"), TOUCH.format("b"), "-MRT442"),
        (TOUCH.format("a"), "pass", "+MRT442"),
        (ENUM.format("drop"), "pass", "-MRT442"),
        (ENUM.format("create"), "pass", "-MRT442"),
        (f"{ENUM.format('drop')}\n    {ADD}", "pass", "+MRT442"),
    ],
)
def test_a_failure_is_swallowed_unless_the_same_is_done_otherwise(dialect: str, tried: str, handled: str, expected: str):
    upgrade = f"try:\n    {tried}\nexcept sa.exc.OperationalError:\n    {handled}\n"
    assert holds(expected, told([BASE, (upgrade, "pass")], dialect))


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ("contextlib.suppress(Exception)", "+MRT442"),
        ("suppress(sa.exc.OperationalError, KeyError)", "+MRT442"),
        ("op.get_bind().begin_nested(), suppress(sa.exc.DBAPIError)", "+MRT442"),
        ("suppress(KeyError)", "-MRT442"),
        ("suppress()", "-MRT442"),
        ("op.get_bind().begin_nested()", "-MRT442"),
    ],
)
def test_suppress_swallows_as_an_except_clause_does(manager: str, expected: str):
    upgrade = f"import contextlib\nfrom contextlib import suppress\nwith {manager}:\n    {ADD}"
    assert holds(expected, told([BASE, (upgrade, "pass")], "mysql"))
    behind = told([BASE, (f"{upgrade}\n{ADD.replace('age', 'size')}", "pass")], "mysql")
    assert [finding.place.line for finding in behind if finding.code == "MRT442"] == ([12] if expected[0] == "+" else [])


@pytest.mark.parametrize(
    ("tried", "handled", "expected"),
    [
        ('op.drop_column("parcels", "age")', "pass", "+MRT442"),
        ('op.drop_column("parcels", "age")', IN_BATCH.format('drop_column("age")'), "-MRT442"),
        ('op.drop_column("parcels", "age")', "raise", "-MRT442"),
        ('op.drop_column("parcels", "nothing")', "pass", "-MRT442"),
        ("op.execute('SELECT 1')", "pass", "-MRT442"),
        (TOUCH.format("a"), "pass", "+MRT442"),
    ],
)
def test_a_rollback_that_goes_on_leaves_what_it_could_not_undo(tried: str, handled: str, expected: str):
    downgrade = f"try:\n    {tried}\nexcept Exception:\n    {handled}\n"
    found = told([BASE, (ADD, downgrade)], "mysql")
    assert holds(expected, found)
    assert holds("-MRT442", told([BASE, (ADD, downgrade)], "postgresql"))
    for each in found:
        if each.code == "MRT442":
            assert each.message.endswith(
                "downgrade goes on, and the revision counts as undone without it: the next upgrade meets what is left"
            )
            assert each.instead.startswith("let the exception end the downgrade; ")
            assert each.consequence is Consequence.ROLLBACK_LEAVES_THINGS


WITHIN = """
with op.batch_alter_table("parcels") as batch:
    try:
        batch.{}
    except Exception:
        pass
"""


@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
def test_a_try_within_a_batch_swallows_nothing(dialect: str):
    found = told([BASE, (WITHIN.format('create_unique_constraint("uq_code", ["code"])'), "pass")], dialect)
    (swallowed,) = [each for each in found if each.code == "MRT442"]
    assert "no `except` is met" in swallowed.message
    assert swallowed.instead.endswith('ask before: sa.inspect(op.get_bind()).get_unique_constraints("parcels")')
    downgrade = WITHIN.format('drop_constraint("uq_nothing", type_="unique")')
    assert holds("+MRT116", told([BASE, ("pass", downgrade)], "mysql"))
    batch = IN_BATCH.format('drop_constraint("uq_nothing", type_="unique")')
    outside = f"try:\n    {batch}\nexcept Exception:\n    pass"
    assert holds("-MRT116", told([BASE, ("pass", outside)], "mysql"))
    at_once = WITHIN.format("execute(sa.text('DELETE FROM parcels'))")
    assert "no `except`" not in str(told([BASE, (at_once, "pass")], dialect))


@pytest.mark.parametrize(
    ("tried", "dialect", "way"),
    [
        (ADD, "sqlite", 'sa.inspect(op.get_bind()).get_columns("parcels")'),
        ('op.create_index("ix_code", "parcels", ["code"])', "sqlite", "if_not_exists=True"),
        ('op.create_index("ix_code", "parcels", ["code"])', "mysql", 'sa.inspect(op.get_bind()).get_indexes("parcels")'),
        ('op.drop_index("ix_code", "parcels")', "mariadb", "if_exists=True"),
        ('op.drop_table("parcels")', "mysql", "if_exists=True"),
        ('op.execute("DROP TABLE parcels")', "mysql", "IF EXISTS"),
        ('op.create_foreign_key("fk", "parcels", "parcels", ["id"], ["id"])', "mysql", '.get_foreign_keys("parcels")'),
        ('op.drop_constraint("fk", "parcels", type_="check")', "mysql", '.get_check_constraints("parcels")'),
        (TOUCH.format("a"), "mysql", "a WHERE leaves out rows that must not end it"),
    ],
)
def test_advice_asks_what_the_database_can_answer(tried: str, dialect: str, way: str):
    upgrade = f"try:\n    {tried}\nexcept sa.exc.OperationalError:\n    pass\n"
    (found,) = [each for each in told([BASE, (upgrade, "pass")], dialect) if each.code == "MRT442"]
    assert found.instead.endswith(way)


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("try:\n    {0}\nexcept Exception:\n    pass", "+MRT451"),
        ("with contextlib.suppress(Exception):\n    {0}", "+MRT451"),
        ("try:\n    {0}\nexcept KeyError:\n    pass", "-MRT451"),
        ("try:\n    {0}\nexcept ValueError:\n    pass", "-MRT451"),
        ("try:\n    {0}\nexcept (ValueError, TypeError, OSError):\n    pass", "-MRT451"),
        ("try:\n    {0}\nexcept (ValueError, sa.exc.DBAPIError):\n    pass", "+MRT451"),
        ("try:\n    {0}\nexcept ValueError:\n    pass\nexcept:\n    pass", "+MRT451"),
        ("with contextlib.suppress(ValueError):\n    {0}", "-MRT451"),
        ("try:\n    {0}\nexcept Exception:\n    raise", "-MRT451"),
        ("try:\n    with op.get_bind().begin_nested():\n        {0}\nexcept Exception:\n    pass", "-MRT451"),
        ("part = op.get_bind().begin_nested()\ntry:\n    {0}\nexcept Exception:\n    part.rollback()", "-MRT451"),
        ("op.execute('SAVEPOINT a')\ntry:\n    {0}\nexcept Exception:\n    op.execute('ROLLBACK TO a')", "-MRT451"),
        ("with op.get_context().autocommit_block():\n    try:\n        {0}\n    except Exception:\n        pass", "-MRT451"),
        ("{0}", "-MRT451"),
    ],
)
def test_postgresql_takes_no_statement_behind_a_failure_without_a_savepoint(upgrade: str, expected: str):
    for done in (ADD, TOUCH.format("a")):
        assert holds(expected, told([BASE, (f"import contextlib\n{upgrade.format(done)}", "pass")]))
        assert holds("-MRT451", told([BASE, (f"import contextlib\n{upgrade.format(done)}", "pass")], "mysql"))


TO_JSON = 'op.alter_column("parcels", "code", type_=sa.JSON())'
SUPPRESSED = "import contextlib\nwith contextlib.suppress(Exception):\n    {}"


@pytest.mark.parametrize(
    ("tried", "dialect", "found"),
    [
        (TO_JSON, "sqlite", True),
        ('op.create_unique_constraint("uq", "parcels", ["code"])', "sqlite", True),
        (IN_BATCH.format('alter_column("code", type_=sa.JSON())'), "sqlite", False),
        (ADD, "sqlite", False),
        ('op.alter_column("parcels", "code", nullable=False)', "mysql", True),
        ('op.alter_column("parcels", "code", existing_type=sa.Text(), nullable=False)', "mysql", False),
    ],
)
def test_what_the_database_never_does_is_swallowed_on_every_run(tried: str, dialect: str, found: bool):
    upgrade, downgrade = SUPPRESSED.format(tried), SUPPRESSED.format(tried)
    said = [each.message for each in told([BASE, (upgrade, downgrade)], dialect) if each.code == "MRT442"]
    assert len([message for message in said if "fails on every run" in message]) == (2 if found else 0)
