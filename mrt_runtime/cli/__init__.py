"""The commands of `mrt` that run migrations, or read what such runs report; one a file."""
