"""The secrets of a run, and how each is replaced wherever a text leaves. Standard library only.

What is known by value (`register_secret`) is found in every spelling: plain, percent-encoded in part or in whole, doubled as an
ini file wants it, escaped as in a Python or JSON string. What could not be registered, such as a URL that a migration holds
itself, is found by its surroundings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

MASK = "***"
SHORTEST = 4
"""Characters of the shortest value that is replaced wherever it is found; shorter ones occur in words."""
UNMISTAKABLE = 8
"""Characters from which on a value is replaced in the middle of a word, too."""
PUBLIC = {
    "postgres",
    "postgresql",
    "psycopg",
    "mysql",
    "pymysql",
    "mariadb",
    "sqlite",
    "root",
    "test",
    "tests",
    "password",
    "alembic",
}
"""Passwords that everyone knows, and words that messages are made of: replaced only where they come from a URL or a setting."""
NAME = re.compile(r"(?i)pass|pwd|secret|token|credential|api_?key|private_?key")
"""Names of settings that hold a secret."""
IN_A_URL = re.compile(r"(?<=://)([^\s:/@'\"]*):([^\s@'\"]*@(?:[^\s@/'\"]*@)*)")
IN_A_QUERY = re.compile(r"(?i)([?&][\w.-]*(?:pass|pwd|secret|token|credential|api_?key|private_?key)[\w.-]*=)([^\s&'\"#]+)")
IN_A_SETTING = re.compile(r"(?i)\b(password|passwd|pwd)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)'\"]+)")
OF_THE_DRIVERS = ("PGPASSWORD", "MYSQL_PWD")
"""Environment variables whose values the databases' own libraries log in with."""
NAMED = {"\t": "t", "\n": "n", "\r": "r", "\b": "b", "\f": "f", "\v": "v", "\a": "a"}
"""Control characters that have an escape of their own in strings."""

_PATTERNS: dict[str, str] = {}
# the last login's arguments, looked through again later: a driver's hook may put a token there at the last moment
_FOLLOWED: list[Mapping[str, Any]] = []
_COMPILED: list[re.Pattern[str]] = []


def register_secret(value: object, *, apart_from: Iterable[object] = ()) -> None:
    """Have a value replaced from now on, in all its spellings, wherever this program writes a text.

    apart_from: values that are shown on purpose, such as the user's name; a secret that equals one of them is none.
    """
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
    if len(text) < SHORTEST or text.lower() in PUBLIC or text in _PATTERNS or text in {str(shown) for shown in apart_from}:
        return
    _PATTERNS[text] = spell(text)
    _COMPILED.clear()


def register_settings(settings: Mapping[str, Any], apart_from: Iterable[object] = ()) -> None:
    """Register what a mapping (a URL's query, a driver's arguments) holds under the name of a secret."""
    for name, value in settings.items():
        if NAME.search(str(name)):
            for one in value if isinstance(value, (tuple, list)) else (value,):
                if isinstance(one, (str, bytes)):
                    register_secret(one, apart_from=apart_from)


def register_text(url: str) -> None:
    """Register the password of a URL as it is written, readable as a URL or not."""
    scheme, colon, rest = url.partition("://")
    authority = rest.rpartition("@")[0]
    user, has_password, password = authority.partition(":")
    if not (colon and has_password):
        return
    shown = {user, unquote(user), scheme.partition("+")[0]}
    # the last @ ends the password here, and the first one does to a less careful reader of URLs
    for part in {password, *password.split("@")}:
        register_secret(part, apart_from=shown)
        register_secret(unquote_plus(part), apart_from=shown)


def follow(settings: Mapping[str, Any]) -> None:
    """Register the arguments that a driver is about to be called with, and what is put there at the last moment: a token."""
    for earlier in _FOLLOWED:
        register_settings(earlier)
    _FOLLOWED[:] = [settings]
    register_settings(settings, (settings.get("user"), settings.get("host"), settings.get("dbname"), settings.get("database")))


def conceal(text: str) -> str:
    """Take every secret out of a text: those registered, those in URLs, those that the drivers take from the environment."""
    for name in OF_THE_DRIVERS:
        register_secret(os.environ.get(name))
    for settings in _FOLLOWED:
        register_settings(settings)
    text = IN_A_URL.sub(rf"\1:{MASK}@", text) if "://" in text else text
    text = IN_A_QUERY.sub(rf"\1{MASK}", text) if "=" in text else text
    if _PATTERNS and not _COMPILED:
        # the shorter one may be a part of the longer, and would leave the rest of it
        longest_first = sorted(_PATTERNS, key=len, reverse=True)
        _COMPILED.append(re.compile("|".join(_PATTERNS[value] for value in longest_first)))
    return _COMPILED[0].sub(MASK, text) if _COMPILED else text


def scrub(text: str) -> str:
    """Take secrets out of what a server or a driver says, which may spell settings out as well."""
    return IN_A_SETTING.sub(rf"\1\2{MASK}", conceal(text))


def knows_secrets() -> bool:
    """Whether any secret is registered, so that a text may hold it."""
    return bool(_PATTERNS or _FOLLOWED)


def spell(value: str) -> str:
    """Write the pattern of all spellings of a value."""
    pattern = "".join(map(_spell_character, value))
    if len(value) >= UNMISTAKABLE:
        return pattern
    return rf"(?<!\w){pattern}(?!\w)"


def _spell_character(character: str) -> str:
    """Write the pattern of one character: itself, as %XX (%% in an ini file), as a string's escape; spaces as + too."""
    encoded = "".join(f"%%?(?i:{byte:02x})" for byte in character.encode(errors="surrogatepass"))
    spellings = [re.escape(character), encoded, rf"\\+[xuU]0*(?i:{ord(character):02x})"]
    if character == " ":
        spellings += [r"\+", r"\s['\"]\s*\n\s*['\"]", r"\s"]  # pprint breaks lines there
    if not character.isalnum():
        spellings.append(rf"\\+{re.escape(NAMED.get(character, character))}")
    if not character.isascii():
        units = character.encode("utf-16-be", errors="surrogatepass")  # as JSON does beyond the first 65,536
        spellings.append("".join(rf"\\+u(?i:{units[at]:02x}{units[at + 1]:02x})" for at in range(0, len(units), 2)))
    return f"(?:{'|'.join(spellings)})"


def find_cut(text: str) -> str:
    """Take out what is left of a secret where pytest cut a long value in the middle, writing three dots for the rest."""
    for value in _PATTERNS if "..." in text else ():
        for length in range(len(value) - 1, SHORTEST - 1, -1):
            text = text.replace(f"{value[:length]}...", f"{MASK}...").replace(f"...{value[-length:]}", f"...{MASK}")
    return text
