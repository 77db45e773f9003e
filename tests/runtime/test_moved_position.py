"""Positions of sequences are compared as far as a migration set them; numbers that it used up are gone anywhere."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

pytestmark = pytest.mark.exhaustive

KEYED = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.String(20)){more})'
TABLE = KEYED.format(more="")
COUNTING = KEYED.format(more=", sqlite_autoincrement=True")
FREE = f"{TABLE}\n    op.execute('CREATE SEQUENCE s')"
ROWS = "op.execute(\"INSERT INTO t (a) VALUES ('x'), ('y'), ('z')\")"
NOT_BACK = {
    "postgres restart": (
        "postgres",
        TABLE,
        "ALTER SEQUENCE t_id_seq RESTART WITH 5000",
        "Sequence 't_id_seq': next value 1 became 5000",
    ),
    "postgres setval": ("postgres", FREE, "SELECT setval('s', 41)", "Sequence 's': next value 1 became 42"),
    "postgres setval not called": ("postgres", FREE, "SELECT setval('s', 42, false)", "Sequence 's': next value 1 became 42"),
    "postgres a new sequence": (
        "postgres",
        f"{TABLE}\n    {ROWS}",
        (
            "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq; CREATE SEQUENCE t_id_seq AS integer OWNED BY t.id;"
            " ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq')"
        ),
        "Sequence 't_id_seq': next value 4 became 1",
    ),
    "mysql": ("mysql", TABLE, "ALTER TABLE t AUTO_INCREMENT = 100000", "Table 't': AUTO_INCREMENT 7103 became 100000"),
    "sqlite": (
        "sqlite",
        COUNTING,
        "UPDATE sqlite_sequence SET seq = 9999",
        "Table 't': next AUTOINCREMENT value 7103 became 10000",
    ),
    "sqlite forgotten": ("sqlite", COUNTING, "DELETE FROM sqlite_sequence", "Table 't': next AUTOINCREMENT value 7103 became 1"),
    "sqlite user_version": ("sqlite", TABLE, "PRAGMA user_version = 7", "Database: options none became (user_version 7)"),
    "sqlite application_id": ("sqlite", TABLE, "PRAGMA application_id = 7", "Database: options none became (application_id 7)"),
}
FORGET = "op.execute(\"DELETE FROM t WHERE a IN ('x', 'y', 'z')\")"
HARMLESS = {
    "postgres rows that come and go": ("postgres", TABLE, ROWS, FORGET),
    "mysql rows that come and go": ("mysql", TABLE, ROWS, FORGET),
    "sqlite rows that come and go": ("sqlite", COUNTING, ROWS, FORGET),
    "postgres rows that are left out": (
        "postgres",
        TABLE,
        "op.execute(\"INSERT INTO t (a) SELECT 'x' FROM generate_series(1, 50) ON CONFLICT DO NOTHING\")",
        FORGET,
    ),
    "postgres behind the last row": (
        "postgres",
        TABLE,
        "op.execute(\"SELECT setval('t_id_seq', (SELECT max(id) FROM t))\")",
        "pass",
    ),
    "postgres numbers for rows": (
        "postgres",
        FREE,
        'op.add_column("t", sa.Column("n", sa.Integer()))\n    op.execute("UPDATE t SET n = nextval(\'s\') /* restart */")',
        'op.drop_column("t", "n")',
    ),
    "mysql a new table": (
        "mysql",
        TABLE,
        (
            'op.execute("CREATE TABLE u LIKE t")\n    op.execute("INSERT INTO u SELECT * FROM t")\n    op.drop_table("t")\n'
            '    op.rename_table("u", "t")'
        ),
        "pass",
    ),
    "sqlite a new table": (
        "sqlite",
        COUNTING,
        (
            'with op.batch_alter_table("t", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch:\n'
            '        batch.add_column(sa.Column("n", sa.Integer()))'
        ),
        (
            'with op.batch_alter_table("t", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch:\n'
            '        batch.drop_column("n")'
        ),
    ),
    "postgres back": (
        "postgres",
        TABLE,
        'op.execute("ALTER SEQUENCE t_id_seq RESTART WITH 5000")',
        'op.execute("ALTER SEQUENCE t_id_seq RESTART WITH 1")',
    ),
}


@pytest.fixture
def verify(project, request):
    def run(dialect, first, upgrade, downgrade, **settings):
        project.add("001", upgrade=first, downgrade="pass")
        project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        url = request.getfixturevalue(f"{dialect}_url")
        with Verification(project.config(db_url=url, **settings)) as verification:
            return verification.check("002")

    return run


@pytest.mark.parametrize("kind", NOT_BACK)
def test_a_position_that_is_not_set_back_is_told(verify, kind):
    dialect, first, change, message = NOT_BACK[kind]
    verdict = verify(dialect, first, f'op.execute("{change}")', "pass")
    assert [failure.message for failure in verdict.failures] == [f"{message} after rollback"]
    assert verdict.failures[0].line == (12 if "Database:" not in message else None)


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_position_that_was_used_or_comes_back_is_not(verify, kind):
    verdict = verify(*HARMLESS[kind])
    assert (verdict.outcome, verdict.failures, verdict.warnings) == (Outcome.REVERSIBLE, (), ())
