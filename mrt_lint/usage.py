"""Errors in how a command is used, as the user sees them."""

from __future__ import annotations


class UsageError(Exception):
    """The command cannot run as it was given: one sentence that says why, and what to write instead."""
