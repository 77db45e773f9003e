"""The text of a file that may be missing, or be no text."""

from pathlib import Path


def text_of(file: Path) -> str:
    """Return the text of a file, empty where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
