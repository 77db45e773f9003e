"""The documented way in: `from pytest_mrt import MRTConfig`."""

from mrt_runtime.config import MRTConfig

__all__ = ["MRTConfig"]
