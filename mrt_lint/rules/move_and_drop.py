"""MRT208."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.constant_back import comes_back_constant
from mrt_lint.analysis.data_movement import DataMovement, movement, moves_back
from mrt_lint.analysis.moved_values import first_release, referred_and_dropped
from mrt_lint.analysis.overwritten_columns import written_by
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import way_back
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class MoveAndDrop(Rule):
    """One `upgrade()` adds a column, fills it from another and drops the source.

    Between the copy and the end of the deployment the older release still writes the old column, which no longer exists: its
    requests fail. And what the conversion dropped (a time zone, decimal places, rows that did not fit) cannot be looked up any more
    when it turns out to be wrong.
    """

    code = "MRT208"
    name = "move-and-drop"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade {moves} and drops {it} at once: {lost} is lost"
    instead = "{first} in this release, write both columns from the application, and drop {source} in a later release{then}{also}"
    copied = DialectWording(
        message="upgrade copies column {own} to {moves}{by} and drops it at once: downgrade() does not bring its values back",
        instead=(
            "drop {column} in a later release, and write both columns from the application until then; or copy the values back in "
            "downgrade(): add the column as it was, fill it from {target}, and only then drop that"
        ),
    )
    respelled = DialectWording(
        message=(
            "upgrade converts the texts of {the_column} to {moves} and drops it; downgrade() writes all of them in one spelling: "
            "one that had another is not what it was"
        ),
        instead=(
            "look before whether each value of {column} is what downgrade() writes for it; where some are not, drop {column} in a "
            "later release{also}, and write both columns from the application until then"
        ),
    )
    carried = DialectWording(
        message=(
            "upgrade carries the values of {the_column} over '{through}' to {moves} and drops both: downgrade() does not bring "
            "them back"
        ),
        instead="carry them back in downgrade() in the same way: {back}",
    )
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        (
            "All values are copied as they are to a column of the same type, or of one that holds them as they were, and "
            "`downgrade()` copies all of them back."
        ),
        "It is a boolean, whose two values are still two in the new column, and `downgrade()` works it out or chooses it again.",
        "But texts that become UUIDs in every row, of which `downgrade()` makes texts again, are a warning.",
        "They are bounds of a range that keeps both (`tstzrange(a, b, '[]')`), and `downgrade()` takes them out again.",
        "Nothing of the new column comes from the dropped one, or the one that goes was added in this upgrade, too.",
        "Python works the values out, and does not read the dropped column, or `downgrade()` works that out again.",
    )

    bad = (
        Example(
            title="Add, fill, drop in SQL and operations",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("full_name", sa.Text))
                op.execute("UPDATE users SET full_name = first_name || ' ' || last_name")
                op.drop_column("users", "first_name")  # MRT208
                op.drop_column("users", "last_name")  # MRT208
            """,
        ),
        Example(
            title="With Core, and a rename that takes the old name over",
            source="""
            users = sa.table("users", sa.column("age", sa.Text), sa.column("age_number", sa.Integer))

            def upgrade():
                op.add_column("users", sa.Column("age_number", sa.Integer))
                op.execute(users.update().values(age_number=sa.cast(users.c.age, sa.Integer)))
                op.drop_column("users", "age")  # MRT208
                op.alter_column("users", "age_number", new_column_name="age")
            """,
        ),
        Example(
            title="To another table",
            source="""
            def upgrade():
                op.add_column("profiles", sa.Column("phone", sa.Text))
                op.execute("UPDATE profiles SET phone = users.phone FROM users WHERE users.id = profiles.user_id")
                op.drop_column("users", "phone")  # MRT208
            """,
        ),
        Example(
            title="Worked out in Python, or written under its name to another table",
            source="""
            people = sa.table("people", sa.column("id"), sa.column("name"), sa.column("first"), sa.column("last"))
            notes = sa.table("notes", sa.column("user_id"), sa.column("note"))

            def upgrade():
                op.add_column("people", sa.Column("first", sa.Text))
                op.add_column("people", sa.Column("last", sa.Text))
                connection = op.get_bind()
                for row in connection.execute(sa.select(people.c.id, people.c.name)):
                    first, last = row.name.split()
                    connection.execute(people.update().where(people.c.id == row.id).values(first=first, last=last))
                for row in connection.execute(sa.text("SELECT id, note FROM users")):
                    connection.execute(notes.insert().values(user_id=row.id, note=row.note))
                op.drop_column("people", "name")  # MRT208
                op.drop_column("users", "note")  # MRT208
            """,
        ),
        Example(
            title="Moved back, but converted, or not all of them",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("phone", sa.String(20)), sa.Column("fax", sa.Text), sa.Column("age", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mobile", sa.String(20)))
                op.add_column("users", sa.Column("fax_number", sa.Text))
                op.add_column("users", sa.Column("age_number", sa.Integer))
                op.execute("UPDATE users SET mobile = trim(phone), age_number = age")
                op.execute("UPDATE users SET fax_number = fax WHERE fax <> ''")
                op.drop_column("users", "phone")  # MRT208
                op.drop_column("users", "fax")  # MRT208
                op.drop_column("users", "age")  # MRT208

            def downgrade():
                op.add_column("users", sa.Column("phone", sa.String(20)))
                op.add_column("users", sa.Column("fax", sa.Text))
                op.add_column("users", sa.Column("age", sa.Text))
                op.execute("UPDATE users SET phone = mobile, fax = fax_number, age = age_number")
                op.drop_column("users", "mobile")
                op.drop_column("users", "fax_number")
                op.drop_column("users", "age_number")
            """,
        ),
        Example(
            title="Read and written by the ORM, to another table",
            source="""
            from sqlalchemy import orm

            Base = orm.declarative_base()

            class Trial(Base):
                __tablename__ = "trials"
                id = sa.Column(sa.Integer, primary_key=True)
                value = sa.Column(sa.Float)

            class Value(Base):
                __tablename__ = "trial_values"
                id = sa.Column(sa.Integer, primary_key=True)
                trial_id = sa.Column(sa.Integer)
                value = sa.Column(sa.Float)

            def upgrade():
                session = orm.Session(bind=op.get_bind())
                session.bulk_save_objects([Value(trial_id=trial.id, value=trial.value) for trial in session.query(Trial).all()])
                op.drop_column("trials", "value")  # MRT208
            """,
        ),
    )
    good = (
        Example(
            title="The first of two releases: add and fill",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("full_name", sa.Text))
                with op.get_context().autocommit_block():
                    op.execute("UPDATE users SET full_name = first_name || ' ' || last_name")

            def downgrade():
                op.drop_column("users", "full_name")
            """,
        ),
        Example(
            title="Two columns that have nothing to do with each other (MRT201 reports that)",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean))
                op.execute("UPDATE users SET active = true")
                op.drop_column("users", "phone")
            """,
        ),
        Example(
            title="A constant is written, under the same name elsewhere or into a new column (MRT201 reports that)",
            source="""
            settings = sa.table("settings", sa.column("name"))

            def upgrade():
                op.execute(settings.insert().values(name="theme"))
                op.add_column("users", sa.Column("state", sa.Text))
                op.get_bind().execute(sa.text("UPDATE users SET state = :state"), {"state": "new"})
                op.drop_column("users", "name")
            """,
        ),
        Example(
            title="The new column is filled from another table's column of that name (MRT201 reports that)",
            source="""
            def upgrade():
                op.add_column("tries", sa.Column("task_key", sa.Integer))
                op.execute("UPDATE tries SET task_key = tasks.id FROM tasks WHERE tasks.name = tries.task_name")
                op.execute("UPDATE tries SET task_key = (SELECT id FROM tasks WHERE tasks.name = tries.task_name)")
                op.drop_column("tries", "id")
            """,
        ),
        Example(
            title="Copied as they are, and back",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("phone", sa.String(20)))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mobile", sa.String(20)))
                op.execute("UPDATE users SET mobile = phone")
                op.drop_column("users", "phone")

            def downgrade():
                op.add_column("users", sa.Column("phone", sa.String(20)))
                op.execute("UPDATE users SET phone = mobile")
                op.drop_column("users", "mobile")
            """,
        ),
        Example(
            title="Worked out in Python, both ways",
            source="""
            from shop import to_text, to_uuid

            team = sa.table("team", sa.column("id"), sa.column("uuid"), sa.column("code"))

            def upgrade():
                op.add_column("team", sa.Column("uuid", sa.Uuid()))
                connection = op.get_bind()
                for row in connection.execute(sa.select(team.c.id, team.c.code)):
                    connection.execute(team.update().where(team.c.id == row.id).values(uuid=to_uuid(row.code)))
                op.drop_column("team", "code")

            def downgrade():
                op.add_column("team", sa.Column("code", sa.Text))
                connection = op.get_bind()
                for row in connection.execute(sa.select(team.c.id, team.c.uuid)):
                    connection.execute(team.update().where(team.c.id == row.id).values(code=to_text(row.uuid)))
                op.drop_column("team", "uuid")
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.add_column("users", sa.Column("full_name", sa.Text))
                op.execute("UPDATE users SET full_name = name")
                op.drop_column("users", "name")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every dropped column whose values went to a new one."""
        for op in case.ops_for(self, ops.DropColumn):
            moved = movement(case, op)
            is_back = moved is None or moved.returned or moves_back(case, op)
            if moved is not None and not is_back and not case.state_before(op).new_column:
                yield self._of(case, op, moved)

    def _of(self, case: MigrationCase, op: ops.DropColumn, moved: DataMovement) -> Finding:
        what = names(op)
        targets = " and ".join(f"'{target}'" for target in moved.to)
        others = " and ".join(written_by(case, op, moved.to))
        words = {"target": moved.to[0], "also": others and f"; {others}, which the new values get into, is to wait for that, too"}
        words |= first_release(case, op, moved.to)
        if referred := referred_and_dropped(case, op):
            words["also"] += f"; table {referred}, which {what['column']} refers to, is to stay until then, too"
        if moved.through:
            back = way_back(op, moved.to[0])
            return self.found(case.migration, op, self.carried, **what, moves=targets, through=moved.through, back=back)
        if moved.respelled:
            words |= {"moves": targets, "also": others and f", {others} with it"}
            return replace(self.found(case.migration, op, self.respelled, **what, **words), severity=Severity.WARNING)
        if moved.whole:
            words |= {"moves": targets, "own": what["the_column"].partition(" ")[2], "by": " in Python" if moved.computed else ""}
            return self.found(case.migration, op, self.copied, **what, **words)
        words |= {"moves": f"moves the values of {what['the_column']} to {targets}", "it": "it", "lost": "what the move got wrong"}
        if moved.computed:
            moves = f"fills {targets} with what Python works out"
            words |= {"moves": moves, "it": what["the_column"], "lost": "what was not carried over"}
        if moved.chosen:
            words |= {"moves": f"fills {targets} by {what['the_column']}", "lost": "what that left out"}
        if comes_back_constant(case, op):
            words["lost"] = "downgrade() gives all rows one value, and every original one"
        return self.found(case.migration, op, **what, **words)
