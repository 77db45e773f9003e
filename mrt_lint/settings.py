"""What the user chose: `[tool.mrt]` of pyproject.toml, overridden by the command line or flake8."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.lean import dataclass
from mrt_lint.model.table_size import TableStatistics
from mrt_lint.model.values import DIALECTS
from mrt_lint.usage import UsageError

RUNTIME_KEYS: Final = (
    "alembic_ini",
    "db_url",
    "seed_rows",
    "skip",
    "minimum_downgrade_revision",
    "custom_seeds",
    "migration_timeout",
    "env",
    "target_metadata",
    "after_writes",
    "base_schema",
    "base_revision",
    "edge_rows",
    "unmet",
    "merge_order",
    "x_arguments",
    "isolation",
    "ignore",
    "engine",
    "observe_locks",
    "half_way",
    "old_code",
    "budget",
)
"""Keys of the same table that `mrt verify` and the pytest plugin read."""

RUNTIME_IGNORES: Final = (
    "collations",
    "comments",
    "default privileges",
    "definers",
    "grants",
    "options",
    "owners",
    "positions",
)
"""Words that `ignore` may hold beside codes: what the runtime shall not compare."""

# without such a table, a pyproject.toml need not be parsed
_TABLE = re.compile(r"^\s*\[\s*tool\s*\.\s*(?:mrt|alembic)\b", re.MULTILINE)
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_VERSION_KEYS: Final = ("pg_version", "mysql_version", "mariadb_version")
_LIST_KEYS: Final = ("paths", "select", "extend_select", "ignore", "independent_branches", "small_tables")
_EXEMPTION_FORMS: Final = {"files": '[tool.mrt.files."versions/old_*.py"]', "revisions": "[tool.mrt.revisions.4f2a91c0de77]"}
_TARGET_FLAG: Final = "sqlite_foreign_keys"
_CHOICES: Final = {"lock_warnings": ("always", "since-baseline")}
_PLAIN_KEYS: Final = ("dialect", "strict", "baseline", "stats", "irreversible", _TARGET_FLAG)
_KEYS: Final = (*_PLAIN_KEYS, *_CHOICES, *_VERSION_KEYS, *_LIST_KEYS, *_EXEMPTION_FORMS)
# the nearest folder above with one of these is the project's
_ROOT_MARKS: Final = ("pyproject.toml", "alembic.ini", ".git")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Codes, or prefixes of codes, that are accepted in the files that a pattern matches, or else in one revision.

    A pattern is a path from the project's root, or the end of one; `*` matches anything, slashes included.
    """

    codes: tuple[str, ...]
    reason: str
    files: str | None = None
    revision: str | None = None

    def covers(self, code: str, revision: str | None, path: str) -> bool:
        """Return whether a finding is meant, given its code, its revision and its path from the root, with slashes."""
        from fnmatch import fnmatchcase  # noqa: PLC0415  settings are read by every run, this by few

        if not code.startswith(self.codes):
            return False
        if self.files is None:
            return revision is not None and revision == self.revision
        return fnmatchcase(path, self.files) or fnmatchcase(path, f"*/{self.files}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to look at migrations.

    root: the project's folder, where paths in its configuration start. paths: where the migrations are, relative to it; empty:
    to be discovered. select, extend_select, ignore: prefixes of codes; an empty select means every rule that is not opt-in, an
    opt-in rule needs more than "MRT", and the longest prefix wins. borrowed: prefixes that flake8
    selects by; they wake opt-in rules like extend_select, but may name no rule. independent_branches: labels of branches that
    are meant to have heads of their own. small_tables: "users" or "crm.users", tables whose locks go unnoticed. irreversible:
    revision → the reason why it cannot be undone. files, revisions: what is not accepted in some files, or in a revision.
    baseline: the file of accepted findings, relative to the root; empty for none. lock_warnings: "always", or "since-baseline"
    for those of revisions alone that the baseline does not name. deployed: the revisions that it names, where that matters.
    stats: the file of the sizes of tables, empty for the one of the usual name; statistics: what it holds.
    """

    root: Path = field(default_factory=Path.cwd)
    paths: tuple[str, ...] = ()
    target: DatabaseTarget = field(default_factory=DatabaseTarget)
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    borrowed: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False
    independent_branches: tuple[str, ...] = ()
    small_tables: tuple[str, ...] = ()
    irreversible: tuple[tuple[str, str], ...] = ()
    files: tuple[Exemption, ...] = ()
    revisions: tuple[Exemption, ...] = ()
    baseline: str = ""
    lock_warnings: str = "always"
    deployed: frozenset[str] = frozenset()
    stats: str = ""
    statistics: TableStatistics | None = None

    def selects(self, code: str, *, default: bool) -> bool:
        """Return whether findings with this code are wanted; `default` is the rule's own."""
        select = (*self.select, *self.extend_select, *self.borrowed)
        wanted = max((len(prefix) for prefix in select if code.startswith(prefix) and (default or prefix != "MRT")), default=0)
        unwanted = max((len(prefix) for prefix in self.ignore if code.startswith(prefix)), default=0)
        return unwanted < wanted or (unwanted == 0 and default and not self.select)

    def from_root(self, path: str) -> str:
        """Return a shown path from the project's root, with slashes; the whole path of a file that is elsewhere."""
        absolute = Path.cwd() / path
        return (absolute.relative_to(self.root) if self.root in absolute.parents else absolute).as_posix()

    def over(self, **given: Any) -> Settings:
        """Return these settings with others over them, written as in `[tool.mrt]`; None leaves a setting as it is."""
        return _settle(self, {key: value for key, value in given.items() if value is not None}, "")


def load_settings(folder: Path) -> Settings:
    """Read the settings that hold in a folder: those of the nearest pyproject.toml above it that has a `[tool.mrt]`.

    Raises UsageError if the file cannot be read or holds an invalid value.
    """
    root = find_root(folder)
    path = next((above / "pyproject.toml" for above in _upward(folder) if "mrt" in read_tools(above / "pyproject.toml")), None)
    if path is None:
        return Settings(root=root)
    table = read_tools(path)["mrt"]
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.mrt has to be a table, [tool.mrt].")
    return _settle(Settings(root=path.parent), _known(table, path), f"{path}: ")


def find_root(folder: Path) -> Path:
    """Find the folder of the project that a folder is in: the nearest with a pyproject.toml, alembic.ini or .git, or itself."""
    return next((above for above in _upward(folder) if any((above / mark).exists() for mark in _ROOT_MARKS)), folder)


def read_tools(path: Path) -> dict[str, Any]:
    """Read the table `[tool]` of a pyproject.toml that has a `[tool.mrt]` or `[tool.alembic]`; empty if there is none.

    Raises UsageError if it is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    # tomllib is imported only for a file that has something to say
    if not _TABLE.search(text):
        return {}
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415  most runs have nothing to read
    else:
        import tomli as tomllib  # noqa: PLC0415  see above
    try:
        tools = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    return tools if isinstance(tools, dict) else {}


def nearest(word: str, words: Iterable[str]) -> str:
    """Make the end of a sentence that offers the likeliest words, "; did you mean MRT201?", or nothing."""
    import difflib  # noqa: PLC0415  only for a mistake

    likely = difflib.get_close_matches(word, list(words), n=3)
    return f"; did you mean {' or '.join(likely)}?" if likely else ""


def _upward(folder: Path) -> Sequence[Path]:
    return (folder, *folder.parents)


def name_keys(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the keys of a `[tool.mrt]` with underscores. Raises UsageError for one that neither half knows; `path` is the file."""
    named = {key.replace("-", "_"): value for key, value in table.items()}
    for key in named:
        if key not in _KEYS and key not in RUNTIME_KEYS:
            raise UsageError(f"{path}: [tool.mrt] has no key {key!r}{nearest(key, (*_KEYS, *RUNTIME_KEYS))}")
    return named


def _known(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the linter's part of the table; UsageError for a key that neither half knows."""
    return {key: value for key, value in name_keys(table, path).items() if key in _KEYS}


def _settle(settings: Settings, given: Mapping[str, Any], where: str) -> Settings:
    changes: dict[str, Any] = {}
    target: dict[str, Any] = {}
    for key, value in given.items():
        if key in _VERSION_KEYS:
            target[key] = _version(key, value, where)
        elif key == "dialect":
            target[key] = _dialect(value, where)
        elif key in _LIST_KEYS:
            words = _words(key, value, where)
            # `mrt verify` has words of its own in the same list
            changes[key] = tuple(word for word in words if key != "ignore" or word not in RUNTIME_IGNORES)
        elif key == "irreversible":
            changes[key] = _reasons(value, where)
        elif key in _EXEMPTION_FORMS:
            changes[key] = _exemptions(key, value, where)
        elif key in _CHOICES:
            changes[key] = _choice(key, value, where)
        elif key in {"baseline", "stats"}:
            changes[key] = _path(key, value, where)
        elif isinstance(value, bool):
            (target if key == _TARGET_FLAG else changes)[key] = value
        else:
            raise UsageError(f"{where}{key} is {value!r}, where true or false is expected.")
    return replace(settings, **changes, target=replace(settings.target, **target))


def _version(key: str, value: object, where: str) -> tuple[int, ...]:
    if isinstance(value, bool) or not _VERSION.fullmatch(str(value)):
        raise UsageError(f"{where}{key} is {value!r}, where a version like 14 or 10.6 is expected.")
    numbers = tuple(map(int, str(value).split(".")))
    # "14" is 14.0, so that versions compare as tuples
    return numbers if len(numbers) > 1 else (*numbers, 0)


def _dialect(value: object, where: str) -> str:
    if value not in DIALECTS:
        raise UsageError(f"{where}dialect is {value!r}, which is none of {', '.join(DIALECTS)}.")
    return str(value)


def _choice(key: str, value: object, where: str) -> str:
    if value not in _CHOICES[key]:
        raise UsageError(f"{where}{key} is {value!r}, where {' or '.join(map(repr, _CHOICES[key]))} is expected.")
    return str(value)


def _path(key: str, value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}{key} is {value!r}, where a path is expected.")
    return value


def _words(key: str, value: object, where: str) -> tuple[str, ...]:
    """Take a list of strings, or one string with commas or blanks between the words (not for paths: they may have both)."""
    if isinstance(value, str):
        return (value,) if key == "paths" else tuple(word for word in re.split(r"[,\s]+", value) if word)
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise UsageError(f"{where}{key} is {value!r}, where a list of strings is expected.")
    return tuple(value)


def _reasons(value: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(reason, str) and reason.strip() for reason in value.values()):
        raise UsageError(f"{where}irreversible is {value!r}, where a table of revision and reason is expected.")
    return tuple(sorted(value.items()))


def _exemptions(key: str, value: object, where: str) -> tuple[Exemption, ...]:
    """Take `[tool.mrt.files."pattern"]` or `[tool.mrt.revisions.name]`, each with codes to ignore and a reason."""
    if not isinstance(value, dict):
        raise UsageError(f"{where}{key} is {value!r}, where tables like {_EXEMPTION_FORMS[key]} are expected.")
    return tuple(_exemption(key, name, table, where) for name, table in value.items())


def _exemption(key: str, name: str, table: object, where: str) -> Exemption:
    place = f"{where}{key}.{name}"
    if not isinstance(table, dict) or not table.keys() <= {"ignore", "reason"}:
        raise UsageError(f"{place} is {table!r}, where a table of ignore and reason is expected.")
    codes = _words(f"{key}.{name}.ignore", table.get("ignore", ()), where)
    if not codes or "" in codes:
        raise UsageError(f'{place} names no codes to ignore: ignore = ["MRT201"].')
    reason = table.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError(f'{place} has no reason: say why {", ".join(codes)} may be ignored there, reason = "…".')
    return Exemption(codes=codes, reason=reason, **{"files" if key == "files" else "revision": name})
