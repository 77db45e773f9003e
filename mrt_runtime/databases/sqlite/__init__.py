"""SQLite: scratch databases are files in a private temporary folder."""

from mrt_runtime.databases.sqlite.database import connect

__all__ = ["connect"]
