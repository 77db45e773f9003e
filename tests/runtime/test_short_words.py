"""What databases and Alembic say is shown as far as it says something to a reader."""

import pytest

from mrt_runtime.migrate.error import shorten_quotations
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

NAME = "shop_mrt_0123456789abcdef0123_main_1"
ROWS = "(1, 'a \"b\"'), " * 30
WORDS = {
    """invalid input syntax for type json. DETAIL: Token "it" is invalid. CONTEXT: unnamed portal parameter $1 = 'it''s'""": (
        'invalid input syntax for type json. DETAIL: Token "it" is invalid'
    ),
    "invalid input syntax for type integer. CONTEXT: unnamed portal parameter $12": "invalid input syntax for type integer",
    f"Table '{NAME}.t' doesn't exist": "Table 't' doesn't exist",
    f"a foreign key constraint fails (`{NAME}`.`t`, CONSTRAINT `x`)": "a foreign key constraint fails (`t`, CONSTRAINT `x`)",
    f'bad. CONTEXT: SQL statement "INSERT INTO t VALUES {ROWS}" PL/pgSQL function f() line 1 at SQL statement': (
        'bad. CONTEXT: SQL statement "INSERT INTO t VALUES (1, \'a "b"\'), (1, \'a "b"\'), (1, \'a "b"\'…" '
        "PL/pgSQL function f() line 1 at SQL statement"
    ),
    'CONTEXT: SQL statement "SELECT 1" PL/pgSQL function f() line 1 at SQL statement': (
        'CONTEXT: SQL statement "SELECT 1" PL/pgSQL function f() line 1 at SQL statement'
    ),
    f"null. DETAIL: Failing row contains ({'12345, null, ' * 30}9).": (
        f"null. DETAIL: Failing row contains ({('12345, null, ' * 30)[:120]}…)."
    ),
    "Failing row contains (1, null).": "Failing row contains (1, null).",
}
TABLE = 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.SmallInteger))'


@pytest.mark.parametrize("words", WORDS)
def test_long_quotations_are_cut(words):
    assert shorten_quotations(words) == WORDS[words]


@pytest.mark.parametrize("end", ["op.get_bind().commit()", "op.get_bind().rollback()"])
def test_the_line_that_ends_alembic_s_transaction_is_named(project, database, end):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=f'{end}\n    op.execute("UPDATE t SET n = 1")', downgrade="pass")
    with Verification(project.config(db_url=database.url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.DOWNGRADE_FAILED
    [failure] = verdict.failures
    assert "because upgrade() of 002 ended Alembic's transaction there" in failure.message
    assert failure.line == 12
