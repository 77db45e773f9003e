"""Raw SQL as operations: `expand` puts those of a migration in, the others read statements from tokens."""
