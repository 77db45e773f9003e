"""A failure hides no other: neither the rollback's of the same revision, nor those of the revisions behind it."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep

ITEMS = 'op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(20)))'
DROP_ITEMS = 'op.drop_table("items")'
REFUSED_BY_ROWS = """op.execute("UPDATE items SET code = 'same'")
    op.create_index("ux", "items", ["code"], unique=True)"""
KIND = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("k", sa.Enum("x", "y", name="kind")))'


URLS = ["sqlite_url", "postgres_url", "mysql_url"]


@pytest.fixture(params=URLS)
def url(request):
    return request.getfixturevalue(request.param)


def verify(project, url, **settings):
    with Verification(project.config(db_url=url, **settings)) as verification:
        return {verdict.revision: verdict for verdict in verification.check_all()}


def kinds(verdict):
    return [failure.kind for failure in verdict.failures]


@pytest.mark.parametrize("url", keep(URLS, "postgres_url"), indirect=True)
def test_an_upgrade_that_rows_refuse_does_not_hide_a_downgrade_that_fails(project, url):
    project.add("001", upgrade=ITEMS, downgrade=DROP_ITEMS)
    project.add("002", "001", upgrade=REFUSED_BY_ROWS, downgrade='op.drop_table("never")')
    found = verify(project, url)
    assert kinds(found["002"]) == ["upgrade-failed", "downgrade-failed"]


@pytest.mark.parametrize("url", keep(URLS, "mysql_url"), indirect=True)
def test_an_upgrade_that_rows_refuse_does_not_hide_a_schema_that_is_not_restored(project, url):
    project.add("001", upgrade=ITEMS, downgrade=DROP_ITEMS)
    upgrade = f'op.create_table("left", sa.Column("id", sa.Integer, primary_key=True))\n    {REFUSED_BY_ROWS}'
    project.add("002", "001", upgrade=upgrade, downgrade='op.drop_index("ux", table_name="items")')
    project.add("003", "002")
    found = verify(project, url)
    assert kinds(found["002"])[:2] == ["upgrade-failed", "schema-not-restored"]
    assert "Table 'left' still exists after rollback" in [failure.message for failure in found["002"].failures]
    assert found["003"].outcome is Outcome.REVERSIBLE


@pytest.mark.parametrize("url", keep(URLS, "sqlite_url"), indirect=True)
def test_an_upgrade_that_rows_refuse_and_whose_rollback_is_right_has_one_failure(project, url):
    project.add("001", upgrade=ITEMS, downgrade=DROP_ITEMS)
    project.add("002", "001", upgrade=REFUSED_BY_ROWS, downgrade='op.drop_index("ux", table_name="items")')
    project.add("003", "002", upgrade='op.execute("DELETE FROM items")', downgrade="pass")
    found = verify(project, url)
    assert kinds(found["002"]) == ["upgrade-failed"]
    assert found["003"].outcome is Outcome.DATA_LOSS  # the tables have their rows again


def test_a_revision_that_fails_only_alone_hides_nothing_behind_it(project, postgres_url):
    """SQLAlchemy remembers within one run which enums it created; `alembic upgrade head` gets past 002, and so does the check."""
    project.add("001", upgrade=KIND.format("a"), downgrade='op.drop_table("a")\n    op.execute("DROP TYPE kind")')
    project.add("002", "001", upgrade=KIND.format("b"), downgrade='op.drop_table("b")')
    project.add("003", "002")
    project.add("004", "003", upgrade='op.execute("DELETE FROM a")', downgrade="pass")
    found = verify(project, postgres_url)
    [failure] = found["002"].failures
    assert failure.kind == "upgrade-failed"
    assert "within one `alembic upgrade` it passes" in failure.message
    assert [found[name].outcome for name in ("003", "004")] == [Outcome.REVERSIBLE, Outcome.DATA_LOSS]


def test_the_first_error_of_a_transaction_is_told_at_its_line(project, postgres_url):
    project.add("001", upgrade=ITEMS, downgrade=DROP_ITEMS)
    swallowed = """try:
        op.execute("UPDATE items SET code = repeat('x', 300)")
    except Exception:
        pass"""
    file = project.add("002", "001", upgrade=swallowed, downgrade="pass")
    failure = verify(project, postgres_url)["002"].failures[0]
    assert "value too long" in failure.message
    assert "InFailedSqlTransaction" not in failure.message
    assert file.read_text().splitlines()[failure.line - 1].strip().startswith("op.execute")


def test_what_env_py_creates_is_not_blamed_on_the_first_revision(project, postgres_url):
    env = project.env.read_text().replace(
        "    context.configure(connection=connection, target_metadata=None)",
        """    connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS audit")
    connection.commit()
    context.configure(connection=connection, version_table="steps", version_table_schema="audit")""",
    )
    project.env.write_text(env)
    project.add("001")
    project.add("002", "001")
    found = verify(project, postgres_url)
    assert [(verdict.outcome, verdict.failures) for verdict in found.values()] == [(Outcome.REVERSIBLE, ())] * 2


def test_a_file_that_is_not_found_is_named_and_an_object_has_no_address(project, sqlite_url):
    project.add("001", downgrade='open("absent.json")')
    project.add("002", "001", upgrade='op.create_table("t_002", sa.Column("id", sa.Integer))\n    raise ValueError(object())')
    found = verify(project, sqlite_url)
    assert "absent.json" in found["001"].failures[0].message
    assert found["002"].failures[0].message.endswith("ValueError: <object object>")


CYCLE = """op.create_table("projects", sa.Column("id", sa.Integer, primary_key=True), sa.Column("first_task", sa.Integer), sa.Column("n", sa.Integer))
    op.create_table("tasks", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer),
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id", name="fk_project"), nullable=False))
    op.create_foreign_key("fk_first", "projects", "tasks", ["first_task"], ["id"])"""
TREE = """op.create_table("projects", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer),
        sa.Column("parent", sa.Integer, sa.ForeignKey("projects.id", name="fk_parent")))"""
KEYLESS = """op.create_table("projects", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
    op.create_table("links", sa.Column("a", sa.Integer, sa.ForeignKey("projects.id")), sa.Column("b", sa.Integer, sa.ForeignKey("projects.id")))"""
LONELY = 'op.create_table("projects", sa.Column("n", sa.Integer))'


@pytest.mark.parametrize(
    ("url", "tables"),
    [
        ("sqlite_url", KEYLESS),
        ("postgres_url", CYCLE),
        ("mysql_url", TREE),
        pytest.param("sqlite_url", CYCLE, marks=pytest.mark.exhaustive),
        pytest.param("postgres_url", KEYLESS, marks=pytest.mark.exhaustive),
        pytest.param("mysql_url", LONELY, marks=pytest.mark.exhaustive),
    ],
    indirect=["url"],
    ids=str,
)
def test_rows_that_hold_each_other_are_no_reason_to_say_that_the_revision_fails_alone(project, url, tables):
    if url.startswith("sqlite") and tables is CYCLE:
        tables = CYCLE.rpartition("\n")[0]
    project.add("001", upgrade=tables, downgrade="pass")
    refused = """op.execute("UPDATE projects SET n = 1")
    with op.batch_alter_table("projects") as batch:
        batch.create_check_constraint("ck_n", "n < 0")"""
    undo = 'with op.batch_alter_table("projects") as batch:\n        batch.drop_constraint("ck_n", type_="check")'
    project.add("002", "001", upgrade=refused, downgrade=undo)
    [failure] = verify(project, url)["002"].failures
    assert failure.kind == "upgrade-failed"
    assert "run alone" not in failure.message


def test_an_exception_without_words_shows_the_line_that_raised_it(project, sqlite_url):
    project.add("001", downgrade="assert op.get_bind() is None")
    project.add("002", "001", upgrade="raise NotImplementedError", downgrade="pass")
    found = verify(project, sqlite_url)
    assert found["001"].failures[0].message.endswith("AssertionError at `assert op.get_bind() is None`")
    assert (
        found["002"]
        .failures[0]
        .message.startswith("Upgrade failed: NotImplementedError. A revision that has no way back is listed")
    )


def test_a_constraint_without_a_name_is_told_on_mysql_too(project, mysql_url):
    """SQLAlchemy asserts that there is a name, and says no word."""
    project.add("001", upgrade=ITEMS, downgrade='op.drop_constraint(None, "items", type_="foreignkey")')
    [failure] = verify(project, mysql_url)["001"].failures
    assert failure.message.endswith(
        ", for a constraint without a name: write the one that the database has into op.drop_constraint()"
    )


def test_what_fails_alone_is_told_beside_what_fails_with_rows(project, postgres_url):
    project.add("001", upgrade=f"{ITEMS}\n    {KIND.format('a')}", downgrade="pass")
    project.add("002", "001", upgrade=f"{REFUSED_BY_ROWS}\n    {KIND.format('b')}", downgrade="pass")
    refused, alone, *_ = verify(project, postgres_url)["002"].failures
    assert "UniqueViolation" in refused.message
    assert "run alone" not in refused.message
    assert 'type "kind" already exists' in alone.message
    assert alone.message.endswith("(run alone; within one `alembic upgrade` it passes)")


REQUIRED = 'op.add_column("t", sa.Column("x", sa.Integer, nullable=False))'
CHANGES = {
    "DELETE behind it": (REQUIRED, "op.execute(\"DELETE FROM t WHERE note LIKE 'm%'\")"),
    "DELETE before it": ('op.execute("DELETE FROM u")', REQUIRED),
    "UPDATE behind it": (REQUIRED, "op.execute(\"UPDATE t SET note = 'x'\")"),
    "a loop behind it": (
        REQUIRED,
        """for (key,) in op.get_bind().execute(sa.text("SELECT id FROM t")).all():
        op.get_bind().execute(sa.text("DELETE FROM t WHERE id = :id"), {"id": key})""",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_of_rows_that_was_judged_without_rows_is_named(project, postgres_url, kind):
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text)'
    project.add(
        "001",
        upgrade=f'op.create_table("t", {columns})\n    op.create_table("u", {columns})',
        downgrade='op.drop_table("t")\n    op.drop_table("u")',
    )
    project.add("002", "001", upgrade="\n    ".join(CHANGES[kind]), downgrade='op.drop_column("t", "x")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    [warning] = verdict.warnings
    assert "nothing is proved about it: as the upgrade fails with rows, this was judged without them" in warning
    assert "custom_seeds" not in warning


DROPS = {
    "a column": ('op.drop_column("t", "note")', "'t.note'"),
    "SQL": ('op.execute("ALTER TABLE t DROP COLUMN note")', "'t.note'"),
    "a table": ('op.drop_table("u")', "'u'"),
}


@pytest.mark.parametrize("kind", DROPS)
def test_what_is_dropped_is_named_where_it_was_judged_without_rows(project, postgres_url, kind):
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text)'
    project.add(
        "001",
        upgrade=f'op.create_table("t", {columns})\n    op.create_table("u", {columns})',
        downgrade='op.drop_table("t")\n    op.drop_table("u")',
    )
    drop, name = DROPS[kind]
    project.add("002", "001", upgrade=f"{drop}\n    {REQUIRED}", downgrade="pass")
    *_, verdict = (*verify(project, postgres_url).values(),)
    assert f"As the upgrade fails with rows, losses of values cannot be seen: it drops {name}" in verdict.warnings


@pytest.mark.parametrize("kind", DROPS)
@pytest.mark.parametrize("refuses", [False, True])
def test_what_is_dropped_is_named_where_the_rollback_fails(project, postgres_url, kind, refuses):
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text)'
    project.add(
        "001",
        upgrade=f'op.create_table("t", {columns})\n    op.create_table("u", {columns})',
        downgrade='op.drop_table("t")\n    op.drop_table("u")',
    )
    drop, name = DROPS[kind]
    project.add("002", "001", upgrade=drop, downgrade="raise NotImplementedError" if refuses else 'op.drop_index("ix_absent")')
    *_, verdict = (*verify(project, postgres_url).values(),)
    warning = f"As the rollback fails, losses of values cannot be seen: upgrade drops {name}"
    assert (warning in verdict.warnings) is not refuses


def test_what_is_renamed_is_not_dropped(project, postgres_url):
    columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text)'
    project.add("001", upgrade=f'op.create_table("t", {columns})', downgrade='op.drop_table("t")')
    project.add("002", "001", upgrade=f'op.alter_column("t", "note", new_column_name="text")\n    {REQUIRED}', downgrade="pass")
    *_, verdict = (*verify(project, postgres_url).values(),)
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert not any("losses of values" in warning for warning in verdict.warnings)


def test_the_statement_that_failed_is_not_named_again(project, postgres_url):
    project.add(
        "001", upgrade='op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))', downgrade='op.drop_table("t")'
    )
    project.add("002", "001", upgrade='op.execute("UPDATE t SET id = 1 / 0")', downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert (verdict.outcome, verdict.warnings) == (Outcome.UPGRADE_FAILED, ())
