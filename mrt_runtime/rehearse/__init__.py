"""Migrations run up and down on a copy of a real database: what that takes, and what it does to the rows."""
