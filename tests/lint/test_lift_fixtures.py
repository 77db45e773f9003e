"""Every migration among the fixtures is held against what Alembic says of it."""

import pathlib

import pytest

from mrt_lint.model.migration import UnparsableError
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import hold_against_alembic

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
MIGRATIONS = [path for path in sorted(FIXTURES.rglob("*.py")) if b"down_revision" in path.read_bytes()]


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_every_fixture_is_lifted_as_alembic_runs_it(path):
    source = path.read_bytes()
    try:
        migration = parse_migration(source, str(path))
    except UnparsableError:
        pytest.skip("it is a fixture because it does not parse")
    hold_against_alembic(migration, source, ("postgresql", "mysql", "sqlite"))
