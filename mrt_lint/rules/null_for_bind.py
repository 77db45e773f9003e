"""MRT447."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import Op
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNSET, BoundText, Column, Constraint
from mrt_lint.parse.sql.binds import NullBind, find_null_bind

_WRITTEN = {
    "server_default": "DEFAULT {}",
    "existing_server_default": "DEFAULT {}",
    "sqltext": "GENERATED ALWAYS AS ({})",
    "condition": "CHECK ({})",
    "columns": "ON ({})",
}
"""How SQL has what is given as these arguments; any other is a WHERE."""
_PLAIN = re.compile(r"\s*'((?:[^']|'')*)'\s*(?:::[\w\s]+)?", re.ASCII)


class NullForBind(Rule):
    r"""A colon in a default, CHECK, generated column or index becomes NULL.

    SQLAlchemy takes `:name` for a bind in every `sa.text()`, and in the plain string of a CHECK, of `sa.Computed()` and of
    `postgresql_where`, inside of quotes, too. A statement that defines something takes no binds, so their values are written into
    it, and NULL for one without a value: `sa.text("'{\"gift\":true}'")` arrives as `'{"gift"NULL}'`. Nothing is raised unless
    the type refuses what is left, as JSON does; otherwise every new row gets the wrong value, or every wrong row passes.
    """

    code = "MRT447"
    name = "null-for-bind"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "SQLAlchemy takes “:{bind}” for a bind and writes NULL in its place: {what} gets {arrives}"
    instead = "{how}"
    back = DialectWording(message=message, instead=instead, consequence=Consequence.ROLLBACK_LEAVES_THINGS)
    manual = ("SQLAlchemy, text(): https://docs.sqlalchemy.org/en/20/core/sqlelement.html#sqlalchemy.sql.expression.text",)
    exemptions = (
        "bindparams() gives the bind a value, or may do so.",
        "The colon has a backslash before it, a letter or digit, or another colon beside it: a time, a slice, a cast.",
        "It is a `server_default` that is a plain string, which SQLAlchemy quotes, or an `sa.literal_column()`.",
        "Another database is declared than the one that `postgresql_where` or `sqlite_where` is for.",
    )

    bad = (
        Example(
            title="In the quotes of a default",
            source=r"""
            def upgrade():
                op.add_column("orders", sa.Column("options", sa.Text, server_default=sa.text("'{\"gift\":true}'")))  # MRT447

            def downgrade():
                op.drop_column("orders", "options")
            """,
        ),
        Example(
            title="In a CHECK, a generated column and an index",
            source="""
            def upgrade():
                op.create_table(  # MRT447
                    "links",
                    sa.Column("url", sa.Text),
                    sa.Column("bare", sa.Text, sa.Computed("replace(url, ':port', '')")),
                    sa.Column("kind", sa.Text, sa.CheckConstraint("kind <> ':none'")),
                )
                op.create_index("ix_links", "links", ["url"], postgresql_where=sa.text("kind = ':web'"))  # MRT447

            def downgrade():
                op.drop_table("links")
            """,
        ),
        Example(
            title="Outside of quotes",
            source="""
            def upgrade():
                op.drop_constraint("ck_total", "orders", type_="check")

            def downgrade():
                op.create_check_constraint("ck_total", "orders", sa.text("total > :least"))  # MRT447
            """,
        ),
    )
    good = (
        Example(
            title="With a backslash, as a plain string, or with a value",
            source=r"""
            def upgrade():
                op.add_column("orders", sa.Column("options", sa.Text, server_default=sa.text("'{\"gift\"\\:true}'")))
                op.add_column("orders", sa.Column("limits", sa.Text, server_default='{"most":5}'))
                op.create_table("caps", sa.Column("n", sa.Integer), sa.CheckConstraint(sa.text("n < :most").bindparams(most=9)))

            def downgrade():
                op.drop_table("caps")
                op.drop_column("orders", "limits")
                op.drop_column("orders", "options")
            """,
        ),
        Example(
            title="Colons that begin no bind",
            source="""
            def upgrade():
                op.add_column("shops", sa.Column("opened", sa.Text, server_default=sa.text("'12:30:00'")))
                op.add_column("shops", sa.Column("tags", sa.Text, server_default=sa.text("'{}'::text")))
                op.add_column("shops", sa.Column("note", sa.Text, server_default=sa.text("'open: always'")))

            def downgrade():
                op.drop_column("shops", "note")
                op.drop_column("shops", "tags")
                op.drop_column("shops", "opened")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every definition of either function in which a bind becomes NULL."""
        migration = case.migration
        for wording, operations in ((None, migration.upgrade_ops), (self.back, migration.downgrade_ops)):
            for op in operations:
                for what, text in _texts(op) if case.runs(op) else ():
                    bind = find_null_bind(text.text, text.bound)
                    if bind is not None and _is_written(case, op, text.argument):
                        arrives = _WRITTEN.get(text.argument, "WHERE {}").format(" ".join(bind.arrives.split()))
                        yield self.found(
                            migration, op, wording, bind=bind.name, what=what, arrives=arrives, how=_advice(text, bind)
                        )


def _texts(op: Op) -> Iterator[tuple[str, BoundText]]:
    """Yield what an operation defines by a `text()`, each with the name of the thing."""
    match op:
        case ops.CreateTable():
            parts: tuple[Column | Constraint, ...] = (
                *op.columns,
                *(own for column in op.columns for own in column.constraints),
                *op.constraints,
            )
            yield from ((f"{_named(part)} of {names(op)['the_table']}", text) for part in parts for text in part.texts)
        case ops.AddColumn():
            the_column = names(op)["the_column"]
            yield from ((the_column, text) for text in op.definition.texts)
            of_it = ((_named(own), text) for own in op.definition.constraints for text in own.texts)
            yield from ((f"{own} of {the_column}", text) for own, text in of_it)
        case ops.AlterColumn():
            yield from ((names(op)["the_column"], text) for text in op.texts)
        case ops.CreateIndex():
            yield from ((names(op)["the_index"], text) for text in op.texts)
        case ops.CreateConstraint():
            yield from ((names(op)["the_constraint"], text) for text in op.definition.texts)


def _named(part: Column | Constraint) -> str:
    kind = "column" if isinstance(part, Column) else "constraint"
    return f"{kind} '{part.name}'" if isinstance(part.name, str) else f"a {kind}"


def _is_written(case: MigrationCase, op: Op, argument: str) -> bool:
    """Return whether the database gets what is given as an argument: some concern one database only."""
    dialect = case.dialect(op)
    if argument == "existing_server_default":
        # MODIFY of MySQL has the whole column, whatever of it changes
        if dialect not in FAMILY or not isinstance(op, ops.AlterColumn) or op.server_default is not UNSET:
            return False
        return any(value is not UNSET for value in (op.nullable, op.type, op.new_column, op.autoincrement, op.comment))
    is_declared = case.target.dialect is not None or op.dialects is not None
    return not is_declared or not argument.endswith("_where") or argument == f"{dialect}_where"


def _advice(text: BoundText, bind: NullBind) -> str:
    if not bind.quoted:
        return f"give it a value: sa.text(…).bindparams({bind.name}=…), or write the value itself"
    how = f"write a backslash before the colon, which begins no bind then (\\\\:{bind.name} in Python)"
    plain = _PLAIN.fullmatch(text.text)
    if plain is None or text.argument != "server_default":
        return how
    value = plain[1].replace("''", "'").replace("\\:", ":")
    return f"{how}, or give the default as a plain string, which SQLAlchemy quotes: server_default=«{value}»"
