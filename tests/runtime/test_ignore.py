"""What the configuration ignores is not compared, and all else is."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

pytestmark = pytest.mark.exhaustive

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))'
CHANGES = {
    "grants": "GRANT SELECT ON t TO PUBLIC",
    "default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "comments": "COMMENT ON TABLE t IS 'x'",
    "options": "ALTER TABLE t SET (fillfactor = 50)",
    "positions": "ALTER SEQUENCE t_id_seq RESTART WITH 5000",
}


@pytest.mark.parametrize("word", CHANGES)
def test_what_is_ignored_is_not_compared(project, postgres_url, word):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=f'op.execute("{CHANGES[word]}")', downgrade="pass")
    outcomes = []
    for ignore in (), (word,), CHANGES.keys() - {word}:
        with Verification(project.config(db_url=postgres_url, ignore=tuple(ignore))) as verification:
            outcomes.append(verification.check("002").outcome)
    told = Outcome.DATA_LOSS if word == "positions" else Outcome.SCHEMA_NOT_RESTORED
    assert outcomes == [told, Outcome.REVERSIBLE, told]
