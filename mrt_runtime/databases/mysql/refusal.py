"""What the server says when it refuses the scratch account something, explained."""

from __future__ import annotations

import re

from mrt_runtime.databases.driver_error import list_causes, read_state
from mrt_runtime.databases.mysql.place import ScratchPlace

DENIED = {
    1044: "a database",
    1045: "a login or file",
    1095: "a session",
    1142: "a table",
    1143: "a column",
    1211: "an account",
    1227: "a privilege",
    1370: "a routine",
    1396: "an account",
    1410: "an account",
    1419: "a program",
    1698: "a login or file",
}
"""Error numbers of missing rights and what they are about. Source: MySQL's server error reference."""
TABLE = re.compile(r"for (?:table|routine) [`'](?P<database>[^`'.]+)[`']?\.[`']?(?P<name>[^`']+)[`']")
DATABASE = re.compile(r"to database [`'](?P<database>[^`']+)[`']")
PRIVILEGE = re.compile(r"at least one of\) the (?P<privileges>.+?) privilege")
HOW = (
    'verify on a server that no one else uses, or allow it with isolation = "statements" under [tool.mrt], which runs migrations '
    "as the account in db_url"
)


def explain_refusal(error: BaseException, place: ScratchPlace) -> str:
    """Return a sentence for an error by which the server refused the scratch account something; empty for any other."""
    if place.definer is None:
        return ""
    for cause in list_causes(error, with_context=True):
        _, number = read_state(cause)
        if number == 1419:  # noqa: PLR2004  the number's name is in DENIED
            return (
                "The server writes a binary log and allows only administrators to make triggers and functions. Written with "
                "op.execute(), the statement is run over the account in db_url, which needs SUPER for it; or set "
                "log_bin_trust_function_creators = 1."
            )
        if number in DENIED:
            target = describe_target(number, str(cause.args[-1]), place)
            return f"{target} The account of this run may change nothing but its scratch database: {HOW}."
    return ""


def describe_target(number: int, words: str, place: ScratchPlace) -> str:
    """Return what was out of reach, as far as the server's words show."""
    found = TABLE.search(words) or DATABASE.search(words)
    if found is not None:
        database, name = found["database"], found.groupdict().get("name")
        if place.is_given(database):
            remedy = f"{name} in place of {database}.{name}" if name else "names without the database"
            return f"It reaches for the database {database} by its name: write {remedy}, for the run has a database of its own."
        if not place.is_own(database):
            return f"It reaches for {database}{f'.{name}' if name else ''}, outside of the scratch database."
    found = PRIVILEGE.search(words)
    if found is not None:
        return f"It takes a right on the whole server ({found['privileges']})."
    return f"It reaches for {DENIED[number]} outside of the scratch database."
