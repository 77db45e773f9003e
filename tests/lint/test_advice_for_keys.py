"""Advice about keys, carried out on PostgreSQL: the constraints in the end are those that the migration as it was would have made."""

import pytest
import sqlalchemy as sa

from tests.lint.test_advice import calls, engine, execute, op  # noqa: F401 - fixtures
from tests.lint.test_advice_followed import perform
from tests.lint.test_downgrade_kinds import NOTHING, told

PAIRS = """op.create_table("Pairs", sa.Column("a", sa.Integer(), nullable=False), sa.Column("b b", sa.Integer(), nullable=False),
    sa.Column("d", sa.Integer(), nullable=False),
    sa.UniqueConstraint("d", name="uq a"), sa.PrimaryKeyConstraint("a", name="Pairs_pkey"))"""
DROP = 'op.drop_constraint("{}", "Pairs", type_="{}")\n'


def advice(code: str, upgrade: str) -> str:
    return next(found.instead for found in told([(PAIRS, NOTHING), (upgrade, NOTHING)]) if found.code == code)


def keys(connection: sa.Connection, schema: str) -> set[tuple[str, str, bool]]:
    found = connection.execute(
        sa.text(
            "SELECT conname, pg_get_constraintdef(oid), condeferred FROM pg_constraint "
            f"WHERE connamespace = '{schema}'::regnamespace AND contype <> 'n'"
        )
    )
    return {tuple(row) for row in found}


def followed(text: str) -> str:
    """Return what advice makes of an upgrade: the index, then the drops, then the key."""
    return "\n".join(call.replace("with op.get_context().autocommit_block(): ", "") for call in calls(text)).replace(
        ", postgresql_concurrently=True", ""
    )


@pytest.mark.parametrize(
    ("code", "drop", "made"),
    [
        ("MRT406", "", 'op.create_unique_constraint("uq", "Pairs", ["b b"])'),
        ("MRT406", "", 'op.create_unique_constraint(None, "Pairs", ["b b"], deferrable=True, initially="DEFERRED")'),
        ("MRT406", "", 'op.execute(\'ALTER TABLE "Pairs" ADD CONSTRAINT "u 7" UNIQUE ("b b") DEFERRABLE\')'),
        ("MRT407", "", 'op.add_column("Pairs", sa.Column("C", sa.Integer(), unique=True))'),
        ("MRT407", DROP.format("uq a", "unique"), 'op.create_unique_constraint("uq a", "Pairs", ["d", "b b"])'),
        ("MRT426", DROP.format("Pairs_pkey", "primary"), 'op.create_primary_key(None, "Pairs", ["a", "b b"])'),
        ("MRT426", DROP.format("Pairs_pkey", "primary"), 'op.create_primary_key("pk", "Pairs", ["b b"])'),
    ],
)
def test_a_key_takes_over_the_index_that_was_built_before(op, code: str, drop: str, made: str):  # noqa: F811 - a fixture
    connection, text = op.get_bind(), advice(code, drop + made)
    perform(op, PAIRS, drop + made)
    wanted = keys(connection, "mrt_advice")
    connection.execute(sa.text("SET search_path = app"))
    perform(op, PAIRS)
    if "leave unique=True out" in text:
        perform(op, made.replace(", unique=True", ""))
    build, take_over = followed(text).splitlines()
    assert ("behind it" in text) == bool(drop)
    perform(op, build, drop or "pass", take_over)
    assert keys(connection, "app") == wanted
    assert code not in {each.code for each in told([(PAIRS, NOTHING), (take_over, NOTHING)])}


def test_a_former_guard_of_other_columns_stays_where_it_is():
    assert "behind it" not in advice("MRT406", DROP.format("uq a", "unique") + 'op.create_unique_constraint("n", "Pairs", ["b b"])')


def test_of_several_drops_that_of_the_same_name_moves():
    first, second = (
        'op.create_unique_constraint("one", "Pairs", ["a", "b b"])',
        'op.create_unique_constraint("two", "Pairs", ["a", "d"])',
    )
    drops = DROP.format("one", "unique") + DROP.format("two", "unique")
    found = told([(f"{PAIRS}\n{first}\n{second}", NOTHING), (f"{drops}{first}\n{second}", NOTHING)])
    moved = [each.instead.partition("; move ")[2].partition(" behind")[0] for each in found if each.code == "MRT407"]
    assert moved == ["the drop of unique constraint 'one'", "the drop of unique constraint 'two'"]


def test_a_drop_of_the_same_name_moves_on_a_table_that_is_not_known():
    swap = 'op.drop_constraint("marks_pkey", "marks")\nop.create_primary_key(None, "marks", ["a", "b"])'
    swap = f'op.add_column("marks", sa.Column("b", sa.Integer(), sa.ForeignKey("lots.id")))\n{swap}'
    (text,) = [each.instead for each in told([(NOTHING, NOTHING), (swap, NOTHING)]) if each.code == "MRT426"]
    assert 'op.create_index("marks_pkey_new", "marks", ["a", "b"]' in text
    assert "move the drop of constraint 'marks_pkey' behind it" in text


def test_a_drop_without_a_name_is_one_of_the_table():
    table = 'op.create_table("kinds", sa.Column("name", sa.Text()), sa.Column("n", sa.Integer()), sa.UniqueConstraint("name"))'
    swap = 'op.drop_constraint(None, "kinds", type_="unique")\nop.create_unique_constraint("uq", "kinds", ["name", "n"])'
    (text,) = [each.instead for each in told([(table, NOTHING), (swap, NOTHING)]) if each.code == "MRT407"]
    assert "move the drop of its unique constraint behind it" in text


@pytest.mark.parametrize("code", ["MRT406", "MRT407", "MRT426"])
def test_no_key_of_a_partitioned_table_takes_over_an_index(code: str):
    made = {
        "MRT406": 'op.create_unique_constraint("uq", "logs", ["at", "name"])',
        "MRT407": 'op.add_column("logs", sa.Column("more", sa.Text()))\nop.create_unique_constraint("uq", "logs", ["more"])',
        "MRT426": 'op.create_primary_key("pk", "logs", ["at"])',
    }[code]
    table = 'op.execute("CREATE TABLE logs (at date NOT NULL, name text) PARTITION BY RANGE (at)")'
    text = next(found.instead for found in told([(table, NOTHING), (made, NOTHING)]) if found.code == code)
    assert "UNIQUE USING INDEX" not in text
    assert "autocommit_block" not in text
    assert ("ONLY logs" in text) == (code != "MRT406")


@pytest.mark.parametrize(
    "made",
    [
        'op.create_unique_constraint(None, "Pairs", ["b b"])',
        'op.create_foreign_key(None, "Pairs", "Pairs", ["b b"], ["d"])',
        'op.execute(\'ALTER TABLE "Pairs" ADD UNIQUE ("b b", d)\')',
    ],
)
def test_the_name_that_postgresql_gives_keeps_its_capitals(op, made: str):  # noqa: F811 - a fixture
    connection = op.get_bind()
    perform(op, PAIRS)
    before = keys(connection, "mrt_advice")
    perform(op, made)
    execute(op, advice("MRT110", made))
    assert keys(connection, "mrt_advice") == before
