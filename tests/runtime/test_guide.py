"""The getting-started guide, followed to the letter in the example project and in a fresh one."""

import shutil
import textwrap
from pathlib import Path

import pytest

from tests.runtime import test_plugin  # noqa: F401 - what it imports must not be imported again

pytest_plugins = ["pytester"]
EXAMPLE = Path(__file__).parents[2] / "fixtures" / "projects" / "example"


@pytest.fixture
def example(pytester, monkeypatch):
    """A copy of the example project, whose third revision drops `users.phone`."""
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    pytester.makeini("[pytest]\n")
    return pytester


def test_step_5_shows_an_unsafe_migration_as_the_guide_does(example):
    result = example.runpytest_inprocess("tests/test_migrations.py", "-s", "-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  ──────────── MRT — Migration Rollback Test ────────────",
            "",
            "  ✓  001  reversible",
            "  ✓  002  reversible",
            "  ✗  003  data loss detected",
            "     └─ Column 'users.phone': 2/3 values lost after rollback",
            "        migrations/versions/003_drop_phone.py:13",
            "",
            "  ╭──────────────────────────────────────────────────╮",
            "  │  1 migration(s) will cause data loss on rollback │",
            "  ╰──────────────────────────────────────────────────╯",
            "",
            "FAILED",
        ]
    )
    assert not (example.path / "test.db").exists()


def test_a_failure_is_told_once_with_the_rows_and_without_the_expressions_that_were_false(example):
    example.makepyfile(
        test_here="""
        def test_all(mrt):
            mrt.assert_all_reversible()

        def test_one(mrt):
            result = mrt.check_revision("003")
            assert result.passed, f"look at this:\\n{result.failure_summary()}"

        def test_plain(mrt):
            assert mrt.check_revision("003").passed

        def test_other(mrt):
            result = mrt.check_revision("003")
            assert not result.failures
    """
    )
    result = example.runpytest_inprocess("test_here.py")
    result.assert_outcomes(failed=4)
    out = result.stdout.str()
    shown = [part.partition("test_here.py:")[0] for part in out.split("\n____")[1:]]
    lost = "Column 'users.phone': 2/3 values lost after rollback"
    for part in shown[:3]:
        assert part.count(lost) == part.count("id = 7100: 'phone 1' → NULL") == part.count("003_drop_phone.py:13") == 1
        assert "False" not in part
    assert "MRT — Migration Rollback Test" not in out
    assert f"E       look at this:\nE         - {lost}" in shown[1]
    assert f"E         - {lost}\nE           migrations/" in shown[2]
    assert "assert not (Failure(kind=" in shown[3]
    assert "FAILED test_here.py::test_plain - 003: Column" in out


def test_step_5_shows_a_safe_project_as_the_guide_does(example):
    (example.path / "migrations" / "versions" / "003_drop_phone.py").write_text(
        textwrap.dedent('''
            """Find orders by their total"""
            from alembic import op
            revision = "003"
            down_revision = "002"
            def upgrade():
                op.create_index("ix_orders_total", "orders", ["total"])
            def downgrade():
                op.drop_index("ix_orders_total", table_name="orders")
        ''')
    )
    result = example.runpytest_inprocess("tests/test_migrations.py", "-s", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "  ✓  001  reversible",
            "  ✓  002  reversible",
            "  ✓  003  reversible",
            "",
            "  ╭──────────────────────────────────────────╮",
            "  │  All 3 migration(s) are safely reversible│",
            "  ╰──────────────────────────────────────────╯",
            "",
            "PASSED",
        ],
        consecutive=True,
    )


def test_the_test_of_one_migration_prints_what_went_wrong(example):
    example.makepyfile(
        """
        def test_this_migration(mrt):
            result = mrt.check_revision("003")
            assert result.passed, result.failure_summary()
        """
    )
    result = example.runpytest_inprocess("-k", "this_migration")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*  - Column 'users.phone': 2/3 values lost after rollback"])


def test_the_environment_chooses_the_database_as_in_ci(example, monkeypatch, postgres_url):
    monkeypatch.setenv("TEST_DATABASE_URL", postgres_url)
    result = example.runpytest_inprocess("tests", "-s")
    result.stdout.fnmatch_lines(["     └─ Column 'users.phone': 2/3 values lost after rollback"])


def test_all_options_of_the_guide_are_options():
    from pytest_mrt import MRTConfig

    config = MRTConfig(alembic_ini="alembic.ini", db_url="postgresql://...", seed_rows=3)
    assert (config.alembic_ini, config.db_url, config.seed_rows) == ("alembic.ini", "postgresql://...", 3)
