"""Messages of several lines are told in one that reads as a sentence."""

import pytest

from mrt_runtime.databases.sentences import end, join

REFUSED = "connection failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (REFUSED, "connection failed: Connection refused: Is the server running on that host and accepting TCP/IP connections?"),
        ('relation "x" does not exist\nLINE 1: UPDATE x SET a = 1\n               ^\n', 'relation "x" does not exist'),
        ("Relation »x« existiert nicht\nZEILE 12: UPDATE x\n                 ^", "Relation »x« existiert nicht"),
        ('no column "a"\nLINE 1: SELECT a\n               ^\nHINT:  Write b.\n', 'no column "a". HINT: Write b.'),
        ("duplicate key\nDETAIL:  Key (id)=(1) already exists.", "duplicate key. DETAIL: Key (id)=(1) already exists."),
        ("LINE 1: without a caret\nstays", "LINE 1: without a caret stays"),
        ("a sentence that was\nwrapped,  \n\nand goes on", "a sentence that was wrapped, and goes on"),
        ("one", "one"),
        ("", ""),
    ],
)
def test_lines_become_one_that_keeps_what_was_said(text, line):
    assert join(text) == line


@pytest.mark.parametrize(("text", "sentence"), [("so", "so."), ("so.", "so."), ("so?", "so?"), ("so!", "so!")])
def test_a_sentence_is_closed_once(text, sentence):
    assert end(text) == sentence
