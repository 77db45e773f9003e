"""Names of the accounts that are made for scratch databases, formed from the run's token and the database's name."""

from __future__ import annotations

import re

from mrt_runtime.databases.token import find_token

OF_A_DATABASE = re.compile(r"_(?P<number>\d+)(?:_c\d+)?$")
OF_AN_ACCOUNT = re.compile(r"(?P<name>mrt_[0-9a-f]{20}_\d+)@(?P<host>.*)")


def account_name(token: str, number: int | str) -> str:
    """Return the name of the account of a run's scratch database; 32 characters are the most that MySQL takes."""
    return f"mrt_{token}_{number}"


def account_of(database: str) -> str | None:
    """Return the name of the account that belongs to a scratch database, or to a copy of one; None for other databases."""
    token, match = find_token(database), OF_A_DATABASE.search(database)
    return account_name(token, match["number"]) if token is not None and match is not None else None
