"""What a parallel branch makes: on the way back it may be there or not, for its revisions run neither before nor after."""

import textwrap

import pytest

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.rule import Rule
from tests.lint.marked import read

RULES: dict[str, Rule] = {rule.code: rule for rule in rules.all_rules()}
HEADER = """
import sqlalchemy as sa
from alembic import op
revision = {!r}
down_revision = {!r}
"""
USERS = 'op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))'


def file(revision: str, parents: tuple[str, ...], upgrade: str, downgrade: str = "pass") -> str:
    bodies = (
        f"def {name}():\n{textwrap.indent(body, '    ')}\n" for name, body in (("upgrade", upgrade), ("downgrade", downgrade))
    )
    return HEADER.format(revision, parents) + "\n".join(bodies)


def found(code: str, beside: str, downgrade: str, parents: tuple[str, ...] = ("1",)) -> list[str]:
    """Give what a rule says of revision 3, beside which, or before which, revision 2 runs."""
    files = [
        file("1", (), USERS),
        file("2", ("1",), beside),
        file("3", parents, 'op.add_column("users", sa.Column("age", sa.Integer))', downgrade),
        file("4", ("2", "3"), "pass"),
    ]
    migrations = [read(source, f"versions/{number}.py") for number, source in enumerate(files, 1)]
    context = RuleContext(history=History.of(migrations))
    return [finding.message for finding in rules.check(migrations[2], context, [RULES[code]])]


@pytest.mark.parametrize(
    ("beside", "downgrade"),
    [
        ('op.create_table("notes", sa.Column("id", sa.Integer))', 'op.drop_table("notes")'),
        ('op.create_table("n", sa.Column("id", sa.Integer)); op.rename_table("n", "notes")', 'op.drop_table("notes")'),
        ('op.add_column("users", sa.Column("email", sa.Text))', 'op.drop_column("users", "email")'),
        ('op.create_index("ix_name", "users", ["name"])', 'op.drop_index("ix_name", table_name="users")'),
    ],
)
def test_a_downgrade_does_not_fail_for_certain_on_what_a_parallel_branch_makes(beside: str, downgrade: str):
    assert found("MRT117", beside, downgrade) == []
    assert found("MRT117", "pass", downgrade) != []


def test_a_table_of_a_parallel_branch_is_lost_in_a_downgrade_that_drops_it():
    create = 'op.create_table("notes", sa.Column("id", sa.Integer))'
    assert found("MRT113", create, 'op.drop_table("notes")') != []


def test_a_column_of_a_parallel_branch_is_lost_in_a_downgrade_that_drops_it():
    create = 'op.add_column("users", sa.Column("nick", sa.Text))'
    assert found("MRT113", create, 'op.drop_column("users", "nick")') != []
    assert found("MRT113", "pass", 'op.drop_column("users", "nick")') == []


def test_nothing_is_lost_in_a_downgrade_that_fails_on_a_table_that_nobody_makes():
    assert found("MRT113", "pass", 'op.drop_table("notes")') == []
    assert found("MRT117", "pass", 'op.drop_table("notes")') != []
