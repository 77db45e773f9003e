"""Writing what findings ask for: which edits are certain, whether they hold, and how they reach the disk."""
