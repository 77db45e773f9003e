"""Expressions: names, operators, calls, containers and strings."""
