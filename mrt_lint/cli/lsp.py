"""`mrt lsp`: serve an editor."""

from __future__ import annotations

from argparse import Namespace
from importlib.util import find_spec

from mrt_lint.usage import UsageError


def run(options: Namespace) -> int:  # noqa: ARG001  all commands are called so
    """Serve until the editor leaves. Raises UsageError if the library for that is not installed."""
    if find_spec("pygls") is None or find_spec("pygls.lsp.server") is None:
        raise UsageError("pygls is not installed: pip install 'pytest-mrt[lsp]', where the editor finds mrt.")
    from mrt_lint.lsp.server import serve  # noqa: PLC0415  brings pygls

    serve()
    return 0
