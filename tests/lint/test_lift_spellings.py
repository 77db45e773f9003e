"""However a call is spelled, it is the same operation."""

import pytest

from mrt_lint.model.ops import AddColumn, CreateForeignKey, CreateIndex, DropColumn, Execute
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Constraint, SqlType
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import HEADER, compose, lift_text, lift_upgrade

DROP = (DropColumn(table="users", column="phone"),)

SPELLINGS = {
    "positional": ('op.drop_column("users", "phone")', ""),
    "keywords": ('op.drop_column(column_name="phone", table_name="users")', ""),
    "mixed": ('op.drop_column("users", column_name="phone")', ""),
    "alias of op": ('o.drop_column("users", "phone")', "from alembic import op as o"),
    "import alembic": ('alembic.op.drop_column("users", "phone")', "import alembic"),
    "from-import": ('drop_column("users", "phone")', "from alembic.op import drop_column"),
    "from-import with alias": ('gone("users", "phone")', "from alembic.op import drop_column as gone"),
    "star import": ('drop_column("users", "phone")', "from alembic.op import *"),
    "assigned function": ('f = op.drop_column\nf("users", "phone")', ""),
    "op.f": ('op.drop_column("users", op.f("phone"))', ""),
    "constants": ("op.drop_column(TABLE, COLUMN)", 'TABLE = "users"\nCOLUMN: str = "phone"'),
    "local constants": ('t, c = "users", "phone"\nop.drop_column(t, c)', ""),
    "f-string": ('op.drop_column(f"{T}s", f"{\'ph\'}one")', 'T = "user"'),
    "concatenation": ('op.drop_column("us" + "ers", "ph" "one")', ""),
    "format": ('op.drop_column("{}ers".format("us"), "{a}{b}".format(a="ph", b="one"))', ""),
    "percent": ('op.drop_column("%s" % "users", "%(a)s" % {"a": "phone"})', ""),
    "join": ('op.drop_column("".join(["us", "ers"]), "phone".lower())', ""),
    "star": ('op.drop_column(*("users", "phone"))', ""),
    "star keywords": ('op.drop_column(**{"table_name": "users", "column_name": "phone"})', ""),
    "partial": ('partial(op.drop_column, "users")("phone")', "from functools import partial"),
    "lambda": ('(lambda c: op.drop_column("users", c))("phone")', ""),
    "lambda with default": ('f = lambda c, t="users": op.drop_column(t, c)\nf("phone")', ""),
    "loop": ('for c in ("phone",):\n    op.drop_column("users", c)', ""),
    "loop over constant": ("for c in COLUMNS:\n    op.drop_column(TABLE, c)", 'TABLE = "users"\nCOLUMNS = ["phone"]'),
    "loop with enumerate": ('for i, c in enumerate(["phone"]):\n    op.drop_column("users", c)', ""),
    "loop with zip": ('for t, c in zip(["users"], ["phone"]):\n    op.drop_column(t, c)', ""),
    "loop over items": ('for t, cs in {"users": ["phone"]}.items():\n    for c in cs:\n        op.drop_column(t, c)', ""),
    "loop over range": ('for i in range(1):\n    op.drop_column("users", ["phone"][i])', ""),
    "loop over generator": ('for c in names():\n    op.drop_column("users", c)', 'def names():\n    yield "phone"'),
    "comprehension": ('[op.drop_column("users", c) for c in ["phone"]]', ""),
    "filtered comprehension": ('[op.drop_column("users", c) for c in ["phone", "x"] if c != "x"]', ""),
    "while": ('i = 0\nwhile i < 1:\n    op.drop_column("users", "phone")\n    i += 1', ""),
    "helper": ("drop()", 'def drop():\n    op.drop_column("users", "phone")'),
    "helper with arguments": ('drop("phone", t="users")', "def drop(c, *, t):\n    op.drop_column(t, c)"),
    "helper with default": ('drop("phone")', 'def drop(c, t="users"):\n    op.drop_column(t, c)'),
    "helper with star": ('drop("users", "phone")', "def drop(*args, **kwargs):\n    op.drop_column(*args, **kwargs)"),
    "helper given op": ("drop(op)", 'def drop(o):\n    o.drop_column("users", "phone")'),
    "helper that returns a name": ('op.drop_column(table(), "phone")', 'def table():\n    return "users"'),
    "nested function": ('def drop(c):\n    op.drop_column(t, c)\nt = "users"\ndrop("phone")', ""),
    "method": (
        'Cleaner("users").drop("phone")',
        CLEANER := "class Cleaner:\n    def __init__(self, t):\n        self.t = t\n\n"
        "    def drop(self, c):\n        op.drop_column(self.t, c)",
    ),
    "conditional expression": ('op.drop_column("users" if 1 else "x", "phone")', ""),
    "class attribute": ("op.drop_column(Names.table, Names.column)", 'class Names:\n    table = "users"\n    column = "phone"'),
    "model": (
        'op.drop_column(User.__tablename__, "phone")',
        'class User(orm.declarative_base()):\n    __tablename__ = "users"\n    id = sa.Column(sa.Integer, primary_key=True)',
    ),
    "enum member": ('op.drop_column(T.A.value, "phone")', 'import enum\n\nclass T(enum.Enum):\n    A = "users"'),
    "batch": ('with op.batch_alter_table("users") as batch_op:\n    batch_op.drop_column("phone")', ""),
    "batch by keyword": (
        'with op.batch_alter_table(table_name="users", recreate="always") as b:\n    b.drop_column(column_name="phone")',
        "",
    ),
    "batch in a helper": (
        'with batch("users") as b:\n    b.drop_column("phone")',
        "def batch(t):\n    return op.batch_alter_table(t)",
    ),
    "batch in a context manager": (
        'with batch("users") as b:\n    b.drop_column("phone")',
        "import contextlib\n\n@contextlib.contextmanager\ndef batch(t):\n    with op.batch_alter_table(t) as b:\n        yield b",
    ),
    "batch handed on": ('with op.batch_alter_table("users") as b:\n    drop(b)', 'def drop(b):\n    b.drop_column("phone")'),
    "match": ('match "a":\n    case "b":\n        op.drop_table("x")\n    case _:\n        op.drop_column("users", "phone")', ""),
    "walrus": ('if (t := "users"):\n    op.drop_column(t, "phone")', ""),
    "try": ('try:\n    op.drop_column("users", "phone")\nexcept Exception:\n    pass', ""),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_of_a_dropped_column_is_the_same_certain_operation(name):
    upgrade, module = SPELLINGS[name]
    assert lift_upgrade(upgrade, module=module) == DROP


def test_an_early_batch_does_not_leak_its_table_into_a_nested_one():
    ops = lift_upgrade("""
        with op.batch_alter_table("a", schema="s") as outer:
            with op.batch_alter_table("b") as inner:
                inner.drop_column("x")
            outer.drop_column("y")
    """)
    assert ops == (DropColumn(table="b", column="x"), DropColumn(table="a", column="y", schema="s"))
    assert all(op.batch for op in ops)


def test_a_name_that_is_not_known_is_unknown_and_listed_never_guessed():
    migration = lift_text(compose('op.drop_column(input(), "phone")'))
    assert migration.upgrade_ops == (DropColumn(table=UNKNOWN, column="phone"),)
    [unreadable] = migration.unreadable
    assert unreadable.source == 'op.drop_column(input(), "phone")'
    assert not migration.readable("upgrade")
    assert migration.readable("downgrade")


def test_a_partly_known_name_is_unknown_and_a_partly_known_statement_has_a_hole():
    source = compose('x = load()\nop.drop_column(f"a_{x}", "c")\nop.execute(f"DROP TABLE {x}")', module="from project import load")
    first, second = parse_migration(source.encode(), "m.py").upgrade_ops
    assert first == DropColumn(table=UNKNOWN, column="c")
    assert second == Execute(statement=f"DROP TABLE {HOLE}")


def test_a_loop_over_what_is_not_known_is_lifted_once_in_doubt():
    assert lift_upgrade('for t in load():\n    op.drop_column(t, "c")', module="from project import load") == (
        DropColumn(table=UNKNOWN, column="c", certain=False),
    )


def test_what_a_list_may_hold_is_lifted_in_doubt():
    ops = lift_upgrade(
        """
        columns = ["a"]
        if load():
            columns.append("b")
        for c in columns:
            op.drop_column("t", c)
    """,
        module="from project import load",
    )
    assert ops == (DropColumn(table="t", column="a"), DropColumn(table="t", column="b", certain=False))


def test_map_is_followed_with_functions_of_the_file():
    module = "def quoted(words):\n    return ', '.join(map(lambda word: repr(word), words))"
    assert lift_upgrade("op.execute(f\"SELECT {quoted(['a', 'b'])}\")", module=module) == (Execute(statement="SELECT 'a', 'b'"),)


def test_a_star_that_is_not_known_leaves_its_arguments_unknown():
    [op] = lift_text(compose('op.drop_column("t", **load())', module="from project import load")).upgrade_ops
    assert op == DropColumn(table="t", column=UNKNOWN, schema=UNKNOWN, if_exists=UNKNOWN)


def test_a_default_clause_among_the_arguments_is_the_server_default():
    [op] = lift_upgrade('op.add_column("t", sa.Column("c", sa.Integer, sa.DefaultClause("0"), nullable=False))')
    assert op.definition == Column(name="c", type=SqlType(name="INTEGER"), nullable=False, server_default="'0'")


def test_a_column_keeps_all_that_its_definition_says():
    [op] = lift_upgrade("""
        op.add_column("t", sa.Column("c", sa.String(50), sa.ForeignKey("u.id", ondelete="CASCADE", name="fk"), nullable=False,
                                     server_default="x", unique=True, index=True, comment="why"), schema="s")
    """)
    key = Constraint(kind="foreignkey", name="fk", referred_table="u", referred_columns=("id",), ondelete="CASCADE")
    definition = Column(
        name="c",
        type=SqlType(name="VARCHAR", args=(50,)),
        nullable=False,
        server_default="'x'",
        unique=True,
        index=True,
        comment="why",
        constraints=(key,),
    )
    assert op == AddColumn(table="t", column="c", definition=definition, schema="s")


@pytest.mark.parametrize(
    "call",
    [
        'op.create_foreign_key("fk", "a", "b", ["x"], ["y"], ondelete="CASCADE", source_schema="s", postgresql_not_valid=True)',
        """op.create_foreign_key(constraint_name="fk", source_table="a", referent_table="b", local_cols=["x"], remote_cols=["y"],
               ondelete="CASCADE", source_schema="s", postgresql_not_valid=True)""",
        """with op.batch_alter_table("a", schema="s") as b:
               b.create_foreign_key("fk", "b", ["x"], ["y"], ondelete="CASCADE", postgresql_not_valid=True)""",
    ],
)
def test_a_foreign_key_is_the_same_in_every_signature(call):
    [op] = lift_upgrade(call)
    definition = Constraint(
        kind="foreignkey",
        name="fk",
        columns=("x",),
        referred_table="b",
        referred_columns=("y",),
        ondelete="CASCADE",
        not_valid=True,
    )
    assert op == CreateForeignKey(table="a", schema="s", definition=definition)


def test_an_index_keeps_its_expressions_and_options():
    [op] = lift_upgrade("""
        op.create_index("ix", "t", ["a", sa.text("lower(b)"), sa.func.upper(sa.column("c")), sa.column("d").desc()], unique=True,
                        postgresql_concurrently=True, postgresql_using="gin", postgresql_where=sa.text("a > 0"))
    """)
    columns = ("a", "(lower(b))", "(upper(c))", "(d DESC)")
    assert op == CreateIndex(index="ix", table="t", columns=columns, unique=True, concurrently=True, using="gin", where="a > 0")


REVISIONS = {
    'revision = "b"\ndown_revision = "a"': ("b", ("a",)),
    'revision: str = "b"\ndown_revision: Union[str, Sequence[str], None] = "a"': ("b", ("a",)),
    'revision = "b"\ndown_revision = ("a", "c")': ("b", ("a", "c")),
    'revision = "b"\ndown_revision = None': ("b", ()),
    'revision = "b"': ("b", ()),
    'PARENT = "a"\nrevision = "b"\ndown_revision = PARENT': ("b", ("a",)),
    'revision = down = "b"\ndown_revision = ["a"]': ("b", ("a",)),
    "revision = load()\ndown_revision = load()": (UNKNOWN, UNKNOWN),
    "x = 1": (None, ()),
}


@pytest.mark.parametrize("text", REVISIONS)
def test_revisions_are_read_in_every_spelling(text):
    migration = parse_migration(text.encode(), "m.py")
    assert (migration.revision, migration.down_revision) == REVISIONS[text]


def test_labels_dependencies_message_and_imports_are_read():
    source = f'"""Add a thing\n\nRevision ID: b2\n"""\n{HEADER}branch_labels = ("x",)\ndepends_on = "z"\n\ndef upgrade():\n    import project.models as m\n'
    migration = parse_migration(source.encode(), "m.py")
    assert (migration.message, migration.branch_labels, migration.depends_on) == ("Add a thing", ("x",), ("z",))
    assert [found.module for found in migration.imports][-1] == "project.models"
    assert migration.downgrade is None


def test_an_operation_that_alembic_does_not_have_is_unreadable():
    migration = lift_text(compose('op.create_view("v", "SELECT 1")'))
    assert (migration.upgrade_ops, [found.source for found in migration.unreadable]) == ((), ['op.create_view("v", "SELECT 1")'])
    assert migration.upgrade.effect
