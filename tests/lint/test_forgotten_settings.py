"""What MODIFY of MySQL and MariaDB takes from a column without a word (MRT111): MariaDB is asked."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.lint.test_advice import run
from tests.lint.test_advice_on_mariadb import engine, op  # noqa: F401 - fixtures
from tests.lint.test_downgrade_kinds import HEAD, sql, told

MADE_CUPS = (
    'op.create_table("cups", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("size", sa.String(9), '
    'server_default="s", nullable=False, comment="how large"), sa.Column("made", sa.DateTime(), '
    'server_default=sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"), nullable=False))'
)
CUPS = (MADE_CUPS, 'op.drop_table("cups")')
ALL = "existing_nullable=False, existing_server_default='s', existing_comment='how large'"
WIDER = 'op.alter_column("cups", "size", existing_type=sa.String(9), type_=sa.String(90), {})'
BACK = 'op.alter_column("cups", "size", existing_type=sa.String(90), type_=sa.String(9), {})'
RENAMED = 'op.alter_column("cups", "{}", existing_type=sa.String(9), new_column_name="{}", {})'
BIG = 'op.alter_column("cups", "id", existing_type=sa.Integer(), type_=sa.BigInteger(), {})'
SMALL = 'op.alter_column("cups", "id", existing_type=sa.BigInteger(), type_=sa.Integer(), {})'
COUNTED = "existing_autoincrement=True"
MADE = 'op.alter_column("cups", "made", existing_type=sa.DateTime(), nullable={}, {})'
STAMP = 'existing_server_default=sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")'
LOST = "NOT NULL, the default 's' and the comment"


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "lost"),
    [
        (WIDER.format(ALL), BACK.format(ALL), ""),
        (WIDER.format(""), BACK.format(ALL), ""),
        (WIDER.format(""), BACK.format(""), f"upgrade takes {LOST}"),
        (WIDER.format(ALL), BACK.format(""), f"downgrade takes {LOST}"),
        (WIDER.format("existing_nullable=False"), BACK.format(ALL.replace("how large", "how big")), "upgrade takes the comment"),
        (WIDER.format(ALL), BACK.format("existing_nullable=False, existing_server_default='s'"), "downgrade takes the comment"),
        (RENAMED.format("size", "width", ALL), RENAMED.format("width", "size", ALL), ""),
        (RENAMED.format("size", "width", ALL), RENAMED.format("width", "size", ""), f"downgrade takes {LOST}"),
        (
            sql("ALTER TABLE cups RENAME COLUMN size TO width", "ALTER TABLE cups RENAME TO mugs"),
            sql("ALTER TABLE mugs RENAME TO cups", "ALTER TABLE cups CHANGE width size VARCHAR(9) NOT NULL DEFAULT 's'"),
            "downgrade takes the comment",
        ),
        (
            'op.alter_column("cups", "size", server_default="m")',
            'op.alter_column("cups", "size", server_default="s")',
            "",
        ),
        (BIG.format(COUNTED), SMALL.format(COUNTED), ""),
        (BIG.format("autoincrement=True"), SMALL.format("autoincrement=True"), ""),
        (BIG.format(""), SMALL.format(""), "upgrade takes AUTO_INCREMENT"),
        (
            sql("ALTER TABLE cups MODIFY id BIGINT NOT NULL AUTO_INCREMENT"),
            sql("ALTER TABLE cups MODIFY id INT NOT NULL"),
            "downgrade takes AUTO_INCREMENT",
        ),
        (MADE.format(True, STAMP), MADE.format(False, STAMP), ""),
        (
            MADE.format(True, ""),
            MADE.format(False, ""),
            "upgrade takes the default CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        ),
        (
            'op.alter_column("cups", "made", existing_type=sa.DateTime(), server_default=sa.text("CURRENT_TIMESTAMP"))',
            f'op.alter_column("cups", "made", existing_type=sa.DateTime(), {STAMP.replace("existing_", "")})',
            "upgrade takes NOT NULL",
        ),
    ],
)
def test_what_modify_takes_is_said(op, upgrade: str, downgrade: str, lost: str, dialect: str):  # noqa: F811 - the fixture
    tables = []
    for body in (CUPS[0], upgrade, downgrade):
        run(op, HEAD.format("a", None) + "def upgrade():\n    " + body.replace("\n", "\n    "))
        if body != upgrade:
            tables.append(op.get_bind().execute(sa.text("SHOW CREATE TABLE cups")).fetchone()[1])
    found = [one.message for one in told([CUPS, (upgrade, downgrade)], dialect) if one.code == "MRT111" and "takes" in one.message]
    is_same = tables[0] == tables[-1]
    assert is_same == (not lost)
    assert [message.partition(" from ")[0] for message in found] == ([lost] if lost else [])


def advice(upgrade: str, downgrade: str, dialect: str = "mysql") -> str:
    found = (one.instead for one in told([CUPS, (upgrade, downgrade)], dialect) if one.code == "MRT111" and "takes" in one.message)
    return next(found, "")


def test_what_is_advised_is_what_the_column_had():
    assert "existing_nullable=False, existing_server_default=sa.text(\"'s'\"), existing_comment=" in advice(
        WIDER.format(""), BACK.format("")
    )
    statement = sql("ALTER TABLE cups MODIFY size VARCHAR(90) NOT NULL DEFAULT 's'")
    assert "COMMENT 'how large'" in advice(statement, sql("ALTER TABLE cups MODIFY size VARCHAR(9) NOT NULL DEFAULT 's'"))


def test_what_upgrade_sets_itself_is_left_to_other_messages():
    kept = "existing_nullable=False, existing_comment='how large'"
    upgrade = f"{WIDER.format(kept)}\nop.alter_column('cups', 'size', server_default='m')"
    assert not advice(upgrade, BACK.format(f"{kept}, existing_server_default='m'"))
    assert advice(WIDER.format(kept), BACK.format(f"{kept}, existing_server_default='m'"))


def test_nothing_is_said_where_it_may_be_otherwise():
    lost = (WIDER.format(""), BACK.format(""))
    assert advice(*lost)
    assert not advice(*lost, dialect="postgresql")
    assert not advice(lost[0], "raise NotImplementedError")
    assert not advice(lost[0], f"{lost[1]}\nrepair(op)")
    assert not advice(f"if big():\n    {lost[0]}", f"if big():\n    {lost[1]}")


@pytest.mark.parametrize(
    ("column", "is_numbered"),
    [
        ('sa.Column("id", sa.Integer(), primary_key=True, server_default="7")', False),
        ('sa.Column("id", sa.Integer()), sa.PrimaryKeyConstraint("id")', True),
        ('sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False)', False),
        ('sa.Column("id", sa.Integer(), sa.ForeignKey("other.id"), primary_key=True)', False),
        ('sa.Column("id", sa.Integer(), primary_key=True), sa.Column("no", sa.Integer(), primary_key=True)', False),
    ],
)
def test_a_key_that_sqlalchemy_numbers_is_known(column: str, is_numbered: bool):
    made = (f'op.create_table("cups", {column})', 'op.drop_table("cups")')
    found = told([made, (BIG.format(""), SMALL.format(""))], "mysql")
    assert any("AUTO_INCREMENT" in one.message for one in found if one.code == "MRT111") == is_numbered


def test_sql_says_itself_what_is_numbered():
    for said in ("", " AUTO_INCREMENT"):
        made = (sql(f"CREATE TABLE cups (id INT PRIMARY KEY{said})"), 'op.drop_table("cups")')
        found = told([made, (BIG.format(""), SMALL.format(""))], "mysql")
        assert any("AUTO_INCREMENT" in one.message for one in found if one.code == "MRT111") == bool(said)
