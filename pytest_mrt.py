"""The documented way in: `from pytest_mrt import MRTConfig`."""

from typing import TYPE_CHECKING, Any

from mrt_runtime.config import MRTConfig

if TYPE_CHECKING:
    from mrt_runtime.custom_check import MigrationFile, RiskWarning

__all__ = ["MRTConfig", "MigrationFile", "RiskWarning"]


def __getattr__(name: str) -> Any:
    """Import what few ask for when they do."""
    if name == "__version__":
        from mrt_lint import __version__  # noqa: PLC0415  see above

        return __version__
    if name in {"MigrationFile", "RiskWarning"}:
        from mrt_runtime import custom_check  # noqa: PLC0415  see above

        return getattr(custom_check, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
