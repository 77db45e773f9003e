"""Each outcome, with its words and its place, on real databases; and that one broken revision never hides the next."""

import re
from pathlib import Path

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep

USERS = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50), nullable=False),
        sa.Column("phone", sa.String(20)))"""
ADD_PHONE = 'op.add_column("users", sa.Column("phone", sa.String(20)))'


def line_of(path, text):
    """The line of a file on which a text begins."""
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


@pytest.fixture
def verify(project, sqlite_url):
    """Verifies the project; gives {revision: verdict}."""

    def run(**settings):
        with Verification(project.config(**{"db_url": sqlite_url, **settings})) as verification:
            return {verdict.revision: verdict for verdict in verification.check_all()}

    return run


def messages(verdict):
    return [failure.message for failure in verdict.failures]


def test_a_dropped_nullable_column_that_comes_back_empty_is_data_loss(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add(
        "002",
        "001",
        upgrade='op.drop_column("users", "phone")',
        downgrade='op.add_column("users", sa.Column("phone", sa.String(20)))',
    )
    found = verify()
    assert found["001"].outcome is Outcome.REVERSIBLE
    verdict = found["002"]
    assert (verdict.outcome, messages(verdict)) == (Outcome.DATA_LOSS, ["Column 'users.phone': 2/3 values lost after rollback"])
    [failure] = verdict.failures
    assert (failure.table, failure.column, failure.line) == ("users", "phone", line_of(file, "op.drop_column"))
    assert failure.file.endswith("002.py")
    assert verdict.down_revision == ("001",)


def test_a_table_that_comes_back_empty_has_lost_all_its_rows(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001", upgrade='op.drop_table("users")', downgrade=USERS)
    assert messages(verify()["002"]) == ["Table 'users': 3/3 rows lost after rollback"]


def test_an_update_that_nobody_takes_back_has_changed_values(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add("002", "001", upgrade="""op.execute("UPDATE users SET name = 'x'")""", downgrade="pass")
    verdict = verify()["002"]
    assert (verdict.outcome, messages(verdict)) == (Outcome.DATA_LOSS, ["Column 'users.name': 3/3 values changed after rollback"])
    assert verdict.failures[0].line == line_of(file, "UPDATE")


def test_a_default_that_stays_is_located_where_it_is_set_not_where_rows_are_changed(project, postgres_url):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    upgrade = """op.execute(sa.text("UPDATE users SET name = name"))
    op.alter_column("users", "name", server_default="x")"""
    file = project.add("002", "001", upgrade=upgrade, downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    [failure] = verdict.failures
    assert (failure.kind, failure.line) == ("schema-not-restored", line_of(file, "server_default"))


def test_rows_that_the_upgrade_inserts_and_nobody_removes_are_left_behind(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add(
        "002", "001", upgrade="""op.execute("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b')")""", downgrade="pass"
    )
    verdict = verify()["002"]
    assert verdict.outcome is Outcome.DATA_LOSS
    assert messages(verdict) == [
        "Table 'users': 2 rows left behind after rollback",
        "Second upgrade failed: IntegrityError: UNIQUE constraint failed: users.id",
    ]
    assert verdict.failures[0].line == line_of(file, "INSERT")


OBJECTS = """from sqlalchemy import orm
    class User(orm.declarative_base()):
        __tablename__ = "users"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.Text)
    session = orm.Session(op.get_bind())
    for user in session.query(User).all():
        if user.name == "nobody, ever":
            user.name = "x"
        else:
            copy = User(id=user.id + 50, name="copy")
        session.add(copy)
    session.commit()"""


def test_rows_left_behind_are_located_where_they_were_made_not_where_others_would_be_changed(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add("002", "001", upgrade=OBJECTS, downgrade="pass")
    failure = verify()["002"].failures[0]
    assert "left behind" in failure.message
    assert failure.line == line_of(file, "copy = User(")


def test_rows_left_behind_are_located_by_the_insert_that_was_executed(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    upgrade = """if op.get_bind().scalar(sa.text("SELECT count(*) FROM users")) > 1000:
        op.execute("INSERT INTO users (id, name) VALUES (1, 'never')")
    op.execute(
        "INSERT INTO users (id, name) VALUES (2, 'always')"
    )"""
    file = project.add("002", "001", upgrade=upgrade, downgrade="pass")
    assert verify()["002"].failures[0].line == line_of(file, "always") - 1


def test_rows_left_behind_are_seen_beside_rows_written_after_the_upgrade(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002",
        "001",
        upgrade="""op.add_column("users", sa.Column("age", sa.Integer))
    op.execute("INSERT INTO users (id, name) VALUES (1, 'a')")""",
        downgrade='op.drop_column("users", "age")',
    )
    assert messages(verify()["002"])[0] == "Table 'users': 1 row left behind after rollback"


@pytest.mark.parametrize("condition", ["", " WHERE phone IS NOT NULL"])
def test_rows_that_the_upgrade_deletes_are_missed_beside_rows_written_after_the_upgrade(project, verify, condition):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002",
        "001",
        upgrade=f"""op.execute("DELETE FROM users{condition}")
    op.add_column("users", sa.Column("age", sa.Integer))""",
        downgrade='op.drop_column("users", "age")',
    )
    assert messages(verify()["002"]) == [f"Table 'users': {'3/4' if condition else '3/3'} rows lost after rollback"]


def test_an_index_that_stays_and_a_type_that_does_not_come_back_are_told(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add("002", "001", upgrade='op.create_index("ix_name", "users", ["name"])', downgrade="pass")
    project.add(
        "003",
        "002",
        upgrade="""with op.batch_alter_table("users") as batch:
        batch.alter_column("name", type_=sa.Text())""",
        downgrade="pass",
    )
    found = verify()
    assert found["002"].outcome is Outcome.SCHEMA_NOT_RESTORED
    assert messages(found["002"]) == [
        "Index 'ix_name' on 'users' still exists after rollback",
        "Second upgrade failed: OperationalError: index ix_name already exists",
    ]
    assert found["002"].failures[0].line == line_of(file, "op.create_index")
    assert messages(found["003"]) == ["Column 'users.name': type VARCHAR(50) became TEXT after rollback"]


STEP_IDS = (
    """op.drop_constraint("steps_pkey", "steps", type_="primary")
    op.alter_column("steps", "id", new_column_name="old_id")
    op.add_column("steps", sa.Column("id", sa.String(60), server_default=sa.text("'step-' || gen_random_uuid()"), nullable=False))
    op.drop_column("steps", "old_id")
    op.drop_column("steps", "note")
    op.create_primary_key("steps_pkey", "steps", ["id"])""",
    """op.drop_constraint("steps_pkey", "steps", type_="primary")
    op.drop_column("steps", "id")
    op.add_column("steps", sa.Column("id", sa.Integer, sa.Identity(start=500), nullable=False))
    op.add_column("steps", sa.Column("note", sa.String(30)))
    op.create_primary_key("steps_pkey", "steps", ["id"])""",
)


def test_rows_whose_key_is_made_again_by_both_ways_are_there_under_new_ids(project, postgres_url):
    columns = """sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("name", sa.String(30), nullable=False),
        sa.Column("note", sa.String(30))"""
    project.add("001", upgrade=f'op.create_table("steps", {columns})', downgrade='op.drop_table("steps")')
    project.add("002", "001", upgrade=STEP_IDS[0], downgrade=STEP_IDS[1])
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert [message for message in messages(verdict) if "rows" in message or "values" in message] == [
        "Column 'steps.id': 3/3 values changed after rollback",
        "Column 'steps.note': 2/3 values lost after rollback",
    ]


def test_an_index_that_only_the_rollback_makes_is_said_to_be_new(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    upgrade, downgrade = 'op.create_index("ix_phone", "users", ["phone"])', 'op.create_index("ix_name", "users", ["name"])'
    file = project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
    verdict = verify()["002"]
    assert messages(verdict)[:2] == [
        "Index 'ix_name' on 'users' exists after rollback, which was not there before",
        "Index 'ix_phone' on 'users' still exists after rollback",
    ]
    assert verdict.failures[0].line == line_of(file, "ix_name")
    assert verdict.failures[1].line == line_of(file, "ix_phone")


RENAMED = 'op.rename_table("users", "people")'
REMADE = [
    (
        'op.drop_table("users")',
        f'{USERS}\n    op.add_column("users", sa.Column("extra", sa.Integer))\n    op.create_index("ix_name", "users", ["name"])',
        True,
    ),
    (
        f'op.create_index("ix_name", "users", ["name"])\n    op.add_column("users", sa.Column("extra", sa.Integer))\n    {RENAMED}',
        'op.rename_table("people", "users")',
        False,
    ),
]


@pytest.mark.parametrize(("upgrade", "downgrade", "is_made"), REMADE)
def test_parts_of_a_table_that_the_rollback_makes_again_are_said_to_be_new(project, verify, upgrade, downgrade, is_made):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
    extra = [one for one in verify()["002"].failures if "exists after rollback" in one.message]
    end = "exists after rollback, which was not there before" if is_made else "still exists after rollback"
    assert [one.message for one in extra] == [f"Column 'users.extra' {end}", f"Index 'ix_name' on 'users' {end}"]
    assert [one.line for one in extra] == [line_of(file, '"extra"'), line_of(file, "ix_name")]


def test_an_index_that_is_missing_is_told(project, verify):
    project.add("001", upgrade=USERS + '; op.create_index("ix_name", "users", ["name"])', downgrade='op.drop_table("users")')
    project.add("002", "001", upgrade='op.drop_index("ix_name", "users")', downgrade="pass")
    assert messages(verify()["002"])[0] == "Index 'ix_name' on 'users' missing after rollback"


def test_an_upgrade_that_fails_on_rows_does_not_hide_what_follows(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add(
        "002",
        "001",
        upgrade="""op.execute("DELETE FROM users WHERE 1 = (SELECT CASE WHEN count(*) = 0 THEN 2 ELSE abs(-9223372036854775807 - 1) END FROM users)")""",
        downgrade="pass",
    )
    project.add(
        "003",
        "002",
        upgrade='op.drop_column("users", "phone")',
        downgrade='op.add_column("users", sa.Column("phone", sa.String(20)))',
    )
    project.add("004", "003")
    found = verify()
    assert found["002"].outcome is Outcome.UPGRADE_FAILED
    assert messages(found["002"])[0].startswith("Upgrade failed: OperationalError: integer overflow")
    assert found["002"].failures[0].line == line_of(file, "DELETE")
    assert messages(found["003"]) == ["Column 'users.phone': 2/3 values lost after rollback"]
    assert found["004"].passed


def test_a_downgrade_that_fails_does_not_hide_what_follows(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add("002", "001", downgrade='op.drop_table("t_002"); op.drop_table("nowhere")')
    project.add(
        "003", "002", upgrade='op.add_column("t_002", sa.Column("x", sa.Integer))', downgrade='op.drop_column("t_002", "x")'
    )
    found = verify()
    assert found["002"].outcome is Outcome.DOWNGRADE_FAILED
    assert messages(found["002"]) == ["Downgrade failed: OperationalError: no such table: nowhere"]
    assert found["002"].failures[0].line == line_of(file, "nowhere")
    assert found["003"].passed


CALLS = 'calls = globals().setdefault("calls", []); calls.append("")'


def test_an_upgrade_that_works_only_once_is_told(project, verify):
    file = project.add("001", upgrade=f'{CALLS}\n    assert len(calls) == 1, "only once"', downgrade="pass")
    verdict = verify()["001"]
    assert verdict.outcome is Outcome.REUPGRADE_FAILED
    assert messages(verdict) == ["Second upgrade failed: AssertionError: only once"]
    assert verdict.failures[0].line == line_of(file, "only once")


def test_a_second_upgrade_that_makes_something_else_is_told(project, verify):
    project.add(
        "001",
        upgrade=f'{CALLS}\n    op.create_table(f"t{{len(calls)}}", sa.Column("id", sa.Integer, primary_key=True))',
        downgrade='op.drop_table(f"t{len(calls)}")',
    )
    verdict = verify()["001"]
    assert verdict.outcome is Outcome.REUPGRADE_FAILED
    assert messages(verdict) == ["Table 't1' missing after the second upgrade", "Table 't2' exists only after the second upgrade"]


def test_what_an_upgrade_that_never_works_stands_before_is_not_reached_and_other_branches_are(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001", upgrade='raise RuntimeError("never")')
    project.add("003", "002")
    project.add("005", "003")
    project.add(
        "004",
        "001",
        upgrade='op.drop_column("users", "phone")',
        downgrade='op.add_column("users", sa.Column("phone", sa.String(20)))',
    )
    found = verify()
    assert messages(found["002"]) == ["Upgrade failed: RuntimeError: never"]
    assert found["003"].outcome is Outcome.NOT_REACHED
    assert found["003"].reason.startswith("the upgrade of 002 fails, on an empty database too: RuntimeError: never (")
    assert not found["003"].passed
    assert (found["005"].outcome, found["005"].reason) == (Outcome.NOT_REACHED, "behind 002")
    assert (found["003"].shares_reason, found["005"].shares_reason) == (False, True)
    assert messages(found["004"]) == ["Column 'users.phone': 2/3 values lost after rollback"]


def test_a_revision_that_touches_a_table_without_rows_is_unproven_and_others_are_not(project, verify):
    impossible = 'sa.CheckConstraint("id > 10 AND id < 5"), '
    table = f'op.create_table("locked", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text), {impossible})'
    project.add("001", upgrade=USERS + "; " + table, downgrade='op.drop_table("locked"); op.drop_table("users")')
    project.add(
        "002", "001", upgrade='op.add_column("locked", sa.Column("x", sa.Integer))', downgrade='op.drop_column("locked", "x")'
    )
    project.add("003", "002", upgrade="""op.execute("UPDATE locked SET note = 'x'")""", downgrade="pass")
    project.add(
        "004", "003", upgrade='op.add_column("users", sa.Column("x", sa.Integer))', downgrade='op.drop_column("users", "x")'
    )
    found = verify()
    for revision in ("002", "003"):
        assert found[revision].outcome is Outcome.UNPROVEN, revision
        assert messages(found[revision])[0].startswith(
            "Table 'locked' could not be seeded, so nothing proves that its rows survive: "
        )
        assert not found[revision].passed
    assert found["004"].passed
    assert list(found["004"].unseeded) == ["locked"]


def test_a_revision_with_a_reason_is_skipped_and_so_is_what_lies_before_the_floor(project, verify):
    for revision, parent in (("001", None), ("002", "001"), ("003", "002"), ("004", "003")):
        project.add(revision, parent)
    found = verify(skip={"003": "reviewed"}, minimum_downgrade_revision="002")
    assert [found[revision].outcome.value for revision in sorted(found)] == ["skipped", "skipped", "skipped", "reversible"]
    assert (found["003"].reason, found["003"].shares_reason) == ("reviewed", False)
    assert (found["001"].reason, found["001"].shares_reason) == ("at or before minimum_downgrade_revision 002", True)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("00x", "'00x', which the history does not hold: take it out, or write the id that is at the top of"),
        ("abc1", "'abc1', the beginning of abc123: write the whole id."),
        ("abc", "'abc', the beginning of abc123 and abc456: write the whole id."),
        ("", "'', which the history does not hold"),
    ],
)
def test_a_skip_of_nothing_is_refused_and_says_what_to_write(project, verify, name, advice):
    project.add("abc123")
    project.add("abc456", "abc123")
    with pytest.raises(ConfigurationError, match=re.escape(advice)) as refused:
        verify(skip={name: "typo"})
    assert str(refused.value).startswith("skip (in MRTConfig; in pyproject.toml [tool.mrt.skip] or [tool.mrt.irreversible]) names")


NOT_NULL = """with op.batch_alter_table("users") as batch:
        batch.alter_column("name", nullable={}, existing_type=sa.String(50))"""


def test_rows_of_the_new_code_that_break_the_rollback_are_a_warning_or_a_failure_as_configured(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001", upgrade=NOT_NULL.format(True), downgrade=NOT_NULL.format(False))
    told = "With rows written after the upgrade: Downgrade failed: IntegrityError: NOT NULL constraint failed: users.name"
    warned = verify()["002"]
    (warning,) = warned.warnings
    assert warned.outcome is Outcome.REVERSIBLE
    assert re.fullmatch(rf"{re.escape(told)} \(.*002.*\.py:\d+\)", warning)
    failed = verify(after_writes="fail")["002"]
    assert (failed.outcome, messages(failed), failed.warnings) == (Outcome.DOWNGRADE_FAILED, [told], ())
    silent = verify(after_writes="off")["002"]
    assert (silent.outcome, silent.warnings) == (Outcome.REVERSIBLE, ())


def test_a_migration_that_hangs_is_timed_out_and_the_walk_goes_on(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001", downgrade='import time; op.drop_table("t_002"); time.sleep(1000)')
    project.add("003", "002")
    found = verify(migration_timeout=2)
    assert found["002"].outcome is Outcome.TIMED_OUT
    assert messages(found["002"])[0].startswith("Downgrade timed out: ")
    assert found["002"].seconds < 60
    assert found["003"].passed


def test_a_migration_that_exits_or_changes_folder_disturbs_nobody(project, verify, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    project.add("001", upgrade='import os; os.chdir("/")', downgrade="pass")
    project.add("002", "001", upgrade="import sys; sys.exit(0)")
    found = verify()
    assert found["001"].passed
    assert messages(found["002"]) == ["Upgrade failed: it called sys.exit(0)"]
    assert tmp_path.cwd() == tmp_path


def test_rows_written_after_an_upgrade_do_not_stay_for_the_next_revision(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002", "001", upgrade='op.add_column("users", sa.Column("age", sa.Integer))', downgrade='op.drop_column("users", "age")'
    )
    project.add("003", "002", upgrade='op.drop_column("users", "phone")', downgrade=ADD_PHONE)
    project.add("004", "003", upgrade='op.drop_table("users")', downgrade=USERS)
    found = verify()
    assert found["002"].passed
    assert messages(found["003"]) == ["Column 'users.phone': 2/3 values lost after rollback"]
    assert messages(found["004"])[0] == "Table 'users': 3/3 rows lost after rollback"


def test_a_version_table_of_another_name_is_not_taken_for_the_projects(project, verify):
    project.env.write_text(
        project.env.read_text().replace("target_metadata=None", 'target_metadata=None, version_table="my_versions"')
    )
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001")
    assert all(verdict.passed and not verdict.unseeded for verdict in verify().values())


def test_values_that_an_upgrade_makes_up_anew_each_time_are_no_failure(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add(
        "002",
        "001",
        upgrade="""op.add_column("users", sa.Column("token", sa.String(50)))
    op.execute("UPDATE users SET token = hex(randomblob(16))")""",
        downgrade='op.drop_column("users", "token")',
    )
    project.add("003", "002")
    assert all(verdict.passed for verdict in verify().values())


def test_the_same_revision_gets_the_same_verdict_alone_and_in_any_order(project, sqlite_url):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    project.add("002", "001", upgrade='op.drop_column("users", "phone")', downgrade=ADD_PHONE)
    project.add("003", "002")
    project.add("004", "003", upgrade="""op.execute("UPDATE users SET name = 'x'")""", downgrade="pass")
    with Verification(project.config(db_url=sqlite_url)) as verification:
        found = {revision: verification.check(revision).outcome.value for revision in ("004", "002", "003", "001")}
    assert found == {"001": "reversible", "002": "data-loss", "003": "reversible", "004": "data-loss"}


def test_a_constraint_that_is_checked_at_the_commit_fails_the_revision_and_not_the_run(project, verify, postgres_url):
    project.add(
        "001",
        upgrade="""op.execute("CREATE TABLE a (id int PRIMARY KEY)")
    op.execute("CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED)")""",
        downgrade='op.drop_table("b"); op.drop_table("a")',
    )
    project.add(
        "002", "001", upgrade='op.execute("INSERT INTO b VALUES (1, 99)")', downgrade='op.execute("DELETE FROM b WHERE id = 1")'
    )
    found = verify(db_url=postgres_url)
    assert found["001"].passed
    assert found["002"].outcome is Outcome.UPGRADE_FAILED
    assert "b_a_fkey" in messages(found["002"])[0]


ENUM = 'sa.Column("mood", sa.Enum("good", "bad", name="mood"))'


def test_an_enum_that_stays_behind_is_told_on_postgresql(project, verify, postgres_url):
    project.add(
        "001",
        upgrade=f'op.create_table("m", sa.Column("id", sa.Integer, primary_key=True), {ENUM})',
        downgrade='op.drop_table("m")',
    )
    project.add(
        "002",
        "001",
        upgrade="""with op.get_context().autocommit_block():
        op.execute("ALTER TYPE mood ADD VALUE 'soso'")""",
        downgrade="pass",
    )
    found = verify(db_url=postgres_url)
    assert messages(found["001"])[0] == "Enum 'mood' still exists after rollback"
    assert messages(found["002"])[0] == "Enum 'mood': labels (good, bad) became (good, bad, soso) after rollback"


END_THE_OTHERS = {
    "postgres": """op.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")""",
    "mysql": """bind = op.get_bind()
    mine = sa.text("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
    for number in bind.scalars(mine).all():
        bind.exec_driver_sql(f"KILL {number}")""",
}


@pytest.mark.parametrize("server", keep(["postgres", "mysql"], "mysql"))
def test_migrations_that_end_all_other_sessions_are_none_of_ours(project, verify, server, request):
    """Our connection idles while migrations run: it may be cut, and holds no lock that a migration would wait for."""
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    end = END_THE_OTHERS[server]
    project.add(
        "002",
        "001",
        upgrade=f'{end}\n    op.add_column("users", sa.Column("age", sa.Integer))',
        downgrade=f'{end}\n    op.drop_column("users", "age")',
    )
    project.add("003", "002", upgrade='op.rename_table("users", "people")', downgrade='op.rename_table("people", "users")')
    found = verify(db_url=request.getfixturevalue(f"{server}_url"), migration_timeout=10)
    assert [verdict.outcome for verdict in found.values()] == [Outcome.REVERSIBLE] * 3


def test_a_missing_downgrade_is_told_of_its_file(project, verify):
    file = project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file.write_text(file.read_text().partition("def downgrade")[0])
    [failure] = verify()["001"].failures
    assert failure.message == "Downgrade failed: the file has no downgrade()"
    assert (Path(failure.file).name, failure.line) == ("001.py", 1)


def test_the_line_is_that_of_the_branch_that_ran(project, verify):
    project.add("001", upgrade=USERS, downgrade='op.drop_table("users")')
    file = project.add(
        "002",
        "001",
        upgrade="""if op.get_bind().dialect.name == "postgresql":
        op.drop_column("users", "phone")
    else:
        op.execute("ALTER TABLE users DROP COLUMN phone")""",
        downgrade=ADD_PHONE,
    )
    [failure] = verify()["002"].failures
    assert failure.line == line_of(file, "op.execute")


def add_default(project, value):
    """A revision that makes a table with a default that Python computes."""
    column = f'sa.Column("at", sa.String(40), server_default={value})'
    table = f'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), {column})'
    project.add("001", upgrade=f"import datetime, time\n    {table}", downgrade='op.drop_table("t")')


def test_a_default_that_is_the_moment_of_the_upgrade_is_a_warning(project, verify):
    add_default(project, "str(datetime.datetime.now())")
    verdict = verify()["001"]
    assert verdict.outcome is Outcome.REVERSIBLE
    [warning] = verdict.warnings
    assert warning.startswith("Column 't.at': default '20")
    assert warning.endswith(" after the second upgrade")


def test_another_default_each_time_is_a_failure(project, verify):
    add_default(project, "f'2000-01-01 00:00:00 {time.monotonic_ns()}'")
    assert verify()["001"].outcome is Outcome.REUPGRADE_FAILED
