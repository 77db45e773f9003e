"""What other releases of the application execute while a migration is deployed or rolled back, and whether it still works."""
