"""Whether the Python that runs is one that the project is for."""

from __future__ import annotations

import platform
from pathlib import Path

from mrt_runtime.config_discovery import read_toml


def describe_python(folder: Path) -> str:
    """Return a sentence where `requires-python` of the nearest pyproject.toml leaves out this Python; empty otherwise."""
    wanted = next((found for above in (folder, *folder.parents) if (found := read_requirement(above / "pyproject.toml"))), "")
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415  only where something failed

    try:
        is_right = SpecifierSet(wanted, prereleases=True).contains(platform.python_version())
    except InvalidSpecifier:
        return ""
    return "" if is_right else f" The project asks for Python {wanted}, and this is {platform.python_version()}."


def read_requirement(file: Path) -> str:
    """Return which Python a pyproject.toml asks for; empty where it does not say, or is not there."""
    try:
        found = read_toml(file).get("project", {}).get("requires-python", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return str(found)
