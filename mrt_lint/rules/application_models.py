"""MRT801."""

from collections.abc import Iterator, Sequence

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration, ModuleImport
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Column, SqlType

_MODULES = frozenset({"model", "models", "orm", "dbmodels"})
_APART = frozenset(
    [
        "alembic",
        "choices",
        "constants",
        "custom_types",
        "db_types",
        "enum",
        "enums",
        "migration",
        "migrations",
        "sqlalchemy",
        "sqlmodel",
        "types",
    ]
)
"""Parts of a module's path that mean something else: libraries, what migrations share, types and constants."""


class ApplicationModels(Rule):
    """A migration imports models of the application.

    The models go on changing, the migration must not: a year later the class has a column that this revision's table does not have
    yet, another name, or no longer exists, and then no new database can be built from the first revision on. Types and
    constants change what an old revision does as well, but seldom.
    """

    code = "MRT801"
    name = "application-models"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "the migration imports {what} from {module}: it breaks when the models change, or does something else than it did"
    instead = (
        'describe in the migration what it needs, as the tables are at this revision: sa.table("…", sa.column("…")), or a '
        "declarative class with a Base of its own; write down the values of an enum"
    )
    unused = DialectWording(
        message="the migration imports {what} from {module} and uses nothing of it: it breaks all the same when that moves",
        instead="remove {rest}",
    )
    partly = DialectWording(message=message, instead=f"{instead}; and remove {{rest}}, which the file does not use")
    manual = (
        "Alembic, Operations.bulk_insert and the use of sa.table(): https://alembic.sqlalchemy.org/en/latest/ops.html",
        "Django, “Historical models”, on the same matter: https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models",
    )
    exemptions = (
        "The module is none of model, models, orm and dbmodels, nor in a package of one, and the file queries no class of it.",
        (
            "What is imported is a column's type or the class of its Enum, a function or a constant, or is under "
            "`if TYPE_CHECKING:`; a whole module is imported where columns have types of the application: models.JSONText()."
        ),
        "The module belongs to the migrations (app.migrations.models), or to a library.",
    )

    bad = (
        Example(
            title="Classes, or the whole module, in a function too",
            source="""
            from app.models import User, ROLES  # MRT801
            from app.models.shop import Order  # MRT801
            from app import models  # MRT801
            from app.db.models.shipping.parcel import Parcel  # MRT801
            from app.stock.models import *  # MRT801
            import app.models.shop.order as order  # MRT801

            def upgrade():
                import app.orm  # MRT801

                session = sa.orm.Session(bind=op.get_bind())
                session.query(User).update({"role": ROLES[0]})
            """,
        ),
        Example(
            title="Classes of any module that are used as models",
            source="""
            from app.accounts.user import User, hash_password  # MRT801
            from data.database import Robot as Machine  # MRT801

            def upgrade():
                import app.billing  # MRT801

                session = sa.orm.Session(bind=op.get_bind())
                for user in session.query(User).filter(User.password.is_(None)):
                    user.password = hash_password("")
                session.add(app.billing.Plan(name="free"))
                Machine.delete().execute()
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
            title="A module for its types, as autogenerate writes them",
            source="""
            import app.models

            def upgrade():
                op.add_column("users", sa.Column("settings", app.models.JSONText()))
            """,
        ),
        Example(
            title="Types, constants and functions; names for the type checker",
            source="""
            from typing import TYPE_CHECKING

            from app.models import DEFAULT_ROLE, JSONText, UserState, new_id
            from app.models.enums import Color
            from app.migrations.models import Snapshot
            from app.security import Hasher

            if TYPE_CHECKING:
                from app.models import User

            def upgrade():
                op.add_column("users", sa.Column("settings", JSONText()))
                op.add_column("users", sa.Column("state", sa.Enum(UserState, name="user_state")))
                op.add_column("users", sa.Column("role", sa.String(20), server_default=DEFAULT_ROLE))
                op.execute(sa.text("UPDATE users SET hash = :hash").bindparams(hash=Hasher().hash("")))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every import of models."""
        kinds = list(_types(case.migration))
        checked = any("TYPE_CHECKING" in each.names for each in case.migration.imports)
        for each in case.migration.imports:
            models = _models(each, kinds)
            # beside TYPE_CHECKING, an indented import is one for type checkers
            if not models or (checked and each.place.column > 1):
                continue
            used = [name for name in models if each.used and name not in each.unused]
            rest = ", ".join(name for name in models if name not in used) if each.used else "the import"
            wording = self.unused if not used else self.partly if rest else None
            yield self.found(case.migration, each.place, wording, what=", ".join(used or models), module=each.module, rest=rest)


def _models(each: ModuleImport, kinds: list[SqlType]) -> Sequence[str]:
    """Return the models that an import brings, none if it brings none or serves the types that columns are made with."""
    path = each.module.strip(".").split(".")
    if not each.of_project or _APART & {part.lower() for part in path}:
        return ()
    modules = [name for name in each.names if name in _MODULES]
    if modules or (each.names in ((), ("*",)) and _MODULES & set(path)):
        # a type of the application's own may come from there
        return () if any(not kind.name.isupper() for kind in kinds) else modules or ["all"]
    if not _MODULES & set(path):
        return each.entities
    types = {_key(name) for kind in kinds for name in (kind.name, kind.type_name) if isinstance(name, str)}
    classes = [name for name in each.names if name[:1].isupper() and not name.isupper() and _key(name) not in types]
    return classes or each.entities


def _key(name: str) -> str:
    """Return a name as an Enum's class and its type in the database share it: UserRole, user_role."""
    return name.rpartition(".")[2].replace("_", "").lower()


def _types(migration: Migration) -> Iterator[SqlType]:
    """Return the types that columns are made with."""
    for op in (*migration.upgrade_ops, *migration.downgrade_ops):
        given = [op.definition] if isinstance(op, ops.AddColumn) else op.columns if isinstance(op, ops.CreateTable) else ()
        kinds: list[object] = [column.type for column in given if isinstance(column, Column)]
        if isinstance(op, ops.AlterColumn):
            kinds += [op.type, op.existing_type]
        yield from (kind for kind in kinds if isinstance(kind, SqlType))
