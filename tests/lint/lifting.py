"""Migrations written in tests: lifted, and every one of them held against what Alembic itself says."""

import textwrap

from mrt_lint.parse.python import parse_migration
from tests.lint.oracle import UnrecordableError, record
from tests.lint.oracle_match import disagreement

HEADER = """\
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import orm
from sqlalchemy.dialects import mysql, postgresql

revision = "b2"
down_revision = "a1"
"""


def compose(upgrade, *, module="", downgrade="pass"):
    """A migration around the body of its `upgrade()`."""
    body, undo = (textwrap.indent(textwrap.dedent(part).strip() or "pass", "    ") for part in (upgrade, downgrade))
    return f"{HEADER}\n{textwrap.dedent(module)}\n\ndef upgrade():\n{body}\n\n\ndef downgrade():\n{undo}\n"


def lift_text(source, *, dialects=("postgresql",)):
    """Lift a migration, and hold it against Alembic wherever it can be run."""
    migration = parse_migration(source.encode(), "migration.py")
    hold_against_alembic(migration, source, dialects)
    return migration


def hold_against_alembic(migration, source, dialects):
    """Fail where the lifted operations are not what Alembic is asked to do."""
    for dialect in dialects:
        for name in ("upgrade", "downgrade"):
            try:
                recording = record(source, name, dialect)
            except UnrecordableError:
                continue
            function = getattr(migration, name)
            found = disagreement(function.ops if function else (), recording.ops, dialect, blind=not migration.readable(name))
            assert found is None, found


def lift_upgrade(upgrade, *, module="", dialects=("postgresql",)):
    """The operations of an `upgrade()` with this body."""
    return lift_text(compose(upgrade, module=module), dialects=dialects).upgrade_ops
