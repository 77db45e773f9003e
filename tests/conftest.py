"""What every test needs: the package, installed, for tests start `mrt` and plugins by their entry points."""

import signal
from importlib import metadata

import hypothesis
import pytest

try:
    metadata.distribution("pytest-mrt")
except metadata.PackageNotFoundError:
    pytest.exit("The tests need the package to be installed: pip install -e . --group dev", returncode=4)

# A shell lets what it starts in the background ignore Ctrl-C, and processes inherit that; tests send it to those they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long examples take depends on what else the machine does.
hypothesis.settings.register_profile("any load", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any load")
