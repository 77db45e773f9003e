"""MRT120: a downgrade that copies a column which may be NULL to one that is NOT NULL at that point."""

import pytest

from tests.lint.test_downgrade_kinds import told

MADE = """
op.create_table(
    "models",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("engine_id", sa.Integer(), nullable={}),
    sa.Column("label", sa.Text(), nullable=False),
)
"""
UP = 'op.add_column("models", sa.Column("source_id", sa.Integer(), nullable={}))\nop.execute("UPDATE models SET source_id = engine_id")\n'
TIGHT = 'op.alter_column("models", "engine_id", existing_type=sa.Integer(), nullable=False)'
LOOSE = 'op.alter_column("models", "engine_id", existing_type=sa.Integer(), nullable=True)'
COPY = 'op.execute("UPDATE models SET engine_id = source_id")'
DROP = 'op.drop_column("models", "source_id")'


def refused(downgrade: str, *, was: bool = True, new: bool = True, tight: str = TIGHT) -> list[str]:
    up = UP.format(new) + tight
    found = told([(MADE.format(was), 'op.drop_table("models")'), (up, downgrade)])
    return [finding.message for finding in found if finding.code == "MRT120"]


@pytest.mark.parametrize(
    "copy",
    [
        COPY,
        'm = sa.table("models", sa.column("engine_id"), sa.column("source_id"))\nop.execute(m.update().values(engine_id=m.c.source_id))',
    ],
)
def test_null_is_copied_before_it_is_allowed(copy: str):
    [message] = refused(f"{copy}\n{LOOSE}\n{DROP}")
    assert "copies 'source_id' of table 'models' to 'engine_id', which is NOT NULL then" in message
    assert not refused(f"{LOOSE}\n{copy}\n{DROP}")


def test_so_where_the_column_never_allowed_it():
    assert refused(f"{COPY}\n{DROP}", was=False, tight="")
    assert not refused(f"{COPY}\n{DROP}", was=False, new=False, tight="")


@pytest.mark.parametrize(
    "copy",
    [
        'op.execute("UPDATE models SET engine_id = source_id WHERE source_id IS NOT NULL")',
        'op.execute("UPDATE models SET engine_id = coalesce(source_id, 1)")',
        f'op.execute("UPDATE models SET source_id = 1 WHERE source_id IS NULL")\n{COPY}',
        f'op.execute("DELETE FROM models WHERE source_id IS NULL")\n{COPY}',
        f"if ask():\n    {COPY}",
        'op.execute("UPDATE models SET engine_id = source_id WHERE id > 9")',
    ],
)
def test_nothing_is_said_where_no_null_may_come(copy: str):
    assert not refused(f"{copy}\n{LOOSE}\n{DROP}")
