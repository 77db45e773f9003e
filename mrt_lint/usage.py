"""What is wrong with a command, as its user is told."""

from __future__ import annotations


class UsageError(Exception):
    """The command itself is wrong: one sentence that says what, and what to write instead."""
