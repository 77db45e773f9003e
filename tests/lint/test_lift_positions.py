"""An operation stands where its call does, in every encoding and layout."""

import libcst

from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.python import header, parse_migration, position
from mrt_lint.parse.python.syntax import parse
from tests.lint.lifting import HEADER


def place_of(source, text):
    """Where a piece of text stands in the source, counted in characters."""
    at = source.index(text)
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    end = at + len(text)
    return SourceSpan(line, column, source.count("\n", 0, end) + 1, end - source.rfind("\n", 0, end))


CALLS = [
    'op.drop_column("a", "b")',
    'op.create_table(\n        "t",\n        sa.Column("ä", sa.Integer),\n    )',
    'b.drop_column("c")',
    'op.execute("é" + "x")',
    'sa.Enum("x", name="k").create(op.get_bind())',
    'op.drop_table("in_a_tuple")',
    'op.drop_table("in_a_list")',
    'op.drop_table("in_a_lambda")',
    'op.drop_table("in_brackets")',
]
SOURCE = f"""{HEADER}
def upgrade():
    {CALLS[0]}
    x = "ü"; {CALLS[1]}
    with op.batch_alter_table("t") as b:
    \t{CALLS[2]}
    y = {CALLS[3]}  # é
    if True: {CALLS[4]}
    z = "ö", ({CALLS[5]}, 1)
    z = [
  {CALLS[6]}
    ]
    (lambda: {CALLS[7]})()
    ({CALLS[8]})

@wrap
async def downgrade():
    pass
"""


def test_every_operation_stands_where_its_call_does():
    assert [op.origin for op in parse_migration(SOURCE.encode(), "m.py").upgrade_ops] == [place_of(SOURCE, call) for call in CALLS]


def test_line_endings_byte_order_marks_and_encodings_do_not_move_operations():
    expected = [op.origin for op in parse_migration(SOURCE.encode(), "m.py").upgrade_ops]
    shifted = [SourceSpan(p.line + 1, p.column, p.end_line + 1, p.end_column) for p in expected]
    latin = b"# -*- coding: latin-1 -*-\n" + SOURCE.encode("latin-1")
    assert [op.origin for op in parse_migration(latin, "m.py").upgrade_ops] == shifted
    for source in (SOURCE.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + SOURCE.encode(), SOURCE.replace("\n", "\r").encode()):
        assert [op.origin for op in parse_migration(source, "m.py").upgrade_ops] == expected


def test_positions_beside_the_other_tree_are_those_of_the_generated_code():
    source = SOURCE.encode()
    module, tree, *_ = parse(source)
    atlas = position.PositionIndex(module, tree, source)
    wanted = [node for node in module.body if isinstance(node, libcst.FunctionDef)] + list(header.find_imports(module.body))
    lines = [line for line in wanted[0].body.body if isinstance(line, libcst.SimpleStatementLine)]
    statements = {id(node.value): node for line in lines for node in line.body if isinstance(node, libcst.Expr)}
    wanted += [node.value for node in map(statements.get, statements)]
    found = {id(node): atlas.find(node, statements.get(id(node))) for node in wanted}
    assert found == position.generate(module, wanted)
    assert position.locate(module, None, source, [(node, None) for node in wanted]) == found


def test_a_function_stands_at_its_header_and_a_revision_at_its_name():
    source = '@wrap\n\ndef  upgrade (): pass\n\nasync def downgrade(): pass\nrevision = "a"\n'
    migration = parse_migration(source.encode(), "m.py")
    assert migration.upgrade.place == place_of(source, "def  upgrade")
    assert migration.downgrade.place == place_of(source, "async def downgrade")
    assert migration.place == place_of(source, "revision")
