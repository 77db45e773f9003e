"""The `mrt` object: its checks, its steps by hand, and what it says when something is wrong."""

import pytest
import sqlalchemy as sa

from mrt_runtime.config import ConfigurationError
from mrt_runtime.plugin.fixture import Mrt
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

USERS = 'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("phone", sa.String(20)))'
LOST = "Column 'users.phone': 2/3 values lost after rollback"


@pytest.fixture
def mrt(project, sqlite_url):
    """The fixture over three revisions, the second of which loses a column; the first and third are reversible."""
    project.add("001aaa", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002bbb",
        "001aaa",
        upgrade='op.drop_column("users", "phone")',
        downgrade='op.add_column("users", sa.Column("phone", sa.String(20)))',
    )
    project.add("003ccc", "002bbb")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        fixture = Mrt(verification)
        yield fixture
        fixture.reset()


def test_one_revision_is_checked_from_wherever_the_database_stands(mrt):
    mrt.upgrade("head")
    result = mrt.check_revision("002bbb")
    assert not result.passed
    assert result.failure_summary().splitlines()[0] == f"  - {LOST}"
    assert mrt.check_revision("001aaa").passed
    assert mrt.check_revision("head").passed
    assert mrt.check_revision("002").outcome is Outcome.DATA_LOSS
    assert mrt.current_revision() == "003ccc"


def test_check_all_gives_a_verdict_for_each_revision_and_draws_them(mrt, capsys):
    assert [result.passed for result in mrt.check_all()] == [True, False, True]
    output = capsys.readouterr().out
    assert "  ✓  001aaa  reversible\n  ✗  002bbb  data loss detected\n" in output
    assert "│  1 migration(s) will cause data loss on rollback │" in output


def test_assertions_fail_with_what_was_lost_and_where(mrt):
    mrt.assert_reversible("001aaa")
    mrt.assert_reversible()
    with pytest.raises(AssertionError) as one:
        mrt.assert_reversible("002bbb")
    assert str(one.value).splitlines()[0] == f"Migration 002bbb: {LOST}"
    assert str(one.value).splitlines()[2].startswith("    id = ")
    with pytest.raises(AssertionError) as whole:
        mrt.assert_all_reversible()
    assert str(whole.value) == f"revision 002bbb: {LOST}"  # the picture has shown the rest


def test_where_output_is_captured_nothing_is_drawn_and_the_failure_says_all(mrt, capsys):
    captured = Mrt(mrt._verification, is_captured=True)
    with pytest.raises(AssertionError) as whole:
        captured.assert_all_reversible()
    assert capsys.readouterr().out == ""
    lines = str(whole.value).splitlines()
    assert lines[0] == f"revision 002bbb: {LOST}"
    assert lines[1].endswith("002bbb.py:12")
    assert lines[2].startswith("    id = ")
    assert lines[-1] == "1 migration(s) will cause data loss on rollback"


def test_a_traceback_shows_the_test_and_nothing_of_this_package(mrt):
    with pytest.raises(AssertionError) as failed:
        mrt.assert_reversible("002bbb")
    shown = [entry for entry in failed.traceback if not entry.ishidden(failed)]
    assert [entry.path.name for entry in shown] == ["test_fixture.py"]


def test_a_revision_that_does_not_exist_is_named(mrt):
    with pytest.raises(ConfigurationError, match="There is no revision 'nope'"):
        mrt.check_revision("nope")


def test_steps_go_where_alembic_would(mrt):
    assert mrt.current_revision() is None
    mrt.upgrade_one()
    assert mrt.current_revision() == "001aaa"
    mrt.upgrade()
    assert mrt.current_revision() == "003ccc"
    mrt.downgrade_one()
    mrt.downgrade_to("001aaa")
    assert mrt.current_revision() == "001aaa"
    mrt.upgrade_to("002bbb")
    mrt.downgrade("base")
    assert mrt.current_revision() is None
    mrt.upgrade("head")
    mrt.reset()
    assert mrt.current_revision() is None


def test_what_a_migration_made_of_the_rows_can_be_looked_at(mrt, project):
    project.add("004ddd", "003ccc", upgrade="""op.execute("UPDATE users SET id = id + 100")""", downgrade="pass")
    with Verification(project.config(db_url=mrt._verification.config.db_url)) as verification:
        fixture = Mrt(verification)
        fixture.upgrade_to("003ccc")
        fixture.seed("users", [{"id": 1}, {"id": 2}])
        fixture.upgrade_one()
        with fixture.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT id FROM users ORDER BY id")).scalars().all() == [101, 102]
        fixture.downgrade_one()
        fixture.reset()


def test_seeded_rows_that_survive_are_intact_and_others_are_told(mrt):
    mrt.upgrade("001aaa")
    mrt.seed("users", [{"id": 1, "phone": "123"}, {"id": 2, "phone": None}])
    mrt.seed("users", [{"id": 3, "phone": "456"}])
    mrt.assert_data_intact()
    mrt.upgrade_one()
    mrt.downgrade_one()
    with pytest.raises(AssertionError) as lost:
        mrt.assert_data_intact()
    assert str(lost.value) == "Seeded rows did not survive:\n  - Column 'users.phone': 2/3 values lost after rollback"
    mrt.downgrade("base")
    mrt.upgrade_one()
    with pytest.raises(AssertionError, match=r"Table 'users': 3/3 rows lost"):
        mrt.assert_data_intact()


def test_rows_that_were_there_before_do_not_count(mrt):
    mrt.upgrade("001aaa")
    with mrt._sandbox.scratch.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO users VALUES (9, 'other')"))
    mrt.seed("users", [{"id": 1, "phone": "123"}])
    with mrt._sandbox.scratch.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM users WHERE id = 9"))
    mrt.assert_data_intact()


def test_seeding_a_table_that_is_not_there_or_rows_that_do_not_fit_is_explained(mrt):
    with pytest.raises(ConfigurationError, match="There is no table 'users' at base"):
        mrt.seed("users", [{"id": 1}])
    mrt.upgrade("001aaa")
    with pytest.raises(ConfigurationError, match=r"Table 'users' does not take these rows: UNIQUE constraint failed"):
        mrt.seed("users", [{"id": 1}, {"id": 1}])


def test_seeding_a_column_that_the_table_does_not_have_is_refused_before_anything_is_written(mrt):
    mrt.upgrade("001aaa")
    with pytest.raises(ConfigurationError, match=r"^Table 'users' has no column 'phnoe' at 001aaa; did you mean phone\?$"):
        mrt.seed("users", [{"id": 1, "phone": "1"}, {"id": 2, "phnoe": "2"}])
    with pytest.raises(ConfigurationError, match=r"no column 'zzz' at 001aaa: it has id, phone\.$"):
        mrt.seed("users", [{"zzz": 2}])
    with mrt._sandbox.scratch.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar() == 0


def test_reading_the_migrations_finds_what_mrt_check_finds(mrt):
    assert "MRT201" in {finding.code for finding in mrt.check_static()}
    with pytest.raises(AssertionError, match="MRT201 drop-column"):
        mrt.assert_no_static_errors()


def test_another_folder_can_be_read(mrt, tmp_path):
    (tmp_path / "empty").mkdir()
    assert mrt.check_static(str(tmp_path / "empty")) == []
    mrt.assert_no_static_errors(str(tmp_path / "empty"))


def test_models_are_compared_with_what_the_migrations_make(mrt):
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("t_003ccc", metadata, sa.Column("id", sa.Integer, primary_key=True))
    mrt.assert_schema_matches(metadata)
    metadata.tables["users"].append_column(sa.Column("email", sa.String(50)))
    sa.Table("extra", metadata, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(AssertionError) as drift:
        mrt.assert_schema_matches(metadata)
    assert str(drift.value).splitlines()[1:] == [
        "  - Table 'extra' is in the models and not in the migrations",
        "  - Column 'users.email' is in the models and not in the migrations",
    ]


def test_models_can_be_named_by_their_place_and_a_wrong_place_is_told(mrt):
    with pytest.raises(ConfigurationError, match="Name the models"):
        mrt.assert_schema_matches()
    with pytest.raises(ConfigurationError, match="cannot be imported"):
        mrt.assert_schema_matches(metadata_path="nowhere.models:Base")
    with pytest.raises(ConfigurationError, match="is expected"):
        mrt.assert_schema_matches("os:sep")


def test_custom_seeds_for_what_no_revision_has_are_told_once_all_were_seen(project, sqlite_url):
    project.add("001aaa", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002bbb",
        "001aaa",
        upgrade='op.add_column("users", sa.Column("age", sa.Integer))',
        downgrade='op.drop_column("users", "age")',
    )
    seeds = {"users": lambda: [{"id": 1, "phnoe": "5", "age": 4}], "usres": lambda: [{"id": 1}]}
    with Verification(project.config(db_url=sqlite_url, custom_seeds=seeds)) as verification:
        verification.check("001aaa")
        assert verification.find_doubts() == []
        with pytest.warns() as told:
            Mrt(verification).check_all()
    assert [str(warning.message) for warning in told] == [
        "custom_seeds names the table 'usres', which no revision has.",
        "custom_seeds names the column 'users.phnoe', which no revision has.",
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, True),
        ({"skip": {"001aaa": "old"}}, True),
        ({"minimum_downgrade_revision": "001aaa"}, True),
        ({"minimum_downgrade_revision": "002bbb"}, False),
        ({"skip": {"003ccc": "new"}}, False),
        ({"skip": {"002bbb": "old", "003ccc": "new"}}, False),
        ({"after_writes": "off"}, True),
    ],
)
def test_a_misspelt_custom_seed_is_told_where_every_schema_was_seen_and_a_right_one_never(project, sqlite_url, settings, told):
    project.add("001aaa", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002bbb", "001aaa", upgrade='op.drop_table("users")', downgrade=USERS)
    project.add("003ccc", "002bbb", upgrade='op.create_table("a", sa.Column("id", sa.Integer))', downgrade='op.drop_table("a")')
    seeds = {"users": lambda: [{"id": 1}], "a": lambda: [{"id": 1}], "zzz": list}
    with Verification(project.config(db_url=sqlite_url, custom_seeds=seeds, **settings)) as verification:
        list(verification.check_all())
        doubts = verification.find_doubts()
    assert doubts == (["custom_seeds names the table 'zzz', which no revision has."] if told else [])


@pytest.mark.parametrize(("broken", "told"), [("002bbb", True), ("003ccc", False)])
def test_an_upgrade_that_fails_hides_its_own_schema_unless_it_works_without_rows(project, sqlite_url, broken, told):
    narrow = "CREATE TABLE narrow (id INTEGER CHECK (id < 0))", "INSERT INTO narrow SELECT id FROM users", "DROP TABLE narrow"
    fails = "; ".join(f'op.execute("{statement}")' for statement in narrow)
    project.add("001aaa", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002bbb", "001aaa", upgrade=fails if broken == "002bbb" else "pass", downgrade="pass")
    project.add("003ccc", "002bbb", upgrade=fails if broken == "003ccc" else "pass", downgrade="pass")
    with Verification(project.config(db_url=sqlite_url, custom_seeds={"zzz": list})) as verification:
        outcomes = {verdict.revision: verdict.outcome for verdict in verification.check_all()}
        assert outcomes[broken] is Outcome.UPGRADE_FAILED
        assert bool(verification.find_doubts()) is told
