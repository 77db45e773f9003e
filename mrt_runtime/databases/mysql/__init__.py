"""MySQL and MariaDB: scratch databases are databases of the same server."""
