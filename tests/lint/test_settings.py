from __future__ import annotations

import dataclasses

import pytest

from mrt_lint.settings import RUNTIME_KEYS, Settings, load_settings, nearest
from mrt_lint.usage import UsageError
from mrt_runtime.config import MRTConfig
from mrt_runtime.config_discovery import NOT_IN_TOML


def settings(folder, text: str) -> Settings:
    (folder / "pyproject.toml").write_text(text)
    return load_settings(folder)


def test_reads_the_table_with_either_spelling_of_a_key(tmp_path):
    found = settings(
        tmp_path,
        """
        [tool.mrt]
        paths = ["db/versions", "more"]
        dialect = "postgresql"
        pg-version = "10"
        mariadb_version = 10.5
        mysql_version = "8.0.29"
        select = "MRT2, MRT9"
        ignore = ["MRT303"]
        strict = true
        sqlite_foreign_keys = false
        independent_branches = ["audit"]
        small_tables = ["plans", "crm.plans"]
        db_url = "sqlite:///x.db"

        [tool.mrt.irreversible]
        abc = "agreed with the archive"
        """,
    )
    assert found.root == tmp_path
    assert found.paths == ("db/versions", "more")
    assert found.target.dialect == "postgresql"
    assert found.target.pg_version == (10, 0)
    assert found.target.mariadb_version == (10, 5)
    assert found.target.mysql_version == (8, 0, 29)
    assert (found.select, found.ignore, found.strict) == (("MRT2", "MRT9"), ("MRT303",), True)
    assert found.independent_branches == ("audit",)
    assert found.small_tables == ("plans", "crm.plans")
    assert found.target.sqlite_foreign_keys is False
    assert found.irreversible == (("abc", "agreed with the archive"),)


def test_the_nearest_table_above_counts(tmp_path):
    (tmp_path / "app/sub").mkdir(parents=True)
    settings(tmp_path, '[tool.mrt]\ndialect = "mysql"\n')
    (tmp_path / "app/pyproject.toml").write_text("[tool.ruff]\n")
    found = load_settings(tmp_path / "app/sub")
    assert found.target.dialect == "mysql"
    assert found.root == tmp_path


def test_without_a_table_the_root_is_the_projects(tmp_path):
    (tmp_path / "app/sub").mkdir(parents=True)
    (tmp_path / "app/alembic.ini").touch()
    assert load_settings(tmp_path / "app/sub") == Settings(root=tmp_path / "app")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool.mrt]\ndialekt = 'mysql'\n", "has no key 'dialekt'; did you mean dialect?"),
        (
            "[tool.mrt]\ndialect = 'postgres'\n",
            "dialect is 'postgres', which is none of mariadb, mssql, mysql, oracle, postgresql, sqlite",
        ),
        ("[tool.mrt]\npg_version = 'new'\n", "pg_version is 'new', where a version like 14 or 10.6 is expected"),
        ("[tool.mrt]\nselect = 3\n", "select is 3, where a list of strings is expected"),
        ("[tool.mrt]\nstrict = 'yes'\n", "strict is 'yes', where true or false is expected"),
        ("[tool.mrt]\nirreversible = {abc = ''}\n", "where a table of revision and reason is expected"),
        ("[tool]\nmrt = 3\n[tool.mrt.x]\n", "is not TOML"),
        ("[tool.mrt]\ndialect = \n", "is not TOML"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_that_names_the_file(tmp_path, text, sentence):
    with pytest.raises(UsageError) as error:
        settings(tmp_path, text)
    assert sentence in str(error.value)
    assert str(tmp_path / "pyproject.toml") in str(error.value)


def test_a_broken_pyproject_without_our_table_is_no_concern(tmp_path):
    assert settings(tmp_path, "[tool.black\n") == Settings(root=tmp_path)


def test_the_command_line_lies_over_the_file(tmp_path):
    found = settings(tmp_path, "[tool.mrt]\ndialect = 'mysql'\nstrict = true\npg_version = 12\n")
    over = found.over(dialect="postgresql", strict=None, select="MRT2")
    assert over.target.dialect == "postgresql"
    assert over.target.pg_version == (12, 0)
    assert over.strict
    assert over.select == ("MRT2",)
    with pytest.raises(UsageError, match=r"^dialect is 'postgres'"):
        found.over(dialect="postgres")


@pytest.mark.parametrize(
    ("choice", "code", "default", "wanted"),
    [
        ({}, "MRT201", True, True),
        ({}, "MRT701", False, False),
        ({"select": ("MRT2",)}, "MRT201", True, True),
        ({"select": ("MRT2",)}, "MRT301", True, False),
        ({"select": ("MRT7",)}, "MRT701", False, True),
        ({"select": ("MRT",)}, "MRT701", False, False),
        ({"select": ("MRT",)}, "MRT201", True, True),
        ({"extend_select": ("MRT7",)}, "MRT701", False, True),
        ({"extend_select": ("MRT7",)}, "MRT201", True, True),
        ({"ignore": ("MRT2",)}, "MRT201", True, False),
        ({"ignore": ("MRT2",)}, "MRT301", True, True),
        ({"select": ("MRT2",), "ignore": ("MRT201",)}, "MRT201", True, False),
        ({"select": ("MRT201",), "ignore": ("MRT2",)}, "MRT201", True, True),
        ({"select": ("MRT201",), "ignore": ("MRT201",)}, "MRT201", True, False),
    ],
)
def test_the_longer_prefix_decides(choice, code, default, wanted):
    assert Settings(**choice).selects(code, default=default) is wanted


def test_the_other_half_reads_the_keys_that_are_left_to_it():
    known = {field.name for field in dataclasses.fields(MRTConfig)}
    assert known - (NOT_IN_TOML - {"custom_seeds"}) == set(RUNTIME_KEYS)


def test_the_likeliest_word_is_offered():
    assert nearest("MRT21", ["MRT201", "MRT301", "XYZ"]).startswith("; did you mean MRT201")
    assert nearest("quite else", ["MRT201"]) == ""
