"""What the plugin keeps in pytest's own configuration for as long as a session lasts. Imported by every pytest run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mrt_runtime.plugin.fixture import Mrt
    from mrt_runtime.termination import Termination
    from mrt_runtime.verify.session import Verification

VERIFICATION: pytest.StashKey[Verification] = pytest.StashKey()
TERMINATION: pytest.StashKey[Termination] = pytest.StashKey()
FIXTURE: pytest.StashKey[Mrt] = pytest.StashKey()
"""The `mrt` of one test."""
REFUSED: pytest.StashKey[str] = pytest.StashKey()
"""Why the configuration cannot be used: said once, however many tests ask."""
LEFT: pytest.StashKey[str] = pytest.StashKey()
"""What could not be cleaned up, and why."""
