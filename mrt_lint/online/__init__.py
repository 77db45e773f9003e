"""How MySQL and MariaDB carry out a change of a table: at once, in place or by a copy, and who may write meanwhile."""

from mrt_lint.online.facts import ChangeMethod, DdlAlgorithm, ServerVersion, TableChange
from mrt_lint.online.types import change_of_type, lost_members, spelled

__all__ = ["ChangeMethod", "DdlAlgorithm", "ServerVersion", "TableChange", "change_of_type", "lost_members", "spelled"]
