"""What differs between SQLAlchemy 1.4 and later."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy

IS_1_4: Final = sqlalchemy.__version__.startswith("1.")
FIRST: Final[dict[str, Any]] = {} if IS_1_4 else {"insert": True}
"""What makes a listener of an engine the first. 1.4 keeps the order in which they came; a new connection is proved first all the
same, for pools know the order there, too."""
