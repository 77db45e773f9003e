"""Static detection of dangerous Alembic migrations: nothing here runs or imports a migration."""

__version__ = "2.0.0"
