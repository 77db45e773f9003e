"""What starts fast stays fast: no entry point imports what it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"alembic", "libcst", "rich", "sqlalchemy", "sqlglot"}
RULES = {"mrt_lint.model.ops", "mrt_lint.rules", "mrt_lint.parse.reading"}
SLOW_STANDARD = {
    "asyncio",
    "configparser",
    "difflib",
    "email",
    "importlib.metadata",
    "logging",
    "multiprocessing",
    "subprocess",
    "tomllib",
    "unittest",
}


def imported(code: str, folder) -> set[str]:
    """Run code in a fresh interpreter and give the modules that it brought."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nsys.stderr.write(' '.join(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def command(*arguments: str) -> str:
    return f"from mrt_lint.cli import main\ntry:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"]])
def test_help_and_version_import_nothing_of_the_linter(tmp_path, arguments):
    modules = imported(command(*arguments), tmp_path)
    assert {name for name in modules if name.startswith("mrt_")} == {"mrt_lint", "mrt_lint.cli", "mrt_lint.cli.streams"}
    assert not modules & (HEAVY | SLOW_STANDARD)


def test_a_check_of_nothing_imports_no_parser(project):
    project.write("empty/model.py", "x = 1\n")
    assert not imported(command("check", "empty"), project.root) & (HEAVY | RULES | SLOW_STANDARD)


def test_a_second_check_imports_neither_parser_nor_rules(history):
    assert history.mrt("check", "versions").code == 1
    for form in ("table", "json"):
        modules = imported(command("check", "versions", "--format", form), history.root)
        assert not modules & (HEAVY | RULES | SLOW_STANDARD)
        assert "mrt_lint.cache.saved_report" in modules


def test_a_second_drawing_imports_neither_parser_nor_rules(history):
    assert history.mrt("history", "versions").code == 0
    modules = imported(command("history", "versions"), history.root)
    assert not modules & (HEAVY | {"mrt_lint.rules", "mrt_lint.parse.python"})
    assert "mrt_lint.report.history.lanes" in modules


def test_a_check_in_processes_keeps_the_parser_out_of_this_one(history):
    modules = imported(command("check", "versions", "--no-cache", "--jobs", "2"), history.root)
    assert not modules & HEAVY
    assert modules >= RULES
    assert not {name for name in modules if name.startswith("mrt_lint.fix")}


def test_flake8_and_a_file_that_is_no_migration_import_only_the_gate(tmp_path):
    code = """
from argparse import Namespace
from mrt_lint.flake8_plugin import MigrationChecker
assert not list(MigrationChecker(None, "a.py", ["x = 1\\n"], Namespace()).run())
"""
    modules = imported(code, tmp_path)
    assert {name for name in modules if name.startswith("mrt_")} == {"mrt_lint", "mrt_lint.flake8_plugin", "mrt_lint.gate"}
    assert not modules & (HEAVY | SLOW_STANDARD)


def test_the_pytest_plugin_brings_no_database_and_no_parser(tmp_path):
    modules = imported("import pytest\nbefore = set(sys.modules)\nimport mrt_runtime.plugin", tmp_path)
    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith("mrt_lint")}
