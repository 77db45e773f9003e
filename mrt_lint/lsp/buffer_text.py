"""The text of an editor's buffer, as the bytes that the file would have."""

from __future__ import annotations

import io
import tokenize


def encoded(text: str) -> bytes:
    """Return the bytes that an editor would write for a text: in the encoding that it declares, else in UTF-8."""
    content = text.encode("utf-8", "replace")
    try:
        return text.encode(_encoding(content))
    except UnicodeError:
        return content


def decoded(content: bytes) -> str:
    """Return the text that an editor shows for the bytes of a file."""
    return content.removeprefix(b"\xef\xbb\xbf").decode(_encoding(content), "replace")


def _encoding(content: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0].removesuffix("-sig")
    except SyntaxError:
        return "utf-8"
