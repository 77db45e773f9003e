"""Whether values went from a dropped column to a new one: what Python and a query read of it, and what comes back."""

import pytest

from tests.lint.test_downgrade_kinds import told

TABLE = 'op.create_table("talks", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("outline", sa.Text()), sa.Column("size", sa.Integer()))'
CORE = 'talks = sa.table("talks", sa.column("id"), sa.column("outline"), sa.column("body"))\nconnection = op.get_bind()\n'
WRITE = "    connection.execute(talks.update().where(talks.c.id == row.id).values(body=text))"
LOOPS = {
    "selected columns": "for row in connection.execute(sa.select(talks.c.id, talks.c.outline)):\n    text = row.outline.strip()\n",
    "text": 'for row in connection.execute(sa.text("SELECT id, outline FROM talks")):\n    text = row[1].strip()\n',
    "whole table": "for row in connection.execute(talks.select()):\n    text = row.outline.strip()\n",
    "mapping": 'for row in connection.execute(talks.select()).mappings():\n    text = row["outline"].strip()\n',
    "helper": "def joined(item):\n    return item.outline + item.outline\nfor row in connection.execute(talks.select()):\n    text = joined(row)\n",
}


def codes(drop: str, loop: str, downgrade: str = "pass") -> set[str]:
    upgrade = f'{CORE}op.add_column("talks", sa.Column("body", sa.Text()))\n{loop}{WRITE}\nop.drop_column("talks", "{drop}")'
    return {found.code for found in told([(TABLE, 'op.drop_table("talks")'), (upgrade, downgrade)])} & {"MRT201", "MRT208"}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_python_reads_the_column_that_goes(loop):
    assert codes("outline", loop) == {"MRT208"}
    assert codes("size", loop) == {"MRT201"}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_what_is_worked_out_again_in_downgrade_is_not_lost(loop):
    back = (
        f'{CORE}op.add_column("talks", sa.Column("outline", sa.Text()))\nfor row in connection.execute(talks.select()):\n'
        "    connection.execute(talks.update().where(talks.c.id == row.id).values(outline=row.body.lower()))\n"
        'op.drop_column("talks", "body")'
    )
    assert codes("outline", loop, back) == set()
    constant = back.replace("row.body.lower()", '""')
    assert codes("outline", loop, constant) == {"MRT208"}


@pytest.mark.parametrize(
    ("query", "moved"),
    [
        ("INSERT INTO files (talk_id, size) SELECT id, size FROM talks", True),
        ("INSERT INTO files (talk_id, size) SELECT t.id, coalesce(t.size, 0) AS size FROM talks t", True),
        ("INSERT INTO files (talk_id, size) SELECT t.id, CASE WHEN t.size > 0 THEN t.size END FROM talks AS t", True),
        ("INSERT INTO files (talk_id, size) SELECT * FROM talks", True),
        ("INSERT INTO files (size) SELECT size FROM talks UNION SELECT size FROM others", True),
        ("INSERT INTO files (talk_id, size) SELECT t.id, length(t.outline) AS size FROM talks t", False),
        ("INSERT INTO files (talk_id, size) SELECT t.id, o.size FROM talks t JOIN others o ON o.id = t.id", False),
        ("INSERT INTO files (talk_id, size) SELECT id, 0 AS size FROM talks", False),
    ],
)
def test_a_query_moves_what_it_selects(query, moved):
    upgrade = f'op.execute("{query}")\nop.drop_column("talks", "size")'
    found = {each.code for each in told([(TABLE, 'op.drop_table("talks")'), (upgrade, "pass")])}
    assert ("MRT208" in found, "MRT201" in found) == (moved, not moved)


ADDED = 'op.add_column("talks", sa.Column("state", sa.Text()))\n'
DROPPED = '\nop.drop_column("talks", "size")'
BACK = 'op.add_column("talks", sa.Column("size", sa.Integer()))\n{}\nop.drop_column("talks", "state")'
FILES = 'op.create_table("files", sa.Column("talk_id", sa.Integer()), sa.Column("size", sa.{}()))\n'


def said(upgrade: str, downgrade: str = "pass") -> set[str]:
    return {found.code for found in told([(TABLE, 'op.drop_table("talks")'), (upgrade, downgrade)])} & {"MRT201", "MRT208"}


@pytest.mark.parametrize(
    "choice",
    [
        "op.execute(\"UPDATE talks SET state = 'long' WHERE size > 9\")",
        'op.execute("UPDATE talks t JOIN states s ON t.size = s.size SET t.state = s.name")',
        'op.execute("UPDATE talks SET state = s.name FROM states s WHERE s.size = talks.size")',
        "t = sa.table('talks', sa.column('size'), sa.column('state'))\nop.execute(t.update().where(t.c.size > 9).values(state='long'))",
    ],
)
def test_a_column_by_which_another_is_filled_is_not_lost_but_moved(choice):
    assert said(ADDED + choice + DROPPED) == {"MRT208"}
    assert said(ADDED + choice.replace("size", "outline") + DROPPED) == {"MRT201"}


@pytest.mark.parametrize(
    ("kind", "moved", "back", "expected"),
    [
        ("Integer", "INSERT INTO files (talk_id, size) SELECT id, size FROM talks", "size = f.size", set()),
        ("Integer", "INSERT INTO files (talk_id, size) SELECT id, abs(size) AS size FROM talks", "size = f.size", {"MRT208"}),
        ("Text", "INSERT INTO files (talk_id, size) SELECT id, size FROM talks", "size = f.size::integer", set()),
        ("Float", "INSERT INTO files (talk_id, size) SELECT id, size FROM talks", "size = f.size::integer", {"MRT208"}),
        ("Integer", "INSERT INTO files (talk_id, size) SELECT id, size FROM talks", "size = 1", {"MRT208"}),
    ],
)
def test_what_another_table_holds_as_it_was_and_gives_back_is_not_lost(kind, moved, back, expected):
    # `size = 1 FROM files` tells rows apart by the other table, so it has none here
    of_files = "" if back == "size = 1" else " FROM files f WHERE f.talk_id = talks.id"
    upgrade = f"{FILES.format(kind)}op.execute({moved!r}){DROPPED}"
    downgrade = BACK.format(f"op.execute('UPDATE talks SET {back}{of_files}')").rpartition("\n")[0] + '\nop.drop_table("files")'
    assert said(upgrade, downgrade) == expected


def test_what_a_json_value_holds_comes_back_from_it():
    upgrade = (
        ADDED.replace("sa.Text", "sa.JSON") + "op.execute(\"UPDATE talks SET state = json_build_object('size', size)\")" + DROPPED
    )
    back = BACK.format("op.execute(\"UPDATE talks SET size = (state ->> 'size')::integer\")")
    assert said(upgrade, back) == set()
    assert said(upgrade, BACK.format("op.execute('UPDATE talks SET size = 1')")) == {"MRT208"}
