"""Rows for every table, that satisfy its keys, types and constraints and that are hard on migrations."""

from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.seeder import Seeder

__all__ = ["Seeded", "Seeder"]
