"""The facts: which algorithm InnoDB uses for which change, by database and version, and whether it allows writes.

Sources: MySQL 8.4, 17.12.1 “Online DDL Operations” (https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html) and
8.0, the same; for what that page leaves out, bug 117450 (CHECK) and worklog 9418 (defaults computed for each row). MariaDB,
“InnoDB Online DDL Operations with the INSTANT (NOCOPY, INPLACE) Alter Algorithm” (https://mariadb.com/docs/server/server-usage/
storage-engines/innodb/innodb-online-ddl). The tests hold every entry of the database at hand against a server.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple, TypeAlias


class TableChange(enum.Enum):
    """A change of a table that is there already; the value is what it is called in a sentence."""

    ADD_COLUMN = "a column is added at the end"
    ADD_COLUMN_AMID = "a column is added in the middle"
    ADD_COMPUTED_DEFAULT = "a column is added whose default is computed for each row"
    ADD_AUTO_INCREMENT = "an AUTO_INCREMENT column is added"
    ADD_VIRTUAL = "a virtual generated column is added"
    ADD_STORED = "a stored generated column is added"
    DROP_COLUMN = "a column is dropped"
    RENAME_COLUMN = "a column is renamed"
    MOVE_COLUMN = "a column gets another place"
    SET_DEFAULT = "a default is set or dropped"
    SET_NOT_NULL = "a column becomes NOT NULL"
    DROP_NOT_NULL = "a column may be NULL from now on"
    WIDEN_VARCHAR = "a VARCHAR becomes longer within its length bytes"
    APPEND_MEMBERS = "members are appended to an ENUM or SET"
    CHANGE_COLLATION = "a column without an index gets another collation of its character set"
    CHANGE_TYPE = "a type changes"
    ADD_INDEX = "an index is added"
    ADD_FULLTEXT = "a FULLTEXT index is added"
    ADD_SPATIAL = "a SPATIAL index is added"
    DROP_INDEX = "an index is dropped"
    ADD_PRIMARY_KEY = "a primary key is added, or replaced in one statement"
    DROP_PRIMARY_KEY = "a primary key is dropped"
    ADD_FOREIGN_KEY = "a foreign key is added"
    ADD_UNCHECKED_FOREIGN_KEY = "a foreign key is added while foreign_key_checks is 0"
    DROP_FOREIGN_KEY = "a foreign key is dropped"
    ADD_CHECK = "a CHECK constraint is added"
    DROP_CHECK = "a CHECK constraint is dropped"
    CONVERT = "the character set is converted"
    REBUILD = "the table is rebuilt as it is"
    CHANGE_ENGINE = "the table gets another engine"
    PARTITION = "the table is partitioned"


class DdlAlgorithm(enum.IntEnum):
    """What a server does to the rows, from nothing to everything; MySQL calls NOCOPY INPLACE, too."""

    INSTANT = 0
    NOCOPY = 1
    INPLACE = 2
    COPY = 3


class ChangeMethod(NamedTuple):
    """How a change is carried out: `writes` is whether others may write to the table meanwhile."""

    algorithm: DdlAlgorithm
    writes: bool = True


INSTANT: Final = ChangeMethod(DdlAlgorithm.INSTANT)
NOCOPY: Final = ChangeMethod(DdlAlgorithm.NOCOPY)
INPLACE: Final = ChangeMethod(DdlAlgorithm.INPLACE)
COPY: Final = ChangeMethod(DdlAlgorithm.COPY, writes=False)
ONLINE_COPY: Final = ChangeMethod(DdlAlgorithm.COPY)

_History: TypeAlias = dict[tuple[int, ...], ChangeMethod]
"""The way since each version, oldest first; () is always."""

_ALIKE: Final[dict[TableChange, _History]] = {
    TableChange.ADD_AUTO_INCREMENT: {(): ChangeMethod(DdlAlgorithm.INPLACE, writes=False)},
    TableChange.SET_NOT_NULL: {(): INPLACE},
    TableChange.DROP_NOT_NULL: {(): INPLACE},
    TableChange.ADD_INDEX: {(): NOCOPY},
    TableChange.ADD_FULLTEXT: {(): ChangeMethod(DdlAlgorithm.INPLACE, writes=False)},
    TableChange.ADD_SPATIAL: {(): ChangeMethod(DdlAlgorithm.NOCOPY, writes=False)},
    TableChange.DROP_INDEX: {(): NOCOPY},
    TableChange.ADD_PRIMARY_KEY: {(): INPLACE},
    TableChange.REBUILD: {(): INPLACE},
}
_COPIED: Final = (
    TableChange.ADD_COMPUTED_DEFAULT,
    TableChange.ADD_STORED,
    TableChange.CHANGE_TYPE,
    TableChange.DROP_PRIMARY_KEY,
    TableChange.ADD_FOREIGN_KEY,
    TableChange.ADD_CHECK,
    TableChange.CONVERT,
    TableChange.CHANGE_ENGINE,
    TableChange.PARTITION,
)

FACTS: Final[dict[str, dict[TableChange, _History]]] = {
    "mysql": {
        **_ALIKE,
        **{change: {(): COPY} for change in _COPIED},
        TableChange.ADD_COLUMN: {(): INPLACE, (8, 0, 12): INSTANT},
        TableChange.ADD_COLUMN_AMID: {(): INPLACE, (8, 0, 29): INSTANT},
        TableChange.ADD_VIRTUAL: {(): NOCOPY, (8, 0, 12): INSTANT},
        TableChange.DROP_COLUMN: {(): INPLACE, (8, 0, 29): INSTANT},
        TableChange.RENAME_COLUMN: {(): NOCOPY, (8, 0, 28): INSTANT},
        TableChange.MOVE_COLUMN: {(): INPLACE},
        TableChange.SET_DEFAULT: {(): NOCOPY, (8, 0, 12): INSTANT},
        TableChange.CHANGE_COLLATION: {(): COPY},
        TableChange.WIDEN_VARCHAR: {(): NOCOPY},
        TableChange.APPEND_MEMBERS: {(): NOCOPY, (8, 0, 12): INSTANT},
        TableChange.ADD_UNCHECKED_FOREIGN_KEY: {(): NOCOPY},
        TableChange.DROP_FOREIGN_KEY: {(): NOCOPY},
        TableChange.DROP_CHECK: {(): NOCOPY},
    },
    "mariadb": {
        **_ALIKE,
        **{change: {(): COPY, (11, 2): ONLINE_COPY} for change in _COPIED},
        TableChange.ADD_COLUMN: {(): INPLACE, (10, 3, 2): INSTANT},
        TableChange.ADD_COLUMN_AMID: {(): INPLACE, (10, 4): INSTANT},
        TableChange.ADD_VIRTUAL: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.DROP_COLUMN: {(): INPLACE, (10, 4): INSTANT},
        TableChange.RENAME_COLUMN: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.MOVE_COLUMN: {(): INPLACE, (10, 4): INSTANT},
        TableChange.SET_DEFAULT: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.CHANGE_COLLATION: {(): COPY, (10, 4, 3): INSTANT},
        TableChange.WIDEN_VARCHAR: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.APPEND_MEMBERS: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.ADD_UNCHECKED_FOREIGN_KEY: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.DROP_FOREIGN_KEY: {(): NOCOPY, (10, 3, 2): INSTANT},
        TableChange.DROP_CHECK: {(): NOCOPY, (10, 3, 2): INSTANT},
    },
}


class ServerVersion(NamedTuple):
    """MySQL or MariaDB, by SQLAlchemy's name, of some version."""

    dialect: str
    version: tuple[int, ...]

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return {"mysql": "MySQL", "mariadb": "MariaDB"}[self.dialect]

    def way(self, change: TableChange) -> ChangeMethod:
        """Return the way of a change: the last one that this version knows."""
        return [way for since, way in FACTS[self.dialect][change].items() if since <= self.version][-1]
