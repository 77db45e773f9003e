"""LOCK TABLE in a transaction of its own, how long it waits and what comes behind it (MRT428)."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, told

OWN = """
def locked(table, change):
    op.execute("BEGIN")
    {limit}
    op.execute(f'LOCK TABLE "{{table}}" IN ACCESS EXCLUSIVE MODE{mode}')
    op.execute(change)
    op.execute("COMMIT")

with op.get_context().autocommit_block():
    locked("parcels", "{change}")
    {behind}
"""
SHORT = "ALTER TABLE parcels ADD COLUMN kind text"


def locks(source: str) -> list[tuple[str, str]]:
    return [(each.message, each.instead) for each in told([BASE, (source, "pass")]) if each.code == "MRT428"]


@pytest.mark.parametrize(
    ("limit", "mode", "change", "behind", "found"),
    [
        ("op.execute(\"SET LOCAL lock_timeout = '250ms'\")", "", SHORT, "pass", False),
        ("pass", " NOWAIT", SHORT, "op.execute('UPDATE parcels SET code = NULL')", False),
        ("pass", "", SHORT, "pass", True),
        ("pass", " NOWAIT", "UPDATE parcels SET code = NULL", "pass", True),
        ("pass", " NOWAIT", "CREATE INDEX ix_code ON parcels (code)", "pass", True),
        ("pass", " NOWAIT", "ALTER TABLE parcels ADD COLUMN kind uuid DEFAULT gen_random_uuid()", "pass", True),
        ("pass", " NOWAIT", "ALTER TABLE parcels ALTER COLUMN code TYPE integer USING code::integer", "pass", True),
    ],
)
def test_a_lock_of_its_own_transaction_ends_with_it(limit: str, mode: str, change: str, behind: str, found: bool):
    told_of = locks(OWN.format(limit=limit, mode=mode, change=change, behind=behind))
    assert bool(told_of) == found
    assert all(message.endswith("of 'parcels' until its own transaction ends") for message, _ in told_of)


def test_a_limit_of_another_transaction_is_none_of_this():
    first = "op.execute(\"BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT\")"
    block = OWN.format(limit="pass", mode="", change=SHORT, behind="pass").replace("    locked(", f"    {first}\n    locked(", 1)
    assert locks(block)
    assert not locks(block.replace("SET LOCAL", "SET"))
