"""Statements that write to another database of the same server, which MySQL and MariaDB let any connection do by naming it."""

from __future__ import annotations

import re

NAME = r"(?:`(?P<quoted>[^`]+)`|(?P<plain>[\w$]+))"
IF_EXISTS = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
ON_DATABASE = rf"(?:CREATE(?:\s+OR\s+REPLACE)?|DROP|ALTER)\s+(?:DATABASE|SCHEMA)\s+{IF_EXISTS}"
DATABASE = re.compile(rf"\s*(?:USE\s+|{ON_DATABASE}){NAME}", re.IGNORECASE)
OBJECTS = r"(?:TABLES?|VIEW|SEQUENCE|TRIGGER|PROCEDURE|FUNCTION|EVENT)"
INDEX = rf"INDEX\s+{IF_EXISTS}(?:`[^`]+`|\S+)\s+(?:USING\s+\w+\s+)?ON"
WRITING = re.compile(
    rf"""\s*(?:
      CREATE\s+(?:OR\s+REPLACE\s+|TEMPORARY\s+|UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+|AGGREGATE\s+|(?:ALGORITHM|DEFINER)\s*=\s*\S+\s+
        |SQL\s+SECURITY\s+\w+\s+)*(?:{OBJECTS}\s+{IF_EXISTS}|{INDEX}\s+)
      | (?:ALTER|DROP|RENAME|TRUNCATE)\s+(?:TEMPORARY\s+|ONLINE\s+|IGNORE\s+)*(?:{OBJECTS}\s+{IF_EXISTS}|{INDEX}\s+)
      | TRUNCATE\s+
      | (?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?
      | UPDATE\s+(?:(?:LOW_PRIORITY|IGNORE)\s+)*
      | DELETE\s+(?:(?:LOW_PRIORITY|QUICK|IGNORE)\s+)*FROM\s+
      | LOAD\s+DATA\b.*?\bINTO\s+TABLE\s+
    )(?={NAME}\s*\.\s*[`\w$])""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
LISTING = re.compile(r"\s*(?:DROP|RENAME)\s+(?:TEMPORARY\s+)?(?:TABLES?|VIEW)\s", re.IGNORECASE)
QUALIFIED = re.compile(rf"(?<![\w$`.]){NAME}\s*\.\s*[`\w$]")


def find_other_database(statement: str, own: str) -> str | None:
    """Find the database that a statement writes to by name, where it is another than `own`; reading elsewhere harms nobody."""
    found = [DATABASE.match(statement), WRITING.match(statement)]
    if LISTING.match(statement):  # the only statements that name several targets, and nothing but targets
        found += QUALIFIED.finditer(statement)
    names = [match["quoted"] or match["plain"] for match in found if match is not None]
    return next((name for name in names if name.lower() != own.lower()), None)
