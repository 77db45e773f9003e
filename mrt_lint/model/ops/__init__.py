"""What a migration does: one frozen value an operation, named as Alembic names it.

Everything after parsing (rules, analysis, history) sees only these values. They know nothing of Python source: a
positional, keyword, aliased or batch spelling of one call becomes equal values, and `ALTER TABLE … DROP COLUMN` in a string becomes
the same `DropColumn` as `op.drop_column`. Standard library only.
"""

from __future__ import annotations

from mrt_lint.model.ops.constraint import (
    CreateCheckConstraint,
    CreateConstraint,
    CreateExcludeConstraint,
    CreateForeignKey,
    CreateIndex,
    CreatePrimaryKey,
    CreateUniqueConstraint,
    DropConstraint,
    DropIndex,
    Reindex,
    RenameConstraint,
    RenameIndex,
    ValidateConstraint,
)
from mrt_lint.model.ops.objects import (
    AddEnumValue,
    AlterObject,
    CreateObject,
    DropObject,
    RenameEnumValue,
    RenameObject,
    SetSequenceValue,
)
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.ops.rows import BulkInsert, Delete, Insert, Truncate, Update
from mrt_lint.model.ops.statement import Execute, InvalidCall, Raise, Statement
from mrt_lint.model.ops.table import (
    AddColumn,
    AlterColumn,
    BatchAlterTable,
    CreateTable,
    CreateTableComment,
    DropColumn,
    DropTable,
    DropTableComment,
    RenameTable,
)

__all__ = [
    "AddColumn",
    "AddEnumValue",
    "AlterColumn",
    "AlterObject",
    "BatchAlterTable",
    "BulkInsert",
    "CreateCheckConstraint",
    "CreateConstraint",
    "CreateExcludeConstraint",
    "CreateForeignKey",
    "CreateIndex",
    "CreateObject",
    "CreatePrimaryKey",
    "CreateTable",
    "CreateTableComment",
    "CreateUniqueConstraint",
    "Delete",
    "DropColumn",
    "DropConstraint",
    "DropIndex",
    "DropObject",
    "DropTable",
    "DropTableComment",
    "Execute",
    "Insert",
    "InvalidCall",
    "Op",
    "Raise",
    "Reindex",
    "RenameConstraint",
    "RenameEnumValue",
    "RenameIndex",
    "RenameObject",
    "RenameTable",
    "SetSequenceValue",
    "Statement",
    "Truncate",
    "Update",
    "ValidateConstraint",
]
