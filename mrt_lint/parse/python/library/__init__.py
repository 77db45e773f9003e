"""What Alembic and SQLAlchemy mean: operations, columns, types, statements, connections."""
