"""What a rule may know besides the migration. Standard library only."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from mrt_lint.model.lean import dataclass
from mrt_lint.model.search_path import SearchPath

if TYPE_CHECKING:
    from mrt_lint.analysis.table_size import RecordedSizes
    from mrt_lint.files.lock import LockViolation
    from mrt_lint.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTarget:
    """The database the migrations are written for.

    `dialect` is SQLAlchemy's name, None if it is not declared: then the PostgreSQL rules apply, and say that they are about
    PostgreSQL. Versions are (major, minor, …), as many numbers as were given; the defaults are the oldest releases that their
    makers still support. `sqlite_foreign_keys` is whether SQLite enforces foreign keys while migrations run, `begun_by_env` what
    env.py begins a transaction with before Alembic does, which autocommit blocks do not get over: "statement", "begin" or "".
    `search_path` are the schemas that env.py has names without one looked for in, empty where it leaves that to the database.
    """

    dialect: str | None = None
    pg_version: tuple[int, ...] = (14, 0)
    mysql_version: tuple[int, ...] = (8, 4)
    mariadb_version: tuple[int, ...] = (10, 11)
    sqlite_foreign_keys: bool | None = None
    begun_by_env: str = ""
    search_path: SearchPath = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """What a rule may know besides the migration: the database it is written for and its history.

    `independent_branches` are labels of branches that are meant to have a head of their own; `irreversible` are pairs of a
    revision and the reason why it cannot be undone; `breaches` is what has become of locked revisions. `small_tables` are
    tables whose locks go unnoticed, "users" or "crm.users"; `sizes` knows those of the tables in the statistics of the project.
    """

    target: DatabaseTarget = field(default_factory=DatabaseTarget)
    history: History | None = None
    independent_branches: tuple[str, ...] = ()
    small_tables: tuple[str, ...] = ()
    sizes: RecordedSizes | None = None
    irreversible: tuple[tuple[str, str], ...] = ()
    breaches: tuple[LockViolation, ...] = ()
