"""Columns set NOT NULL that are so already, as far as earlier revisions and this one show (MRT213)."""

import pytest

from tests.lint.test_downgrade_kinds import holds, sql, told

PAGES = 'op.create_table("pages", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("title", sa.String(9), nullable={}))'
UNLESS = 'if not has_table("pages"):\n    '
AGAIN = 'op.alter_column("pages", "title", type_=sa.JSON(), postgresql_using="title::json", nullable=False)'
LOOSE, TIGHT = 'op.alter_column("pages", "title", nullable=True)', 'op.alter_column("pages", "title", nullable=False)'


@pytest.mark.parametrize(
    ("earlier", "upgrade", "expected"),
    [
        ([PAGES.format(False)], AGAIN, "-MRT213"),
        ([UNLESS + PAGES.format(False)], AGAIN, "-MRT213"),
        ([UNLESS + PAGES.format(True)], AGAIN, "+MRT213"),
        ([UNLESS + PAGES.format(True), TIGHT], AGAIN, "-MRT213"),
        ([UNLESS + PAGES.format(False), LOOSE], AGAIN, "+MRT213"),
        ([UNLESS + PAGES.format(False), 'op.drop_column("pages", "title")'], AGAIN, "+MRT213"),
        ([PAGES.format(False)], f"{LOOSE}\n{TIGHT}", "+MRT213"),
        ([PAGES.format(True)], f"{TIGHT}\n{AGAIN}", "+MRT213"),
        ([UNLESS + PAGES.format(False)], sql("ALTER TABLE pages ALTER title SET NOT NULL"), "-MRT213"),
    ],
)
def test_a_column_that_is_not_null_already_is_not_looked_through(earlier: list[str], upgrade: str, expected: str):
    assert holds(expected, told([*((body, "pass") for body in earlier), (upgrade, "pass")]))


def test_of_two_only_the_first_looks():
    found = [finding for finding in told([(PAGES.format(True), "pass"), (f"{TIGHT}\n{AGAIN}", "pass")]) if finding.code == "MRT213"]
    assert len(found) == 1
