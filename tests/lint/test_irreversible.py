"""A revision that declares itself irreversible: one finding says what is lost in it, one reason agrees to it."""

import json

import pytest

from tests.lint.conftest import Project, functions

DROPS = [
    'op.drop_column("users", "phone")',
    'op.drop_table("notes")',
    'op.execute("TRUNCATE logs")',
    'op.execute("DELETE FROM sessions")',
]
LOST = "column 'users.phone', table 'notes', the rows of table 'logs', the rows of table 'sessions'"


def findings(project: Project, upgrade: str, downgrade: str, *options: str) -> list[dict[str, object]]:
    project.migration("1", None, functions(upgrade, downgrade))
    return list(json.loads(project.mrt("check", "versions", "--format", "json", *options).out)["findings"])


@pytest.mark.parametrize(
    "downgrade",
    [
        'raise NotImplementedError("gone")',
        "raise Exception",
        'op.execute("SELECT 1")\nraise RuntimeError("no")',
        "assert False",
    ],
)
def test_one_finding_names_all_that_is_lost_and_is_as_severe(project: Project, downgrade: str):
    (finding,) = findings(project, "\n".join(DROPS), downgrade)
    assert (finding["code"], finding["severity"]) == ("MRT115", "error")
    assert str(finding["message"]).endswith(f", and this is lost for good: {LOST}")
    assert "'mrt explain MRT201'" in str(finding["instead"])


@pytest.mark.parametrize("downgrade", ["pass", 'if op.get_bind().execute("SELECT 1").scalar():\n    raise RuntimeError("no")'])
def test_where_nothing_is_declared_each_loss_is_a_finding(project: Project, downgrade: str):
    codes = {finding["code"] for finding in findings(project, "\n".join(DROPS), downgrade)}
    assert {"MRT201", "MRT202", "MRT203", "MRT214"} <= codes


def test_a_revision_that_loses_nothing_is_a_warning(project: Project):
    (finding,) = findings(project, 'op.execute("CREATE EXTENSION citext")', "raise RuntimeError()")
    assert (finding["code"], finding["severity"]) == ("MRT115", "warning")
    assert "lost for good" not in str(finding["message"])


def test_many_losses_are_counted(project: Project):
    (finding,) = findings(project, "\n".join(f'op.drop_column("users", "c{number}")' for number in range(9)), "raise KeyError")
    assert str(finding["message"]).endswith("column 'users.c4', 4 more")


def test_a_comment_on_the_line_of_a_loss_accepts_that_one(project: Project):
    (finding,) = findings(project, f"{DROPS[0]}  # noqa: MRT201\n{DROPS[1]}", "raise KeyError", "--extend-select", "MRT990")
    assert "'notes'" in str(finding["message"])
    assert "phone" not in str(finding["message"])


def test_a_reason_in_the_configuration_agrees_to_what_is_lost_and_to_nothing_else(project: Project):
    project.write("pyproject.toml", '[tool.mrt.irreversible]\n"1" = "no one calls"\n')
    index = 'op.create_index("ix", "users", ["name"])'
    assert [finding["code"] for finding in findings(project, f"{DROPS[0]}\n{index}", "raise KeyError")] == ["MRT407"]
    assert "1 accepted" in project.mrt("check", "versions").out


def test_a_reason_for_a_revision_that_does_not_refuse_agrees_to_nothing(project: Project):
    project.write("pyproject.toml", '[tool.mrt.irreversible]\n"1" = "no one calls"\n')
    back = 'op.add_column("users", sa.Column("phone", sa.Text))'
    assert [finding["code"] for finding in findings(project, DROPS[0], back)] == ["MRT201"]


def test_without_the_rule_nothing_is_folded(project: Project):
    assert [finding["code"] for finding in findings(project, DROPS[0], "raise KeyError", "--select", "MRT2")] == ["MRT201"]


def test_what_is_only_moved_is_not_lost(project: Project):
    upgrade = 'op.add_column("users", sa.Column("mobile", sa.Text()))\nop.execute("UPDATE users SET mobile = phone")\n' + DROPS[0]
    found = findings(project, upgrade, "raise KeyError")
    (finding,) = [each for each in found if each["code"] in {"MRT115", "MRT208"}]
    assert (finding["code"], finding["severity"]) == ("MRT115", "warning")
    assert str(finding["message"]).endswith(
        "cannot be rolled back; nothing brings back what it moves elsewhere: column 'users.phone'"
    )


def test_a_change_of_type_of_which_nothing_is_known_is_no_loss(project: Project):
    unread = (
        'for (name,) in op.get_bind().execute("SELECT 1"):\n    op.execute(f"ALTER TABLE {name} ALTER COLUMN {name} TYPE text")'
    )
    only = "--select", "MRT115,MRT303"
    (finding,) = findings(project, unread, "raise KeyError", *only)
    assert "lost for good" not in str(finding["message"])
    assert "keep what is lost" not in str(finding["instead"])
    (finding,) = findings(project, f'{unread}\nop.alter_column("a", "b", type_=sa.Integer())', "raise KeyError", *only)
    assert str(finding["message"]).endswith("lost for good: former values of column 'a.b'")


MADE = (
    'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("state", sa.Text()), sa.Column("role", sa.Text()))\n'
    'op.create_table("notes", sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", ondelete="CASCADE")))'
)
SET = "op.execute(\"UPDATE users SET state = 'on' WHERE state = 'active'\")"
DELETE = "op.execute(\"DELETE FROM users WHERE state = 'off'\")"
CORE = 'users = sa.table("users", sa.column("state"), sa.column("role"))\nbind = op.get_bind()\n'


@pytest.mark.parametrize(
    ("upgrade", "lost"),
    [
        (SET, "former values of column 'users.state'"),
        (
            f'{CORE}bind.execute(users.update().values(state="x", role="y"))',
            "former values of columns 'users.state' and 'users.role'",
        ),
        (f'{CORE}op.execute(sa.text(f"UPDATE users SET {{column()}} = 1"))', "former values of table 'users'"),
        (DELETE, "some rows of tables 'users' and 'notes'"),
        (f'{CORE}bind.execute(users.delete().where(users.c.role == "x"))', "some rows of tables 'users' and 'notes'"),
        ('op.execute("DELETE FROM notes WHERE user_id < 4")', "some rows of table 'notes'"),
        (f"{SET}\n{DELETE}", "former values of column 'users.state', some rows of tables 'users' and 'notes'"),
    ],
)
def test_values_that_are_overwritten_and_rows_that_are_deleted_are_lost_too(project: Project, upgrade: str, lost: str):
    project.migration("0", None, functions(MADE, "op.drop_table('notes')\nop.drop_table('users')"))
    project.migration("1", "0", functions(upgrade, "raise KeyError"))
    found = json.loads(project.mrt("check", "versions", "--format", "json", "--dialect", "postgresql").out)["findings"]
    (finding,) = [each for each in found if each["revision"] == "1"]
    assert (finding["code"], finding["severity"]) == ("MRT115", "warning")
    assert finding["message"].endswith(f", and this is lost for good: {lost}")


@pytest.mark.parametrize(
    "upgrade",
    [
        "op.execute(\"UPDATE users SET role = 'x' WHERE role IS NULL\")",
        'op.add_column("users", sa.Column("mail", sa.Text()))\nop.execute("UPDATE users SET mail = state")',
        f'op.execute("CREATE TABLE kept AS SELECT * FROM users")\n{SET}\n{DELETE}',
        'op.execute("DELETE FROM users WHERE 1 = 0")',
    ],
)
def test_what_is_filled_or_kept_elsewhere_is_not_lost(project: Project, upgrade: str):
    project.migration("0", None, functions(MADE, "op.drop_table('notes')\nop.drop_table('users')"))
    project.migration("1", "0", functions(upgrade, "raise KeyError"))
    assert "lost for good" not in project.mrt("check", "versions", "--format", "json").out


def test_without_the_rule_each_loss_is_told_by_its_own(project: Project):
    project.migration("0", None, functions(MADE, "op.drop_table('notes')\nop.drop_table('users')"))
    project.migration("1", "0", functions(f"{SET}\n{DELETE}", "raise KeyError"))
    select = "--select", "MRT103,MRT104"
    found = json.loads(project.mrt("check", "versions", "--format", "json", *select).out)["findings"]
    assert [(each["code"], each["message"].partition(", downgrade() raises")[1] != "") for each in found] == [
        ("MRT103", True),
        ("MRT104", True),
    ]
