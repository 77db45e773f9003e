"""The Migrator: histories of every shape, walked one step at a time, and failures told with their place."""

import logging
import os
import sys
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.config import Config

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.migrate import MigrationError, Migrator, read_graph
from mrt_runtime.migrate.project import AlembicProject


def tables(scratch):
    with scratch.engine.connect() as connection:
        return {name.removeprefix("t_") for name in sa.inspect(connection).get_table_names()} - {"alembic_version"}


def revisions(project):
    return [step.revision for step in read_graph(project.config())]


def test_a_chain_goes_up_and_down_one_step_at_a_time(project, scratch):
    project.add("a")
    project.add("b", "a")
    migrator = Migrator(project.config(), scratch)
    assert [step.revision for step in migrator.graph] == ["a", "b"]
    migrator.upgrade("b")
    assert tables(scratch) == {"a", "b"}
    migrator.downgrade("b")
    assert tables(scratch) == {"a"}
    migrator.downgrade_to("base")
    assert tables(scratch) == set()
    assert migrator.current() == ()


def test_stand_before_goes_to_the_parents_from_wherever_the_database_stands(project, sqlite_scratch):
    for revision, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "c")):
        project.add(revision, parent)
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.go_before("c")
    assert migrator.current() == ("b",)
    migrator.upgrade("d")
    migrator.go_before("b")
    assert migrator.current() == ("a",)
    migrator.go_before("a")
    assert migrator.current() == ()


def write_diamond(project):
    """a ─ b1 ─ b2 ┐ and a ─ c ┴ merge ─ last."""
    project.add("a")
    project.add("b1", "a")
    project.add("c", "a")
    project.add("b2", "b1")
    project.add("merge", ("b2", "c"), upgrade="pass", downgrade="pass")
    project.add("last", "merge")


def test_a_diamond_is_walked_in_an_order_in_which_every_step_finds_its_parents(project, sqlite_scratch):
    write_diamond(project)
    scratch = sqlite_scratch
    migrator = Migrator(project.config(), scratch)
    seen = set()
    for step in migrator.graph:
        assert seen.issuperset(step.parents)
        migrator.go_before(step)
        assert seen.issuperset(tables(scratch))
        for move in (migrator.upgrade, migrator.downgrade, migrator.upgrade):
            move(step)
        seen.add(step.revision)
        assert set(migrator.current()) == set(migrator.graph.heads_of(migrator.graph.ancestors(seen)))
    assert migrator.current() == ("last",)


def test_depends_on_is_a_parent_though_no_down_revision(project, sqlite_scratch):
    project.add("core", branch_labels=("main",))
    project.add("core2", "core")
    project.add("plugin", None, branch_labels=("extra",), depends_on="core2")
    migrator = Migrator(project.config(), sqlite_scratch)
    step = migrator.graph["plugin"]
    assert (step.parents, step.down_revision) == (("core2",), ())
    migrator.upgrade("extra@head")
    assert tables(sqlite_scratch) == {"core", "core2", "plugin"}
    migrator.downgrade("core2")
    assert tables(sqlite_scratch) == {"core"}
    assert migrator.current() == ("core",)


def test_several_bases_locations_and_nested_folders_are_all_walked(project, sqlite_scratch):
    locations = "version_locations = %(here)s/migrations/versions %(here)s/more"
    project.write_ini(locations, "recursive_version_locations = true", "path_separator = space")
    project.add("a")
    project.add("b", "a", folder=project.versions / "2024" / "01")
    project.add("other", folder=project.root / "more")
    migrator = Migrator(project.config(), sqlite_scratch)
    for step in migrator.graph:
        migrator.upgrade(step)
    assert set(migrator.current()) == {"b", "other"}
    assert tables(sqlite_scratch) == {"a", "b", "other"}
    assert sorted(revisions(project)) == ["a", "b", "other"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("abc1", "abc123"),
        ("abc123", "abc123"),
        ("head", "ccc789"),
        ("head-1", "bbb456"),
        ("abc123+1", "bbb456"),
        ("-2", "abc123"),
        ("shop@head", "ccc789"),
    ],
)
def test_revisions_are_found_by_every_name_that_alembic_knows(project, sqlite_scratch, name, found):
    project.add("abc123", branch_labels=("shop",))
    project.add("bbb456", "abc123")
    project.add("ccc789", "bbb456")
    assert Migrator(project.config(), sqlite_scratch).graph.resolve(name).revision == found


def test_the_beginning_of_several_ids_is_told_with_some_of_them(project, sqlite_scratch):
    for number in range(5):
        project.add(f"abcd{number}", f"abcd{number - 1}" if number else None)
    with pytest.raises(ConfigurationError, match=r"'abcd' names no single revision: .*'abcd") as refused:
        Migrator(project.config(), sqlite_scratch).graph.resolve("abcd")
    assert not str(refused.value).endswith("....")


@pytest.mark.parametrize("name", ["zzz", "ab", "head-9", "nope@head", "heads"])
def test_a_name_that_means_no_single_revision_is_refused_in_one_sentence(project, name):
    project.add("abc123")
    project.add("abd456")
    with pytest.raises(ConfigurationError) as refused:
        read_graph(project.config()).resolve(name)
    assert "\n" not in str(refused.value)


def test_an_unknown_revision_is_told_once_with_where_its_id_stands(project):
    project.add("abc123")
    with pytest.raises(ConfigurationError) as refused:
        read_graph(project.config()).resolve("zzz999")
    assert str(refused.value).lower().count("no ") == 1
    assert str(refused.value).count("zzz999") == 1
    assert "is at the top of the migration file" in str(refused.value)


def test_upgrade_to_and_downgrade_to_understand_what_alembic_understands(project, sqlite_scratch):
    for revision, parent in (("a", None), ("b", "a"), ("c", "b")):
        project.add(revision, parent)
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade_to("+2")
    assert migrator.current() == ("b",)
    migrator.upgrade_to("head")
    migrator.downgrade_to("-1")
    assert migrator.current() == ("b",)
    migrator.downgrade_to("base")
    assert migrator.current() == ()
    with pytest.raises(ConfigurationError, match="nope"):
        migrator.upgrade_to("nope")


def test_a_restored_scratch_database_is_asked_where_it_stands(project, sqlite_scratch):
    project.add("a")
    project.add("b", "a")
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    kept = sqlite_scratch.checkpoint()
    migrator.upgrade("b")
    sqlite_scratch.restore(kept)
    migrator.upgrade("b")
    assert tables(sqlite_scratch) == {"a", "b"}
    sqlite_scratch.reset()
    migrator.upgrade("b")
    assert tables(sqlite_scratch) == {"a", "b"}


def test_transaction_per_migration_and_a_version_table_of_another_name(project, scratch):
    settings = "version_table='versions', transaction_per_migration=True"
    project.env.write_text(project.env.read_text().replace("target_metadata=None", settings))
    project.add("a")
    migrator = Migrator(project.config(), scratch)
    migrator.upgrade("a")
    assert tables(scratch) == {"a", "versions"}
    assert migrator.current() == ("a",)


def test_looking_where_a_database_stands_creates_nothing(project, sqlite_scratch):
    project.add("a")
    assert Migrator(project.config(), sqlite_scratch).current() == ()
    with sqlite_scratch.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


# Failures


def fail(project, scratch, upgrade="pass"):
    project.add("a", upgrade=upgrade)
    migrator = Migrator(project.config(), scratch)
    with pytest.raises(MigrationError) as failed:
        migrator.upgrade("a")
    return failed.value


def test_a_failing_statement_is_told_in_the_words_of_the_database_with_file_and_line(project, scratch):
    error = fail(project, scratch, 'op.execute("SELECT 1")\n    op.execute("INSERT INTO nowhere VALUES (1)")')
    assert "nowhere" in error.cause
    assert "\n" not in error.cause
    assert "LINE 1" not in error.cause
    assert "^" not in error.cause
    assert (error.phase, error.revision) == ("upgrade", "a")
    assert error.file == str(project.versions / "a.py")
    assert "nowhere" in (project.versions / "a.py").read_text().splitlines()[error.line - 1]


def test_a_failing_downgrade_says_downgrade(project, sqlite_scratch):
    project.add("a", downgrade='raise NotImplementedError("one way")')
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    with pytest.raises(MigrationError) as failed:
        migrator.downgrade("a")
    assert failed.value.phase == "downgrade"
    assert failed.value.cause.startswith("NotImplementedError: one way. A revision that has no way back is listed")


def test_after_a_failure_the_next_revision_can_be_run(project, scratch):
    project.add("a")
    project.add("b", "a", upgrade='op.execute("nonsense")')
    project.add("c", "a")
    migrator = Migrator(project.config(), scratch)
    with pytest.raises(MigrationError):
        migrator.upgrade("b")
    migrator.upgrade("c")
    assert tables(scratch) == {"a", "c"}


def test_sys_exit_in_a_migration_is_a_failure_of_that_migration(project, sqlite_scratch):
    assert fail(project, sqlite_scratch, "raise SystemExit(3)").cause == "it called sys.exit(3)"


def test_an_env_py_that_raises_is_told_with_its_line(project, sqlite_scratch):
    project.env.write_text("import os\n\nraise KeyError('SECRET_KEY')\n")
    error = fail(project, sqlite_scratch)
    assert (error.phase, error.file, error.line, error.cause) == ("env", str(project.env), 3, "KeyError: 'SECRET_KEY'")


def test_an_env_py_that_is_written_again_meanwhile_is_executed_as_it_is_then(project, sqlite_scratch):
    project.add("a")
    project.add("b", "a")
    whole = project.env.read_text()
    migrator = Migrator(project.config(), sqlite_scratch)
    project.env.write_text(
        whole + "assert __name__ == 'env_py'\nonce = globals().setdefault('once', [])\nassert not once\nonce += [1]\n"
    )
    migrator.upgrade("a")
    migrator.upgrade("b")
    project.env.write_text("raise KeyError('x')\n")
    with pytest.raises(MigrationError, match="KeyError"):
        migrator.downgrade("b")
    project.env.write_text(whole)
    migrator.downgrade("b")
    assert migrator.current() == ("a",)


@pytest.mark.parametrize(("name", "value"), [("SHOP_DATABASE_URL", "{url}"), ("SHOP_SECRET_KEY", "...")])
def test_an_environment_variable_that_env_py_misses_is_told_with_both_places_to_set_it(project, sqlite_scratch, name, value):
    project.env.write_text(f"import os\n\nos.environ[{name!r}]\n")
    error = fail(project, sqlite_scratch)
    assert error.cause.startswith(f"KeyError: '{name}', an environment variable that is not set")
    assert f'MRTConfig(env={{"{name}": "{value}"}})' in error.cause
    assert f'{name} = "{value}" under [tool.mrt.env]' in error.cause
    assert (error.file, error.line) == (str(project.env), 3)


def test_an_env_py_that_runs_no_migrations_is_told(project, sqlite_scratch):
    project.env.write_text("pass\n")
    assert "context.run_migrations()" in fail(project, sqlite_scratch).cause


def test_an_env_py_that_does_not_commit_is_found_out(project, sqlite_scratch):
    text = project.env.read_text().replace("with context.begin_transaction():", "if True:")
    project.env.write_text(text.replace("target_metadata=None", "transactional_ddl=True"))
    project.add("b", "a")
    project.add("a")
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    with pytest.raises(MigrationError, match="was not committed") as failed:
        migrator.upgrade("b")
    assert (failed.value.phase, failed.value.revision) == ("upgrade", "a")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def upgrade(:\n", "SyntaxError"),
        ("import does_not_exist\nrevision = 'b'\ndown_revision = 'a'\n", "does_not_exist"),
        ("revision = 'b'\ndown_revision = 'missing'\n", "missing"),
        ("revision = 'a'\ndown_revision = None\n", "present more than once"),
        ("revision = 'b'\ndown_revision = 'b'\n", "b"),
        ("raise SystemExit\nrevision = 'b'\ndown_revision = 'a'\n", "sys.exit"),
    ],
)
def test_a_broken_history_is_refused_in_one_sentence_that_names_the_trouble(project, sqlite_scratch, body, words):
    project.add("a")
    (project.versions / "broken.py").write_text(body)
    with pytest.raises(ConfigurationError) as refused:
        Migrator(project.config(), sqlite_scratch)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_ini_or_folder_is_refused(project, sqlite_scratch):
    config = project.config()
    (project.root / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n")
    with pytest.raises(ConfigurationError, match="nowhere"):
        Migrator(config, sqlite_scratch)
    (project.root / "alembic.ini").write_text("[alembic]\n")
    with pytest.raises(ConfigurationError, match="script_location"):
        Migrator(config, sqlite_scratch)
    (project.root / "alembic.ini").unlink()
    with pytest.raises(ConfigurationError, match=r"alembic\.ini"):
        Migrator(config, sqlite_scratch)


# Containment


def test_what_env_py_does_to_the_process_does_not_outlive_the_step(project, sqlite_scratch, capsys, tmp_path):
    logging_sections = "[loggers] keys=root [handlers] keys= [formatters] keys= [logger_root] level=DEBUG handlers="
    project.write_ini(*logging_sections.split())
    noise = (
        "import os, sys, warnings, logging\nfrom logging.config import fileConfig\nfrom alembic import context\n"
        "fileConfig(context.config.config_file_name)\nprint('hello')\nprint('oops', file=sys.stderr)\nos.chdir('/')\n"
        "sys.path.insert(0, '/somewhere')\nos.environ['SET_BY_ENV_PY'] = '1'\nwarnings.warn('deprecated', DeprecationWarning)\n"
        "logging.getLogger('mrt.tests').addHandler(logging.NullHandler())\n"
    )
    project.env.write_text(noise + project.env.read_text())
    mine = logging.getLogger("mrt.tests")
    handler = logging.NullHandler()
    mine.addHandler(handler)
    before = os.getcwd(), sys.path[:], dict(os.environ), logging.root.level, logging.root.handlers[:]  # noqa: PTH109
    project.add("a")
    Migrator(project.config(), sqlite_scratch).upgrade("a")
    assert (os.getcwd(), sys.path[:], dict(os.environ), logging.root.level, logging.root.handlers[:]) == before  # noqa: PTH109
    assert (mine.handlers, mine.disabled) == ([handler], False)
    assert capsys.readouterr() == ("", "")
    mine.removeHandler(handler)


def test_what_was_printed_is_kept_for_the_failure(project, sqlite_scratch):
    assert "counting sheep" in fail(project, sqlite_scratch, 'print("counting sheep")\n    op.execute("nonsense")').output


def test_a_migration_finds_the_folder_the_modules_and_the_variables_of_its_project(project, sqlite_scratch, monkeypatch):
    project.write_ini("prepend_sys_path = .")
    (project.root / "settings_of_mine.py").write_text("import os\nURL = os.environ['MY_URL']\n")
    (project.root / "words.txt").write_text("t_from_file")
    override = "config = context.config\nimport settings_of_mine\nconfig.set_main_option('sqlalchemy.url', settings_of_mine.URL)"
    project.env.write_text(project.env.read_text().replace("config = context.config", override))
    project.add("a", upgrade='op.create_table(open("words.txt").read(), sa.Column("id", sa.Integer))')
    Migrator(project.config(env={"MY_URL": "{url}"}), sqlite_scratch).upgrade("a")
    assert tables(sqlite_scratch) == {"from_file"}
    assert "MY_URL" not in os.environ
    sys.modules.pop("settings_of_mine")


def test_x_arguments_and_the_command_reach_env_py(project, sqlite_scratch):
    project.env.write_text(
        "from alembic import context\nassert context.get_x_argument(as_dictionary=True) == {'tenant': 'blue'}\n"
        "assert context.config.cmd_opts.cmd[0].__name__ == 'upgrade'\n" + project.env.read_text()
    )
    project.add("a")
    Migrator(project.config(x_arguments=("tenant=blue",)), sqlite_scratch).upgrade("a")
    assert tables(sqlite_scratch) == {"a"}


COOKBOOK = """
from alembic import context

connectable = context.config.attributes.get("connection", None)
assert connectable is not None
{use}
"""
GIVEN_CONNECTION = """context.configure(connection=connectable)
with context.begin_transaction():
    context.run_migrations()"""
GIVEN_ENGINE = """with connectable.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()"""

COMMITTED_BY_ITS_OWNER = """context.configure(connection=connectable)
context.run_migrations()"""


@pytest.mark.parametrize("use", [GIVEN_CONNECTION, GIVEN_ENGINE, COMMITTED_BY_ITS_OWNER])
def test_an_env_py_that_takes_the_connection_from_the_attributes_is_given_one(project, sqlite_scratch, use):
    scratch = sqlite_scratch
    project.env.write_text(COOKBOOK.format(use=use))
    project.add("a")
    migrator = Migrator(project.config(), scratch)
    migrator.upgrade("a")
    assert tables(scratch) == {"a"}
    assert migrator.current() == ("a",)


def test_reading_the_graph_imports_no_migration(project):
    project.add("a")
    project.add("b", "a")
    (project.versions / "c.py").write_text("revision = 'c'\ndown_revision = 'b'\nraise RuntimeError\n")
    assert revisions(project) == ["a", "b", "c"]


# What projects do


def test_an_autocommit_block_and_an_enum_that_outlives_its_table(project, postgres_scratch):
    """Each revision runs in a run of its own: within one run SQLAlchemy remembers the type and would hide the second failure."""
    create = 'op.create_table("people", sa.Column("mood", sa.Enum("ok", name="mood")))'
    extend = "with op.get_context().autocommit_block():\n        op.execute(\"ALTER TYPE mood ADD VALUE 'sad'\")"
    project.add("a", upgrade=create, downgrade='op.drop_table("people")')
    project.add("b", "a", upgrade=extend, downgrade="pass")
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("b")
    migrator.downgrade_to("base")
    with pytest.raises(MigrationError, match='type "mood" already exists'):
        migrator.upgrade("a")


@pytest.mark.parametrize("url", ["postgres_url", "mysql_url"])
def test_a_migration_that_commits_in_sql_is_carried_on(project, request, url):
    project.add("a", upgrade='op.create_table("t_a", sa.Column("id", sa.Integer))\n    op.execute("COMMIT")')
    project.add("b", "a")
    database = databases.connect(request.getfixturevalue(url))
    with database.make_scratch() as scratch:
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("b")
        assert migrator.current() == ("b",)
    database.close()


def test_a_migration_that_ends_alembics_transaction_is_told_and_hides_no_other(project, sqlite_scratch):
    """A deploy would have the table and not the version."""
    project.add("a", upgrade='op.create_table("t_a", sa.Column("id", sa.Integer))\n    op.get_bind().commit()')
    project.add("b")
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    with pytest.raises(MigrationError, match="ended Alembic's transaction there") as failed:
        migrator.downgrade("a")
    assert (failed.value.revision, failed.value.file) == ("a", str(project.versions / "a.py"))
    sqlite_scratch.reset()
    migrator.upgrade("b")
    assert migrator.current() == ("b",)


def test_an_env_py_that_walks_over_several_schemas_migrates_each(project, postgres_scratch):
    project.env.write_text("""
from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    for tenant in ("blue", "red"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {tenant}"))
        connection.execute(text(f"SET search_path TO {tenant}"))
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection, version_table_schema=tenant)
        with context.begin_transaction():
            context.run_migrations()
""")
    project.add("a")
    project.add("b", "a")
    migrator = Migrator(project.config(), postgres_scratch)
    migrator.upgrade("b")
    migrator.downgrade("b")
    with postgres_scratch.engine.connect() as connection:
        for tenant in ("blue", "red"):
            assert set(sa.inspect(connection).get_table_names(tenant)) == {"alembic_version", "t_a"}


def test_an_ini_beside_env_py_is_read_as_flask_migrate_does(project, sqlite_scratch):
    """It names no script_location, and the application lies above."""
    (project.root / "alembic.ini").rename(project.root / "migrations" / "alembic.ini")
    (project.root / "migrations" / "alembic.ini").write_text("[alembic]\n")
    (project.root / "flask_app_above.py").write_text("")
    project.env.write_text("import flask_app_above\n" + project.env.read_text())
    project.add("a")
    config = MRTConfig(alembic_ini=str(project.root / "migrations" / "alembic.ini"))
    path = sys.path[:]
    migrator = Migrator(config, sqlite_scratch)
    migrator.upgrade("a")
    assert migrator.current() == ("a",)
    assert [step.revision for step in read_graph(config)] == ["a"]
    assert sys.path == path


@pytest.mark.parametrize("folder", [".", "app", "app/alembic", ".."])
def test_a_location_from_the_root_of_an_ini_beside_env_py_starts_there(project, sqlite_scratch, monkeypatch, folder):
    """`alembic -c app/alembic/alembic.ini` is run from the root, whose packages env.py imports."""
    (project.root / "app").mkdir()
    place = (project.root / "migrations").rename(project.root / "app" / "alembic")
    (project.root / "alembic.ini").unlink()
    (place / "alembic.ini").write_text("[alembic]\nscript_location = ./app/alembic\nprepend_sys_path = .\n")
    (project.root / "app" / "package_of_the_root.py").write_text("")
    env = place / "env.py"
    env.write_text("import app.package_of_the_root\n" + env.read_text())
    project.add("a", folder=place / "versions")
    monkeypatch.chdir(project.root / folder)
    migrator = Migrator(MRTConfig(alembic_ini=str(place / "alembic.ini")), sqlite_scratch)
    migrator.upgrade("a")
    assert migrator.current() == ("a",)


def test_an_ini_without_script_location_is_told_what_to_write(project, sqlite_scratch):
    (project.root / "alembic.ini").write_text("[alembic]\n")
    with pytest.raises(ConfigurationError, match=r"write `script_location = %\(here\)s/migrations` under \[alembic\].*[^.]\.$"):
        Migrator(project.config(), sqlite_scratch)


@pytest.mark.parametrize("made", ["absent_above.py", "absent_aside/__init__.py"])
def test_a_module_of_the_project_that_is_not_found_is_told_with_its_folder(project, sqlite_scratch, made):
    (project.root / made).parent.mkdir(exist_ok=True)
    (project.root / made).write_text("")
    name = made[:12]
    project.env.write_text(f"from {name} import create_app\n" + project.env.read_text())
    with pytest.raises(ConfigurationError) as failed:
        Migrator(project.config(), sqlite_scratch).current()
    assert str(failed.value).endswith(
        f"{name} (migrations/env.py:1): it is in the folder that Alembic starts in, so set `prepend_sys_path = .` in alembic.ini."
    )
    project.write_ini("prepend_sys_path = .")
    project.env.write_text(project.env.read_text().replace("import create_app", "import __name__"))
    Migrator(project.config(), sqlite_scratch).current()


def test_a_folder_of_an_imported_package_is_not_the_library_of_its_name(project, sqlite_scratch):
    for made, text in {"trade/__init__.py": "import absent_queue\n", "trade/absent_queue/__init__.py": ""}.items():
        (project.root / made).parent.mkdir(exist_ok=True)
        (project.root / made).write_text(text)
    project.write_ini("prepend_sys_path = .")
    project.env.write_text("from trade import create_app\n" + project.env.read_text())
    with pytest.raises(ConfigurationError) as failed:
        Migrator(project.config(), sqlite_scratch).current()
    assert str(failed.value).endswith(
        "not found: absent_queue (trade/__init__.py:1). Install what is missing into the environment that runs this."
    )


def test_migrations_find_what_env_py_adds_to_the_path(project, sqlite_scratch):
    """Alembic runs env.py before it imports a migration."""
    (project.root / "elsewhere").mkdir()
    (project.root / "elsewhere" / "absent_unless_added.py").write_text("NAME = 'kept'\n")
    project.env.write_text(f"import sys\nsys.path.insert(0, {str(project.root / 'elsewhere')!r})\n" + project.env.read_text())
    for name, parent in (("a", None), ("b", "a")):
        file = project.add(name, parent)
        file.write_text("from absent_unless_added import NAME\n" + file.read_text())
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade_to("heads")
    assert migrator.current() == ("b",)
    assert str(project.root / "elsewhere") not in sys.path


def test_migrations_are_imported_within_what_env_py_prepares(project, sqlite_scratch):
    """As Flask's application context is, which `current_app` of a migration's module needs."""
    project.env.write_text("import os\nos.environ['IN_CONTEXT'] = 'yes'\n" + project.env.read_text())
    file = project.add("a")
    file.write_text("import os\nif 'IN_CONTEXT' not in os.environ:\n    raise RuntimeError('Working outside')\n" + file.read_text())
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    assert migrator.current() == ("a",)


def test_a_migration_that_cannot_be_imported_there_either_is_told_with_that_error(project, sqlite_scratch):
    project.env.write_text("import os\nos.environ['IN_CONTEXT'] = 'yes'\n" + project.env.read_text())
    file = project.add("a")
    file.write_text("import os\nraise RuntimeError(os.environ.get('IN_CONTEXT', 'no'))\n" + file.read_text())
    with pytest.raises(ConfigurationError, match="RuntimeError: yes"):
        Migrator(project.config(), sqlite_scratch)


def test_all_modules_that_are_not_there_are_told_at_once(project, sqlite_scratch):
    (project.root / "shop").mkdir()
    (project.root / "shop" / "__init__.py").write_text("from shop.models import Base\n")
    (project.root / "shop" / "models.py").write_text(
        "import absent_types\ntry:\n    import absent_speed\nexcept ImportError:\n    pass\n"
    )
    project.write_ini("prepend_sys_path = .")
    project.env.write_text("import absent_settings\nfrom shop import Base\n" + project.env.read_text())
    file = project.add("a")
    file.write_text("import absent_geo.shapes\n" + file.read_text())
    with pytest.raises(ConfigurationError) as failed:
        Migrator(project.config(), sqlite_scratch)
    assert str(failed.value) == (
        "3 modules that env.py and the migrations need are not found: absent_settings (migrations/env.py:1), "
        "absent_geo (migrations/versions/a.py:1), absent_types (shop/models.py:1). "
        "Install what is missing into the environment that runs this."
    )


def test_a_variable_that_a_migration_lacks_is_told_with_its_place(project, sqlite_scratch):
    file = project.add("a")
    file.write_text("import os\nos.environ['ABSENT_SETTING']\n" + file.read_text())
    with pytest.raises(ConfigurationError, match=r"a\.py:2: KeyError: 'ABSENT_SETTING', an environment variable that is not set"):
        Migrator(project.config(), sqlite_scratch)


def test_a_constraint_without_a_name_is_told_in_few_words(project, postgres_scratch):
    project.add("a", upgrade='op.drop_constraint(None, "t", type_="foreignkey")')
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), postgres_scratch).upgrade("a")
    name = "for a ForeignKeyConstraint without a name: write the one that the database has into op.drop_constraint()"
    assert failed.value.cause.endswith(name)


CONVENTION = """sa.MetaData(naming_convention={"fk": "%(table_name)s_%(referred_table_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key"})"""
NAMELESS = {
    'op.drop_constraint(None, "t", type_="unique")': (
        " does not exist. The naming convention made this name of None: write the one that the database has into op.drop_constraint()"
    ),
    'op.drop_constraint(None, "t", type_="foreignkey")': (
        ", for a constraint without a name: write the one that the database has into op.drop_constraint()"
    ),
    'op.drop_index(None, table_name="t")': (
        ", for an index without a name: write the one that the database has into op.drop_index()"
    ),
    'op.drop_constraint("of_mine", "t", type_="foreignkey")': 'constraint "of_mine" of relation "t" does not exist',
}


@pytest.mark.parametrize("call", NAMELESS)
def test_a_constraint_without_a_name_is_said_to_be_so_under_a_naming_convention(project, postgres_scratch, call):
    env = project.env.read_text()
    assert "target_metadata=None" in env
    project.env.write_text("import sqlalchemy as sa\n" + env.replace("target_metadata=None", f"target_metadata={CONVENTION}"))
    project.add("a", upgrade=f'op.create_table("t", sa.Column("id", sa.Integer))\n    {call}')
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), postgres_scratch).upgrade("a")
    assert failed.value.cause.endswith(NAMELESS[call])


def test_an_index_without_a_name_is_said_to_have_one_by_convention(project, postgres_scratch):
    project.add("a", upgrade='op.create_table("t", sa.Column("id", sa.Integer))\n    op.drop_index(None, table_name="t")')
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), postgres_scratch).upgrade("a")
    assert failed.value.cause.endswith(
        " does not exist. The naming convention made this name of None: write the one that the database has into op.drop_index()"
    )


@pytest.mark.parametrize("name", ["None", "sa.schema.conv('of_mine')"])
def test_a_new_constraint_that_rows_are_in_the_way_of_has_its_name(project, postgres_scratch, name):
    env = project.env.read_text()
    project.env.write_text("import sqlalchemy as sa\n" + env.replace("target_metadata=None", f"target_metadata={CONVENTION}"))
    project.add(
        "a",
        upgrade=f"""op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("up", sa.Integer))
    op.execute("INSERT INTO t VALUES (1, 7)")
    op.create_foreign_key({name}, "t", "t", ["up"], ["id"])""",
    )
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), postgres_scratch).upgrade("a")
    assert failed.value.cause.endswith('Key (up)=(7) is not present in table "t".')


def test_advice_behind_a_sentence_has_one_full_stop(project, sqlite_scratch):
    project.add("a", upgrade='raise NotImplementedError("There is no way.")')
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), sqlite_scratch).upgrade("a")
    assert failed.value.cause.startswith("NotImplementedError: There is no way. A revision")


def test_a_stand_in_is_no_missing_module(project, sqlite_scratch, monkeypatch):
    monkeypatch.setitem(sys.modules, "absent_stand_in", ModuleType("absent_stand_in"))
    file = project.add("a")
    file.write_text("import absent_stand_in\nimport absent_more\n" + file.read_text())
    with pytest.raises(ConfigurationError) as failed:
        Migrator(project.config(), sqlite_scratch)
    assert "absent_stand_in" not in str(failed.value)


def test_variables_hold_parts_of_the_url(project, sqlite_scratch, monkeypatch):
    url = sa.make_url("postgresql+psycopg://ann:s%40cret@db.example.org/shop")
    env = {"DSN": "{user}:{password}@{host}:{port}/{database}", "JSON": '{"url": 1}', "URL": "{url}?x={other}"}
    variables = AlembicProject(project.config(env=env)).variables(url)
    assert variables == {
        "DSN": "ann:s@cret@db.example.org:5432/shop",
        "JSON": '{"url": 1}',
        "URL": "postgresql+psycopg://ann:s%40cret@db.example.org/shop?x={other}",
    }


def test_env_py_may_set_the_url_of_a_server_on_a_socket_again(project):
    url = sa.make_url("postgresql+psycopg://ann:secret@/shop?host=/tmp/mrt-x/data")
    handed = AlembicProject(project.config(env={"URL": "{url}"}))
    handed.hand_over(url)
    for given in (handed.variables(url)["URL"], handed.alembic.get_main_option("sqlalchemy.url")):
        handed.alembic.set_main_option("sqlalchemy.url", given)
        assert sa.make_url(handed.alembic.get_main_option("sqlalchemy.url")) == url
    awkward = url.set(query={"host": "/tmp/50%/a&b"})
    assert sa.make_url(handed.variables(awkward)["URL"]) == awkward


@pytest.mark.skipif(not hasattr(Config(), "toml_file_name"), reason="Alembic before 1.16 reads no pyproject.toml")
def test_a_project_that_is_configured_in_pyproject_toml_is_read_from_there(project, sqlite_scratch):
    (project.root / "alembic.ini").write_text("[alembic]\n")
    (project.root / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    project.add("a")
    migrator = Migrator(project.config(), sqlite_scratch)
    migrator.upgrade("a")
    assert migrator.current() == ("a",)
    assert revisions(project) == ["a"]


@pytest.mark.parametrize("statement", ["from api.models import Base", "import api.models", "import api"])
def test_a_folder_that_is_only_called_as_the_package_is_not_taken_for_it(project, sqlite_scratch, monkeypatch, statement):
    service = project.root / "api"
    (service / "src" / "api").mkdir(parents=True)
    (service / "src" / "api" / "__init__.py").write_text("")
    (service / "src" / "api" / "models.py").write_text("Base = object\n")
    (service / "manage.py").write_text("")
    (project.root / "migrations").rename(service / "migrations")
    (project.root / "alembic.ini").rename(service / "alembic.ini")
    file = project.add("a", folder=service / "migrations" / "versions")
    file.write_text(f"{statement}\n{file.read_text()}")
    monkeypatch.chdir(service)
    with pytest.raises(ConfigurationError, match="`prepend_sys_path = src`"):
        Migrator(MRTConfig(alembic_ini="alembic.ini"), sqlite_scratch)


def test_a_long_way_takes_few_runs_of_env_py_and_an_error_there_is_that_of_the_revision_alone(project, sqlite_scratch):
    """As the way to `minimum_downgrade_revision`."""
    project.env.write_text("with open('runs', 'a') as runs:\n    runs.write('x')\n" + project.env.read_text())
    names = [f"r{number:02}" for number in range(25)]
    for name, parent in zip(names, [None, *names], strict=False):
        project.add(name, parent)
    migrator = Migrator(project.config(), sqlite_scratch)
    runs = project.root / "runs"
    migrator.go_far_before(migrator.graph["r24"], migrator.reset)
    assert migrator.current() == ("r23",)
    assert len(runs.read_text()) < 10
    migrator.reset()
    project.add("r20", "r19", upgrade="raise ValueError('20')")
    migrator = Migrator(project.config(), sqlite_scratch)
    with pytest.raises(MigrationError, match="20") as failed:
        migrator.go_far_before(migrator.graph["r24"], migrator.reset)
    assert failed.value.revision == "r20"
    assert migrator.current() == ("r19",)


def test_a_place_without_a_line_is_not_named():
    error = MigrationError("it does not call context.run_migrations()", phase="env", file="env.py")
    assert str(error) == "env.py: it does not call context.run_migrations()"
