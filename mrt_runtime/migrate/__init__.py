"""The one door to Alembic: the history as a graph, and env.py run as the project wrote it, one step at a time."""

from mrt_runtime.migrate.changed_rows import ChangedRows
from mrt_runtime.migrate.error import MigrationError, MigrationTimeout, WrongDatabaseError
from mrt_runtime.migrate.graph import HistoryStep, MigrationGraph, read_graph
from mrt_runtime.migrate.migrator import Migrator

__all__ = [
    "ChangedRows",
    "HistoryStep",
    "MigrationError",
    "MigrationGraph",
    "MigrationTimeout",
    "Migrator",
    "WrongDatabaseError",
    "read_graph",
]
