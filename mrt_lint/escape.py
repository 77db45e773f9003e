"""Text from files, names and databases, made harmless for where it is shown: a terminal, or the log of a CI service.

A terminal obeys control characters, a reader believes what bidirectional overrides make of a line, and CI services obey commands
that programs print: GitHub Actions a line that begins with `::` after blanks (actions/runner, `ActionCommand.cs`), it and Azure
Pipelines `##[…]` and `##vso[…]` anywhere in a line (microsoft/azure-pipelines-agent, `Command.cs`), TeamCity `##teamcity[…]`.
"""

from __future__ import annotations

import re
from typing import Final

_COMMAND: Final = re.compile(r"(?P<begin>\A\s*):(?=:)|(?P<hash>#)#(?=\w*\[)")
_SPACES: Final = frozenset("\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
"""What Unicode calls space separators, which Python does not count as printable; they are wide or narrow and nothing else."""


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text with all that a terminal or a CI service could obey written as Python writes it: `\x1b`, `\n`, `\u202e`.

    What comes back is one line, and the same when it is escaped again: a backslash stays as it is. `keep` are control characters
    that are wanted, like the tabs of source code.
    """
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() or character in _SPACES or character in keep else _escaped(character)
            for character in text
        )
    return _COMMAND.sub(_disarmed, text) if "::" in text or "##" in text else text


def printable_json(text: str) -> str:
    r"""Return JSON whose characters are ASCII in a form that no CI service obeys, and that is read as before: `#\u0023[`."""
    return text.replace("##", "#\\u0023")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _disarmed(match: re.Match[str]) -> str:
    return f"{match['begin']}\\x3a" if match["hash"] is None else "#\\x23"
