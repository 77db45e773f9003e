"""A key that is new on columns which rows hold is met by no duplicates here, and that is a warning."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = (
    'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(20)), sa.Column("b", sa.String(20)),'
    ' sa.Column("code", sa.String(30), nullable=False), sa.Column("once", sa.String(20), unique=True),'
    ' sa.UniqueConstraint("code", "a", name="uq_old"))'
)
INDEX = 'op.create_index("ux", "t", {}, unique=True)'
DROP = 'op.drop_index("ux", table_name="t")'
BATCH = """with op.batch_alter_table("t") as batch:
        batch.create_unique_constraint("uq", ["a", "b"])"""
OUT_OF_BATCH = """with op.batch_alter_table("t") as batch:
        batch.drop_constraint("uq", type_="unique")"""
NEW = {
    "an index": (INDEX.format(["a", "b"]), DROP, "(a, b)"),
    "a constraint": (BATCH, OUT_OF_BATCH, "(a, b)"),
    "an expression": ('op.execute("CREATE UNIQUE INDEX ux ON t (lower(b))")', DROP, "(lower(b)"),
    "SQL": ('op.execute("CREATE UNIQUE INDEX ux ON t (b)")', DROP, "(b)"),
    "fewer columns than before": (INDEX.format(["code"]), DROP, "(code)"),
    "other values are made the same": (
        """op.execute("UPDATE t SET b = '' WHERE b IS NULL")\n    """ + INDEX.format(["a", "b"]),
        DROP,
        "(a, b)",
    ),
    "another column is written": (
        """op.execute("UPDATE t SET code = code || 'x'")\n    """ + INDEX.format(["a", "b"]),
        DROP,
        "(a, b)",
    ),
    "others of another table": (
        """op.get_bind().execute(sa.text("SELECT DISTINCT name FROM sqlite_master")).all()\n    """ + INDEX.format(["a"]),
        DROP,
        "(a)",
    ),
    "the way back deletes": (INDEX.format(["a"]), """op.execute("DELETE FROM t WHERE a = 'DISTINCT'")\n    """ + DROP, "(a)"),
}
SILENT = {
    "more columns than before": (INDEX.format(["once", "b"]), DROP),
    "the same columns": (INDEX.format(["once"]), DROP),
    "the primary key and more": (INDEX.format(["b", "id"]), DROP),
    "duplicates are deleted": (
        'op.execute("DELETE FROM t WHERE id NOT IN (SELECT min(id) FROM t GROUP BY a, b)")\n    ' + INDEX.format(["a", "b"]),
        DROP,
    ),
    "duplicates are deleted one by one": (
        """for (i,) in op.get_bind().execute(sa.text("SELECT max(id) FROM t GROUP BY a, b HAVING count(*) > 1")).all():
        op.get_bind().execute(sa.text("DELETE FROM t WHERE id = :i"), {"i": i})\n    """
        + INDEX.format(["a", "b"]),
        DROP,
    ),
    "duplicates are looked for": (
        """if op.get_bind().execute(sa.text("SELECT a FROM t GROUP BY a HAVING count(*) > 1")).all():
        raise RuntimeError("merge these first")\n    """
        + INDEX.format(["a"]),
        DROP,
    ),
    "duplicates get other values": (
        'op.execute("UPDATE t SET a = a || id WHERE a IN (SELECT a FROM t)")\n    ' + INDEX.format(["a"]),
        DROP,
    ),
    "duplicates get NULL": ("""op.execute("UPDATE t SET a = NULL WHERE a = ''")\n    """ + INDEX.format(["a"]), DROP),
    "rows get values by their key": (
        """op.execute("UPDATE t SET a = 'one' WHERE id > 0 AND id < 9999999")\n    op.execute("UPDATE t SET a = 'u' || id")\n    """
        + INDEX.format(["a"]),
        DROP,
    ),
    "the table's name is put in": (
        """t = "t"
    op.get_bind().execute(sa.text(f"SELECT DISTINCT a FROM {t}")).all()\n    """
        + INDEX.format(["a"]),
        DROP,
    ),
    "a table of its own": (
        'op.create_table("u", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer, unique=True))',
        'op.drop_table("u")',
    ),
    "a new column": (
        'op.add_column("t", sa.Column("slug", sa.String(20)))\n    op.execute("UPDATE t SET slug = \'s\' || id")\n    '
        + INDEX.format(["slug"]),
        DROP + '\n    op.drop_column("t", "slug")',
    ),
    "the error is caught": ("try:\n        " + INDEX.format(["a"]) + "\n    except sa.exc.IntegrityError:\n        pass", DROP),
    "the error is suppressed": (
        "import contextlib\n    with contextlib.suppress(Exception):\n        " + INDEX.format(["a"]),
        DROP,
    ),
    "rows that are marked in a new column": (
        'op.add_column("t", sa.Column("main", sa.Boolean))\n    op.execute("CREATE UNIQUE INDEX ux ON t (a) WHERE main")',
        DROP + '\n    op.drop_column("t", "main")',
    ),
    "it is agreed": (INDEX.format(["a"]) + "  # noqa: MRT406", DROP),
    "a key goes for the same under another name": (
        'op.create_index("ux", "t", ["code", "a"], unique=True)',
        DROP,
    ),
}


@pytest.fixture
def verify(project, sqlite_url):
    def run(upgrade, downgrade, url=sqlite_url, **settings):
        project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
        project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        with Verification(project.config(db_url=url, **settings)) as verification:
            *_, verdict = verification.check_all()
        return verdict

    return run


def keep(verdict):
    return [warning for warning in verdict.warnings if "held the same" in warning]


@pytest.mark.parametrize("kind", NEW)
def test_that_no_rows_are_duplicates_is_a_warning(verify, kind):
    upgrade, downgrade, columns = NEW[kind]
    verdict = verify(upgrade, downgrade)
    assert verdict.outcome is (Outcome.DATA_LOSS if "UPDATE" in upgrade else Outcome.REVERSIBLE)
    [warning] = keep(verdict)
    assert warning.startswith("Line ")
    assert columns in warning
    assert "'t'" in warning


@pytest.mark.parametrize("kind", SILENT)
def test_nothing_is_said_where_duplicates_were_thought_of(verify, kind):
    verdict = verify(*SILENT[kind])
    assert verdict.outcome in {Outcome.REVERSIBLE, Outcome.DATA_LOSS}
    assert keep(verdict) == []


def test_nothing_is_said_of_rows_that_the_project_supplies(verify):
    rows = [{"id": 1, "a": "x", "b": "y", "code": "c"}]
    assert keep(verify(INDEX.format(["a"]), DROP, custom_seeds={"t": lambda: rows})) == []


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_primary_key_over_columns_that_are_there(project, server, request):
    project.add("001", upgrade='op.create_table("t", sa.Column("a", sa.Integer, nullable=False))', downgrade='op.drop_table("t")')
    project.add(
        "002",
        "001",
        upgrade='op.create_primary_key("t_pk", "t", ["a"])',
        downgrade='op.drop_constraint("t_pk", "t", type_="primary")',
    )
    with Verification(project.config(db_url=request.getfixturevalue(f"{server}_url"))) as verification:
        *_, verdict = verification.check_all()
    [warning] = keep(verdict)
    assert "upgrade makes (a) unique in table 't'" in warning


def test_a_part_of_the_rows(verify, postgres_url):
    verdict = verify('op.execute("CREATE UNIQUE INDEX ux ON t (a) WHERE b IS NULL")', DROP, postgres_url)
    [warning] = keep(verdict)
    assert "(a) unique in table 't' where b IS NULL, and" in warning


def test_all_rows_meet_that_a_new_column_is_null(verify):
    new = 'op.add_column("t", sa.Column("gone", sa.DateTime))\n    op.execute("CREATE UNIQUE INDEX ux ON t (a) WHERE gone IS NULL")'
    [warning] = keep(verify(new, DROP + '\n    op.drop_column("t", "gone")'))
    assert "(a) unique in table 't' where gone IS NULL, and" in warning


def test_nulls_that_become_equal(project, postgres_url):
    unique = 'op.execute("ALTER TABLE t ADD CONSTRAINT uq UNIQUE{} (a, b)")'
    drop = 'op.drop_constraint("uq", "t")'
    project.add("001", upgrade=f"{TABLE}\n    {unique.format('')}", downgrade='op.drop_table("t")')
    project.add(
        "002",
        "001",
        upgrade=f"{drop}\n    {unique.format(' NULLS NOT DISTINCT')}",
        downgrade=f"{drop}\n    {unique.format('')}",
    )
    project.add(
        "003",
        "002",
        upgrade=f'{drop}\n    op.execute("ALTER TABLE t ADD CONSTRAINT uq UNIQUE NULLS NOT DISTINCT (a, b)")',
        downgrade=f"{drop}\n    {unique.format(' NULLS NOT DISTINCT')}",
    )
    with Verification(project.config(db_url=postgres_url)) as verification:
        _, verdict, same = verification.check_all()
    [warning] = keep(verdict)
    assert "takes NULLs in (a, b) of table 't' for equal, and no two rows here held the same with NULL" in warning
    assert keep(same) == []


def test_a_beginning_is_less_than_the_whole(verify, mysql_url):
    [warning] = keep(verify('op.execute("CREATE UNIQUE INDEX ux ON t (once(5))")', DROP, mysql_url))
    assert "(left(once, 5))" in warning


def test_duplicates_are_deleted_in_the_revision_before(project, sqlite_url):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade='op.execute("DELETE FROM t WHERE id IN (SELECT 1)")', downgrade="pass")
    project.add("003", "002", upgrade=INDEX.format(["a"]), downgrade=DROP)
    with Verification(project.config(db_url=sqlite_url)) as verification:
        *_, verdict = verification.check_all()
    assert keep(verdict) == []
