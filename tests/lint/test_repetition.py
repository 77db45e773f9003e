"""One mistake is told once: which of several rules speaks where they would say the same."""

import textwrap

import pytest

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.rule import Context
from tests.lint.marked import read

FILE = 'import sqlalchemy as sa\nfrom alembic import op\nfrom helpers import anything\nrevision = "1"\ndown_revision = None\n'
UPDATE = 'op.execute("UPDATE t SET a = 1")'
RENAME = 'op.rename_table("t", "u")'
NOT_NULL = 'op.alter_column("t", "a", nullable=False)'
ADD = 'op.add_column("v", sa.Column("a", sa.Text))'
GRANT = 'op.execute("GRANT SELECT ON t TO reporting")'
DELETE = 'op.execute("DELETE FROM t")'
ENUM = "op.execute(\"ALTER TYPE mood ADD VALUE 'happy'\")"


def codes(upgrade: str, downgrade: str | None = "pass", *, only: tuple[str, ...] = ()) -> list[str]:
    """Give the codes of the default rules, or of some, for a migration with these bodies; those of locks are left out."""
    undo = f"\ndef downgrade():\n{textwrap.indent(downgrade, '    ')}\n" if downgrade is not None else ""
    migration = read(f"{FILE}\ndef upgrade():\n{textwrap.indent(upgrade, '    ')}\n{undo}")
    chosen = [rule for rule in rules.all_rules() if (rule.code in only if only else rule.default and rule.code != "MRT213")]
    return sorted(finding.code for finding in rules.check(migration, Context(history=History.of([migration])), chosen))


@pytest.mark.parametrize("upgrade", [UPDATE, RENAME, NOT_NULL, GRANT])
def test_a_missing_downgrade_is_told_once_not_of_everything_in_it(upgrade):
    assert codes(upgrade, None) == ["MRT101"]


@pytest.mark.parametrize(
    ("upgrade", "code"),
    [(UPDATE, "MRT103"), (GRANT, "MRT104"), (RENAME, "MRT301"), (DELETE, "MRT214"), (ENUM, "MRT304"), (NOT_NULL, "MRT402")],
)
def test_what_a_downgrade_that_does_nothing_leaves_behind_is_worth_a_word_each(upgrade, code):
    assert codes(upgrade) == ["MRT102", code]


def test_a_rule_that_is_asked_for_alone_speaks():
    assert codes(UPDATE, None, only=("MRT103",)) == ["MRT103"]
    assert codes(f"{ADD}\n{NOT_NULL}", only=("MRT402",)) == ["MRT402"]
    assert codes(UPDATE, only=("MRT102",)) == ["MRT102"]


def test_a_narrower_type_is_told_as_a_loss_beside_the_change():
    change = 'op.alter_column("t", "a", type_=sa.String(5), existing_type=sa.String(9))'
    back = 'op.alter_column("t", "a", type_=sa.String(9))'
    assert codes(change, back) == ["MRT215", "MRT303"]
