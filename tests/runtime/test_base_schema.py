"""A history that begins on tables which it did not make."""

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.config_discovery import settle
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import DATABASES, keep, keep_pairs

UP = 'op.add_column("people", sa.Column("phone", sa.String(20)))'
DOWN = 'op.drop_column("people", "phone")'
DUMP = """\
-- as pg_dump writes it
\\restrict x
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(50) CHECK (name NOT LIKE '%;'));
CREATE INDEX ix_people_name ON people (name);
"""


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def verify(project, url):
    def run(upgrade=UP, downgrade=DOWN, **settings):
        project.add("001", upgrade=upgrade, downgrade=downgrade)
        project.add("002", "001", upgrade='op.create_index("ix", "people", ["phone"])', downgrade='op.drop_index("ix", "people")')
        config = settle(project.config(db_url=url, **settings), (project.root,))
        with Verification(config) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return run


def test_the_failure_says_that_no_revision_makes_the_table(verify):
    verdict = verify()["001"]
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert verdict.failures[0].message.endswith(
        ". No revision before it makes 'people': if something else does, name a file with that SQL in `base_schema`"
    )


@pytest.mark.parametrize(
    "later", ['op.rename_table("t_001", "people")', 'op.execute("ALTER TABLE t_001 RENAME TO people")', 'op.create_table("people")']
)
def test_it_says_which_revision_makes_the_table_later_and_to_begin_behind_it(project, sqlite_url, later):
    project.add("001")
    project.add("002", "001", upgrade='op.execute("DELETE FROM people")', downgrade="pass")
    project.add("003", "002", upgrade=later, downgrade="pass")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        found = {verdict.revision: verdict for verdict in verification.check_all()}
    for words in (found["002"].failures[0].message, found["003"].reason):
        assert ". No revision before it makes 'people', and 003 does so later. Mend it; or, where every database" in words
        assert "as `base_revision`" in words


def test_it_does_not_say_so_of_a_table_that_a_revision_made(project, sqlite_url):
    project.add("001")
    project.add("002", "001", upgrade='op.drop_table("t_001")', downgrade="pass")
    project.add("003", "002", upgrade='op.execute("DELETE FROM t_001")', downgrade="pass")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert "base_schema" not in verdict.failures[0].message


@pytest.mark.parametrize("url", keep(DATABASES, "sqlite"), indirect=True)
def test_the_file_is_loaded_before_the_first_revision_and_after_a_return_to_base(verify, project):
    (project.root / "base.sql").write_text(DUMP)
    verdicts = verify(downgrade="raise ValueError", base_schema="base.sql")
    assert [verdict.outcome for verdict in verdicts.values()] == [Outcome.DOWNGRADE_FAILED, Outcome.REVERSIBLE]


@pytest.mark.parametrize("url", keep(DATABASES, "sqlite"), indirect=True)
def test_its_tables_are_seeded(verify, project):
    (project.root / "base.sql").write_text(DUMP)
    verdict = verify('op.execute("UPDATE people SET name = NULL")', "pass", base_schema="base.sql")["001"]
    assert "Column 'people.name': " in verdict.failures[0].message


@pytest.mark.parametrize("url", keep(DATABASES, "postgres"), indirect=True)
def test_a_statement_that_is_refused_is_told_with_its_line(verify, project):
    (project.root / "base.sql").write_text(DUMP + "\nCREATE INDEX ix ON people (nothing);\n")
    with pytest.raises(ConfigurationError, match=r"^base_schema, base\.sql:6: .*nothing"):
        verify(base_schema="base.sql")


def test_a_file_that_is_not_there_is_told(project):
    project.add("001")
    with pytest.raises(ConfigurationError, match=r"There is no base\.sql in .*base_schema='base\.sql' has to name an SQL file"):
        settle(project.config(base_schema="base.sql"), (project.root,))


def test_a_path_in_pyproject_starts_from_there(project, monkeypatch, tmp_path_factory):
    (project.root / "pyproject.toml").write_text('[tool.mrt]\nbase-schema = "base.sql"\n')
    (project.root / "base.sql").write_text(DUMP)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert settle(None, (project.root,)).base_schema == str(project.root / "base.sql")


@pytest.mark.parametrize("url", keep(DATABASES, "sqlite"), indirect=True)
def test_the_history_is_verified_from_the_revision_of_the_file_on(verify, project):
    """As where an old revision fails today: no database runs it any more."""
    (project.root / "base.sql").write_text(DUMP.replace(", name", ", phone VARCHAR(20), name"))
    verdicts = verify('raise ValueError("old")', base_schema="base.sql", base_revision="001")
    assert [verdict.outcome for verdict in verdicts.values()] == [Outcome.SKIPPED, Outcome.REVERSIBLE]
    assert verdicts["001"].reason == "at or before base_revision 001, where base_schema begins"


@pytest.mark.parametrize("url", keep(DATABASES, "mysql"), indirect=True)
def test_a_dump_may_hold_the_version_table(verify, project):
    table = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);\n"
    (project.root / "base.sql").write_text(DUMP.replace(", name", ", phone VARCHAR(20), name") + table)
    assert verify('raise ValueError("old")', base_schema="base.sql", base_revision="001")["002"].passed


@pytest.mark.parametrize("revision", ["absent", "001"])
def test_the_revision_is_one_of_the_history_and_has_a_file(project, revision):
    project.add("001")
    (project.root / "base.sql").write_text("")
    given = {"base_revision": revision, **({"base_schema": "base.sql"} if revision == "absent" else {})}
    with pytest.raises(ConfigurationError, match=r"no revision 'absent'|MRTConfig\.base_revision is '001', where"):
        Verification(settle(project.config(db_url="sqlite:///test.db", **given), (project.root,)))


@pytest.mark.parametrize("url", keep(DATABASES, "sqlite"), indirect=True)
def test_an_old_revision_that_fails_says_where_and_how_to_begin_later(verify):
    verdict = verify('raise ValueError("old")', minimum_downgrade_revision="001")["002"]
    assert verdict.outcome is Outcome.NOT_REACHED
    assert "ValueError: old (" in verdict.reason
    assert "001.py:" in verdict.reason
    assert verdict.reason.endswith("as `base_schema`, that revision as `base_revision`")


def test_env_py_is_asked_what_it_makes_only_where_something_was_there_already(project, sqlite_url):
    project.env.write_text("with open('runs', 'a') as runs:\n    runs.write('x')\n" + project.env.read_text())
    project.add("001", upgrade="raise ValueError('its own')")
    project.add("002", "001")
    with Verification(settle(project.config(db_url=sqlite_url), (project.root,))) as verification:
        assert "its own" in verification.check("002").reason
    assert len((project.root / "runs").read_text()) == 2, "one that looks, one that fails"


@pytest.mark.parametrize(("url", "how"), keep_pairs(DATABASES, ["verified", "passed"]), indirect=["url"])
def test_env_py_that_makes_the_tables_itself_is_named(project, url, how):
    settings = {"minimum_downgrade_revision": "001"} if how == "passed" else {}
    source = project.env.read_text()
    make = "    sa.MetaData().create_all(connection)\n    connection.execute(sa.text('CREATE TABLE t_001 (id INTEGER)'))\n    connection.commit()\n"
    marker = "    context.configure("
    assert marker in source
    project.env.write_text(
        "import sqlalchemy as sa\n" + source.replace(marker, make.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS") + marker, 1)
    )
    project.add("001")
    project.add("002", "001")
    with Verification(project.config(db_url=url, **settings)) as verification:
        verdicts = {verdict.revision: verdict for verdict in verification.check_all()}
    words = verdicts["002"].reason if settings else verdicts["001"].failures[0].message
    assert "env.py is to blame: its create_all() makes 't_001' before the first revision runs" in words


@pytest.mark.parametrize(
    ("url", "drop"), keep_pairs(DATABASES, ["DROP TABLE migrate_version", "DELETE FROM migrate_version"]), indirect=["url"]
)
def test_the_table_of_another_tool_is_one_that_no_revision_makes(project, url, drop):
    project.add("001", upgrade=f"op.execute({drop!r})", downgrade="pass")
    with Verification(project.config(db_url=url)) as verification:
        (verdict,) = verification.check_all()
    assert "No revision before it makes 'migrate_version'" in verdict.failures[0].message


MISSING = {
    "a view": "DROP VIEW ranks",
    "a table": "DROP TABLE ranks",
    "a view that is read": "INSERT INTO people (id) SELECT id FROM ranks",
}


@pytest.mark.parametrize(("url", "kind"), keep_pairs(DATABASES, MISSING), indirect=["url"])
def test_the_failure_says_so_of_what_is_dropped_or_read_too(verify, project, kind):
    (project.root / "base.sql").write_text(DUMP)
    verdict = verify(upgrade=f"{UP}\n    op.execute('{MISSING[kind]}')", base_schema="base.sql")["001"]
    assert ". No revision before it makes 'ranks': " in verdict.failures[0].message
