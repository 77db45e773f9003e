"""MODIFY of MySQL and MariaDB says all of a column: what a downgrade calls existing is what the column is afterwards."""

import pytest

from tests.lint.test_downgrade_kinds import holds, told

CUPS = (
    'op.create_table("cups", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("size", sa.String(9)))',
    'op.drop_table("cups")',
)
REQUIRED = 'op.alter_column("cups", "size", existing_type=sa.String(9), nullable=False)'
WIDER = 'op.alter_column("cups", "size", type_=sa.String(90){})'


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        (WIDER.format(", existing_nullable=True"), "-MRT402"),
        (WIDER.format(""), "-MRT402"),
        (WIDER.format(", existing_nullable=False"), "+MRT402"),
        (f"{WIDER.format(', nullable=True')}\n{WIDER.format(', existing_nullable=False')}", "+MRT402"),
        ('op.alter_column("cups", "size", existing_type=sa.String(9), comment="how large")', "-MRT402"),
        ('op.alter_column("cups", "size", server_default="s")', "+MRT402"),
    ],
)
def test_a_column_is_null_again(downgrade: str, expected: str, dialect: str):
    assert holds(expected, told([CUPS, (REQUIRED, downgrade)], dialect))


def test_postgresql_keeps_what_is_called_existing():
    assert holds("+MRT402", told([CUPS, (REQUIRED, WIDER.format(", existing_nullable=True"))]))


def test_a_column_of_the_primary_key_stays_not_null():
    made = CUPS[0].replace('"size", sa.String(9)', '"size", sa.String(9), primary_key=True')
    assert holds("-MRT402", told([(made, CUPS[1]), (WIDER.format(", existing_nullable=False"), WIDER.format(""))], "mysql"))


ELSEWHERE = ('op.create_table("plates", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("plates")')
MODIFY = 'op.execute("ALTER TABLE cups MODIFY size VARCHAR(9) NOT NULL")'
FILL = 'op.execute("UPDATE cups SET size = 1 WHERE size IS NULL")'


@pytest.mark.parametrize(
    ("history", "upgrade", "expected"),
    [
        ([ELSEWHERE], REQUIRED, "-MRT402"),
        ([ELSEWHERE], MODIFY, "-MRT403"),
        ([ELSEWHERE], f"{FILL}\n{REQUIRED}", "+MRT402"),
        ([ELSEWHERE], f"{FILL}\n{MODIFY}", "+MRT403"),
        ([ELSEWHERE], REQUIRED.replace("nullable=False", "nullable=False, existing_nullable=True"), "+MRT402"),
        ([CUPS], REQUIRED, "+MRT402"),
        ([CUPS], MODIFY, "+MRT403"),
        ([], REQUIRED, "+MRT402"),
        ([], MODIFY, "+MRT403"),
    ],
)
@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_modify_may_repeat_what_a_table_made_elsewhere_was(
    history: list[tuple[str, str]], upgrade: str, expected: str, dialect: str
):
    assert holds(expected, told([*history, (upgrade, "op.execute('SELECT 1')")], dialect))


def test_set_not_null_says_that_a_column_took_null():
    for step, code in ((REQUIRED, "+MRT402"), ('op.execute("ALTER TABLE cups ALTER size SET NOT NULL")', "+MRT403")):
        assert holds(code, told([ELSEWHERE, (step, "op.execute('SELECT 1')")]))
