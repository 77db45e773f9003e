"""Static detection of dangerous Alembic migrations: nothing here runs or imports a migration."""
