"""What has another name after a rollback is not lost: its schema is not restored."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(60)), sa.Column("k", sa.Integer))'
COLUMN = 'op.alter_column("t", "{}", new_column_name="{}", existing_type=sa.String(60))'
RENAMED = {
    "a column": (COLUMN.format("note", "remark"), "pass", "Column 't.note' missing after rollback: its values are in 't.remark'"),
    "a column, to a third name": (
        COLUMN.format("note", "remark"),
        COLUMN.format("remark", "notes"),
        "Column 't.note' missing after rollback: its values are in 't.notes'",
    ),
    "a table": ('op.rename_table("t", "tt")', "pass", "Table 't' missing after rollback: its rows are in 'tt'"),
}
LOST = {
    "a column that is made anew": (
        COLUMN.format("note", "remark"),
        'op.drop_column("t", "remark")\n    op.add_column("t", sa.Column("n", sa.String(60)))',
    ),
    "a column whose values changed": (COLUMN.format("note", "remark"), "op.execute(\"UPDATE t SET remark = 'x'\")"),
    "a table whose rows are gone": ('op.rename_table("t", "tt")', 'op.execute("DELETE FROM tt WHERE k IS NULL OR k > 0")'),
}


def verify(project, database, upgrade, downgrade):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
    with Verification(project.config(db_url=database.url)) as verification:
        *_, verdict = verification.check_all()
    return verdict


@pytest.mark.parametrize("kind", RENAMED)
def test_what_was_renamed_is_not_lost(project, database, kind):
    upgrade, downgrade, message = RENAMED[kind]
    verdict = verify(project, database, upgrade, downgrade)
    assert verdict.outcome is Outcome.SCHEMA_NOT_RESTORED
    assert message in [failure.message for failure in verdict.failures]


@pytest.mark.parametrize("kind", LOST)
def test_what_is_nowhere_is_lost(project, database, kind):
    assert verify(project, database, *LOST[kind]).outcome is Outcome.DATA_LOSS
