"""The fixers, one kind of fix a file."""
