"""How the lines of a function are laid out means nothing, unless the layout is in a text, in a comment or in Python."""

import pytest

from mrt_runtime.compare.properties import fold

FUNCTION = "CREATE OR REPLACE FUNCTION answer(n integer) RETURNS text LANGUAGE {} AS $answer${}$answer$"
BODIES = {
    "lines and indents": ("SELECT n || 'a  b'", "\n    SELECT n\n      ||'a  b'\n", True),
    "a space in a text": ("SELECT n || 'a  b'", "SELECT n || 'a b'", False),
    "a space in a text with escapes": (r"SELECT n || E'\'a  b'", r"SELECT n || E'\'a b'", False),
    "a space in a name": ('SELECT n AS "a  b"', 'SELECT n AS "a b"', False),
    "a space in a quoted text": ("SELECT n || $q$a  b$q$", "SELECT n || $q$a b$q$", False),
    "a space in a comment": ("SELECT n::text /* a  b */", "SELECT n::text /* a b */", False),
    "a space in the comment of a line": ("SELECT n::text -- a  b\n", "SELECT n::text -- a b\n", False),
    "the line behind a comment": ("SELECT n::text -- a\n LIMIT 1", "SELECT n::text -- a LIMIT 1", False),
    "two words and one": ("SELECT n AS ab", "SELECT n AS a b", False),
    "a sign and a comment": ("SELECT 1 - -n", "SELECT 1 --n\n", False),
    "another word": ("SELECT n + 1", "SELECT n + 2", False),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies(case):
    one, other, is_same = BODIES[case]
    assert (fold(FUNCTION.format("sql", one)) == fold(FUNCTION.format("sql", other))) is is_same


def test_the_indents_of_python_count():
    one, other = "if n:\n  n = 1\n  n = 2", "if n:\n  n = 1\nn = 2"
    assert fold(FUNCTION.format("plpython3u", one)) != fold(FUNCTION.format("plpython3u", other))


@pytest.mark.parametrize("language", ["sql", "plpgsql"])
def test_a_function_is_the_same_in_other_lines(postgresql, language):
    body = "{0}SELECT{0}n || 'a  b'{0}" if language == "sql" else "BEGIN{0}RETURN{0}n || 'a  b';{0}END"
    one, other = (FUNCTION.format(language, body.format(space)) for space in (" ", "\n      "))
    postgresql.check(one, one.replace("a  b", "a b"), ["Function 'answer(n integer)': definition changed after rollback"], other)
