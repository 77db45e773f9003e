"""MRT113: a downgrade that gives every row one value, though upgrade() changed some of them only, or none."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

MADE = """
op.create_table(
    "parts", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("state", sa.String(9)), sa.Column("size", sa.Integer())
)
"""
CORE = 'p = sa.table("parts", sa.column("state"))\nop.execute(p.update().values(state="old"))'
ALL, SOME = sql("UPDATE parts SET state = 'new'"), sql("UPDATE parts SET state = 'new' WHERE state = 'old'")
OTHERS = sql("UPDATE parts SET state = 'new' WHERE state <> 'old'")
BACK = sql("UPDATE parts SET state = 'old'")
ADD, DROP = 'op.add_column("parts", sa.Column("kind", sa.Text()))', 'op.drop_column("parts", "kind")'
KIND = sql("UPDATE parts SET kind = 'x'")


def lost(upgrade: str, downgrade: str, *more: tuple[str, str]) -> list[str]:
    found = told([(MADE, 'op.drop_table("parts")'), *more, (upgrade, downgrade)])
    return [finding.message for finding in found if finding.code == "MRT113" and "sets column" in finding.message]


@pytest.mark.parametrize("back", [BACK, CORE, sql("UPDATE parts SET state = NULL")])
def test_rows_that_upgrade_left_alone_lose_their_values(back: str):
    [message] = lost(SOME, back)
    assert message.startswith(
        "downgrade sets column 'parts.state' to one value in every row, though upgrade changes only some rows"
    )
    [message] = lost(ADD, f"{back}\n{DROP}")
    assert "which upgrade does not change" in message


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (ALL, BACK),
        (SOME, sql("UPDATE parts SET state = 'old' WHERE state = 'new'")),
        (SOME, sql("UPDATE parts SET state = lower(state)")),
        (f"{ADD}\n{KIND}", f"{KIND}\n{DROP}"),
        (DROP, f"{ADD}\n{KIND}"),
        (SOME, f"if ask():\n    {BACK}"),
        (f"{SOME}\n{OTHERS}", BACK),
        ('op.alter_column("parts", "state", type_=sa.Text(), postgresql_using="f(state)")', BACK),
        (f"work(op)\n{SOME}", BACK),
        (SOME, f'{BACK}\nop.drop_table("parts")'),
        ('for row in rows():\n    op.execute(f"UPDATE parts SET {row.name} = 1 WHERE id = 1")\n' + ALL, BACK),
    ],
)
def test_nothing_is_said_where_upgrade_wrote_all_of_them_or_there_was_none(upgrade: str, downgrade: str):
    more = ((ADD, DROP),) if upgrade == DROP else ()
    assert not lost(upgrade, downgrade, *more)


def test_a_column_that_was_empty_becomes_empty_again():
    fill = sql("UPDATE parts SET kind = 'x' WHERE size > 1")
    assert not lost(fill, sql("UPDATE parts SET kind = NULL"), (ADD, DROP))
