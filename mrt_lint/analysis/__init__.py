"""What rules ask about a migration, worked out once."""
