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


@pytest.mark.parametrize("upgrade", [UPDATE, RENAME, NOT_NULL, GRANT])
def test_so_is_one_that_does_nothing_beside_what_no_rule_names(upgrade):
    assert codes(f"{ADD}\n{upgrade}") == ["MRT102"]


@pytest.mark.parametrize(
    ("upgrade", "code"), [(UPDATE, "MRT103"), (GRANT, "MRT104"), (RENAME, "MRT301"), (DELETE, "MRT214"), (ENUM, "MRT304")]
)
def test_a_rule_that_names_all_that_is_left_speaks_instead(upgrade, code):
    assert codes(upgrade) == [code]


def test_what_is_lost_for_good_is_told_beside_a_downgrade_that_does_nothing():
    assert codes(f"{ADD}\n{DELETE}\n{ENUM}") == ["MRT102", "MRT214", "MRT304"]


def test_a_changed_schema_stays_an_error_where_only_a_warning_names_the_change():
    assert codes(NOT_NULL) == ["MRT102", "MRT402"]


def test_a_part_that_cannot_be_read_is_named_by_nobody():
    assert codes(f"{UPDATE}\nanything(op)") == ["MRT102"]


def test_a_rule_that_is_asked_for_alone_speaks():
    assert codes(UPDATE, None, only=("MRT103",)) == ["MRT103"]
    assert codes(f"{ADD}\n{NOT_NULL}", only=("MRT402",)) == ["MRT402"]
    assert codes(UPDATE, only=("MRT102",)) == ["MRT102"]


def test_a_narrower_type_is_told_as_a_loss_and_not_as_a_change_besides():
    change = 'op.alter_column("t", "a", type_=sa.String(5), existing_type=sa.String(9))'
    back = 'op.alter_column("t", "a", type_=sa.String(9))'
    assert codes(change, back) == ["MRT215"]
    assert codes(change, back, only=("MRT303",)) == ["MRT303"]
