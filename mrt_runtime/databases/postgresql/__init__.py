"""PostgreSQL: scratch databases are databases of the same server."""

from mrt_runtime.databases.postgresql.database import connect

__all__ = ["connect"]
