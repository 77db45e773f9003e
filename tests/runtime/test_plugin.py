"""What every pytest run of every user pays for the plugin, and what is said when the configuration is missing or wrong."""

import subprocess
import sys
import textwrap

import pytest

# Sessions within this process forget what they import: slow for the parsers, impossible for SQLAlchemy.
import mrt_lint.parse.python
import mrt_lint.parse.sql.statement  # noqa: F401
import mrt_runtime.databases.postgresql.content
import mrt_runtime.databases.sqlite.content
import mrt_runtime.databases.sqlite.values
import mrt_runtime.plugin.collect
import mrt_runtime.plugin.fixture  # noqa: F401

pytest_plugins = ["pytester"]
HEAVY = ("sqlalchemy", "alembic", "libcst", "sqlglot", "rich", "mrt_runtime.verify.session", "mrt_runtime.databases", "mrt_lint")


@pytest.fixture(autouse=True)
def _no_url(monkeypatch):
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)


def write_project(pytester, migrations=1):
    """An Alembic project with reversible migrations in the folder of the test."""
    versions = pytester.mkdir("migrations") / "versions"
    versions.mkdir()
    pytester.makeini("[pytest]\n")
    pytester.path.joinpath("alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    pytester.path.joinpath("migrations", "env.py").write_text(
        textwrap.dedent("""
            from alembic import context
            from sqlalchemy import create_engine
            with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
        """)
    )
    for number in range(1, migrations + 1):
        parent = f'"{number - 1:03}"' if number > 1 else "None"
        versions.joinpath(f"{number:03}.py").write_text(
            f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{number:03}"\ndown_revision = {parent}\n'
            f'def upgrade():\n    op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True))\n'
            f'def downgrade():\n    op.drop_table("t{number}")\n'
        )


def test_a_session_without_the_fixture_imports_nothing_heavy(pytester):
    pytester.makepyfile(
        f"""
        import sys

        def test_nothing():
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """
    )
    pytester.makeconftest(
        "from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n    config._mrt_config = MRTConfig(alembic_ini='missing.ini')\n"
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)


def test_the_plugin_imports_a_few_modules_of_its_own_and_none_of_others():
    """Each costs every session of pytest, whether it has migrations or not; benchmarks measure, tests count."""
    code = (
        "import pytest, sys; before = set(sys.modules); import mrt_runtime.plugin; from pytest_mrt import MRTConfig; "
        "print(*sorted(set(sys.modules) - before))"
    )
    imported = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {name.split(".")[0] for name in imported} - sys.stdlib_module_names == {"mrt_runtime", "pytest_mrt"}
    assert len(imported) < 10, imported


def test_a_missing_configuration_is_told_once_with_the_lines_to_write(pytester):
    pytester.makepyfile("\n".join(f"def test_{number}(mrt):\n    mrt.assert_all_reversible()\n" for number in range(7)))
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    output = result.stdout.str() + result.stderr.str()
    assert output.count("config._mrt_config = MRTConfig(") == 1
    assert "AttributeError" not in output
    assert "Traceback" not in output


@pytest.mark.parametrize("arguments", [(), ("--mrt",)])
def test_an_ini_that_is_nowhere_is_told_once(pytester, arguments):
    pytester.makeconftest(
        "from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n    config._mrt_config = MRTConfig(alembic_ini='missing.ini')\n"
    )
    pytester.makepyfile("def test_one(mrt):\n    mrt.check_all()\n\ndef test_two(mrt):\n    mrt.check_all()\n")
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    output = result.stdout.str() + result.stderr.str()
    assert output.count("There is no missing.ini") == 1


@pytest.mark.parametrize("given", ["migration_timout=5", "'alembic.ini', migration_timout=5"])
def test_a_misspelt_setting_in_conftest_is_one_sentence_with_what_was_meant(pytester, given):
    pytester.makeconftest(
        f"from pytest_mrt import MRTConfig\n\ndef pytest_configure(config):\n    config._mrt_config = MRTConfig({given})\n"
    )
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: MRTConfig has no setting 'migration_timout'; did you mean migration_timeout?"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_tests_that_need_no_migrations_run_whatever_the_configuration_is(pytester):
    pytester.makeconftest("def pytest_configure(config):\n    config._mrt_config = 'nonsense'\n")
    pytester.makepyfile("def test_other():\n    pass\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_missing_configuration_does_not_matter_to_tests_selected_without_migrations(pytester):
    pytester.makepyfile("def test_migrations(mrt): ...\ndef test_unrelated(): ...")
    pytester.runpytest("-k", "unrelated").assert_outcomes(passed=1, deselected=1)


def test_an_alembic_ini_in_the_root_folder_is_enough(pytester):
    write_project(pytester)
    pytester.makepyfile("def test_all(mrt):\n    mrt.assert_all_reversible()\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_server_that_does_not_answer_is_explained_by_the_first_test_only(pytester):
    write_project(pytester)
    pytester.makeconftest(
        """
        from pytest_mrt import MRTConfig

        def pytest_configure(config):
            config._mrt_config = MRTConfig(db_url="postgresql://somebody:geheim99@127.0.0.1:1/nowhere")
        """
    )
    pytester.makepyfile(
        "def test_one(mrt):\n    mrt.check_all()\n\ndef test_two(mrt):\n    mrt.check_all()\n\ndef test_three():\n    pass\n"
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(errors=2, passed=1)
    output = result.stdout.str()
    assert "geheim99" not in output
    assert "127.0.0.1:1" in output
    report = output.partition("short test summary")[0]  # in CI the summary repeats the messages in full
    assert report.count("The first test of migrations says why") == 1
    assert "Traceback" not in output


def test_the_ini_option_and_the_marker_of_version_1_are_accepted(pytester):
    write_project(pytester)
    pytester.makeini(
        "[pytest]\nmrt_default_tests = false\naddopts = --strict-markers --strict-config\nfilterwarnings = error::pytest.PytestUnknownMarkWarning\n"
    )
    pytester.makepyfile("import pytest\n\n@pytest.mark.mrt\ndef test_all(mrt):\n    mrt.assert_all_reversible()\n")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_no_scratch_database_stays_behind(pytester, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    write_project(pytester)
    pytester.makepyfile(
        """
        def test_all(mrt):
            mrt.assert_all_reversible()

        def test_steps(mrt):
            mrt.upgrade()
            raise KeyboardInterrupt
        """
    )
    result = pytester.runpytest_subprocess("-q")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("mrt-")] == []
