"""Statements: branches, loops, functions, and the ways in which they are left."""
