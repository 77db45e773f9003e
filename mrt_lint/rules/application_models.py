"""MRT801."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.migration import Import, Migration
from mrt_lint.rule import Example, Finding, Rule, Severity
from mrt_lint.values import Column, SqlType

_MODULES = frozenset({"model", "models", "orm", "dbmodels"})
_APART = frozenset(
    {"alembic", "migration", "migrations", "sqlalchemy", "sqlmodel", "types", "custom_types", "db_types", "constants"}
)
"""Parts of a module's path that speak of something else: libraries, what migrations share, types and constants."""


class ApplicationModels(Rule):
    """A migration imports models of the application.

    The models go on changing, the migration must not: a year later the class has a column that this revision's table does not have
    yet, another name, or is gone, and then no new database can be built from the first revision on. Types and constants change
    what an old revision does as well, but seldom.
    """

    code = "MRT801"
    name = "application-models"
    severity = Severity.WARNING
    message = "the migration imports {what} from {module}: it breaks when the models change, or does something else than it did"
    instead = (
        'describe in the migration what it needs, as the tables are at this revision: sa.table("…", sa.column("…")), or a '
        "declarative class with a Base of its own"
    )
    manual = (
        "Alembic, Operations.bulk_insert and the use of sa.table(): https://alembic.sqlalchemy.org/en/latest/ops.html",
        "Django, “Historical models”, on the same matter: https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models",
    )
    exemptions = (
        "The module is none of model, models, orm and dbmodels, nor inside a package of that name.",
        "What is imported is a column's type, a function or a constant, or stands under `if TYPE_CHECKING:`.",
        "The module belongs to the migrations: app.migrations.models.",
    )

    bad = (
        Example(
            title="Classes, or the whole module, in a function too",
            source="""
            from app.models import User, ROLES  # MRT801
            from app.models.shop import Order  # MRT801
            from app import models  # MRT801

            def upgrade():
                import app.orm  # MRT801

                session = sa.orm.Session(bind=op.get_bind())
                session.query(User).update({"role": ROLES[0]})
            """,
        ),
    )
    good = (
        Example(
            title="The table as it is at this revision",
            source="""
            users = sa.table("users", sa.column("role", sa.Text))

            def upgrade():
                op.execute(users.update().values(role="member"))
            """,
        ),
        Example(
            title="Types, constants and functions; names for the type checker",
            source="""
            from typing import TYPE_CHECKING

            from app.models import DEFAULT_ROLE, JSONText, new_id
            from app.migrations.models import Snapshot

            if TYPE_CHECKING:
                from app.models import User

            def upgrade():
                op.add_column("users", sa.Column("settings", JSONText()))
                op.add_column("users", sa.Column("role", sa.String(20), server_default=DEFAULT_ROLE))
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every import of models."""
        types = set(_types(case.migration))
        checked = any("TYPE_CHECKING" in each.names for each in case.migration.imports)
        for each in case.migration.imports:
            what = _models(each, types)
            if what and not (checked and each.place.column > 1):
                yield self.found(case.migration, each.place, what=what, module=each.module)


def _models(each: Import, types: set[str]) -> str:
    """Name the models that an import brings, nothing where it brings none."""
    path = each.module.strip(".").split(".")
    if _APART & {part.lower() for part in path}:
        return ""
    modules = [name for name in each.names if name in _MODULES]
    if modules or (not each.names and path[-1] in _MODULES):
        return ", ".join(modules) or "all"
    classes = [name for name in each.names if _is_class(name) and name not in types] if _MODULES & set(path[-2:]) else []
    return ", ".join(classes)


def _is_class(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _types(migration: Migration) -> Iterator[str]:
    """Give the class names of the types that columns are made with."""
    for op in (*migration.upgrade_ops, *migration.downgrade_ops):
        given = [op.definition] if isinstance(op, ops.AddColumn) else op.columns if isinstance(op, ops.CreateTable) else ()
        kinds: list[object] = [column.type for column in given if isinstance(column, Column)]
        if isinstance(op, ops.AlterColumn):
            kinds += [op.type, op.existing_type]
        yield from (kind.name.rpartition(".")[2] for kind in kinds if isinstance(kind, SqlType))
