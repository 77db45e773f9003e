"""MRT219."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.analysis.inserted_kinds import asks_for_column, asks_for_new, kind_asked_for, may_have_been, others_asked_for
from mrt_lint.analysis.row_copy import kept_before
from mrt_lint.analysis.row_deletion import (
    are_kept,
    deletions,
    dropped_child,
    empties,
    insertions,
    makes_fit,
    may_come_along,
    parent_deleted_next,
)
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class DeletedRows(Rule):
    """`downgrade()` deletes rows that `upgrade()` did not insert.

    A rollback is to leave the data as it was. These rows were there before, or the application has written them since; DELETE
    succeeds without a word, and takes rows along that refer to them with ON DELETE CASCADE.
    """

    code = "MRT219"
    name = "deleted-rows"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "downgrade deletes rows of {the_table}, into which upgrade inserts none: they are lost in a rollback"
    instead = "leave them, or keep them first: {keep}; where they are worthless, say so behind '# noqa: MRT219'"
    of_children = DialectWording(
        message=message,
        instead=(
            "those of {parent} that they refer to go next, so they cannot stay: point them to others before, or keep them first: "
            "{keep}; where they are worthless, say so behind '# noqa: MRT219'"
        ),
    )
    everything = DialectWording(
        message="downgrade deletes every row of {the_table}, also those that upgrade did not insert: they are lost in a rollback",
        instead=("delete with WHERE only what upgrade() inserts; if all have to go, keep them first: {keep}"),
    )
    pattern = DialectWording(
        message="downgrade deletes rows of {the_table} by a pattern that others meet as well: those are lost in a rollback",
        instead="name the rows that upgrade() inserts by their keys, or mark them in a column of their own",
    )
    kind = DialectWording(
        message="downgrade deletes every row of {the_table} with {kind}, also those that upgrade did not insert: these are lost",
        instead=(
            "name the rows that upgrade() inserts by their keys, or mark them in a column of their own; where the older release "
            "cannot read the others, keep them first: {keep}"
        ),
    )
    subtype = DialectWording(
        message=kind.message,
        instead=(
            "the rest of such rows is in {child}, which downgrade() drops, so that the older release cannot read them: keep both "
            "first: {keep}; where they are worthless, say so behind '# noqa: MRT219'"
        ),
    )
    foreign = DialectWording(
        message="downgrade deletes rows of {the_table} with {kind}, of which upgrade inserts none: they are lost in a rollback",
        instead="ask for no other rows than upgrade() inserts; check the values",
    )
    spared = DialectWording(
        message="downgrade deletes rows of {the_table} that upgrade inserts only if they are not there: one from before is lost",
        instead=(
            "note the keys of the rows that upgrade() inserts in a table of its own (on PostgreSQL by RETURNING), and delete only "
            "these in downgrade(); where the row cannot be older, say so behind '# noqa: MRT219'"
        ),
    )
    unfit = DialectWording(
        message=(
            "downgrade deletes rows of {the_table} that the older schema cannot hold: those written since the upgrade are lost in "
            "a rollback"
        ),
        instead=(
            "change them to what it can hold, or keep them first: {keep}; where they are worthless, say so behind '# noqa: MRT219'"
        ),
    )
    manual = ("PostgreSQL, DELETE: https://www.postgresql.org/docs/current/sql-delete.html",)
    exemptions = (
        "The table is made or dropped in this migration, or belongs to the database itself.",
        "`upgrade()` inserts rows there, and WHERE names these by a key, or by values that no row could have before.",
        "`upgrade()` empties the table itself: MRT203 and MRT214 report that.",
        "The rows are copied to another table.",
        "They are marked in a column that `upgrade()` adds, or `downgrade()` then drops a column by which they are known.",
        "It is under a condition, or `upgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Every row",
            source="""
            def upgrade():
                op.add_column("pools", sa.Column("type", sa.Text))
                op.execute("INSERT INTO kinds (name) VALUES ('new')")

            def downgrade():
                op.execute("DELETE FROM kinds")  # MRT219
                op.drop_column("pools", "type")
                op.execute("TRUNCATE visits")  # MRT219
            """,
        ),
        Example(
            title="What was only changed, and what others meet as well",
            source="""
            def upgrade():
                op.execute("UPDATE roles SET name = 'owner' WHERE name = 'admin'")
                op.execute("INSERT INTO limits (name, value) SELECT 'tag:' || tag, value FROM old_limits")

            def downgrade():
                op.execute("DELETE FROM roles WHERE name = 'owner'")  # MRT219
                op.execute("DELETE FROM limits WHERE name LIKE 'tag:%'")  # MRT219
            """,
        ),
        Example(
            title="What the former table cannot hold",
            source="""
            def upgrade():
                op.alter_column("notes", "user_id", existing_type=sa.Integer, nullable=True)

            def downgrade():
                op.execute("DELETE FROM notes WHERE user_id IS NULL")  # MRT219
                op.alter_column("notes", "user_id", existing_type=sa.Integer, nullable=False)
            """,
        ),
        Example(
            title="A kind of rows, and values that upgrade does not insert",
            source="""
            kinds = sa.table("kinds", sa.column("name"), sa.column("family"))

            def upgrade():
                op.bulk_insert(kinds, [{"name": "a", "family": "new"}, {"name": "b", "family": "new"}])

            def downgrade():
                op.execute(kinds.delete().where(kinds.c.family == "new"))  # MRT219
                op.execute("DELETE FROM kinds WHERE name IN ('a', 'b', 'c')")  # MRT219
            """,
        ),
    )
    good = (
        Example(
            title="What upgrade inserts, by its keys",
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('a'), ('b')")

            def downgrade():
                op.execute("DELETE FROM kinds WHERE name IN ('a', 'b')")
            """,
        ),
        Example(
            title="Copied first, or of a table of this migration's own",
            source="""
            def upgrade():
                op.create_table("drafts", sa.Column("id", sa.Integer))

            def downgrade():
                op.execute("CREATE TABLE visits_backup AS SELECT * FROM visits")
                op.execute("DELETE FROM visits")
                op.execute("DELETE FROM drafts")
                op.drop_table("drafts")
            """,
        ),
        Example(
            title="Marked as new in a column of their own",
            source="""
            def upgrade():
                op.add_column("notes", sa.Column("source", sa.Text))

            def downgrade():
                op.execute("DELETE FROM notes WHERE source = 'import'")
                op.drop_column("notes", "source")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every deletion of rows that are not known to be upgrade's own."""
        unfit: set[TrackedTable] = set()
        for op, table in deletions(case):
            if are_kept(case, op, table) or empties(case, op, table):
                continue
            found = names(op, case.dialect(op)) | {"keep": kept_before(case, op)}
            doubts = case.analysis(op).upgrade_doubts
            if isinstance(op, ops.Truncate) or op.where is False:
                if doubts.anything:
                    continue
                yield replace(self.found(case.migration, op, self.everything, **found), severity=Severity.ERROR)
            elif op.where is True and makes_fit(case, op, table):
                if table not in unfit and _takes_unfit(case, op, table):
                    yield self.found(case.migration, op, self.unfit, **found)
                    unfit.add(table)
            elif op.where is True:
                yield from self._of_some(case, op, table)

    def _of_some(self, case: MigrationCase, op: ops.Delete, table: TrackedTable) -> Iterator[Finding]:
        """Yield a finding for a deletion of some rows that takes others than those which upgrade() inserts."""
        found = names(op, case.dialect(op)) | {"keep": kept_before(case, op)}
        inserts = insertions(case, op, table)
        if inserts:
            if op.by_value is False:
                yield self.found(case.migration, op, self.pattern, **found)
            elif other := others_asked_for(case, op, table):
                yield self.found(case.migration, op, self.foreign, **found, kind=other)
            elif kind := kind_asked_for(case, op, table):
                if child := dropped_child(case, op):
                    found |= {"child": names(child)["the_table"], "keep": f"{found['keep']}; {kept_before(case, child)}"}
                yield self.found(case.migration, op, self.subtype if child else self.kind, **found, kind=kind)
            elif may_have_been(case, op, table):
                yield self.found(case.migration, op, self.spared, **found)
        elif not case.analysis(op).upgrade_doubts.rows and not may_come_along(case, op):
            parent = parent_deleted_next(case, op, table)
            yield self.found(case.migration, op, self.of_children if parent else None, **found, parent=parent)


def _takes_unfit(case: MigrationCase, op: ops.Delete, table: TrackedTable) -> bool:
    """Return whether rows go that do not fit the narrower table; those that a new column marks go with it."""
    if isinstance(makes_fit(case, op, table), ops.DropColumn) or asks_for_column(case, op):
        return False
    return not insertions(case, op, table) or asks_for_new(case, op, table)
