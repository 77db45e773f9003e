"""The project that `mrt demo` makes: three migrations, of which the third loses data. It is that of fixtures/projects/example."""

from __future__ import annotations

from typing import Final

FILES: Final = {
    "alembic.ini": """\
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = sqlite:///app.db
""",
    "migrations/env.py": """\
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config


def run_migrations() -> None:
    engine = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
""",
    "migrations/versions/001_create_users.py": '''\
"""Create users"""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("phone", sa.String(20), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("users")
''',
    "migrations/versions/002_create_orders.py": '''\
"""Create orders"""

import sqlalchemy as sa
from alembic import op

revision = "002"
down_revision = "001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("total", sa.Numeric(10, 2), nullable=False, server_default="0"),
    )
    op.create_index("ix_orders_user_id", "orders", ["user_id"])


def downgrade() -> None:
    op.drop_table("orders")
''',
    "migrations/versions/003_drop_phone.py": '''\
"""Drop the phone number, which no one calls"""

import sqlalchemy as sa
from alembic import op

revision = "003"
down_revision = "002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("users", "phone")


def downgrade() -> None:
    op.add_column("users", sa.Column("phone", sa.String(20), nullable=True))
''',
}
"""The text of each file."""
