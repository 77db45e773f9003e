"""Migrations and schemas as `mrt show` prints them."""
