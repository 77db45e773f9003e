"""Rollback verification on a real database: upgrade, downgrade, and prove that everything is back."""
