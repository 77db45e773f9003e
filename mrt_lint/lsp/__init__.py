"""The language server: what `mrt check` finds, in the editor, while a migration is written. Only `server.py` knows pygls."""
