"""What every test needs: the package, installed, for tests start `mrt` and plugins by their entry points."""

from importlib import metadata

import pytest

try:
    metadata.distribution("pytest-mrt")
except metadata.PackageNotFoundError:
    pytest.exit("The tests need the package to be installed: pip install -e . --group dev", returncode=4)
