"""A back-fill from rows of which it asks something takes it that every match meets that: rows whose match does not only warn."""

import re

import pytest

from mrt_runtime.seed.condition import parse_sql
from mrt_runtime.seed.partial_joins import find_partial_joins
from mrt_runtime.verdict import Outcome

TABLES = """op.create_table("posts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("above_id", sa.Integer, sa.ForeignKey("posts.id")))
    op.create_table("threads", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("post_id", sa.Integer, sa.ForeignKey("posts.id"), nullable={}))"""
DROP = 'op.drop_table("threads")\n    op.drop_table("posts")'
FILLS = {
    "FROM": "UPDATE threads SET lang = p.lang FROM posts p WHERE p.id = threads.post_id AND p.above_id IS NULL",
    "an alias": "UPDATE threads t SET lang = p.lang FROM posts p WHERE p.id = t.post_id AND p.above_id IS NULL",
    "WITH": "WITH p AS (SELECT id, lang FROM posts WHERE above_id IS NULL) "
    "UPDATE threads t SET lang = p.lang FROM p WHERE p.id = t.post_id",
    "a subquery": "UPDATE threads SET lang = (SELECT p.lang FROM posts p WHERE p.id = threads.post_id AND p.above_id IS NULL)",
}
JOIN = "UPDATE threads t JOIN posts p ON p.id = t.post_id SET t.lang = p.lang WHERE p.above_id IS NULL"
PLAIN = "UPDATE threads SET lang = p.lang FROM posts p WHERE p.id = threads.post_id"


def fill(sql):
    change = f"""op.add_column("threads", sa.Column("lang", sa.String(8)))
    op.execute("{sql}")
    op.alter_column("threads", "lang", existing_type=sa.String(8), nullable=False)"""
    return change, 'op.drop_column("threads", "lang")'


@pytest.mark.parametrize(
    ("server", "sql"), [*(("postgres_url", sql) for sql in FILLS.values()), ("mysql_url", FILLS["a subquery"]), ("mysql_url", JOIN)]
)
def test_rows_whose_match_does_not_meet_the_condition_only_warn(verify, request, server, sql):
    found = verify(request.getfixturevalue(server), (TABLES.format(False), DROP), fill(sql))["002"]
    assert found.outcome is Outcome.REVERSIBLE, found
    [warning] = [doubt.warning for doubt in found.doubts if doubt.failure.rows == "unmet"]
    assert "above_id IS NULL" in warning


@pytest.mark.parametrize("sql", [PLAIN, FILLS["FROM"]])
def test_rows_without_any_match_fail(verify, postgres_url, sql):
    found = verify(postgres_url, (TABLES.format(True), DROP), fill(sql))["002"]
    assert found.outcome is Outcome.UPGRADE_FAILED, found


def test_the_rows_are_there_again_for_the_next_revision(verify, postgres_url):
    found = verify(
        postgres_url, (TABLES.format(False), DROP), fill(FILLS["FROM"]), ('op.execute("DELETE FROM threads WHERE id > 0")', "pass")
    )
    lost = re.fullmatch(r"Table 'threads': (\d+)/\1 rows lost after rollback", found["003"].failures[0].message)
    assert lost is not None
    assert int(lost[1]) >= 3


@pytest.mark.parametrize(
    "sql",
    [
        PLAIN,
        "UPDATE threads SET lang = 'en' FROM posts p WHERE p.above_id IS NULL",
        "UPDATE threads SET lang = o.lang FROM threads o WHERE o.id = threads.post_id AND o.lang IS NULL",
        "UPDATE posts SET lang = t.lang FROM threads t WHERE t.post_id = posts.id AND t.lang IS NULL",
        "UPDATE threads SET lang = 'en' FROM posts p WHERE p.id = threads.post_id AND threads.post_id > 1",
    ],
)
def test_other_updates_ask_nothing_of_a_match(sql):
    assert list(find_partial_joins([sql], "threads", "postgres")) == []


@pytest.mark.parametrize("kind", FILLS)
def test_a_statement_is_left_as_others_read_it(kind):
    written = parse_sql(FILLS[kind], "postgres").sql()
    assert list(find_partial_joins([FILLS[kind]], "threads", "postgres"))
    assert parse_sql(FILLS[kind], "postgres").sql() == written
