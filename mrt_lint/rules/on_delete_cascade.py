"""MRT204."""

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.downgrade.replacement import dropped_before, names_of
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.made_conditionally import former_references
from mrt_lint.analysis.wording import join, names
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Column, Constraint, MaybeName

_WORD: Final = re.compile(r"\w+")


class OnDeleteCascade(Rule):
    """A foreign key with ON DELETE CASCADE is added to a table that is there already.

    From then on, deleting one row of the parent silently deletes every child row. Code that relied on the database to refuse such
    a delete now loses data, and the rollback of the constraint does not bring the rows back.
    """

    code = "MRT204"
    name = "on-delete-cascade"
    severity = Severity.WARNING
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade adds ON DELETE CASCADE to {the_table}: deleting a row of {parent} from now on deletes its rows there too"
    instead = (
        "leave the foreign key ({columns}) at NO ACTION{or_null}, and delete rows of {table} in the application where that is meant"
    )
    of_new_column = DialectWording(
        message=message,
        instead=(
            "write {set_null} for it, and rows stay with NULL in {columns} where their parent goes; or leave it out, and delete "
            "rows of {table} in the application where that is meant"
        ),
    )
    manual = ("PostgreSQL, “Foreign Keys”: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "It replaces one that cascaded already, on the same columns or to the same table: `downgrade()` or the history shows it.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")  # MRT204
                with op.batch_alter_table("orders") as batch:
                    batch.create_foreign_key("fk_shop", "shops", ["shop_id"], ["id"], ondelete="cascade")  # MRT204
                op.execute("ALTER TABLE orders ADD FOREIGN KEY (item_id) REFERENCES items ON DELETE CASCADE")  # MRT204
            """,
        ),
        Example(
            title="Beside a new column",
            source="""
            def upgrade():
                op.add_column("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))  # MRT204
            """,
        ),
        Example(
            title="In place of one that refused",
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")  # MRT204

            def downgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
            """,
        ),
    )
    good = (
        Example(
            title="Without CASCADE",
            source="""
            def upgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="SET NULL")
                op.create_foreign_key("fk_shop", "orders", "shops", ["shop_id"], ["id"], onupdate="CASCADE")
            """,
        ),
        Example(
            title="A new table",
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
                op.create_foreign_key("fk_shop", "orders", "shops", ["shop_id"], ["id"], ondelete="CASCADE")
            """,
        ),
        Example(
            title="The former one, on other columns, cascaded from the same table",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("user_name", sa.Text), sa.Column("user_id", sa.Integer))
                op.create_foreign_key("fk_user", "orders", "people", ["user_name"], ["name"], ondelete="CASCADE")
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.rename_table("people", "users")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")
            """,
        ),
        Example(
            title="The former one cascaded too",
            source="""
            def upgrade():
                op.drop_constraint("orders_user_id_fkey", "orders", type_="foreignkey")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")

            def downgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.create_foreign_key("orders_user_id_fkey", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every foreign key that begins to cascade."""
        for op in case.ops_for(self, ops.CreateForeignKey, ops.AddColumn):
            given = (op.definition,) if isinstance(op, ops.CreateForeignKey) else op.definition.constraints
            for key in given:
                if key.kind == "foreignkey" and _cascades(key.ondelete) and not self._cascaded_before(case, op, key):
                    parent = f"'{key.referred_table}'" if readable(key.referred_table) else "the table that it points to"
                    columns = join(key.columns) if key.columns else names(op)["column"]
                    holds_null = _holds_null(case, op, key)
                    known = isinstance(op, ops.AddColumn) or _is_known(case, op, key)
                    or_null = f", or SET NULL{'' if known else ' where it takes NULL'}" if holds_null else ""
                    found = names(op) | {"parent": parent, "columns": columns, "or_null": or_null}
                    found["set_null"] = "ON DELETE SET NULL" if op.sql else 'ondelete="SET NULL"'
                    wording = self.of_new_column if holds_null and _is_new(case, op, key) else None
                    yield self.found(case.migration, op, wording, **found)

    @staticmethod
    def _cascaded_before(case: MigrationCase, op: ops.Op, key: Constraint) -> bool:
        analysis = case.analysis(op)
        parents = names_of(analysis, key.referred_table)
        same = (former for former in dropped_before(analysis, op) if readable(former.referred_table))
        formers = [*analysis.predecessors(op), *(former for former in same if fold(str(former.referred_table)) in parents)]
        alike = [former for former in former_references(case, op) if _is_alike(former, key)]
        formers += [former for former in alike[-1:] if fold(str(former.referred_table)) in parents]
        return any(former.kind == "foreignkey" and _cascades(former.ondelete) for former in formers)


def _is_new(case: MigrationCase, op: ops.CreateForeignKey | ops.AddColumn, key: Constraint) -> bool:
    """Return whether a key is over columns that upgrade() adds, where no row has a parent yet."""
    given = (op.column,) if isinstance(op, ops.AddColumn) else key.columns
    table = case.state_before(op).table
    added = [op] if isinstance(op, ops.AddColumn) else [other for other in case.earlier(op) if isinstance(other, ops.AddColumn)]
    new = tuple(other.column for other in added if case.state_before(other).table is table)
    return isinstance(given, tuple) and bool(given) and all(has_name(new, name) for name in given)


def _holds_null(case: MigrationCase, op: ops.CreateForeignKey | ops.AddColumn, key: Constraint) -> bool:
    """Return whether the columns of a key may be set to NULL, as upgrade() leaves them: nothing requires a value in one."""
    given = (op.column,) if isinstance(op, ops.AddColumn) else key.columns if isinstance(key.columns, tuple) else ()
    table = _table_after(case, op)
    if table is None:
        return not isinstance(op, ops.AddColumn) or is_nullable(op.definition) is not False
    columns = {_name_at_the_end(table, name) for name in given if readable(name)}
    found = (table.columns.get(name) for name in columns)
    if any(isinstance(column, Column) and is_nullable(column) is False for column in found):
        return False
    primary = table.primary_key if isinstance(table.primary_key, tuple) else ()
    checks = (check.condition for check in table.known_constraints("check"))
    # a CHECK over what points somewhere mostly says which of several columns has to
    needed = {fold(str(name)) for name in primary}.union(*(map(fold, _WORD.findall(text)) for text in checks if readable(text)))
    return columns.isdisjoint(needed)


def _is_known(case: MigrationCase, op: ops.CreateForeignKey, key: Constraint) -> bool:
    """Return whether the history shows what the columns of a key are."""
    table, columns = _table_after(case, op), key.columns if isinstance(key.columns, tuple) else ()
    return table is not None and all(
        readable(name) and isinstance(table.columns.get(_name_at_the_end(table, name)), Column) for name in columns
    )


def _table_after(case: MigrationCase, op: ops.CreateForeignKey | ops.AddColumn) -> ReplayedTable | None:
    """Return the table of an operation as upgrade() leaves it, under the name that it has then; None if it is not known."""
    name = op.table
    for other in case.later(op):
        name = other.new_table if isinstance(other, ops.RenameTable) and other.table == name else name
    table = case.analysis(op).after_upgrade.table(name, op.schema) if readable(name) else None
    return table if isinstance(table, ReplayedTable) else None


def _name_at_the_end(table: ReplayedTable, column: str) -> str:
    is_former = ("column", fold(column)) in table.former_names
    return fold(str(table.current_name("column", column))) if is_former else fold(column)


def _is_alike(one: Constraint, other: Constraint) -> bool:
    """Return whether two foreign keys are over the same columns."""
    if not isinstance(one.columns, tuple) or not isinstance(other.columns, tuple) or not one.columns:
        return False
    return [fold(str(name)) for name in one.columns] == [fold(str(name)) for name in other.columns]


def _cascades(action: MaybeName) -> bool:
    return readable(action) and fold(action) == "cascade"
