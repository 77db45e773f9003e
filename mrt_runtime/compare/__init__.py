"""What a database holds, and the differences between two moments of it: schema, rows, and the operation to blame."""
