"""MySQL and MariaDB: scratch databases are databases of the same server."""

from mrt_runtime.databases.mysql.database import connect

__all__ = ["connect"]
