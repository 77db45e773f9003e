"""PostgreSQL: scratch databases are databases of the same server."""
