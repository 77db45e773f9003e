"""pyproject.toml with keys added to `[tool.mrt]`: nothing of what is there is changed or lost."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from mrt_lint.check.engine import shown
from mrt_lint.usage import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class TomlEntry(NamedTuple):
    """A key with its value and a comment; `table` is empty for `[tool.mrt]` itself, or "env" for `[tool.mrt.env]`."""

    key: str
    value: str
    comment: str = ""
    table: str = ""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; nothing without one. Raises UsageError if it cannot be read."""
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{shown(path)} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{shown(path)} is not TOML: {error}. Mend it first; nothing was written.") from None


def with_entries(text: str, entries: list[TomlEntry]) -> str | None:
    """Return a TOML text with these entries in `[tool.mrt]`, None if they cannot be added without a change of anything else."""
    wanted = _merged(tomllib.loads(text), entries)
    has_table = "mrt" in tomllib.loads(text).get("tool", {})
    after = _extended(text, entries) if has_table else _appended(text, entries)
    try:
        return after if tomllib.loads(after) == wanted else None
    except tomllib.TOMLDecodeError:
        return None


def _merged(document: Mapping[str, Any], entries: list[TomlEntry]) -> dict[str, Any]:
    merged = deepcopy(dict(document))
    section = merged.setdefault("tool", {}).setdefault("mrt", {})
    for entry in entries:
        (section.setdefault(entry.table, {}) if entry.table else section)[entry.key] = entry.value
    return merged


def _appended(text: str, entries: list[TomlEntry]) -> str:
    """Write the tables below all others."""
    import tomlkit  # noqa: PLC0415  only where something is written

    section = tomlkit.table()
    for entry in entries:
        if entry.table and entry.table not in section:
            section.add(entry.table, tomlkit.table())
        _table(section, entry).add(entry.key, _item(entry))
    tool = tomlkit.table(is_super_table=True)
    tool.add("mrt", section)
    document = tomlkit.document()
    document.add("tool", tool)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{_aligned(tomlkit.dumps(document).strip())}\n"


def _extended(text: str, entries: list[TomlEntry]) -> str:
    """Write the keys at the end of their tables."""
    import tomlkit  # noqa: PLC0415  only where something is written

    document = tomlkit.parse(text)
    section: Any = document["tool"]["mrt"]
    is_inline = isinstance(section, tomlkit.items.InlineTable)
    for entry in entries:
        if entry.table and entry.table not in section:
            section.add(entry.table, tomlkit.inline_table() if is_inline else tomlkit.table())
        _table(section, entry).add(entry.key, entry.value if is_inline else _item(entry))
    return tomlkit.dumps(document)


def _table(section: Any, entry: TomlEntry) -> Any:
    return section[entry.table] if entry.table else section


def _item(entry: TomlEntry) -> Any:
    import tomlkit  # noqa: PLC0415  only where something is written

    item = tomlkit.string(entry.value)
    return item.comment(entry.comment) if entry.comment else item


def _aligned(text: str) -> str:
    """Set the comments below each other."""
    lines = [line.partition(" # ") for line in text.split("\n")]
    width = max((len(code) for code, mark, _ in lines if mark), default=0)
    return "\n".join(f"{code:<{width}}  # {comment}" if mark else code for code, mark, comment in lines)
