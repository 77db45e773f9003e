"""Names that only this program makes, so that a sweep never takes a database that a person made.

A token is twelve random hex digits followed by eight that are computed from them; a name made by hand does not fit by
accident. Every database of one run carries the run's token: "shop_mrt_3f0c…_1".
"""

from __future__ import annotations

import hashlib
import re
import secrets

PATTERN = re.compile(r"mrt[_-](?P<random>[0-9a-f]{12})(?P<proof>[0-9a-f]{8})(?![0-9a-f])")


def make_token() -> str:
    """Return twenty hex digits that `find_token` recognises."""
    random = secrets.token_hex(6)
    return random + prove(random)


def prove(random: str) -> str:
    """Compute the second part of a token."""
    return hashlib.blake2s(f"pytest-mrt {random}".encode(), digest_size=4).hexdigest()


def find_token(name: str) -> str | None:
    """Find the token in the name of a database, folder or file; None where this program did not make the name."""
    for match in PATTERN.finditer(name):
        if match["proof"] == prove(match["random"]):
            return match["random"] + match["proof"]
    return None


def make_name(stem: str, token: str, suffix: str, limit: int) -> str:
    """Join them to a database's name of at most `limit` bytes, shortening the stem."""
    tail = f"_mrt_{token}_{suffix}"
    head = stem.encode()[: limit - len(tail.encode())].decode(errors="ignore")
    return head + tail
