"""Whatever text is read as SQL, nothing crashes, nothing hidden speaks, and the looks of a statement do not matter."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrt_lint.model import ops
from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.expand import read_sql

DIALECTS = st.sampled_from([None, "postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle"])
WORDS = """
    ALTER TABLE t DROP COLUMN a ADD CREATE INDEX UNIQUE ON x ( ) , ; ' " ` $$ -- # /* */ CASE END WHEN SELECT FROM WHERE UPDATE SET =
    DELETE INSERT INTO VALUES WITH AS MERGE USING MATCHED THEN CHECK PRIMARY KEY FOREIGN REFERENCES DEFAULT NOT NULL MODIFY GENERATED
    IDENTITY CHANGE RENAME TO CONSTRAINT TYPE ENUM VALUE TRIGGER BEGIN FUNCTION SEQUENCE RESTART COPY LOAD DATA EXEC sp_rename 'a.b' ::
    [ ] . :p ? 1 COMMENT IS REINDEX VACUUM FULL setval EXCLUDE PARTITION IN ALL CONFLICT DUPLICATE IF EXISTS ONLY \\ : %s %% @ * E'\\' N'x'
"""
PIECES = [*WORDS.split(), HOLE, "\n", "\0"]
LINES = [
    "ALTER TABLE t DROP COLUMN a, ADD COLUMN b varchar ( 10 ) NOT NULL DEFAULT 'x;y', ALTER c TYPE int USING c :: int",
    "CREATE UNIQUE INDEX CONCURRENTLY ix ON t ( a , b ) WHERE c IS NULL",
    "CREATE TABLE t ( id serial PRIMARY KEY , a text REFERENCES u ( id ) ON DELETE CASCADE , CONSTRAINT c CHECK ( a > 0 ) )",
    "UPDATE t SET a = CASE WHEN b THEN c ELSE 'd' END FROM u WHERE u . id = t . id",
    "WITH x AS ( DELETE FROM t RETURNING * ) INSERT INTO u ( a ) SELECT a FROM x",
    "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'new' ; DROP VIEW v , w CASCADE ; TRUNCATE t ; SELECT setval ( 's' , 1 )",
]
DANGEROUS = ["DROP TABLE users;", "'; DELETE FROM users; --", "TRUNCATE users", "ALTER TABLE t DROP COLUMN a"]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)), DIALECTS)
def test_any_text_is_read(text, dialect):
    assert all(op.sql for op in read_sql(text, dialect))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "UPDATE t SET a = " + "(" * 3_000 + "1" + ")" * 3_000,
        "UPDATE t SET a = " + "CASE WHEN x THEN " * 500 + "1" + " END" * 500,
        "UPDATE t SET a = CASE WHEN " + "NOT " * 3_000 + "b THEN 1 END",
        "DELETE FROM t WHERE " + "NOT " * 3_000 + "b",
        "SELECT " + "(SELECT " * 3_000,
        "WITH a AS (" * 500 + "DELETE FROM t",
        "CREATE TRIGGER x " + "BEGIN " * 20_000,
        "/*" * 50_000,
        "'" * 50_001,
        "$a$ $b$ " * 10_000,
    ],
    ids=lambda text: text[:20],
)
def test_nesting_without_end_is_survived(text):
    assert len(read_sql(text)) <= 1


@pytest.mark.parametrize("hidden", DANGEROUS)
@pytest.mark.parametrize(
    ("template", "dialect"),
    [
        ("SELECT 1 -- {}", "postgresql"),
        ("SELECT 1 /* {} /* nested */ {} */", "postgresql"),
        ("SELECT '{}'", "postgresql"),
        ("SELECT E'\\'{}'", "postgresql"),
        ("SELECT $$ {} $$", "postgresql"),
        ("SELECT $tag$ $$ {} $tag$", "postgresql"),
        ('SELECT "{}"', "postgresql"),
        ("SELECT 1 # {}", "mysql"),
        ("SELECT `{}`", "mysql"),
        ("SELECT '\\'{}'", "mysql"),
        ('SELECT "{}"', "mysql"),
        ("SELECT [{}]", "mssql"),
    ],
)
def test_what_stands_in_a_comment_or_a_literal_does_nothing(hidden, template, dialect):
    quote = template[template.index("{}") - 1]
    text = hidden.replace(quote, quote * 2) if quote in "'\"`]" else hidden
    assert [(type(op), op.effect) for op in read_sql(template.replace("{}", text), dialect)] == [(ops.Statement, False)]


@pytest.mark.parametrize(("dialect", "dropped"), [("sqlite", ["t"]), ("mysql", ["t"]), ("postgresql", [])])
def test_comments_nest_only_where_the_database_nests_them(dialect, dropped):
    read = read_sql("/* one /* two */ DROP TABLE t", dialect)
    assert [op.table for op in read if isinstance(op, ops.DropTable)] == dropped


def random_case(word, draw):
    return word if "'" in word else "".join(draw(st.sampled_from([letter.upper(), letter.lower()])) for letter in word)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_how_a_statement_is_laid_out_does_not_change_what_it_does(data):
    words = data.draw(st.sampled_from(LINES)).split(" ")
    gaps = st.sampled_from([" ", "\n", "\t ", "  ", " -- it's\n", "/* ; ' */ ", " /* a /* b */ */ "])
    laid_out = "".join(random_case(word, data.draw) + data.draw(gaps) for word in words)
    assert list(map(spoken, read_sql(laid_out, "postgresql"))) == list(map(spoken, read_sql(" ".join(words), "postgresql")))


def spoken(op):
    """SQL text that an operation quotes keeps its case; only there may two layouts differ."""
    return repr(op).lower().replace(" ", "")


@settings(max_examples=40, deadline=None)
@given(st.text(string.ascii_letters + " ;'-/*$\"\\", max_size=30))
def test_a_string_literal_hides_whatever_it_holds(text):
    quoted = "'" + text.replace("'", "''") + "'"
    assert list(read_sql(f"UPDATE t SET a = {quoted} WHERE b", "postgresql")) == [
        ops.Update(table="t", columns=("a",), source_columns=(), where=True)
    ]
