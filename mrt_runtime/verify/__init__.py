"""The check of revisions: up, down and up again over seeded rows, one verdict each."""
