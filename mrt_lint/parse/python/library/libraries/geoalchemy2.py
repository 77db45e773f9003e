"""GeoAlchemy2: operations on tables and columns of geometries.

Source: https://geoalchemy-2.readthedocs.io/en/latest/alembic.html
"""

from __future__ import annotations

from typing import Final

from mrt_lint.parse.python.library.registry import LibraryOperation

OPERATIONS: Final = {
    "add_geospatial_column": LibraryOperation(("table_name", "column"), like="add_column"),
    "drop_geospatial_column": LibraryOperation(("table_name", "column_name"), like="drop_column"),
    "create_geospatial_table": LibraryOperation(("table_name",), like="create_table"),
    "drop_geospatial_table": LibraryOperation(("table_name",), like="drop_table"),
    "create_geospatial_index": LibraryOperation(("index_name", "table_name", "columns"), like="create_index"),
    "drop_geospatial_index": LibraryOperation(("index_name", "table_name"), like="drop_index"),
    "create_geospatial_constraints": LibraryOperation(("table_name", "column")),
    "drop_geospatial_constraints": LibraryOperation(("table_name", "column_name")),
}
