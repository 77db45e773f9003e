"""Strings: everyday ones, the hardest that a column can hold, and those that a pattern asks for."""

from __future__ import annotations

import base64
import re
import string
import sys
import uuid
import warnings
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser as regex_parser
else:
    import sre_parse as regex_parser

LONGEST = 1000  # a B-tree entry of PostgreSQL must stay below 2704 bytes
HARDEST = (
    '  00{n} O\'Brien 😀\n"Ünïcödé" ÅSA Straße 50% \\ {{x}} ; -- <b>&amp;</b>\t',
    '  00{n} O\'Brien\n"Ünïcödé" ÅSA Straße 50% \\ {{x}} ; -- <b>&amp;</b>\t',
    '  00{n} O\'Brien\n"Mixed" CASE 50% \\ {{x}} ; -- <b>&amp;</b>\t',
)
THREE_BYTES = "three bytes"
"""Represents an encoding that holds what UTF-8 writes in three bytes, as MySQL's utf8mb3 does."""
ALPHABET = string.ascii_lowercase
UUID_TEXT, UUID_HEX, UUID_SHORT = 36, 32, 22
"""Lengths of texts that hold a UUID: as it is written, as digits, and as base64 without its padding."""
NIL = {UUID_TEXT: str(uuid.UUID(int=0)), UUID_HEX: uuid.UUID(int=0).hex}
POSIX = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:space:]": r"\s",
    "[:punct:]": "!-/:-@",
    "[:xdigit:]": "0-9a-fA-F",
}


def everyday_text(name: str, ordinal: int, length: int | None = None, *, fixed: bool = False) -> str:
    """Return an everyday string, another one for each ordinal, that names its column ("title 1")."""
    plain = name.lower()
    if length == UUID_SHORT or (fixed and length in {UUID_TEXT, UUID_HEX}):  # how UUIDs are kept where there is no type for them
        made = uuid.uuid5(uuid.NAMESPACE_DNS, f"{plain}-{ordinal}.example.org")
        short = base64.urlsafe_b64encode(made.bytes).decode().rstrip("=")
        return {UUID_TEXT: str(made), UUID_HEX: made.hex, UUID_SHORT: short}[length]
    text = f"{plain} {ordinal + 1}"
    if is_address(plain):
        text = f"user{ordinal + 1}@example.org"
    elif plain.endswith(("url", "uri")):
        text = f"https://example.org/{plain}/{ordinal + 1}"
    elif plain.endswith("json"):
        text = f'{{"{plain}": {ordinal + 1}}}'
    if length is None or len(text) <= length:
        return text
    digits = str(ordinal + 1)
    if length >= len(digits) + 2:
        return plain[: length - len(digits)] + digits
    return _letters(ordinal, length)


def is_address(name: str) -> bool:
    """Whether a column of this name holds e-mail addresses."""
    return "mail" in name.lower()


def _letters(ordinal: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        ordinal, place = divmod(ordinal, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return letters


def hard_text(name: str, ordinal: int, length: int | None = None, encoding: str = "utf-8", *, fixed: bool = False) -> str:
    """Return the hardest string that fits: as long as allowed, quotes, case, accents, an emoji, blanks and zeros in front.

    It ends in a blank where there is no limit; at the limit blanks are what PostgreSQL and MySQL drop without a word. In a column
    whose name promises JSON, an address or a URL it is one, so that a migration which reads it is not blamed for failing to.
    Two columns of a row hold different ones as far as there is room for their names.
    """
    if fixed and length in {UUID_TEXT, UUID_HEX}:
        made = uuid.UUID(int=2**128 - 1 - ordinal)
        return str(made) if length == UUID_TEXT else made.hex
    most = LONGEST if length is None else min(length, LONGEST)
    text = next(text for text in HARDEST if _can_hold(text, encoding)).format(n=ordinal)
    if name.lower().endswith("json"):
        return f'{{"Ünï": {ordinal}}}'[:most] if most > len('{"Ünï": 999}') else "1"
    wide = "東京Ω" if _can_hold("東京Ω", encoding) else "xYz"
    wide = (name if _can_hold(name, encoding) else "") + " " + wide * most
    last = ("Ж" if _can_hold("Ж", encoding) else "z") + " " * (length is None)
    begin, end = _frame(name.lower(), ordinal)
    if begin and most > len(begin + end) + 1:
        return (begin + wide.replace(" ", "."))[: most - len(end) - 1] + last[0] + end
    return (text + wide)[: most - len(last)] + last if most > len(last) else last[0] * most


def _frame(name: str, ordinal: int) -> tuple[str, str]:
    """Return what a text in a column of this name has to begin and to end with; nothing where it may be anything."""
    if is_address(name):
        return f"O'Brien+00{ordinal}.", "@Example.org"
    return (f"https://Example.org/00{ordinal}/O'Brien?50%25=", "") if name.endswith(("url", "uri")) else ("", "")


def _can_hold(text: str, encoding: str) -> bool:
    if encoding == THREE_BYTES:
        return max(text) <= "\uffff"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def of_length(length: int) -> tuple[str, ...]:
    """Return strings of exactly that length: letters and digits."""
    if not 0 <= length <= 5 * LONGEST:
        return ()
    return ((ALPHABET * (length // 26 + 1))[:length], ("1234567890" * (length // 10 + 1))[:length])


def variants(text: str) -> tuple[str, ...]:
    """Return the shapes that a CHECK often asks of a string, or that an UPDATE takes away."""
    letters = "".join(c for c in text if c.isascii() and c.isalnum())
    shapes = (text.lower(), text.upper(), text.strip(), letters.lower(), letters.upper(), f" {text} ")
    return tuple(dict.fromkeys(v for v in shapes if v))


def from_like(pattern: str, *, glob: bool = False) -> tuple[str, ...]:
    """Return strings that match a LIKE (or GLOB) pattern."""
    if glob:
        return from_regex("^" + pattern.replace(".", "[.]").replace("*", ".*").replace("?", ".") + "$")
    found = []
    for many, one in (("", "a"), ("abc", "b"), ("12", "3")):
        parts = re.split(r"(\\.|%|_)", pattern)
        found.append("".join({"%": many, "_": one}.get(part, part.removeprefix("\\")) for part in parts))
    return tuple(dict.fromkeys(found))


def from_similar(pattern: str) -> tuple[str, ...]:
    """Return strings that match a SIMILAR TO pattern: a regular expression in which % and _ are the wildcards."""
    return from_regex("^(" + pattern.replace(".", "[.]").replace("%", ".*").replace("_", ".") + ")$")


def from_regex(pattern: str, count: int = 6) -> tuple[str, ...]:
    """Return strings that match a regular expression of common shape; none where it cannot be read.

    The pattern is read by Python, whose syntax agrees with PostgreSQL's and MySQL's on what CHECK constraints use; POSIX
    classes are translated first. What is made is matched again, so a string that does not fit is never returned.
    """
    for posix, ours in POSIX.items():
        pattern = pattern.replace(posix, ours)
    pattern = pattern.replace(r"\m", r"\b").replace(r"\M", r"\b").replace(r"\A", "^").replace(r"\Z", "$")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed, compiled = regex_parser.parse(pattern), re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return ()
    found = dict.fromkeys(_walk(parsed, seed, {}) for seed in range(count))
    return tuple(text for text in found if compiled.search(text))


def _walk(parsed: Any, seed: int, groups: dict[int, str]) -> str:
    """Write one string for a parsed pattern; `seed` chooses among alternatives, characters and repetitions."""
    return "".join(_write(str(name), argument, seed + place, groups) for place, (name, argument) in enumerate(parsed))


def _write(name: str, argument: Any, seed: int, groups: dict[int, str]) -> str:
    if name == "LITERAL":
        return chr(argument)
    if name == "IN":
        return _member(argument, seed)
    if name in {"ANY", "NOT_LITERAL"}:
        letter = ALPHABET[seed % 26]
        return letter if name == "ANY" or argument != ord(letter) else ALPHABET[(seed + 1) % 26]
    if name == "BRANCH":
        return _walk(argument[1][seed % len(argument[1])], seed, groups)
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        low, high, inner = argument
        times = min(int(high), max(int(low), 1) + (seed % 3 if seed else 0))
        return "".join(_walk(inner, seed + turn, groups) for turn in range(times))
    if name == "SUBPATTERN":
        groups[argument[0] or 0] = text = _walk(argument[-1], seed, groups)
        return text
    if name == "ATOMIC_GROUP":
        return _walk(argument, seed, groups)
    return groups.get(argument, "") if name == "GROUPREF" else ""  # anchors and assertions write nothing; checked afterwards


def _member(members: Any, seed: int) -> str:
    allowed: list[str] = []
    everyday = string.ascii_letters + string.digits + "_- ."
    negated = str(members[0][0]) == "NEGATE"
    for name, argument in members:
        if str(name) == "LITERAL":
            allowed.append(chr(argument))
        elif str(name) == "RANGE":
            allowed.extend(map(chr, range(argument[0], min(argument[1], argument[0] + 30) + 1)))
        elif str(name) == "CATEGORY":
            shape = re.compile(CATEGORIES.get(str(argument), "."))
            allowed.extend(c for c in everyday if shape.match(c))
    if negated:
        allowed = [c for c in everyday if c not in allowed] or ["~"]
    return allowed[seed % len(allowed)] if allowed else ""


CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
              "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S"}  # fmt: skip
