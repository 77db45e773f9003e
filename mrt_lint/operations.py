"""What a package needs to describe its operations to the linter: an entry point of the group `mrt_lint.operations`.

The entry point is a mapping of names to `LibraryOperation`; see docs/operations.md.
"""

from mrt_lint.model import ops, values
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.library.registry import LibraryOperation

__all__ = ["LibraryOperation", "OperationCall", "ops", "values"]
