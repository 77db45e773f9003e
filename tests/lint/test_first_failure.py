"""A downgrade that fails is said to fail, once; that what follows is left behind is no finding of its own."""

import inspect

import pytest
from alembic.operations import BatchOperations, Operations

from mrt_lint.model.ops.signatures import BATCH, OPERATIONS, most
from tests.lint.test_downgrade_kinds import told

USERS = (
    (
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))\n'
        'op.create_index("ix_name", "users", ["name"])'
    ),
    'op.drop_table("users")',
)
ADD = 'with op.batch_alter_table("users") as batch:\n    batch.add_column(sa.Column("quota", sa.Integer()))'


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize(
    ("call", "takes"),
    [
        (
            'batch.drop_column("users", "quota")',
            "batch.drop_column() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.alter_column("users", "name")',
            "batch.alter_column() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.drop_index("users", "ix_name")',
            "batch.drop_index() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.create_unique_constraint("uq", "users", ["name"])',
            "batch.create_unique_constraint() raises TypeError, for it takes 2 positional arguments and gets 3",
        ),
        (
            'batch.create_foreign_key("users", "fk", "users", ["quota"], ["id"])',
            "batch.create_foreign_key() raises TypeError, for it takes 4 positional arguments and gets 5",
        ),
    ],
)
def test_an_argument_too_many_is_the_one_finding(dialect, call, takes):
    down = f'with op.batch_alter_table("users") as batch:\n    {call}'
    said = [finding for finding in told([USERS, (ADD, down)], dialect) if finding.severity.value == "error"]
    assert [(finding.code, finding.message) for finding in said] == [("MRT121", f"downgrade fails here: {takes}")]
    assert said[0].instead == "leave the table out of its arguments: the batch has it"


def test_an_argument_too_many_outside_of_a_batch_is_found_as_well():
    said = [finding for finding in told([USERS, (ADD, 'op.drop_column("users", "quota", "public")')]) if finding.code == "MRT121"]
    assert "op.drop_column() raises TypeError, for it takes 2 positional arguments and gets 3" in said[0].message


@pytest.mark.parametrize(
    "call", ['batch.drop_column("quota")', "batch.drop_column(*names)", 'batch.drop_column(column_name="quota")']
)
def test_a_right_call_is_none(call):
    down = f'names = ["quota"]\nwith op.batch_alter_table("users") as batch:\n    {call}'
    assert not [finding for finding in told([USERS, (ADD, down)]) if finding.severity.value == "error"]


@pytest.mark.parametrize(("kind", "batch"), [(Operations, False), (BatchOperations, True)])
def test_alembic_takes_as_many_positional_arguments(kind, batch):
    for name in BATCH if batch else OPERATIONS:
        if (at_most := most(name, batch=batch)) is not None:
            parameters = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
            assert not any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters), name
            positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            assert len(positional) == at_most, name


@pytest.mark.parametrize(
    "upgrade",
    [
        'try:\n    op.create_index("ix_name", "users", ["name"])\nexcept Exception as error:\n    print(error)',
        'if missing():\n    op.create_index("ix_name", "users", ["name"])',
        'op.create_index("ix_name", "users", ["name"], if_not_exists=True)',
    ],
)
def test_an_index_that_was_there_and_is_dropped_in_downgrade_is_not_left_behind(upgrade):
    said = told([USERS, (upgrade, 'op.drop_index("ix_name", "users")')])
    assert "MRT110" not in {finding.code for finding in said}
    assert (
        "MRT110" in {finding.code for finding in told([USERS, (upgrade.replace("ix_name", "ix_new"), "op.execute('SELECT 1')")])}
        or "if_not" in upgrade
    )


NAMES = 'op.create_table("names", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Text()), sa.Column("b", sa.Text()))'
OLD = 'op.create_unique_constraint("old", "names", ["a", "b"])\nop.create_index("ix_old", "names", ["b"])'
NEW = 'op.create_unique_constraint(None, "names", ["a"])'


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ('op.drop_constraint("old", "names")', "at the drop of constraint 'old'"),
        ('op.execute("ALTER TABLE names DROP CONSTRAINT old")', "at the drop of constraint 'old'"),
        ('op.drop_index("ix_old", table_name="names")', "at the drop of index 'ix_old'"),
        ('op.drop_column("names", "b")', "at the drop of column 'names.b'"),
        ('op.drop_index("ix_old", table_name="names", if_exists=True)', ""),
        ("pass", ""),
    ],
)
@pytest.mark.parametrize(
    "made", [NEW, 'op.create_index("ix_new", "names", ["a"])', 'op.add_column("names", sa.Column("c", sa.Text()))']
)
def test_the_next_upgrade_fails_where_it_drops_what_is_gone(dropped, words, made):
    said = told([(f"{NAMES}\n{OLD}", "pass"), (f"{dropped}\n{made}", "op.execute('SELECT 1')")])
    (finding,) = (finding for finding in said if finding.code == "MRT110")
    assert finding.message.endswith(words or ("a second one" if made is NEW else "because it exists already"))
    assert ("fails before it" in finding.message) is bool(words)


def test_what_downgrade_makes_again_the_next_upgrade_drops():
    back = 'op.create_index("ix_old", "names", ["b"])'
    said = told([(f"{NAMES}\n{OLD}", "pass"), (f'op.drop_index("ix_old", table_name="names")\n{NEW}', back)])
    (finding,) = (finding for finding in said if finding.code == "MRT110")
    assert "second one" in finding.message


KEY = 'op.add_column("names", sa.Column("kind_id", sa.Integer()))\nop.create_foreign_key("fk_kind", "names", "kinds", ["kind_id"], ["id"])'
KINDS = 'op.create_table("kinds", sa.Column("id", sa.Integer(), primary_key=True))'
TAGS = 'op.create_table("tags", sa.Column("id", sa.Integer(), sa.ForeignKey("kinds.id")))'
DROP_KINDS = 'op.drop_table("kinds")'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize(
    ("upgrade", "wrong", "right"),
    [
        (f"{KINDS}\n{TAGS}", ("op.drop_table({})", "tag"), ("table 'tags'", "tags")),
        (f"{KINDS}\n{TAGS}", ('op.execute("DROP TABLE " + {})', "tag"), ("table 'tags'", "tags")),
        (
            f"{KINDS}\n{KEY}",
            ('op.drop_constraint({}, "names", type_="foreignkey")', "fk_kinds"),
            ("foreign key 'fk_kind'", "fk_kind"),
        ),
    ],
)
def test_what_is_dropped_by_a_wrong_name_is_named_where_it_is_in_the_way(upgrade, wrong, right, is_first, dialect):
    def downgrade(name):
        steps = [wrong[0].format(repr(name)), DROP_KINDS]
        return "\n".join(steps if is_first else steps[::-1])

    said = {finding.code: finding for finding in told([(NAMES, "pass"), (upgrade, downgrade(wrong[1]))], dialect)}
    assert said["MRT112"].instead == f"drop {right[0]} before it, by that name and not as '{wrong[1]}'"
    misnamed = said.get("MRT117") or said["MRT116"]
    assert misnamed.instead.endswith(right[1] if misnamed.code == "MRT116" else f"write '{right[1]}'")
    followed = told([(NAMES, "pass"), (upgrade, "\n".join([wrong[0].format(repr(right[1])), DROP_KINDS]))], dialect)
    assert not {"MRT112", "MRT116", "MRT117"} & {finding.code for finding in followed}


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_the_names_of_constraints_are_those_that_upgrade_leaves(dialect):
    downgrade = 'op.drop_constraint("fk_kinds", "names", type_="foreignkey")\nop.drop_column("names", "kind_id")'
    said = told([(f"{NAMES}\n{KINDS}", "pass"), (KEY, downgrade)], dialect)
    (finding,) = (finding for finding in said if finding.code == "MRT116")
    assert finding.instead == "look up the name where the history makes the constraint: fk_kind"


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (f"{KINDS}\n{TAGS}", f"{DROP_KINDS}\nop.drop_table('tags')"),
        (f"{KINDS}\n{TAGS}\n{TAGS.replace('tags', 'marks')}", f"{DROP_KINDS}\nop.drop_table('tag')"),
    ],
)
def test_without_one_right_name_the_order_is_what_is_wrong(upgrade, downgrade):
    said = {finding.code: finding for finding in told([(NAMES, "pass"), (upgrade, downgrade)])}
    assert said["MRT112"].instead.startswith("undo in downgrade() the last step of upgrade() first")


@pytest.mark.parametrize(
    ("code", "statement"),
    [("MRT121", 'op.execute("UPDATE t SET a = (1")'), ("MRT116", 'op.drop_constraint(None, "t", type_="unique")')],
)
def test_a_failure_counts_as_that_of_the_function_that_it_is_in(code: str, statement: str):
    for upgrade, downgrade, consequence in ((statement, "pass", "deploy fails"), ("pass", statement, "rollback fails")):
        found = [finding for finding in told([("pass", "pass"), (upgrade, downgrade)]) if finding.code == code]
        assert [finding.consequence.value for finding in found] == [consequence]
