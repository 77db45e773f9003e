"""SQLite: scratch databases are files in a private temporary folder."""
